// Conversations as token ids, the way Qwen3's chat template renders them (ChatML). Tools are not rendered.

/// One message of a conversation.
package struct ChatMessage: Sendable, Equatable {
    /// `system`, `user` or `assistant`.
    package var role: String
    package var content: String
    /// What an assistant thought before `content`, without `<think>`; nil if that is in the content or nowhere.
    package var reasoning: String?

    package init(role: String, content: String, reasoning: String? = nil) {
        self.role = role
        self.content = content
        self.reasoning = reasoning
    }
}

extension Tokenizer {
    /// A conversation as ids, up to where the assistant is to speak:
    /// `<|im_start|>role\ncontent<|im_end|>\n` for each message, then `<|im_start|>assistant\n`, and an empty thought
    /// unless the assistant is to think.
    ///
    /// As in Qwen3's template, what an assistant thought before the last user's message is left out, and what it thought
    /// since stands in `<think>`. Unlike there, text that looks like a special token stays text. Throws `ModelError` for
    /// no messages, for a role other than the three, and when the tokenizer lacks the two special tokens.
    package func chatPrompt(_ messages: [ChatMessage], thinking: Bool = true) throws(ModelError) -> [Int32] {
        guard let start = specialToken(Special.messageStart), let end = specialToken(Special.messageEnd) else {
            throw ModelError(
                .unsupported, "the tokenizer has no \(Special.messageStart) and \(Special.messageEnd)",
                hint: "use a tokenizer of Qwen's family for conversations")
        }
        guard !messages.isEmpty else { throw ModelError(.invalidInput, "a conversation without messages") }
        var rendering = Rendering(tokenizer: self)
        for (message, body) in zip(messages, try Self.bodies(messages)) {
            rendering.append(id: start)
            rendering.append("\(message.role)\n")
            for part in body { rendering.append(part) }
            rendering.append(id: end)
            rendering.append("\n")
        }
        rendering.append(id: start)
        rendering.append("assistant\n")
        if !thinking { for part in Thought.empty { rendering.append(part) } }
        return rendering.finish()
    }

    /// The text of each message, in parts of which those of `Thought` are the template's own.
    private static func bodies(_ messages: [ChatMessage]) throws(ModelError) -> [[String]] {
        let lastQuery = messages.lastIndex { $0.role == "user" && !isToolResponse($0.content) } ?? messages.count - 1
        var bodies: [[String]] = []
        for (index, message) in messages.enumerated() {
            switch message.role {
            case "system", "user": bodies.append([message.content])
            case "assistant":
                let (reasoning, content) = Thought.split(message)
                let isLast = index == messages.count - 1
                if index > lastQuery, isLast || !reasoning.isEmpty {
                    bodies.append(Thought.around(reasoning) + [Thought.withoutLeadingLines(content)])
                } else {
                    bodies.append([content])
                }
            default:
                throw ModelError(
                    .unsupported, "a message of the role \"\(message.role.prefix(40))\"",
                    hint: "only system, user and assistant are rendered; tools are not")
            }
        }
        return bodies
    }

    private static func isToolResponse(_ content: String) -> Bool {
        content.utf8.starts(with: "<tool_response>".utf8)
            && content.utf8.reversed().starts(with: "</tool_response>".utf8.reversed())
    }

    /// Ids in the making. Text between two tokens is encoded as one, line feeds included.
    private struct Rendering {
        let tokenizer: Tokenizer
        private var ids: [Int32] = []
        private var text = ""

        init(tokenizer: Tokenizer) { self.tokenizer = tokenizer }

        mutating func append(id: Int32) {
            ids += tokenizer.encode(text) + [id]
            text = ""
        }

        /// Appends text, or one of the template's own marks when the tokenizer has it as a token.
        mutating func append(_ part: String) {
            if part == Thought.open || part == Thought.close, let id = tokenizer.specialToken(part) {
                append(id: id)
            } else {
                text += part
            }
        }

        consuming func finish() -> [Int32] { ids + tokenizer.encode(text) }
    }
}

/// A thought in the text of a message.
private enum Thought {
    static let open = "<think>"
    static let close = "</think>"

    /// Tells the assistant that it has thought already.
    static let empty = [open, "\n\n", close, "\n\n"]

    static func around(_ reasoning: String) -> [String] {
        let reasoning = withoutLeadingLines(withoutTrailingLines(reasoning))
        return [open, "\n\(reasoning)\n", close, "\n\n"]
    }

    /// The reasoning of an assistant's message and what it said then. Without a reasoning of its own, the message's is
    /// what stands before the first `</think>`, and what was said stands after the last.
    static func split(_ message: ChatMessage) -> (reasoning: String, content: String) {
        if let reasoning = message.reasoning { return (reasoning, message.content) }
        let bytes = Array(message.content.utf8)
        guard let first = bytes.firstIndex(of: close), let last = bytes.lastIndex(of: close) else {
            return ("", message.content)
        }
        var reasoning = withoutTrailingLines(String(decoding: bytes[..<first], as: UTF8.self))
        let before = Array(reasoning.utf8)
        if let opened = before.lastIndex(of: open) {
            reasoning = String(decoding: before[(opened + open.utf8.count)...], as: UTF8.self)
        }
        let content = String(decoding: bytes[(last + close.utf8.count)...], as: UTF8.self)
        return (withoutLeadingLines(reasoning), withoutLeadingLines(content))
    }

    static func withoutLeadingLines(_ text: String) -> String {
        String(decoding: text.utf8.drop { $0 == UInt8(ascii: "\n") }, as: UTF8.self)
    }

    static func withoutTrailingLines(_ text: String) -> String {
        let kept = text.utf8.reversed().drop { $0 == UInt8(ascii: "\n") }
        return String(decoding: kept.reversed(), as: UTF8.self)
    }
}

extension [UInt8] {
    /// Where a text first begins; nil if it does not occur.
    fileprivate func firstIndex(of text: String) -> Int? {
        let mark = Array(text.utf8)
        guard count >= mark.count else { return nil }
        return (0...count - mark.count).first { self[$0...].starts(with: mark) }
    }

    /// Where a text last begins.
    fileprivate func lastIndex(of text: String) -> Int? {
        let mark = Array(text.utf8)
        guard count >= mark.count else { return nil }
        return (0...count - mark.count).last { self[$0...].starts(with: mark) }
    }
}
