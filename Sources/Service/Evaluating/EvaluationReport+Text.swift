// A report as lines for a terminal, and the sentences that other forms of it share.
import Domain
import Foundation

extension EvaluationReport {
    /// What was asked, as a person would write the protocol down.
    package var protocolText: String {
        let settings = run.settings
        var parts = [
            "\(settings.samples) samples each", "temperature \(short(settings.temperature))",
            "top_p \(short(settings.topP))",
        ]
        if settings.topK > 0 { parts.append("top_k \(settings.topK)") }
        if settings.repetitionPenalty != 1 { parts.append("repetition penalty \(short(settings.repetitionPenalty))") }
        parts.append("at most \(settings.maxTokens) tokens")
        if let isThinking = settings.isThinking { parts.append(isThinking ? "thinking" : "no thinking") }
        if let seed = settings.seed { parts.append("seed \(seed)") }
        if !settings.label.isEmpty { parts.append("label \(settings.label)") }
        return parts.joined(separator: ", ")
    }

    /// What keeps the figures from saying all that was asked; empty when nothing does.
    package var warnings: [String] {
        var lines: [String] = []
        let missing = run.wanted - run.progress.sampled
        if missing > 0 { lines.append("\(missing) of \(run.wanted) samples are missing: the same command goes on") }
        let waiting = run.progress.sampled - run.progress.judged
        if waiting > 0 {
            lines.append("\(some(waiting, "sample waits", "samples wait")) for a verdict: the same command judges")
        }
        if !undetermined.isEmpty {
            let classes = undetermined.map { "\($0.count) \($0.failure)" }.joined(separator: ", ")
            lines.append(
                "\(some(all.undetermined, "sample is", "samples are")) undetermined (\(classes)), neither right nor wrong: "
                    + "avg@k lies between \(percent(bounds.lowerBound)) (all wrong) and \(percent(bounds.upperBound)) (all "
                    + "right); the same command judges again")
        }
        if ties > 0 {
            lines.append(
                "\(some(ties, "problem has", "problems have")) a tied majority, which counts as the share of right answers "
                    + "among those in front")
        }
        if cutVotes > 0 {
            lines.append(
                "\(some(cutVotes, "problem has", "problems have")) too many different answers to compare all: the rest was "
                    + "told apart by its text")
        }
        return lines
    }

    /// The rows of the main table: name and value.
    package var figures: [(name: String, value: String)] {
        let k = run.settings.samples
        var rows = [("avg@\(k)", interval(all.average))]
        rows += pass.filter { $0.k > 1 }.map { entry in
            let left = entry.interval.count < (all.average?.count ?? 0) ? " (of \(entry.interval.count) problems)" : ""
            return ("pass@\(entry.k)", interval(entry.interval) + left)
        }
        if let majority = all.majority { rows.append(("maj@\(k)", interval(majority))) }
        if run.progress.sampled > 0 {
            rows.append(
                (
                    "truncated",
                    "\(percent(Double(all.truncated) / Double(run.progress.sampled))) (\(all.truncated) of "
                        + "\(run.progress.sampled) samples)"
                ))
        }
        if let lengths {
            rows.append(
                (
                    "response tokens",
                    "mean \(short(lengths.mean)), median \(short(lengths.median)), p90 \(short(lengths.p90)), max \(lengths.max)"
                ))
            if let right = lengths.meanRight, let wrong = lengths.meanWrong {
                rows.append(("of right, of wrong", "mean \(short(right)), mean \(short(wrong))"))
            }
        }
        rows.append(("cost", costText))
        return rows
    }

    private var costText: String {
        var text = "\(cost.promptTokens) prompt and \(cost.responseTokens) response tokens, \(short(cost.seconds)) s"
        if cost.uncounted > 0 { text += ", \(cost.uncounted) samples without a count" }
        if let price = cost.price { text += ", price \(String(format: "%.4f", price))" }
        return text
    }

    /// The paired comparison as a sentence, or nil; differences are in percentage points.
    package var comparisonText: String? {
        comparison.map { pair in
            let points = [pair.difference.mean, pair.difference.low, pair.difference.high].map {
                ($0 > 0 ? "+" : "") + String(format: "%.1f", $0 * 100)
            }
            return
                "against \(pair.otherModel) (\(pair.other)): \(points[0]) points [\(points[1]), \(points[2])] of accuracy "
                + "over \(some(pair.difference.count, "common problem", "common problems")); better on \(pair.better), worse on "
                + "\(pair.worse), equal on \(pair.equal); sign test p = \(String(format: "%.4f", pair.signTest))"
        }
    }

    /// The whole report as lines.
    package var text: String {
        var lines = [
            "\(run.settings.dataset) by \(run.settings.model.description) (\(run.id))",
            "\(run.problems) problems, \(protocolText)", "",
        ]
        lines += warnings.map { "note: " + $0 } + (warnings.isEmpty ? [] : [""])
        lines += figures.map { pad($0.name, 20) + $0.value }
        for (title, slices) in [("by difficulty", byDifficulty), ("by subject", bySubject)] where !slices.isEmpty {
            lines += ["", title]
            let width = max(20, min(40, (slices.map(\.name.count).max() ?? 0) + 4))
            lines += slices.map { slice in
                pad("  " + slice.name.prefix(36), width) + "avg@\(run.settings.samples) \(interval(slice.average)), "
                    + "pass@\(mainFigures.passK) \(interval(slice.pass))"
                    + (slice.majority.map { ", maj@\(run.settings.samples) \(interval($0))" } ?? "")
                    + ", \(some(slice.problems, "problem", "problems"))"
            }
        }
        if let comparisonText { lines += ["", comparisonText] }
        if !published.isEmpty {
            lines += ["", "published (\(published.first?.protocolText ?? ""))"]
            lines += published.map { pad("  " + $0.model, 40) + String(format: "%.1f %%", $0.percent) }
        }
        lines += ["", "intervals: 95 %, bootstrap over problems, \(Limits.bootstrapResamples) resamples"]
        return lines.joined(separator: "\n") + "\n"
    }

    /// A mean with its interval in percent, or a dash.
    package func interval(_ interval: MeanInterval?) -> String {
        guard let interval else { return "–" }
        return "\(percent(interval.mean)) [\(String(format: "%.1f", interval.low * 100)), "
            + "\(String(format: "%.1f", interval.high * 100))]"
    }

    private func some(_ count: Int, _ one: String, _ more: String) -> String { "\(count) \(count == 1 ? one : more)" }

    private func percent(_ share: Double) -> String { String(format: "%.1f %%", share * 100) }

    private func short(_ value: Double) -> String {
        value == value.rounded() && abs(value) < 1e15
            ? String(Int64(value)) : String(format: abs(value) < 10 ? "%.3g" : "%.1f", value)
    }

    private func pad(_ text: String, _ width: Int) -> String {
        text + String(repeating: " ", count: max(1, width - text.count))
    }
}
