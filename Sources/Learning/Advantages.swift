// From the rewards of a group to the advantages of its members. Pure; knows no rollouts and no undetermined verdicts: who
// has no reward is not passed in.

/// How rewards of one group become advantages.
package enum AdvantageEstimator: String, Sendable, CaseIterable {
    /// (R - mean) / (s + 1e-6) with s over M - 1: the released code (paper Eq. 4 has s over M).
    case standardised = "std"
    /// The same with s over M, as the paper prints it.
    case standardisedBiased = "std-biased"
    /// R - mean (Dr.GRPO).
    case centred = "mean"
    /// R - the mean of the others (RLOO).
    case leaveOneOut = "leave-one-out"

    /// Keeps a group of equal rewards from dividing by zero.
    private static let stability = 1e-6

    /// The advantages of the members of one group, in the order of their rewards.
    ///
    /// A lone member is compared with 0 by the released code (mean 0, deviation 1), and so it is here; `TrainStep` admits
    /// no such group.
    ///
    /// - Parameter rewards: [M], finite. All equal gives exactly 0 for all when M > 1.
    package func advantages(of rewards: [Double]) -> [Double] {
        guard rewards.count > 1, let first = rewards.first else { return rewards }
        // Without this a mean that rounds would leave 1e-17 / 1e-6 of signal in a group that has none.
        guard rewards.contains(where: { $0 != first }) else { return rewards.map { _ in 0 } }
        let count = Double(rewards.count)
        let mean = rewards.reduce(0, +) / count
        let squares = rewards.reduce(0) { $0 + ($1 - mean) * ($1 - mean) }
        switch self {
        case .standardised:
            let deviation = (squares / (count - 1)).squareRoot() + AdvantageEstimator.stability
            return rewards.map { ($0 - mean) / deviation }
        case .standardisedBiased:
            let deviation = (squares / count).squareRoot() + AdvantageEstimator.stability
            return rewards.map { ($0 - mean) / deviation }
        case .centred:
            return rewards.map { $0 - mean }
        case .leaveOneOut:
            return rewards.map { ($0 - mean) * count / (count - 1) }
        }
    }
}

/// Which groups are left out because their members do not differ.
package enum GroupFilter: String, Sendable, CaseIterable {
    /// Groups whose members are all right or all wrong (the released code's `metric: acc`).
    case correctness
    /// Groups whose rewards are all equal. Under shaped rewards this lets all-wrong groups through.
    case reward
    /// None.
    case off

    /// Whether a group carries a signal.
    ///
    /// - Parameter correct: The reward of a right answer; anything else is wrong.
    package func admits(_ rewards: [Double], correct: Double) -> Bool {
        switch self {
        case .correctness:
            let right = rewards.count { $0 == correct }
            return right > 0 && right < rewards.count
        case .reward:
            return rewards.contains { $0 != rewards.first }
        case .off:
            return true
        }
    }
}
