// POST /v1/chat/completions: the request in OpenAI's form, and the answer.
import Domain
import Service
import StrictJSON

/// A request for the next message of a conversation.
struct ChatCompletion: Sendable {
    /// How to sample.
    var fields: SamplingFields
    /// The conversation so far.
    var messages: [ChatMessage]
    /// Whether the model is to think before it answers, as Qwen3's template understands it.
    var isThinking: Bool
    /// New tokens at most.
    var maximumTokens: Int
    /// Whether the answer has log-probs.
    var hasLogprobs: Bool
    /// Likeliest tokens told with each sampled one.
    var topLogprobs: Int

    /// New tokens when the client names no number.
    private static let standardTokens = 128

    /// Reads the body.
    init(json: JSONValue) throws(InputError) {
        let known =
            SamplingFields.known + [
                "messages", "max_tokens", "max_completion_tokens", "logprobs", "top_logprobs", "chat_template_kwargs",
            ]
        let object = try JSONFields(json, known: known)
        fields = try SamplingFields(object)
        let elements = try object.array("messages", count: 1...Limits.messagesMax)
        do throws(InputError) { messages = try PromptContent.messages(elements) } catch {
            throw error.inside("messages")
        }
        isThinking = try readThinking(object)
        let range = 1...Limits.tokensMax
        let newName = try object.optionalInteger("max_completion_tokens", in: range)
        let oldName = try object.optionalInteger("max_tokens", in: range)
        maximumTokens = newName ?? oldName ?? ChatCompletion.standardTokens
        hasLogprobs = try object.optionalBool("logprobs") ?? false
        topLogprobs = try object.optionalInteger("top_logprobs", in: 0...Limits.topLogprobsMax) ?? 0
    }

    /// The request to the sampler.
    func sampling(version: PolicyVersion?) -> CompletionRequest {
        fields.request(
            .messages(messages, thinking: isThinking), version: version, maximumTokens: maximumTokens,
            topLogprobs: hasLogprobs ? topLogprobs : 0)
    }

    /// The answer.
    func answer(_ result: CompletionResult, _ title: AnswerTitle) -> JSONValue {
        title.json(
            "chat.completion",
            [
                JSONMember("prompt_token_ids", .integers32(result.promptTokenIDs)),
                JSONMember("choices", .array(result.choices.enumerated().map { json($1, index: $0) })),
                JSONMember("usage", usageJSON([result])),
            ])
    }

    private func json(_ choice: CompletionResult.Choice, index: Int) -> JSONValue {
        .members([
            "index": .integer(Int64(index)),
            "message": .members(["role": .string("assistant"), "content": .string(choice.text)]),
            "finish_reason": .string(choice.finishReason.rawValue), "token_ids": .integers32(choice.tokenIDs),
            "logprobs": hasLogprobs ? logprobs(choice) : .null,
        ])
    }

    /// `logprobs` of a choice, or of a piece of one.
    func logprobs(_ choice: CompletionResult.Choice) -> JSONValue {
        let entries = choice.tokenIDs.indices.map { place -> JSONValue in
            let text = place < choice.tokenTexts.count ? choice.tokenTexts[place] : ""
            let logprob = place < choice.logprobs.count ? choice.logprobs[place] : nil
            let sampled = members(choice.tokenIDs[place], text, logprob)
            // Without a number the list has the sampled token alone.
            let top = place < choice.topLogprobs.count ? choice.topLogprobs[place] : []
            let listed = top.map { JSONValue.object(members($0.tokenID, $0.text, $0.logprob)) }
            return .object(
                sampled + [JSONMember("top_logprobs", .array(listed.isEmpty ? [.object(sampled)] : listed))])
        }
        return .members(["content": .array(entries)])
    }

    private func members(_ token: Int32, _ text: String, _ logprob: Float?) -> [JSONMember] {
        [
            JSONMember("token", .string(fields.name(of: token, text: text))),
            JSONMember("logprob", logprob.map { .float($0) } ?? .null),
            JSONMember("bytes", .array(text.utf8.map { .integer(Int64($0)) })),
        ]
    }
}

/// `chat_template_kwargs`, as vLLM and SGLang take it for Qwen3: `{"enable_thinking": false}`, or nothing.
private func readThinking(_ fields: JSONFields) throws(InputError) -> Bool {
    let name = "chat_template_kwargs"
    guard let value = fields.value(name), value != .null else { return true }
    do throws(InputError) {
        return try JSONFields(value, known: ["enable_thinking"]).optionalBool("enable_thinking") ?? true
    } catch { throw error.inside(name) }
}
