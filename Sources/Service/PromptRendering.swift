// From a stored prompt to the tokens that the in-process model continues, and back from tokens to a response.
import Domain
import Modeling

extension Tokenizer {
    /// The tokens of a prompt: plain text as it stands, a conversation as Qwen3's chat template renders it.
    ///
    /// `thinking` false closes the thought of the message to come before it begins, as Qwen3's `enable_thinking`.
    ///
    /// - Throws: `ModelError` for a conversation when the tokenizer has no chat tokens.
    func promptTokens(_ content: PromptContent, thinking: Bool = true) throws -> [Int32] {
        switch content {
        case .text(let text): encode(text)
        case .messages(let messages):
            try chatPrompt(
                messages.map { Modeling.ChatMessage(role: $0.role.rawValue, content: $0.content) }, thinking: thinking)
        }
    }

    /// The tokens that end a response.
    var stopTokens: Set<Int32> { endTokens }

    /// The token that ends a worked solution.
    var endOfText: Int32? { specialToken(Special.endOfText) }

    /// The token that ends a demonstration's response: of a message in a conversation, of the text otherwise.
    func ending(of content: PromptContent) -> Int32? {
        switch content {
        case .text: endOfText
        case .messages: specialToken(Special.messageEnd) ?? endOfText
        }
    }

    /// The text of a response, without the token that ended it.
    func responseText(_ tokens: [Int32]) -> String { decode(tokens) }

    /// One token as people may read it, special ones included.
    func tokenText(_ token: Int32) -> String { decode([token], showingSpecialTokens: true) }
}
