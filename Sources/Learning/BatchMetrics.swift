// What an update reports of the rollouts it was given: rewards, lengths, staleness, and who was left out. Pure.
import Domain

/// The report of a batch of groups.
package enum BatchMetrics {
    /// Rewards and accuracy of all judged rollouts, also those that the filters leave out; counts of groups by fate and of
    /// rollouts by fault. In a fixed order.
    package static func report(
        _ groups: [TrainingGroup], members: [TrainingMember], excluded: [ExcludedMember], selection: GroupSelection,
        correct: Double
    ) -> [UpdateRecord.Metric] {
        let judged = groups.flatMap(\.rollouts).filter {
            $0.status != .undetermined && $0.verdict?.outcome != .undetermined
        }
        let rewards = judged.compactMap(\.reward).filter(\.isFinite)
        let mean = average(rewards)
        let deviation = average(rewards.map { ($0 - mean) * ($0 - mean) }).squareRoot()
        let ages = members.map { Double($0.staleness) }
        var report: [UpdateRecord.Metric] = [
            .init("reward_mean", mean),
            .init("reward_std", deviation),
            .init("accuracy", average(rewards.map { $0 == correct ? 1 : 0 })),
            .init("response_tokens_mean", average(members.map { Double($0.responseLength) })),
            .init("response_tokens_max", Double(members.map(\.responseLength).max() ?? 0)),
            .init("truncated_share", average(judged.map { $0.finishReason == .length ? 1 : 0 })),
            .init("staleness_mean", average(ages)),
            .init("staleness_max", ages.max() ?? 0),
            .init("staleness_0", average(ages.map { $0 == 0 ? 1 : 0 })),
            .init("staleness_1", average(ages.map { $0 == 1 ? 1 : 0 })),
            .init("staleness_2_to_3", average(ages.map { (2...3).contains($0) ? 1 : 0 })),
            .init("staleness_4_up", average(ages.map { $0 >= 4 ? 1 : 0 })),
            .init("rollouts", Double(groups.reduce(0) { $0 + $1.rollouts.count })),
            .init("rollouts_trained", Double(selection.advantages.count { $0 != nil })),
        ]
        for fate in GroupFate.allCases {
            report.append(.init("groups_\(fate.rawValue)", Double(selection.fates.count { $0 == fate })))
        }
        for fault in MemberFault.allCases {
            report.append(.init("excluded_\(fault.rawValue)", Double(excluded.count { $0.fault == fault })))
        }
        return report
    }

    private static func average(_ values: [Double]) -> Double {
        values.isEmpty ? 0 : values.reduce(0, +) / Double(values.count)
    }
}
