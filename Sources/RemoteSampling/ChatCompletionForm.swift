// The request and the answer of a chat completion, as servers of open models read and write them.
import Domain
import Service
import StrictJSON

/// One request for one sample.
struct ChatSampleRequest: Sendable {
    let json: JSONValue

    /// What OpenAI does not know (`top_k`, `repetition_penalty`, `chat_template_kwargs`) is sent only when it was asked for.
    init(_ request: SampleRequest, model: String) {
        let settings = request.settings
        let messages: [ChatMessage] =
            switch request.content {
            case .text(let text): [ChatMessage(role: .user, content: text)]
            case .messages(let messages): messages
            }
        var members = [
            JSONMember("model", .string(model)),
            JSONMember(
                "messages",
                .array(
                    messages.map {
                        .members(["role": .string($0.role.rawValue), "content": .string($0.content)])
                    })),
            JSONMember("max_tokens", .integer(Int64(settings.maxTokens))),
            JSONMember("temperature", .double(settings.temperature)), JSONMember("top_p", .double(settings.topP)),
            JSONMember("n", .integer(1)), JSONMember("stream", .bool(false)),
        ]
        if let seed = settings.seed {
            members.append(JSONMember("seed", .integer(Int64((seed + request.sample) & 0x7FFF_FFFF))))
        }
        if settings.topK > 0 { members.append(JSONMember("top_k", .integer(Int64(settings.topK)))) }
        if settings.repetitionPenalty != 1 {
            members.append(JSONMember("repetition_penalty", .double(settings.repetitionPenalty)))
        }
        if let isThinking = settings.isThinking {
            members.append(
                JSONMember("chat_template_kwargs", .members(["enable_thinking": .bool(isThinking)])))
        }
        json = .object(members)
    }
}

extension SampledAnswer {
    /// Reads a completion; unknown members are passed over. Thinking that the server took out of the answer
    /// (`reasoning_content`, `reasoning`) goes back before it, as the model wrote it.
    ///
    /// Throws `InputError` for what is no whole completion: an answer without text, thinking or an end is none.
    package init(chat bytes: [UInt8]) throws(InputError) {
        let json: JSONValue
        do {
            json = try JSONValue.parse(
                bytes, limits: JSONLimits(depth: Limits.jsonDepthMax, bytes: Limits.evaluationAnswerBytesMax))
        } catch {
            throw InputError(.malformedJSON, "\(error)")
        }
        guard let choice = json["choices"]?.elements?.first, let message = choice["message"] else {
            throw InputError(.missingField, "there is no choice with a message", field: "choices")
        }
        let content = message["content"]?.string
        let thinking = message["reasoning_content"]?.string ?? message["reasoning"]?.string
        guard content != nil || thinking != nil else {
            throw InputError(.missingField, "there is no text", field: "choices[0].message.content")
        }
        let finish: FinishReason
        switch choice["finish_reason"]?.string {
        case "length": finish = .length
        case "stop", "tool_calls", "function_call", "eos_token", "stop_sequence", "content_filter": finish = .stop
        default:
            throw InputError(
                .invalidValue, "neither stop nor length", field: "choices[0].finish_reason")
        }
        let usage = json["usage"]
        self.init(
            text: SampledAnswer.joined(thinking: thinking, content: content), finishReason: finish,
            promptTokens: SampledAnswer.count(usage?["prompt_tokens"]),
            responseTokens: SampledAnswer.count(usage?["completion_tokens"]), seconds: 0)
    }

    /// Without an answer the thinking has no end: it was cut.
    private static func joined(thinking: String?, content: String?) -> String {
        guard let thinking, !thinking.isEmpty else { return content ?? "" }
        guard let content, !content.isEmpty else { return "<think>\n" + thinking }
        return "<think>\n" + thinking + "\n</think>\n\n" + content
    }

    private static func count(_ value: JSONValue?) -> Int? {
        guard let number = value?.wholeNumber, number >= 0, number <= Int64(Int32.max) else { return nil }
        return Int(number)
    }
}
