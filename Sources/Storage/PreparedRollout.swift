// A rollout in the form of its rows, checked and encoded before the writer is asked for.
import Domain
import Foundation
import StrictJSON

/// A posted rollout, ready to be inserted.
struct PreparedRollout: Sendable {
    let id: RolloutID?
    let promptID: PromptID
    let groupID: GroupID?
    let groupSize: Int?
    let attempt: Int?
    let policyVersion: PolicyVersion
    let lastPolicyVersion: PolicyVersion?
    /// UTF-8.
    let response: Data
    let tokenIDs: Data
    let logprobs: Data
    let finishReason: FinishReason
    let generator: String
    let metadata: String
    /// Over everything the client sent except the lease's attempt and the group's size, so that a retry under a later lease,
    /// or into a group that is there by now, is a repetition.
    let hash: ContentHash

    /// About what the rows take, in bytes.
    var bytes: Int { response.count + tokenIDs.count + logprobs.count + metadata.utf8.count + 256 }

    /// Checks what the schema cannot say well, and encodes.
    static func prepare(
        _ submission: RolloutSubmission, _ admission: RolloutAdmission
    ) -> Result<PreparedRollout, InputError> {
        if let fault = fault(of: submission, admission) { return .failure(fault) }
        let tokens = TokenBlob.encode(submission.tokenIDs)
        let logprobs = TokenBlob.encode(submission.logprobs)
        let response = Data(submission.response.utf8)
        let metadata = submission.metadata.text
        var hasher = Blake2b()
        hasher.absorb(field: submission.promptID.text)
        hasher.absorb(field: submission.groupID?.text ?? "")
        response.withUnsafeBytes { hasher.absorb(field: $0) }
        tokens.withUnsafeBytes { hasher.absorb(field: $0) }
        logprobs.withUnsafeBytes { hasher.absorb(field: $0) }
        hasher.absorb(field: String(submission.policyVersion.number))
        hasher.absorb(field: submission.finishReason.rawValue)
        hasher.absorb(field: submission.generator)
        hasher.absorb(field: metadata)
        // Absorbed only when it is there, so that what was stored before spans had names is still the same.
        if let last = submission.lastPolicyVersion { hasher.absorb(field: String(last.number)) }
        return .success(
            PreparedRollout(
                id: submission.id, promptID: submission.promptID, groupID: submission.groupID,
                groupSize: submission.groupSize, attempt: submission.attempt, policyVersion: submission.policyVersion,
                lastPolicyVersion: submission.lastPolicyVersion, response: response,
                tokenIDs: tokens, logprobs: logprobs, finishReason: submission.finishReason,
                generator: submission.generator, metadata: metadata, hash: ContentHash(bytes: hasher.digest())))
    }

    private static func fault(of submission: RolloutSubmission, _ admission: RolloutAdmission) -> InputError? {
        if let id = submission.id, let fault = identifierFault(id.text, field: "id") { return fault }
        if let fault = nameFault(submission.generator, field: "generator") { return fault }
        guard submission.tokenIDs.count == submission.logprobs.count else {
            return InputError(
                .lengthMismatch,
                "\(submission.tokenIDs.count) token ids but \(submission.logprobs.count) log-probabilities",
                field: "logprobs", hint: "send one log-probability for each sampled token")
        }
        guard submission.tokenIDs.count <= Limits.tokensMax else {
            return InputError(.tooLarge, "more than \(Limits.tokensMax) tokens", field: "token_ids")
        }
        guard submission.response.utf8.count <= Limits.responseBytesMax else {
            return InputError(.tooLarge, "more than \(Limits.responseBytesMax) bytes", field: "response")
        }
        if let index = submission.logprobs.firstInvalidLogprob {
            return InputError(
                .invalidValue, "a log-probability is finite and at most 0", field: "logprobs[\(index)]")
        }
        if let index = submission.tokenIDs.firstInvalidTokenID {
            return InputError(
                .invalidValue, "a token id is 0 to \(Limits.tokenIDMax)", field: "token_ids[\(index)]")
        }
        if let last = submission.lastPolicyVersion,
            last < submission.policyVersion || last > admission.currentVersion
        {
            return InputError(
                .invalidValue,
                "a rollout cannot begin under policy \(submission.policyVersion) and end under \(last)",
                field: "last_policy_version",
                hint: "from policy_version to the current one, \(admission.currentVersion)")
        }
        guard submission.policyVersion.number >= 0, submission.policyVersion <= admission.currentVersion else {
            return InputError(
                .invalidValue,
                "policy version \(submission.policyVersion) does not exist; the current one is \(admission.currentVersion)",
                field: "policy_version", hint: "send the version that sampled the tokens")
        }
        return nil
    }
}
