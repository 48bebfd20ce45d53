// The curves of a comparison: one line a method, the mean over its seeds, with the 95 % interval as a band.
import Domain
import Service

/// The charts of `rolloutd compare`.
package struct ComparisonCharts: Sendable {
    private let runs: [ComparedRun]
    private let methods: [String]

    /// The charts of some runs.
    package init(_ runs: [ComparedRun]) {
        self.runs = runs
        methods = runs.map(\.method).reduce(into: []) { if !$0.contains($1) { $0.append($1) } }
    }

    /// In reading order; charts without any point are left out.
    package var all: [LineChart] {
        let charts = [
            evaluations("Held-out accuracy, greedy", "all"), evaluations("Held-out math, greedy", "math"),
            evaluations("Held-out code, greedy", "code"),
            updates("Right rollouts", isShare: true) { $0["accuracy"] },
            updates("Entropy", isShare: false) { $0["entropy"] },
            updates("Tokens out of range", isShare: true) { update in
                ["positive_high", "positive_low", "negative_high", "negative_low"].compactMap { update["clip_\($0)"] }
                    .reduce(0, +)
            },
            updates("Gradient mass kept where clipping drops it", isShare: true) { $0["gradient_mass_kept"] },
            updates("Gradient norm", isShare: false) { $0["gradient_norm"] },
            updates("KL to the behaviour policy", isShare: false) { $0["kl_behaviour"] },
        ]
        return charts.filter { $0.series.contains { !$0.points.isEmpty } }
    }

    private func evaluations(_ title: String, _ kind: String) -> LineChart {
        chart(title, isShare: true) { run in
            run.evaluations.filter { $0.kind == kind }.map { ($0.version.number, $0.greedyAccuracy) }
        }
    }

    private func updates(_ title: String, isShare: Bool, _ value: (UpdateRecord) -> Double?) -> LineChart {
        chart(title, isShare: isShare) { run in
            run.updates.compactMap { update in value(update).map { (update.version.number, $0) } }
        }
    }

    private func chart(_ title: String, isShare: Bool, _ points: (ComparedRun) -> [(Int, Double)]) -> LineChart {
        let curves = runs.map { RunCurve(method: $0.method, points: points($0)) }
        return LineChart(
            title: title, note: SeedForm.mean.note, series: ChartSeries.lines(of: methods, curves, .mean),
            isShare: isShare)
    }
}
