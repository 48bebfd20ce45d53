// Exports of rollouts: which fields, and whether a line holds one rollout or columns of many.
import StrictJSON

/// One member of an exported rollout, in the order of a line.
package enum ExportField: String, Sendable, CaseIterable {
    case id
    case promptID = "prompt_id"
    case groupID = "group_id"
    case status
    case policyVersion = "policy_version"
    case lastPolicyVersion = "last_policy_version"
    case finishReason = "finish_reason"
    case generator
    case verdict, reward, advantage
    case consumedByUpdate = "consumed_by_update"
    case createdAt = "created_at"
    case response
    case tokenIDs = "token_ids"
    case logprobs, metadata, origin
    /// The verdict's outcome alone; on request, and in columns.
    case outcome
    /// The prompt with its task; on request.
    case prompt
    /// All judgements; on request.
    case judgements

    /// What a line has when nothing else is asked for.
    static let standard: [ExportField] = allCases.filter { ![.outcome, .prompt, .judgements].contains($0) }

    /// Whether its value is an object or array of no fixed form; in columns it stands as JSON in a string.
    var isFreeForm: Bool { [.verdict, .metadata, .origin, .prompt, .judgements].contains(self) }
}

/// What an export holds of each rollout, and in which form.
package struct ExportShape: Sendable, Equatable {
    package enum Format: String, Sendable, CaseIterable {
        /// A rollout in each line.
        case ndjson
        /// A row group in each line: arrays by column, ready for Parquet.
        case columns
    }

    package var format: Format
    package var fields: [ExportField]

    /// Everything that is known of a rollout, a line each.
    package static let whole = ExportShape(format: .ndjson, fields: ExportField.standard)

    package init(format: Format, fields: [ExportField]) {
        self.format = format
        self.fields = fields
    }

    /// From comma-separated names: `fields` instead of the standard ones, `include` beside them. Throws for unknown names.
    package init(format: Format, fields: String?, include: String?) throws(InputError) {
        var wanted =
            try fields.map { (text) throws(InputError) in try Self.parse(text, "fields", ExportField.allCases) }
            ?? ExportField.standard + (format == .columns ? [.outcome] : [])
        if let include {
            for field in try Self.parse(include, "include", [.prompt, .verdict, .judgements])
            where !wanted.contains(field) { wanted.append(field) }
        }
        self.init(format: format, fields: wanted)
    }

    /// Whether prompts or judgements must be read as well.
    package var needsPrompts: Bool { fields.contains(.prompt) }
    package var needsJudgements: Bool { fields.contains(.judgements) }

    private static func parse(
        _ text: String, _ name: String, _ known: [ExportField]
    ) throws(InputError) -> [ExportField] {
        var fields: [ExportField] = []
        for part in text.split(separator: ",", omittingEmptySubsequences: false) {
            guard let field = known.first(where: { $0.rawValue == part }) else {
                throw InputError(
                    .invalidValue, "\"\(part.prefix(60))\" is unknown", field: name,
                    hint: "some of " + known.map(\.rawValue).joined(separator: ","))
            }
            if !fields.contains(field) { fields.append(field) }
        }
        return fields
    }
}

/// A rollout with what an export may hold beside it.
package struct ExportedRollout: Sendable, Equatable {
    package var rollout: Rollout
    /// Nil when it was not asked for.
    package var prompt: Prompt?
    package var judgements: [JudgementRecord]
    package init(rollout: Rollout, prompt: Prompt? = nil, judgements: [JudgementRecord] = []) {
        self.rollout = rollout
        self.prompt = prompt
        self.judgements = judgements
    }
}

/// One page of an export and where the next begins.
package struct ExportPage: Sendable, Equatable {
    package var rows: [ExportedRollout]
    /// Pass it to get the next page; nil when this is the last.
    package var nextCursor: Int64?
    package init(rows: [ExportedRollout], nextCursor: Int64?) {
        self.rows = rows
        self.nextCursor = nextCursor
    }
}
