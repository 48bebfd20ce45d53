// Conversations in the chat format of OpenAI's fine-tuning files: those that end with the assistant's turn are demonstrations.
import Domain
import StrictJSON

extension DatasetFormat {
    /// `{"messages":[{"role","content"}]}`.
    static let openAIChat = DatasetFormat(
        name: "openai-chat", summary: "conversations; the last assistant turn becomes a demonstration",
        fields: ["messages", "id"], isNamedByFile: true, recognises: { $0.has("messages") },
        read: { row throws(InputError) in
            guard let turns = row.value("messages")?.elements, let last = turns.last else {
                throw InputError(.missingField, "the row has no messages", field: "messages")
            }
            guard last["role"]?.string == ChatMessage.Role.assistant.rawValue else {
                throw InputError(
                    .missingField, "the conversation does not end with the assistant's turn", field: "task",
                    hint: "as a prompt it would need a task to be judged against; send those to POST /v1/prompts")
            }
            guard let response = last["content"]?.string, !response.isEmpty else {
                throw InputError(
                    .wrongType, "the assistant's turn has no text", field: "messages[\(turns.count - 1)].content")
            }
            guard turns.count > 1 else {
                throw InputError(.invalidValue, "nothing before the assistant's turn", field: "messages")
            }
            let before = try messages(.array(Array(turns.dropLast())), field: "messages")
            return try row.demonstration(id: row.value("id")?.label, .messages(before), response, [:])
        })
}
