// The evaluations of data sets, with links to their reports. A pure function of the last of them.
import Domain
import Service

/// Renders `GET /evaluations`.
struct EvaluationsPage: Sendable {
    let runs: [EvaluationStatus]
    let now: Timestamp

    var html: HTML {
        PageFrame(title: "evaluations · rolloutd", section: .evaluations, refresh: isRunning ? .always : .byEvents)
            .html(
                heading: "Evaluations", note: "Models asked the problems of data sets; each links to its report.",
                main: table)
    }

    private var isRunning: Bool { runs.contains { $0.state == .running || $0.state == .queued } }

    private var table: HTML {
        let rows = runs.map { status -> [HTML] in
            let run = status.run
            let label = run.settings.label.isEmpty ? "" : " (\(run.settings.label))"
            return [
                HTML.link(
                    "/v1/evaluations/\(run.id)/report?format=html",
                    "\(run.settings.dataset) by \(run.settings.model.description)\(label)"),
                .escape(state(status)), .escape(accuracy(run)),
                .escape("\(Figures.count(run.progress.judged)) of \(Figures.count(run.wanted))"),
                .escape(Figures.count(run.progress.undetermined)),
                .escape("\(run.settings.samples) × \(run.problems)"), .escape(Figures.duration(run.seconds)),
                .escape(Figures.duration(Double(now.milliseconds - run.createdAt.milliseconds) / 1000)),
            ]
        }
        return PageTable(
            "Evaluations", names: ["report", "state"],
            figures: ["avg@k", "judged", "undetermined", "samples", "worked", "age"], rows: rows,
            empty: "no evaluation yet: rolloutd evaluate --help says how to begin one"
        ).html
    }

    /// The accuracy of a complete one in percent, with its interval.
    private func accuracy(_ run: EvaluationRun) -> String {
        guard let average = run.figures?.average else { return "–" }
        func percent(_ share: Double) -> String { Figures.decimal(share * 100, 1) }
        return "\(percent(average.mean)) % [\(percent(average.low)), \(percent(average.high))]"
    }

    private func state(_ status: EvaluationStatus) -> String {
        switch status.state {
        case .running where status.holder != nil && status.holder != EvaluationConduct.server: "running by a command"
        case .stopped: "stopped; resume or the same request goes on"
        case .queued, .failed: status.state.rawValue + (status.detail.map { ": \($0)" } ?? "")
        case .running, .complete: status.state.rawValue
        }
    }
}
