// The chat format of Qwen3 (ChatML), as token ids. Tools are not rendered.

/// One message of a conversation.
package struct ChatMessage: Sendable, Equatable {
    /// `system`, `user` or `assistant`.
    package var role: String
    package var content: String

    package init(role: String, content: String) {
        self.role = role
        self.content = content
    }
}

extension Tokenizer {
    /// A conversation as ids, up to where the assistant is to speak:
    /// `<|im_start|>role\ncontent<|im_end|>\n` for each message, then `<|im_start|>assistant\n`.
    ///
    /// As in Qwen3's template, what an assistant thought before the last user's message is left out. Unlike there, text
    /// that looks like a special token stays text. Throws when the tokenizer lacks the two special tokens.
    package func chatPrompt(_ messages: [ChatMessage]) throws(ModelError) -> [Int32] {
        guard let start = specialToken(Special.messageStart), let end = specialToken(Special.messageEnd) else {
            throw ModelError(
                .unsupported, "the tokenizer has no \(Special.messageStart) and \(Special.messageEnd)",
                hint: "use a tokenizer of Qwen's family for conversations")
        }
        let lastUser = messages.lastIndex { $0.role == "user" } ?? -1
        var ids: [Int32] = []
        for (index, message) in messages.enumerated() {
            let forgets = message.role == "assistant" && index < lastUser
            let content = forgets ? Self.withoutThought(message.content) : message.content
            // Between two special tokens the text is split as one, line feeds included.
            ids += [start] + encode("\(message.role)\n\(content)") + [end] + encode("\n")
        }
        return ids + [start] + encode("assistant\n")
    }

    /// What follows the last `</think>` and its line feeds.
    private static func withoutThought(_ content: String) -> String {
        let mark = Array("</think>".utf8)
        let bytes = Array(content.utf8)
        var start = bytes.count - mark.count
        while start >= 0, !bytes[start...].starts(with: mark) { start -= 1 }
        guard start >= 0 else { return content }
        let rest = bytes[(start + mark.count)...].drop { $0 == UInt8(ascii: "\n") }
        return String(decoding: rest, as: UTF8.self)
    }
}
