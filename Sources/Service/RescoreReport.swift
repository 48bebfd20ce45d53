// What judging again would mean for learning: verdicts and rewards that changed, and advantages whose sign flipped. Pure.
import Domain
import Learning

/// A rollout that would now be pushed the other way.
package struct AdvantageFlip: Sendable, Equatable {
    package var rollout: RolloutID
    package var group: GroupID
    package var rewardBefore: Double
    package var rewardAfter: Double
    package var advantageBefore: Double
    package var advantageAfter: Double
    package init(
        rollout: RolloutID, group: GroupID, rewardBefore: Double, rewardAfter: Double, advantageBefore: Double,
        advantageAfter: Double
    ) {
        self.rollout = rollout
        self.group = group
        self.rewardBefore = rewardBefore
        self.rewardAfter = rewardAfter
        self.advantageBefore = advantageBefore
        self.advantageAfter = advantageAfter
    }
}

/// How the groups that a request regraded would fare in an update, before and after.
package struct AdvantageChanges: Sendable, Equatable {
    /// Flips that are shown.
    static let examplesMax = 50

    /// Groups of which a reward changed, and whether there are more than were looked at.
    package var groups = 0
    package var hasMore = false
    /// Members whose advantage has the other sign now.
    package var flips = 0
    /// Groups that carry a signal only now, and groups that no longer do.
    package var groupsGained = 0
    package var groupsLost = 0
    /// The flips with the largest change, at most `examplesMax`.
    package var examples: [AdvantageFlip] = []

    package init() {}

    /// Compares the advantages that a learner's settings give the members of each group, before and after.
    ///
    /// As in an update, members without a reward are left out, a group of fewer than two has none, and a group that the
    /// zero-variance filter holds back has zeros. Staleness and tokens are not looked at: this is about verdicts.
    package init(_ groups: [RegradedGroup], settings: LearnerSettings) {
        self.groups = groups.count
        var found: [AdvantageFlip] = []
        for group in groups {
            let before = Self.advantages(of: group.members.map(\.before), settings)
            let after = Self.advantages(of: group.members.map(\.after), settings)
            let taught = before.contains { ($0 ?? 0) != 0 }
            let teaches = after.contains { ($0 ?? 0) != 0 }
            if teaches, !taught { groupsGained += 1 }
            if taught, !teaches { groupsLost += 1 }
            for (index, member) in group.members.enumerated() {
                guard let old = before[index], let new = after[index], old * new < 0, let rewardBefore = member.before,
                    let rewardAfter = member.after
                else { continue }
                found.append(
                    AdvantageFlip(
                        rollout: member.id, group: group.id, rewardBefore: rewardBefore, rewardAfter: rewardAfter,
                        advantageBefore: old, advantageAfter: new))
            }
        }
        flips = found.count
        found.sort { a, b in
            let (first, second) = (
                abs(a.advantageAfter - a.advantageBefore), abs(b.advantageAfter - b.advantageBefore)
            )
            return first == second ? a.rollout.text < b.rollout.text : first > second
        }
        examples = Array(found.prefix(Self.examplesMax))
    }

    /// The advantage of each member; nil for those without a reward, and for all when there is nobody to be compared with.
    private static func advantages(of rewards: [Double?], _ settings: LearnerSettings) -> [Double?] {
        let present = rewards.compactMap { $0 }
        guard present.count > 1 else { return rewards.map { _ in nil } }
        guard settings.zeroVarianceFilter.admits(present, correct: settings.positiveReward) else {
            return rewards.map { $0.map { _ in 0 } }
        }
        var advantages = settings.advantage.advantages(of: present)[...]
        return rewards.map { $0 == nil ? nil : advantages.popFirst() }
    }
}

/// A request to judge again, how far it is, and what it changed so far.
package struct RescoreReport: Sendable, Equatable {
    package var record: RescoreRecord
    package var progress: RescoreProgress
    package var changes: [VerdictChange]
    package var advantages: AdvantageChanges
    /// How advantages were taken: the learner's present estimator.
    package var estimator: String
    package init(
        record: RescoreRecord, progress: RescoreProgress, changes: [VerdictChange], advantages: AdvantageChanges,
        estimator: String
    ) {
        self.record = record
        self.progress = progress
        self.changes = changes
        self.advantages = advantages
        self.estimator = estimator
    }
}
