// From usable rollouts to advantages and fates of groups: who is compared with whom, and which groups carry a signal.
import Domain

/// What became of every group before any step was taken.
package struct GroupSelection: Sendable, Equatable {
    /// By group.
    package var fates: [GroupFate]
    /// By member; nil for members of groups that are not trained on.
    package var advantages: [Double?]

    /// Groups that are trained on, in order.
    package var trained: [Int] { fates.indices.filter { fates[$0] == .trained } }

    /// Compares the members of each group with one another.
    ///
    /// A group needs two usable members, since one has nobody to be compared with; a group that has fewer is stale when
    /// it has stale members, and otherwise unusable. `excluded` says who was left out of which group.
    package init(
        _ members: [TrainingMember], excluded: [ExcludedMember], groups: Int, estimator: AdvantageEstimator,
        filter: GroupFilter, positiveReward: Double
    ) {
        fates = Array(repeating: .unusable, count: groups)
        advantages = Array(repeating: nil, count: members.count)
        var places: [[Int]] = Array(repeating: [], count: groups)
        for (place, member) in members.enumerated() { places[member.group].append(place) }
        var stale = Array(repeating: false, count: groups)
        for member in excluded where member.fault == .stale { stale[member.group] = true }

        for group in 0..<groups {
            let rewards = places[group].map { members[$0].reward }
            guard rewards.count > 1 else {
                fates[group] = stale[group] ? .stale : .unusable
                continue
            }
            guard filter.admits(rewards, correct: positiveReward) else {
                fates[group] = .zeroVariance
                continue
            }
            fates[group] = .trained
            for (place, advantage) in zip(places[group], estimator.advantages(of: rewards)) {
                advantages[place] = advantage
            }
        }
    }
}
