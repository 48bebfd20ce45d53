// A rollout: one response to one prompt, with the tokens and log-probabilities of the policy that sampled it.
import StrictJSON

/// Where a rollout stands on its way from intake to an update.
package enum RolloutStatus: String, Sendable, CaseIterable {
    /// Stored, waiting for a judge.
    case queued
    /// A judge holds it under a lease.
    case scoring
    /// It has a verdict and a reward.
    case scored
    /// The judge could not decide, and will not try again by itself.
    case undetermined
    /// An update has learned from it (or counted it in a group that was filtered).
    case consumed
    /// Its policy is too old for an update.
    case stale
    /// Its group was given up.
    case discarded
}

/// Why sampling ended.
package enum FinishReason: String, Sendable, CaseIterable {
    /// The model ended its answer.
    case stop
    /// The token limit was reached.
    case length
}

/// A rollout as a generator posts it.
package struct RolloutSubmission: Sendable, Equatable {
    /// The client's identifier, or nil for a fresh one.
    package var id: RolloutID?
    package var promptID: PromptID
    /// The leased group it belongs to; nil puts it in the prompt's open group of its policy version.
    package var groupID: GroupID?
    package var response: String
    /// The sampled tokens, [T]; empty when the generator does not know them (judged, never trained on).
    package var tokenIDs: [Int32]
    /// ln p of each sampled token under the behaviour policy at temperature 1, [T]; as many as tokens.
    package var logprobs: [Float]
    /// The policy that sampled the first token.
    package var policyVersion: PolicyVersion
    /// The policy that sampled the last token, when weights were changed on the way; nil when it is the same.
    package var lastPolicyVersion: PolicyVersion?
    package var finishReason: FinishReason
    /// Who sampled it.
    package var generator: String
    package var metadata: JSONValue
    /// The fencing number of the lease, when it was sampled under one.
    package var attempt: Int?
    /// How many rollouts the named group is to have: opens the group when it is not there; nil for a group that is.
    package var groupSize: Int?

    package init(
        id: RolloutID?, promptID: PromptID, groupID: GroupID?, response: String, tokenIDs: [Int32],
        logprobs: [Float], policyVersion: PolicyVersion, finishReason: FinishReason, generator: String,
        metadata: JSONValue = .object([]), attempt: Int? = nil, lastPolicyVersion: PolicyVersion? = nil,
        groupSize: Int? = nil
    ) {
        self.id = id
        self.promptID = promptID
        self.groupID = groupID
        self.response = response
        self.tokenIDs = tokenIDs
        self.logprobs = logprobs
        self.policyVersion = policyVersion
        self.finishReason = finishReason
        self.generator = generator
        self.metadata = metadata
        self.attempt = attempt
        self.lastPolicyVersion = lastPolicyVersion == policyVersion ? nil : lastPolicyVersion
        self.groupSize = groupSize
    }
}

/// The answer to a posted rollout, given once it is durable.
package struct RolloutReceipt: Sendable, Equatable {
    package var id: RolloutID
    package var groupID: GroupID
    package var status: RolloutStatus
    /// False when the same rollout was there already.
    package var isNew: Bool
    package init(id: RolloutID, groupID: GroupID, status: RolloutStatus, isNew: Bool) {
        self.id = id
        self.groupID = groupID
        self.status = status
        self.isNew = isNew
    }
}

/// A stored rollout with all that is known of it.
package struct Rollout: Sendable, Equatable {
    package var id: RolloutID
    package var promptID: PromptID
    package var groupID: GroupID
    package var response: String
    package var tokenIDs: [Int32]
    package var logprobs: [Float]
    package var policyVersion: PolicyVersion
    /// The policy that sampled the last token, when it is another.
    package var lastPolicyVersion: PolicyVersion?
    package var finishReason: FinishReason
    package var generator: String
    package var metadata: JSONValue
    package var status: RolloutStatus
    package var verdict: Verdict?
    package var reward: Double?
    package var advantage: Double?
    /// The update (its number is the version it made) that consumed the rollout.
    package var consumedByUpdate: Int?
    package var createdAt: Timestamp
    /// What had become of it in the ledger that it was imported from; nil for our own, and when nothing had.
    package var origin: RolloutOrigin?

    package init(
        id: RolloutID, promptID: PromptID, groupID: GroupID, response: String, tokenIDs: [Int32], logprobs: [Float],
        policyVersion: PolicyVersion, finishReason: FinishReason, generator: String, metadata: JSONValue,
        status: RolloutStatus, verdict: Verdict?, reward: Double?, advantage: Double?, consumedByUpdate: Int?,
        createdAt: Timestamp, lastPolicyVersion: PolicyVersion? = nil, origin: RolloutOrigin? = nil
    ) {
        self.id = id
        self.promptID = promptID
        self.groupID = groupID
        self.response = response
        self.tokenIDs = tokenIDs
        self.logprobs = logprobs
        self.policyVersion = policyVersion
        self.lastPolicyVersion = lastPolicyVersion
        self.finishReason = finishReason
        self.generator = generator
        self.metadata = metadata
        self.status = status
        self.verdict = verdict
        self.reward = reward
        self.advantage = advantage
        self.consumedByUpdate = consumedByUpdate
        self.createdAt = createdAt
        self.origin = origin
    }
}

/// What had become of a rollout in the ledger that it was imported from.
package struct RolloutOrigin: Sendable, Equatable {
    /// `consumed`, `stale` or `discarded`.
    package var status: RolloutStatus
    package var consumedByUpdate: Int?
    package var advantage: Double?
    package init(status: RolloutStatus, consumedByUpdate: Int?, advantage: Double?) {
        self.status = status
        self.consumedByUpdate = consumedByUpdate
        self.advantage = advantage
    }
}
