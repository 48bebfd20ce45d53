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

    private var isRunning: Bool { runs.contains(where: \.isRunning) }

    private var table: HTML {
        let rows = runs.map { status -> [HTML] in
            let run = status.run
            return [
                HTML.link("/v1/evaluations/\(run.id)/report?format=html", run.id.text), .escape(run.settings.dataset),
                .escape(run.settings.model.description), .escape(state(status)), .escape(run.settings.label),
                .escape("\(run.settings.samples) × \(run.problems)"),
                .escape("\(Figures.count(run.progress.judged)) of \(Figures.count(run.wanted))"),
                .escape(Figures.count(run.progress.undetermined)), .escape(Figures.duration(run.seconds)),
                .escape(Figures.duration(Double(now.milliseconds - run.createdAt.milliseconds) / 1000)),
            ]
        }
        return PageTable(
            "Evaluations", names: ["report", "data set", "model", "state", "label"],
            figures: ["samples", "judged", "undetermined", "worked", "age"], rows: rows,
            empty: "no evaluation yet: rolloutd evaluate --help says how to begin one"
        ).html
    }

    private func state(_ status: EvaluationStatus) -> String {
        if status.isRunning { return "running" }
        return status.run.isFinished ? "finished" : "stopped; the same request again goes on"
    }
}
