// Signs that a policy is being ruined, read from the metrics of recent updates. A pure function; who pauses is elsewhere.
import Domain

/// One alarm.
package struct LearnerAlarm: Sendable, Equatable {
    /// What is seen.
    package enum Kind: String, Sendable, CaseIterable {
        /// Numbers were not finite, so a step was not taken.
        case notFinite = "not_finite"
        /// Accuracy has fallen far below what it was.
        case rewardCollapse = "reward_collapse"
        /// Samples hardly differ any more although many are wrong.
        case entropyCollapse = "entropy_collapse"
        /// Samples are turning into noise.
        case entropyExplosion = "entropy_explosion"
        /// Gradients are far larger than they were.
        case gradientExplosion = "gradient_explosion"
        /// Hardly any group has both right and wrong answers.
        case noSignal = "no_signal"
    }

    /// Which sign it is.
    package var kind: Kind
    /// What is seen and what to do, for people.
    package var message: String
    /// Whether learning should stop until somebody looks.
    package var pauses: Bool
}

/// When the metrics of recent updates are alarming.
package struct CollapseWatch: Sendable, Equatable {
    /// Updates that are averaged before they are compared.
    package var window = 5
    /// Accuracy below this share of its best is a collapse.
    package var accuracyShare = 0.5
    /// No accuracy below this can collapse.
    package var accuracyFloor = 0.1
    /// Entropy below this share of its first value, in nats per token, is a collapse while answers are wrong.
    package var entropyShare = 0.1
    /// Above this accuracy low entropy is success.
    package var accuracyGood = 0.9
    /// Entropy above this multiple of its first value is an explosion.
    package var entropyMultiple = 3.0
    /// A gradient norm above this multiple of its recent median is an explosion.
    package var gradientMultiple = 20.0
    /// Less than this share of groups with both right and wrong answers teaches too little.
    package var signalShare = 0.05

    /// The thresholds above.
    package init() {}

    /// The alarms of a run so far, worst first.
    ///
    /// - Parameters:
    ///   - updates: In order of their versions, since learning was last started, resumed or rolled back: what happened
    ///     before somebody looked is no news. A few hundred suffice, too few give no alarm.
    ///   - baseline: Accuracy of rollouts before the first of them, if it is known; without it a policy that is ruined
    ///     by its very first updates has no better past to be compared with.
    package func alarms(_ updates: [UpdateRecord], baseline: Double? = nil) -> [LearnerAlarm] {
        let found = [
            notFinite(updates), rewardCollapse(updates, baseline), gradientExplosion(updates), entropyAlarm(updates),
            noSignal(updates),
        ]
        return found.compactMap { $0 }.sorted { $0.pauses && !$1.pauses }
    }

    private func notFinite(_ updates: [UpdateRecord]) -> LearnerAlarm? {
        guard let last = updates.last, let skipped = last["skipped_steps"], skipped > 0 else { return nil }
        return LearnerAlarm(
            kind: .notFinite,
            message: "update \(last.version) left out \(Int(skipped)) steps because loss or gradient was not finite: "
                + "go back to an earlier version or lower learning_rate",
            pauses: skipped >= (last["steps"] ?? 0) + skipped)
    }

    private func rewardCollapse(_ updates: [UpdateRecord], _ baseline: Double?) -> LearnerAlarm? {
        let means = movingMeans(updates, "accuracy")
        guard let now = means.last, let best = (means + [baseline ?? 0]).max(), best >= accuracyFloor,
            now < accuracyShare * best
        else {
            return nil
        }
        return LearnerAlarm(
            kind: .rewardCollapse,
            message:
                "accuracy of rollouts fell from \(percent(best)) to \(percent(now)): go back to an earlier version "
                + "and lower learning_rate",
            pauses: true)
    }

    private func gradientExplosion(_ updates: [UpdateRecord]) -> LearnerAlarm? {
        let norms = updates.suffix(4 * window).compactMap { $0["gradient_norm"] }.filter { $0 > 0 }
        guard norms.count > 2 * window, let last = norms.last else { return nil }
        let usual = norms.dropLast().sorted()[(norms.count - 1) / 2]
        guard last > gradientMultiple * usual else { return nil }
        return LearnerAlarm(
            kind: .gradientExplosion,
            message: "the gradient norm is \(short(last)), usually \(short(usual)): if it stays, lower learning_rate",
            pauses: false)
    }

    private func entropyAlarm(_ updates: [UpdateRecord]) -> LearnerAlarm? {
        let means = movingMeans(updates, "entropy")
        guard let first = means.first, let now = means.last, means.count > window, first > 0 else { return nil }
        if now < entropyShare * first, let accuracy = movingMeans(updates, "accuracy").last, accuracy < accuracyGood {
            return LearnerAlarm(
                kind: .entropyCollapse,
                message:
                    "entropy fell from \(short(first)) to \(short(now)) nats a token while \(percent(accuracy)) of "
                    + "the answers are right: raise beta2 or epsilon_high, or lower learning_rate",
                pauses: false)
        }
        guard now > entropyMultiple * first else { return nil }
        return LearnerAlarm(
            kind: .entropyExplosion,
            message: "entropy rose from \(short(first)) to \(short(now)) nats a token: lower learning_rate",
            pauses: true)
    }

    private func noSignal(_ updates: [UpdateRecord]) -> LearnerAlarm? {
        let recent = updates.suffix(2 * window)
        guard recent.count == 2 * window else { return nil }
        let trained = recent.reduce(0) { $0 + ($1["groups_trained"] ?? 0) }
        let filtered = recent.reduce(0) { $0 + ($1["groups_zero_variance"] ?? 0) }
        guard trained + filtered > 0, trained < signalShare * (trained + filtered) else { return nil }
        return LearnerAlarm(
            kind: .noSignal,
            message: "only \(percent(trained / (trained + filtered))) of the groups have both right and wrong answers: "
                + "sample other prompts",
            pauses: false)
    }

    /// Means over `window` consecutive updates; empty when there are fewer.
    private func movingMeans(_ updates: [UpdateRecord], _ name: String) -> [Double] {
        let values = updates.compactMap { $0[name] }.filter(\.isFinite)
        guard values.count >= window else { return [] }
        return (window...values.count).map { end in
            values[(end - window)..<end].reduce(0, +) / Double(window)
        }
    }

    private func percent(_ share: Double) -> String { "\((share * 1_000).rounded() / 10) %" }
    private func short(_ value: Double) -> String { String((value * 1_000).rounded() / 1_000) }
}
