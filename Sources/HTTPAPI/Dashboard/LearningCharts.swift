// Which curves the status page shows, and from which metrics.
import Domain
import Service

/// The charts of the status page and of `rolloutd plot`.
package struct LearningCharts: Sendable {
    private let updates: [UpdateRecord]
    private let evaluations: [EvaluationRecord]

    /// The charts of some updates and evaluations, each in order of their versions.
    package init(updates: [UpdateRecord], evaluations: [EvaluationRecord]) {
        self.updates = updates
        self.evaluations = evaluations
    }

    /// In reading order: what one wants to rise first, then what warns early.
    package var all: [LineChart] {
        [heldOut, sampled, reward] + (imitates ? [imitation] : [])
            + [entropy, gradientNorm, clipCells, keptMass, ratios, drift, staleness, groups, time]
    }

    /// Whether any update imitated demonstrations.
    private var imitates: Bool { updates.contains { $0["demonstrations"] != nil } }

    private var imitation: LineChart {
        LineChart(
            title: "Loss of demonstrations",
            note: "Mean -ln p of a response token in the updates of the mode sft, nats.",
            series: [
                ChartSeries(
                    name: "sft",
                    points: updates.filter { $0["demonstrations"] != nil }.compactMap { update in
                        update["loss"].map { (Double(update.version.number), $0) }
                    })
            ])
    }

    private var heldOut: LineChart {
        LineChart(
            title: "Held-out accuracy, greedy", note: "Problems that training never sees; the dashed line is 95 %.",
            series: ["math", "code"].map { evaluations($0, name: $0, \.greedyAccuracy) }, yRange: 0...1, isShare: true,
            target: 0.95)
    }

    private var sampled: LineChart {
        let samples = evaluations.last { $0.samples > 0 }?.samples ?? 8
        return LineChart(
            title: "Held-out avg@\(samples) and pass@\(samples)",
            note: "A kind whose pass@\(samples) is zero cannot learn.",
            series: ["math", "code"].flatMap { kind in
                [
                    evaluations(kind, name: "\(kind) avg", \.averageAccuracy),
                    evaluations(kind, name: "\(kind) pass", \.passAtK),
                ]
            }, yRange: 0...1, isShare: true)
    }

    private var reward: LineChart {
        LineChart(
            title: "Reward of rollouts",
            note: "The curriculum asks for what is not yet known, so this rises slower than accuracy.",
            series: [metric("reward_mean", "mean reward"), metric("accuracy", "share right")])
    }

    private var entropy: LineChart {
        LineChart(
            title: "Entropy", note: "Nats per sampled token; near zero while answers are wrong means collapse.",
            series: [metric("entropy", "entropy")])
    }

    private var gradientNorm: LineChart {
        LineChart(
            title: "Gradient norm", note: "Before clipping, mean over an update's steps.",
            series: [metric("gradient_norm", "gradient norm")])
    }

    private var clipCells: LineChart {
        LineChart(
            title: "Tokens in the clip cells",
            note: "Share outside the trust region; plain clipping drops “+ high” and “− low”, GPPO keeps them.",
            series: [
                metric("clip_positive_high", "+ high"), metric("clip_negative_low", "− low"),
                metric("clip_positive_low", "+ low"), metric("clip_negative_high", "− high"),
            ], isShare: true)
    }

    private var keptMass: LineChart {
        LineChart(
            title: "Gradient mass in the cells that clipping drops",
            note: "Share of the policy gradient's mass that GPPO keeps there; zero under plain clipping.",
            series: [metric("gradient_mass_kept", "kept")], isShare: true)
    }

    private var ratios: LineChart {
        LineChart(
            title: "Importance ratio", note: "Quantiles over an update's tokens; 1 is on-policy.",
            series: [
                metric("ratio_p01", "1 %"), metric("ratio_p50", "median"), metric("ratio_p99", "99 %"),
                metric("ratio_max", "largest"),
            ])
    }

    private var drift: LineChart {
        LineChart(
            title: "KL to the behaviour policy", note: "Nats per token, mean of -ln r (k1).",
            series: [metric("kl_behaviour", "k1")])
    }

    private var staleness: LineChart {
        LineChart(
            title: "Staleness", note: "Share of rollouts by how many versions ago they were sampled.",
            series: [
                metric("staleness_0", "0"), metric("staleness_1", "1"), metric("staleness_2_to_3", "2 to 3"),
                metric("staleness_4_up", "4 up"),
            ], isShare: true)
    }

    private var groups: LineChart {
        LineChart(
            title: "Groups per update", note: "Trained, or left out because all rollouts were equally right.",
            series: [
                metric("groups_trained", "trained"), metric("groups_zero_variance", "no variance"),
                metric("groups_unusable", "unusable"),
            ])
    }

    private var time: LineChart {
        LineChart(
            title: "Seconds per update", note: "Where an update's time goes.",
            series: [
                metric("seconds_sampling", "sampling"), metric("seconds_scoring", "scoring"),
                metric("seconds_training", "training"),
            ])
    }

    private func metric(_ name: String, _ title: String) -> ChartSeries {
        ChartSeries(
            name: title,
            points: updates.compactMap { update in
                update[name].map { (Double(update.version.number), $0) }
            })
    }

    private func evaluations(_ kind: String, name: String, _ path: KeyPath<EvaluationRecord, Double>) -> ChartSeries {
        evaluations(kind, name: name) { $0[keyPath: path] }
    }

    private func evaluations(_ kind: String, name: String, _ path: KeyPath<EvaluationRecord, Double?>) -> ChartSeries {
        evaluations(kind, name: name) { $0[keyPath: path] }
    }

    private func evaluations(_ kind: String, name: String, _ value: (EvaluationRecord) -> Double?) -> ChartSeries {
        ChartSeries(
            name: name,
            points: evaluations.filter { $0.kind == kind }.compactMap { record in
                value(record).map { (Double(record.version.number), $0) }
            }, hasDots: true)
    }
}
