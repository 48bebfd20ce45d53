// Demonstrations as they come over the wire.
import Domain
import StrictJSON
import Testing

struct DemonstrationJSONTests {
    private func read(_ text: String) throws -> DemonstrationSubmission {
        try DemonstrationSubmission(json: try JSONValue.parse(text: text))
    }

    @Test func `a prompt beside its response, as text or as messages`() throws {
        let plain = try read(#"{"id":"a","text":"2+2?","response":"4"}"#)
        #expect(plain.content == .text("2+2?") && plain.response == "4" && plain.dataset == "default")
        let chat = try read(#"{"messages":[{"role":"user","content":"2+2?"}],"response":"4"}"#)
        #expect(chat.content == .messages([ChatMessage(role: .user, content: "2+2?")]))
        // With a response of its own, the assistant's last turn belongs to the prompt.
        let both = try read(
            #"{"messages":[{"role":"user","content":"hi"},{"role":"assistant","content":"yes"}],"response":"4"}"#)
        #expect(both.response == "4")
    }

    @Test func `a conversation that ends with the assistant's turn is a prompt and its response`() throws {
        let found = try read(
            #"{"messages":[{"role":"user","content":"2+2?"},{"role":"assistant","content":"4"}]}"#)
        #expect(found.response == "4")
        #expect(found.content == .messages([ChatMessage(role: .user, content: "2+2?")]))
        // Longer than any prompt's message may be.
        let long = String(repeating: "x", count: Limits.promptBytesMax + 1)
        let thought = try read(
            #"{"messages":[{"role":"user","content":"2+2?"},{"role":"assistant","content":"\#(long)"}]}"#)
        #expect(thought.response.utf8.count == Limits.promptBytesMax + 1)
    }

    @Test(arguments: [
        (#"{"text":"2+2?"}"#, "response"),
        (#"{"response":"4"}"#, "text"),
        (#"{"text":"2+2?","response":""}"#, "response"),
        (#"{"text":"2+2?","messages":[],"response":"4"}"#, "messages"),
        (#"{"messages":[{"role":"assistant","content":"4"}]}"#, "response"),
        (#"{"messages":[{"role":"user","content":"4"},{"role":"assistant","content":""}]}"#, "messages"),
        (#"{"text":"2+2?","response":"4","reward":1}"#, "reward"),
    ])
    func `what is missing or unknown is named`(text: String, field: String) throws {
        let error = try #require(throws: InputError.self) { try read(text) }
        #expect(error.field?.contains(field) == true, "\(error)")
    }
}
