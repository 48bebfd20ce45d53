// Which rollouts of a batch of groups can be learned from. Pure; whatever is wrong with a rollout is a fault of that
// rollout, never an error of the update.
import Domain

/// The conditions that rollouts must meet.
package struct GroupAdmission: Sendable {
    /// The version that learns.
    package var version: PolicyVersion
    /// Versions after which a rollout is too old.
    package var maxStaleness: Int
    /// Whether responses that the token limit ended stay out.
    package var overlongFilter: Bool
    /// The reward of a right answer.
    package var positiveReward: Double
    /// Token ids are below this.
    package var vocabularySize: Int
    /// The most tokens of prompt and response together.
    package var contextLength: Int

    /// The conditions that settings, a version and a model set.
    package init(_ settings: LearnerSettings, version: PolicyVersion, vocabularySize: Int, contextLength: Int) {
        self.version = version
        maxStaleness = settings.maxStaleness
        overlongFilter = settings.overlongFilter
        positiveReward = settings.positiveReward
        self.vocabularySize = vocabularySize
        self.contextLength = contextLength
    }

    /// The usable rollouts of all groups, in order, and the others with their faults.
    package func admit(
        _ groups: [TrainingGroup], promptTokens: (AskedPrompt) -> [Int32]
    ) -> (members: [TrainingMember], excluded: [ExcludedMember]) {
        var members: [TrainingMember] = []
        var excluded: [ExcludedMember] = []
        for (index, group) in groups.enumerated() {
            let prompt = promptTokens(group.prompt)
            for rollout in group.rollouts {
                if let fault = fault(of: rollout, prompt: prompt) {
                    excluded.append(ExcludedMember(id: rollout.id, group: index, fault: fault, detail: ""))
                } else if let reward = rollout.reward {
                    members.append(member(rollout, reward: reward, prompt: prompt, group: index))
                }
            }
        }
        return (members, excluded)
    }

    /// The first thing that is wrong with a rollout, or nil.
    private func fault(of rollout: Rollout, prompt: [Int32]) -> MemberFault? {
        // A verdict without a decision never becomes a reward, whatever number stands beside it.
        guard let reward = rollout.reward, rollout.verdict?.outcome != .undetermined, rollout.status != .undetermined
        else { return .undetermined }
        guard reward.isFinite else { return .badReward }
        guard !rollout.tokenIDs.isEmpty else { return .noTokens }
        guard rollout.tokenIDs.count == rollout.logprobs.count else { return .lengthMismatch }
        guard !prompt.isEmpty, prompt.count + rollout.tokenIDs.count <= contextLength else { return .badLength }
        guard (prompt + rollout.tokenIDs).allSatisfy({ (0..<vocabularySize).contains(Int($0)) }) else {
            return .unknownToken
        }
        guard rollout.logprobs.allSatisfy({ $0.isFinite && $0 <= 0 }) else { return .badLogprob }
        guard rollout.lastPolicyVersion ?? rollout.policyVersion <= version else { return .futurePolicy }
        guard version.number - rollout.policyVersion.number <= maxStaleness else { return .stale }
        guard !overlongFilter || rollout.finishReason != .length else { return .overlong }
        return nil
    }

    private func member(_ rollout: Rollout, reward: Double, prompt: [Int32], group: Int) -> TrainingMember {
        TrainingMember(
            id: rollout.id, group: group, tokens: prompt + rollout.tokenIDs, promptLength: prompt.count,
            posted: rollout.logprobs.map(Double.init), reward: reward, isRight: reward == positiveReward,
            isTruncated: rollout.finishReason == .length, version: rollout.policyVersion,
            spansPolicies: rollout.lastPolicyVersion != nil,
            staleness: version.number - rollout.policyVersion.number, generator: rollout.generator)
    }
}
