// The log-probs that earlier policies gave to rollouts: what a rollout is held against when it is not of the present one.
import Domain
import Modeling

/// Finds the weights of an earlier version; nil when they are not kept.
package typealias RecordedWeights = @Sendable (PolicyVersion) throws -> ModelWeights?

/// Computes log-probs under the policy that each rollout names, version by version, so that one policy's weights are in
/// memory at a time beside the model's own.
struct RecordedPolicies {
    let model: TrainableModel
    let threads: Int
    let weights: RecordedWeights

    /// The log-probs of each member's response under its recorded policy, [T] each; nil for a member whose policy is not
    /// kept, and for one that several policies sampled.
    func logprobs(of members: [TrainingMember]) throws -> [[Double]?] {
        var found: [[Double]?] = Array(repeating: nil, count: members.count)
        let places = Dictionary(grouping: members.indices.filter { !members[$0].spansPolicies }) { members[$0].version }
        for (version, group) in places.sorted(by: { $0.key > $1.key }) {
            let sequences = group.map { members[$0].sequence }
            let isPresent = group.contains { members[$0].staleness == 0 }
            let statistics =
                isPresent
                ? try model.forward(sequences, threads: threads)
                : try weights(version)?.score(sequences, threads: threads)
            guard let statistics else { continue }
            for (place, statistics) in zip(group, statistics) { found[place] = statistics.logprobs.map(Double.init) }
        }
        return found
    }
}

extension TrainingMember {
    /// Prompt and response as the model takes them.
    var sequence: TrainingSequence { TrainingSequence(tokens: tokens, promptLength: promptLength) }
}
