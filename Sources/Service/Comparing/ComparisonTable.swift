// What a comparison says: each quantity by method with its interval, and each method's paired difference from the first.
import Domain

/// One number that is taken from a run.
package struct ComparedQuantity: Sendable {
    package let name: String
    /// Whether it is a share, written as a percentage.
    package let isShare: Bool
    /// Its value in a run; nil when the run did not measure it.
    package let value: @Sendable (ComparedRun) -> Double?

    /// All quantities, in the order of the table.
    package static let all: [ComparedQuantity] = [
        lastHeldOut,
        ComparedQuantity(name: "held-out greedy, mean of the run", isShare: true) { run in
            mean(of: run.evaluations.filter { $0.kind == "all" && $0.version.number > 0 }.map(\.greedyAccuracy))
        },
        lastEvaluation("math, last", "math", { $0.greedyAccuracy }),
        lastEvaluation("code, last", "code", { $0.greedyAccuracy }),
        lastEvaluation("held-out avg@k, last", "all", { $0.averageAccuracy }),
        lateMetric("rollouts right, last quarter", isShare: true, "accuracy"),
        lateMetric("entropy, last quarter", isShare: false, "entropy"),
        ComparedQuantity(name: "tokens out of range", isShare: true) { run in
            mean(of: run.updates.map { share($0, cells) })
        },
        ComparedQuantity(name: "of these, clipping drops", isShare: true) { run in
            mean(of: run.updates.map { share($0, droppedCells) })
        },
        ComparedQuantity(name: "gradient mass kept there", isShare: true) { run in
            mean(of: run.updates.compactMap { $0["gradient_mass_kept"] })
        },
        ComparedQuantity(name: "gradient norm", isShare: false) { run in
            mean(of: run.updates.compactMap { $0["gradient_norm"] })
        },
        ComparedQuantity(name: "seconds an update", isShare: false) { run in
            mean(
                of: run.updates.map { update in
                    ["seconds_sampling", "seconds_scoring", "seconds_training"].compactMap { update[$0] }.reduce(0, +)
                })
        },
    ]

    /// The newest greedy accuracy on all held-out prompts.
    package static let lastHeldOut = lastEvaluation("held-out greedy, last", "all", { $0.greedyAccuracy })

    /// Its values in the runs of one method.
    package func values(_ runs: [ComparedRun], of method: String) -> [Double] {
        runs.filter { $0.method == method }.compactMap(value)
    }

    /// Its value in each run of a method minus that in the run of another method with the same seed.
    package func differences(_ runs: [ComparedRun], of method: String, from first: String) -> [Double] {
        let base = Dictionary(
            runs.filter { $0.method == first }.compactMap { run in value(run).map { (run.seed, $0) } },
            uniquingKeysWith: { $1 })
        return runs.filter { $0.method == method }.compactMap { run in
            guard let own = value(run), let other = base[run.seed] else { return nil }
            return own - other
        }
    }

    private static let droppedCells = ["clip_positive_high", "clip_negative_low"]
    private static let cells = droppedCells + ["clip_positive_low", "clip_negative_high"]

    private static func share(_ update: UpdateRecord, _ names: [String]) -> Double {
        names.compactMap { update[$0] }.reduce(0, +)
    }

    private static func lastEvaluation(
        _ name: String, _ kind: String, _ value: @escaping @Sendable (EvaluationRecord) -> Double?
    ) -> ComparedQuantity {
        ComparedQuantity(name: name, isShare: true) { run in
            run.evaluations.last { $0.kind == kind && $0.version.number > 0 }.flatMap(value)
        }
    }

    private static func lateMetric(_ name: String, isShare: Bool, _ metric: String) -> ComparedQuantity {
        ComparedQuantity(name: name, isShare: isShare) { run in
            mean(of: run.updates.suffix(max(1, run.updates.count / 4)).compactMap { $0[metric] })
        }
    }

    private static func mean(of values: [Double]) -> Double? {
        values.isEmpty ? nil : values.reduce(0, +) / Double(values.count)
    }
}

/// The tables of a comparison as Markdown.
package struct ComparisonTable: Sendable {
    private let runs: [ComparedRun]
    private let methods: [String]

    /// The tables of some runs, methods in the order in which they first occur.
    package init(_ runs: [ComparedRun]) {
        self.runs = runs
        methods = runs.map(\.method).reduce(into: []) { if !$0.contains($1) { $0.append($1) } }
    }

    /// Means with 95 % intervals, then differences from the first method paired by seed; an interval that leaves out 0
    /// is marked with a star.
    package var markdown: String {
        let quantities = ComparedQuantity.all.filter { quantity in runs.contains { quantity.value($0) != nil } }
        var lines = table("mean ± 95 % interval over seeds", methods) { method in
            quantities.map { cell(SampleMean($0.values(runs, of: method)), $0, isDifference: false) }
        } heading: {
            quantities.map(\.name)
        }
        guard let first = methods.first, methods.count > 1 else { return lines.joined(separator: "\n") + "\n" }
        lines.append("")
        lines += table("minus \(first), paired by seed", Array(methods.dropFirst())) { method in
            quantities.map { cell(SampleMean($0.differences(runs, of: method, from: first)), $0, isDifference: true) }
        } heading: {
            quantities.map(\.name)
        }
        let short = runs.compactMap { run in run.shortfall.map { "- \(run.method), seed \(run.seed): \($0)" } }
        if !short.isEmpty { lines += ["", "Runs that ended early:", ""] + short }
        return lines.joined(separator: "\n") + "\n"
    }

    /// A row a quantity, a column a method: names of quantities are long, methods are few.
    private func table(
        _ corner: String, _ columns: [String], cells: (String) -> [String], heading: () -> [String]
    ) -> [String] {
        let body = columns.map(cells)
        let head = "| \(corner) | " + columns.joined(separator: " | ") + " |"
        let rule = "|" + String(repeating: "---|", count: columns.count + 1)
        let rows = heading().enumerated().map { row, name in
            "| \(name) | " + body.map { $0[row] }.joined(separator: " | ") + " |"
        }
        return [head, rule] + rows
    }

    private func cell(_ sample: SampleMean?, _ quantity: ComparedQuantity, isDifference: Bool) -> String {
        guard let sample else { return "–" }
        let factor = quantity.isShare ? 100.0 : 1
        let digits = quantity.isShare ? 2 : 3
        let unit = quantity.isShare ? " %" : ""
        guard let halfWidth = sample.halfWidth else { return number(sample.mean * factor, digits) + unit }
        let star = isDifference && abs(sample.mean) > halfWidth ? " *" : ""
        return "\(number(sample.mean * factor, digits)) ± \(number(halfWidth * factor, digits))\(unit)\(star)"
    }

    private func number(_ value: Double, _ digits: Int) -> String {
        var scale = 1.0
        for _ in 0..<digits { scale *= 10 }
        let whole = Int64((abs(value) * scale).rounded())
        let fraction = String(whole % Int64(scale))
        let sign = value < 0 && whole > 0 ? "-" : ""
        return "\(sign)\(whole / Int64(scale))." + String(repeating: "0", count: digits - fraction.count) + fraction
    }
}
