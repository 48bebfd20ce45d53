// One rollout on its way into an update, and why one stays out. Values only.
import Domain

/// A rollout that has tokens, log-probs and a reward.
package struct TrainingMember: Sendable, Equatable {
    package var id: RolloutID
    /// The index of its group in the update's list.
    package var group: Int
    /// Prompt and response, [P + T].
    package var tokens: [Int32]
    /// P.
    package var promptLength: Int
    /// ln p of the response's tokens as posted, [T].
    package var posted: [Double]
    /// Finite.
    package var reward: Double
    /// Whether the reward is that of a right answer.
    package var isRight: Bool
    /// Whether the token limit ended the response.
    package var isTruncated: Bool
    /// The policy that sampled it, or its first token.
    package var version: PolicyVersion
    /// Whether another policy sampled its last token.
    package var spansPolicies: Bool
    /// Versions between the policy that sampled it and the present one.
    package var staleness: Int
    /// Who sampled it.
    package var generator: String

    /// T.
    package var responseLength: Int { posted.count }
}

/// Why a rollout stays out of an update.
package enum MemberFault: String, Sendable, CaseIterable {
    /// It has no reward, because nobody could judge it.
    case undetermined
    /// Its reward is not a finite number.
    case badReward = "bad_reward"
    /// It came without tokens, so it was only to be judged.
    case noTokens = "no_tokens"
    /// Tokens and log-probs are not equally many.
    case lengthMismatch = "length_mismatch"
    /// A token, of it or of its prompt, is not in the model's vocabulary.
    case unknownToken = "unknown_token"
    /// A log-prob is positive or not finite.
    case badLogprob = "bad_logprob"
    /// Prompt and response are longer than the model's context, or the prompt has no token.
    case badLength = "bad_length"
    /// It says that a policy sampled it that does not exist yet.
    case futurePolicy = "future_policy"
    /// Its policy is too old.
    case stale
    /// The token limit ended it, and such responses are filtered.
    case overlong
    /// Its log-probs are not those of the policy it names.
    case implausible
}

/// A rollout that stays out, and why.
package struct ExcludedMember: Sendable, Equatable {
    package var id: RolloutID
    package var group: Int
    /// The first thing that is wrong with it.
    package var fault: MemberFault
    /// Details for people, as the likely cause of implausible log-probs; may be empty.
    package var detail: String
}
