// How the kinds of built-in problem fare: what the status page shows and what the sleep alarm goes by.
import BuiltinData

extension LearnerState {
    /// Updates without a right rollout after which a kind counts as asleep.
    static let sleepAfter = 20

    /// The kinds that teach nothing any more because no rollout of theirs is ever right.
    var sleepingKinds: [BuiltinKind] {
        BuiltinKind.allCases.filter { updatesWithoutReward[$0, default: 0] >= Self.sleepAfter }
    }

    /// One line for each kind that was sampled.
    func kindStatuses(groupSize: Int) -> [KindStatus] {
        BuiltinKind.allCases.compactMap { kind in
            guard let right = accuracy.byKind[kind] else { return nil }
            let allRight = (0..<groupSize).reduce(1.0) { product, _ in product * right }
            let allWrong = (0..<groupSize).reduce(1.0) { product, _ in product * (1 - right) }
            return KindStatus(
                kind: kind.rawValue, accuracy: right, variedGroups: max(0, 1 - allRight - allWrong),
                isAsleep: updatesWithoutReward[kind, default: 0] >= Self.sleepAfter)
        }
    }
}
