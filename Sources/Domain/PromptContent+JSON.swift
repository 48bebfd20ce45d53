// What a prompt says, as it stands on the wire: a text, or messages as in the OpenAI chat format.
import StrictJSON

extension ChatMessage {
    /// Reads `{"role","content"}`.
    package init(json: JSONValue) throws(InputError) {
        let fields = try JSONFields(json, known: ["role", "content"])
        self.init(
            role: try fields.choice("role", Role.self),
            content: try fields.string("content", bytes: 0...Limits.promptBytesMax))
    }

    /// `{"role","content"}`.
    package var json: JSONValue { .members(["role": .string(role.rawValue), "content": .string(content)]) }
}

extension PromptContent {
    /// Reads a string (text) or an array (messages): the form in which the ledger keeps it.
    package init(json: JSONValue) throws(InputError) {
        if let text = json.string {
            try checkLength(text, bytes: 1...Limits.promptBytesMax, field: nil)
            self = .text(text)
            return
        }
        guard json.elementCount != nil else {
            throw InputError(.wrongType, "expected a string or an array of messages, found \(json.kind)")
        }
        self = .messages(try PromptContent.messages(json.elements ?? []))
    }

    /// Reads `text` or `messages` from the fields of an object; exactly one of them.
    init(fields: JSONFields) throws(InputError) {
        switch (fields.has("text"), fields.has("messages")) {
        case (true, true):
            throw InputError(.invalidValue, "text and messages exclude each other", field: "messages", hint: "send one")
        case (true, false):
            self = .text(try fields.string("text", bytes: 1...Limits.promptBytesMax))
        case (false, true):
            let elements = try fields.array("messages", count: 1...Limits.messagesMax)
            do throws(InputError) { self = .messages(try PromptContent.messages(elements)) } catch {
                throw error.inside("messages")
            }
        case (false, false):
            throw InputError(.missingField, "a prompt needs text or messages", field: "text", hint: "send one of them")
        }
    }

    /// A string or an array of messages.
    package var json: JSONValue {
        switch self {
        case .text(let text): .string(text)
        case .messages(let messages): .array(messages.map(\.json))
        }
    }

    /// `text` or `messages` as a member of an object.
    var member: JSONMember {
        switch self {
        case .text: JSONMember("text", json)
        case .messages: JSONMember("messages", json)
        }
    }

    /// Reads messages and holds them together to the length of a prompt.
    package static func messages(_ elements: [JSONValue]) throws(InputError) -> [ChatMessage] {
        guard (1...Limits.messagesMax).contains(elements.count) else {
            throw InputError(.invalidValue, "\(elements.count) messages", hint: "send 1 to \(Limits.messagesMax)")
        }
        var messages: [ChatMessage] = []
        var total = 0
        for (index, element) in elements.enumerated() {
            do throws(InputError) { messages.append(try ChatMessage(json: element)) } catch {
                throw error.inside("[\(index)]")
            }
            total += messages.last?.content.utf8.count ?? 0
        }
        guard total <= Limits.promptBytesMax else {
            throw InputError(
                .tooLarge, "\(total) bytes in all messages", hint: "the limit is \(Limits.promptBytesMax) bytes")
        }
        return messages
    }
}
