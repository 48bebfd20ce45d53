// Demonstrations as they stand on the wire. Two shapes go in: a prompt beside its response, or a conversation that ends
// with the assistant's turn, as the files for OpenAI's and Hugging Face's supervised training have it.
import StrictJSON

extension DemonstrationSubmission {
    private static let known = ["id", "dataset", "text", "messages", "response", "metadata"]

    /// Reads one demonstration of `POST /v1/demonstrations`.
    package init(json: JSONValue) throws(InputError) {
        let fields = try JSONFields(json, known: DemonstrationSubmission.known)
        var response = try fields.optionalString("response", bytes: 1...Limits.responseBytesMax)
        let content: PromptContent
        if response == nil, let elements = fields.value("messages")?.elements, elements.count > 1,
            let last = elements.last, last["role"]?.string == ChatMessage.Role.assistant.rawValue
        {
            // The last turn is the response, which may be longer than any message of a prompt.
            do throws(InputError) {
                let turn = try JSONFields(last, known: ["role", "content"])
                response = try turn.string("content", bytes: 1...Limits.responseBytesMax)
                content = .messages(try PromptContent.messages(Array(elements.dropLast())))
            } catch {
                throw error.inside("messages")
            }
        } else {
            content = try PromptContent(fields: fields)
        }
        guard let response else {
            throw InputError(
                .missingField, "a demonstration needs the response that is to be imitated", field: "response",
                hint: "send response, or let messages end with one of the role assistant")
        }
        self.init(
            id: try fields.optionalIdentifier("id", DemonstrationID.self),
            dataset: try fields.optionalName("dataset") ?? defaultDataset,
            content: content, response: response, metadata: try fields.metadata())
    }
}

extension Demonstration {
    /// Everything that was sent, and when it came.
    package var json: JSONValue {
        .object([
            JSONMember("id", .string(id.text)), JSONMember("dataset", .string(dataset)), content.member,
            JSONMember("response", .string(response)), JSONMember("metadata", metadata),
            JSONMember("created_at", .string(createdAt.rfc3339)),
        ])
    }
}

extension DemonstrationReceipt {
    /// `{"id","created"}`.
    package var json: JSONValue { .members(["id": .string(id.text), "created": .bool(isNew)]) }
}
