// A line of an export on its way into another ledger.
import StrictJSON

/// A rollout of another ledger, with what had become of it there.
package struct ImportedRollout: Sendable, Equatable {
    /// Its id and group are always named.
    package var submission: RolloutSubmission
    package var groupID: GroupID
    package var createdAt: Timestamp
    /// Its judgements, oldest first; the verdict alone when the export had no more.
    package var judgements: [JudgementRecord]
    /// What had become of it; nil when it was still on its way.
    package var origin: RolloutOrigin?
    /// The prompt, when the export had it.
    package var prompt: PromptSubmission?
    package var promptCreatedAt: Timestamp?

    /// The members of a line that are those of a posted rollout.
    private static let posted = [
        "id", "prompt_id", "group_id", "response", "token_ids", "logprobs", "policy_version", "last_policy_version",
        "finish_reason", "generator", "metadata",
    ]

    /// Reads a line of an export with all its standard fields; throws for one with fewer.
    package init(json: JSONValue) throws(InputError) {
        let fields = try JSONFields(json, known: ExportField.allCases.map(\.rawValue))
        guard case .object(let members) = json else { throw InputError(.wrongType, "expected an object") }
        for name in Self.posted where !members.contains(where: { $0.name == name }) {
            throw InputError(
                .missingField, "the field is required", field: name, hint: "export without fields=, or with all of them"
            )
        }
        submission = try RolloutSubmission(json: .object(members.filter { Self.posted.contains($0.name) }))
        _ = try fields.identifier("id", RolloutID.self)
        groupID = try fields.identifier("group_id", GroupID.self)
        createdAt = try fields.moment("created_at")
        let status = try fields.choice("status", RolloutStatus.self)
        if fields.has("origin") {
            origin = try fields.nested("origin", RolloutOrigin.init(json:))
        } else if [.consumed, .stale, .discarded].contains(status) {
            origin = RolloutOrigin(
                status: status,
                consumedByUpdate: try fields.optionalInteger("consumed_by_update", in: 1...Int(Int32.max)),
                advantage: try fields.optionalNumber("advantage", in: -1e9...1e9))
        }
        judgements = try Self.judgements(fields, createdAt: createdAt)
        if judgements.contains(where: { ($0.reward == nil) != ($0.verdict.outcome == .undetermined) }) {
            throw InputError(.invalidValue, "an undetermined verdict has no reward, any other has one", field: "reward")
        }
        if let value = fields.value("prompt") {
            do throws(InputError) {
                let found = try Self.prompt(value)
                prompt = found.submission
                promptCreatedAt = found.createdAt
            } catch {
                throw error.inside("prompt")
            }
            guard prompt?.id == submission.promptID else {
                throw InputError(.invalidValue, "is not the id of the prompt beside it", field: "prompt_id")
            }
        }
    }

    private static func judgements(
        _ fields: JSONFields, createdAt: Timestamp
    ) throws(InputError) -> [JudgementRecord] {
        if let elements = try fields.optionalArray("judgements", count: 0...Limits.importedJudgementsMax) {
            var records: [JudgementRecord] = []
            for (index, element) in elements.enumerated() {
                do throws(InputError) { records.append(try JudgementRecord(json: element)) } catch {
                    throw error.inside("judgements[\(index)]")
                }
            }
            return records
        }
        guard fields.has("verdict") else { return [] }
        return [
            JudgementRecord(
                verdict: try fields.nested("verdict", Verdict.init(json:)),
                reward: try fields.optionalNumber("reward", in: -1e9...1e9), attempt: 0, createdAt: createdAt,
                isCurrent: true)
        ]
    }

    /// A prompt as `Prompt.json` writes it: a submission with a date.
    private static func prompt(_ json: JSONValue) throws(InputError) -> (
        submission: PromptSubmission, createdAt: Timestamp
    ) {
        guard case .object(let members) = json else { throw InputError(.wrongType, "expected an object") }
        let dated = JSONValue.object(members.filter { $0.name == "created_at" })
        let createdAt = try JSONFields(dated, known: ["created_at"]).moment("created_at")
        return (try PromptSubmission(json: .object(members.filter { $0.name != "created_at" })), createdAt)
    }
}
