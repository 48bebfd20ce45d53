// What a listing says of a rollout: everything but its long parts.
import StrictJSON

/// A stored rollout without response, tokens, log-probabilities and metadata.
package struct RolloutSummary: Sendable, Equatable {
    package var id: RolloutID
    package var promptID: PromptID
    package var groupID: GroupID
    package var status: RolloutStatus
    package var policyVersion: PolicyVersion
    /// The policy that sampled the last token, when it is another.
    package var lastPolicyVersion: PolicyVersion?
    package var finishReason: FinishReason
    package var generator: String
    package var verdict: Verdict?
    package var reward: Double?
    package var advantage: Double?
    /// The update (its number is the version it made) that consumed the rollout.
    package var consumedByUpdate: Int?
    package var createdAt: Timestamp
    /// How many tokens it has.
    package var tokens: Int
    /// What had become of it in the ledger that it was imported from.
    package var origin: RolloutOrigin?

    package init(
        id: RolloutID, promptID: PromptID, groupID: GroupID, status: RolloutStatus, policyVersion: PolicyVersion,
        lastPolicyVersion: PolicyVersion?, finishReason: FinishReason, generator: String, verdict: Verdict?,
        reward: Double?, advantage: Double?, consumedByUpdate: Int?, createdAt: Timestamp, tokens: Int,
        origin: RolloutOrigin?
    ) {
        self.id = id
        self.promptID = promptID
        self.groupID = groupID
        self.status = status
        self.policyVersion = policyVersion
        self.lastPolicyVersion = lastPolicyVersion
        self.finishReason = finishReason
        self.generator = generator
        self.verdict = verdict
        self.reward = reward
        self.advantage = advantage
        self.consumedByUpdate = consumedByUpdate
        self.createdAt = createdAt
        self.tokens = tokens
        self.origin = origin
    }

    /// A line of a listing.
    package var json: JSONValue {
        .object(members + [JSONMember("tokens", .integer(Int64(tokens)))] + originMembers)
    }

    /// What every form of a rollout begins with, in this order.
    var members: [JSONMember] {
        [
            JSONMember("id", .string(id.text)), JSONMember("prompt_id", .string(promptID.text)),
            JSONMember("group_id", .string(groupID.text)), JSONMember("status", .string(status.rawValue)),
            JSONMember("policy_version", .integer(Int64(policyVersion.number))),
            JSONMember("last_policy_version", .integer(Int64((lastPolicyVersion ?? policyVersion).number))),
            JSONMember("finish_reason", .string(finishReason.rawValue)), JSONMember("generator", .string(generator)),
            JSONMember("verdict", verdict?.json ?? .null), JSONMember("reward", reward.map { .double($0) } ?? .null),
            JSONMember("advantage", advantage.map { .double($0) } ?? .null),
            JSONMember("consumed_by_update", consumedByUpdate.map { .integer(Int64($0)) } ?? .null),
            JSONMember("created_at", .string(createdAt.rfc3339)),
        ]
    }

    /// What every form ends with, when there is any.
    var originMembers: [JSONMember] { origin.map { [JSONMember("origin", $0.json)] } ?? [] }
}

extension Rollout {
    /// The rollout without its long parts.
    package var summary: RolloutSummary {
        RolloutSummary(
            id: id, promptID: promptID, groupID: groupID, status: status, policyVersion: policyVersion,
            lastPolicyVersion: lastPolicyVersion, finishReason: finishReason, generator: generator, verdict: verdict,
            reward: reward, advantage: advantage, consumedByUpdate: consumedByUpdate, createdAt: createdAt,
            tokens: tokenIDs.count, origin: origin)
    }
}

/// One page of a listing and where the next begins.
package struct RolloutListing: Sendable, Equatable {
    package var rollouts: [RolloutSummary]
    /// Pass it to get the next page; nil when this is the last.
    package var nextCursor: Int64?
    package init(rollouts: [RolloutSummary], nextCursor: Int64?) {
        self.rollouts = rollouts
        self.nextCursor = nextCursor
    }
}
