// Conversations against Qwen3's chat template as transformers renders it.
import Modeling
import StrictJSON
import Testing

@Suite struct ChatTemplateTests {
    @Test func `ids of conversations are those of the rendered template, thinking on and off`() throws {
        let tokenizer = try Tokenizer.load(directory: "\(TransformerVectors.directory)/../tokenizer/qwen3")
        let path = "\(TransformerVectors.directory)/../chat/conversations.json"
        let rows = try JSONValue.parse(TensorFile.bytes(path)).elements ?? []
        #expect(rows.count > 60)
        for row in rows {
            let messages = (row["messages"]?.elements ?? []).map { message in
                ChatMessage(
                    role: message["role"]?.string ?? "", content: message["content"]?.string ?? "",
                    reasoning: message["reasoning_content"]?.string)
            }
            let ids = try tokenizer.chatPrompt(messages, thinking: row["thinking"]?.bool ?? true)
            #expect(ids == row["ids"]?.int32s, "\(row["text"]?.string.debugDescription ?? "")")
        }
    }

    @Test func `without tokens for thoughts the template's marks are text`() throws {
        let tokenizer = try Tokenizer.byteLevel(merges: [])
        let messages = [ChatMessage(role: "user", content: "1+1?"), ChatMessage(role: "assistant", content: "2")]
        let expected = "<|im_start|>user\n1+1?<|im_end|>\n<|im_start|>assistant\n<think>\n\n</think>\n\n2<|im_end|>\n"
        let prompt = expected + "<|im_start|>assistant\n<think>\n\n</think>\n\n"
        let ids = try tokenizer.chatPrompt(messages, thinking: false)
        #expect(tokenizer.decode(ids, showingSpecialTokens: true) == prompt)
        #expect(tokenizer.encode(prompt, readingSpecialTokens: true) == ids)
    }

    @Test func `what is not rendered is refused`() throws {
        let tokenizer = try Tokenizer.byteLevel(merges: [])
        for role in ["tool", "function", "developer", ""] {
            let error = #expect(throws: ModelError.self) {
                try tokenizer.chatPrompt([
                    ChatMessage(role: role, content: "4"), ChatMessage(role: "user", content: "x"),
                ])
            }
            #expect(error?.message.contains("\"\(role)\"") == true)
        }
        #expect(throws: ModelError.self) { try tokenizer.chatPrompt([]) }
        let bare = try Tokenizer.byteLevel(merges: [], specialTokens: [])
        #expect(throws: ModelError.self) { try bare.chatPrompt([ChatMessage(role: "user", content: "x")]) }
    }
}
