// Prompts as they stand on the wire: as submitted, as stored, and as a generator may see them.
import StrictJSON

/// The data set of prompts and demonstrations that name none.
let defaultDataset = "default"

extension PromptSubmission {
    private static let known = ["id", "dataset", "text", "messages", "task", "metadata"]

    /// Reads one prompt of `POST /v1/prompts`.
    package init(json: JSONValue) throws(InputError) {
        let fields = try JSONFields(json, known: PromptSubmission.known)
        self.init(
            id: try fields.optionalIdentifier("id", PromptID.self),
            dataset: try fields.optionalName("dataset")
                ?? defaultDataset,
            content: try PromptContent(fields: fields),
            task: try fields.nested("task", VerificationTask.init(json:)),
            metadata: try fields.metadata())
    }

    /// The same, to be submitted again.
    package var json: JSONValue {
        var members: [JSONMember] = []
        if let id { members.append(JSONMember("id", .string(id.text))) }
        members.append(JSONMember("dataset", .string(dataset)))
        members.append(content.member)
        members.append(JSONMember("task", task.json))
        members.append(JSONMember("metadata", metadata))
        return .object(members)
    }
}

extension Prompt {
    /// Everything, the task included: for the owner of the data, never for a generator.
    package var json: JSONValue {
        .object([
            JSONMember("id", .string(id.text)), JSONMember("dataset", .string(dataset)), content.member,
            JSONMember("task", task.json), JSONMember("metadata", metadata),
            JSONMember("created_at", .string(createdAt.rfc3339)),
        ])
    }
}

extension AskedPrompt {
    /// What a generator may see: no task, whose answers and tests would be a shortcut.
    package var json: JSONValue {
        .object([
            JSONMember("id", .string(id.text)), JSONMember("dataset", .string(dataset)), content.member,
            JSONMember("metadata", metadata),
        ])
    }
}

extension PromptReceipt {
    /// `{"id","created"}`.
    package var json: JSONValue { .members(["id": .string(id.text), "created": .bool(isNew)]) }
}
