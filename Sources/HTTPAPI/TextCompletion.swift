// POST /v1/completions: the request in OpenAI's form, and the answer.
import Domain
import Service
import StrictJSON

/// A request for completions of one or more prompts.
struct TextCompletion: Sendable {
    /// How to sample.
    var fields: SamplingFields
    /// The prompts.
    var inputs: [CompletionRequest.Input]
    /// New tokens at most; 0 only with `echo`.
    var maximumTokens: Int
    /// Whether the prompt comes back in front of its completion.
    var echo: Bool
    /// Whether the answer has log-probs.
    var hasLogprobs: Bool
    /// Likeliest tokens told with each sampled one.
    var topLogprobs: Int

    /// Reads the body.
    init(json: JSONValue) throws(InputError) {
        let known = SamplingFields.known + ["prompt", "max_tokens", "logprobs", "echo", "best_of", "suffix"]
        let object = try JSONFields(json, known: known)
        fields = try SamplingFields(object)
        do throws(InputError) { inputs = try readPrompts(try object.required("prompt")) } catch {
            throw error.field == nil ? error.inside("prompt") : error
        }
        echo = try object.optionalBool("echo") ?? false
        maximumTokens = try object.optionalInteger("max_tokens", in: 0...Limits.tokensMax) ?? 16
        let logprobs = try object.optionalInteger("logprobs", in: 0...Limits.topLogprobsMax)
        hasLogprobs = logprobs != nil
        topLogprobs = logprobs ?? 0
        guard maximumTokens > 0 || echo else {
            throw InputError(.invalidValue, "nothing to do", field: "max_tokens", hint: "0 is possible with echo only")
        }
        guard inputs.count * fields.count <= Limits.completionSequencesMax else {
            throw InputError(
                .tooLarge, "\(inputs.count) prompts times n = \(fields.count)", field: "n",
                hint: "at most \(Limits.completionSequencesMax) sequences a request")
        }
        if let best = try object.optionalInteger("best_of", in: 1...Int(Int32.max)), best != fields.count {
            throw InputError(.invalidValue, "is not applied", field: "best_of", hint: "leave it out or send n")
        }
        if object.has("suffix") {
            throw InputError(.invalidValue, "is not applied", field: "suffix", hint: "leave it out")
        }
    }

    /// The prompts' requests to the sampler.
    func sampling(version: PolicyVersion?) -> [CompletionRequest] {
        inputs.map {
            fields.request($0, version: version, maximumTokens: maximumTokens, topLogprobs: topLogprobs, echo: echo)
        }
    }

    /// The answer; choices are prompt-major.
    func answer(_ results: [CompletionResult], _ title: AnswerTitle) -> JSONValue {
        var choices: [JSONValue] = []
        for result in results {
            for choice in result.choices { choices.append(json(choice, result, index: choices.count)) }
        }
        return title.json(
            "text_completion", [JSONMember("choices", .array(choices)), JSONMember("usage", usageJSON(results))])
    }

    private func json(_ choice: CompletionResult.Choice, _ result: CompletionResult, index: Int) -> JSONValue {
        .members([
            "index": .integer(Int64(index)), "text": .string((echo ? result.promptText : "") + choice.text),
            "finish_reason": .string(choice.finishReason.rawValue),
            "prompt_token_ids": .integers32(result.promptTokenIDs),
            "token_ids": .integers32(choice.tokenIDs),
            "logprobs": hasLogprobs ? logprobs((echo ? tokens(of: result) : []) + tokens(of: choice)).json : .null,
        ])
    }

    /// A token of a choice or, with `echo`, of its prompt.
    struct Token {
        var id: Int32
        var text: String
        /// The prompt's first token has none.
        var logprob: Float?
        var alternatives: [CompletionResult.Alternative]
    }

    /// The sampled tokens.
    func tokens(of choice: CompletionResult.Choice) -> [Token] {
        choice.tokenIDs.indices.map { place in
            Token(
                id: choice.tokenIDs[place],
                text: choice.tokenTexts.indices.contains(place) ? choice.tokenTexts[place] : "",
                logprob: choice.logprobs.indices.contains(place) ? choice.logprobs[place] : nil,
                alternatives: choice.topLogprobs.indices.contains(place) ? choice.topLogprobs[place] : [])
        }
    }

    /// The prompt's tokens.
    func tokens(of prompt: CompletionResult) -> [Token] {
        let texts = prompt.promptTokenTexts ?? []
        let logprobs = prompt.promptLogprobs ?? []
        return prompt.promptTokenIDs.indices.map { place in
            Token(
                id: prompt.promptTokenIDs[place], text: texts.indices.contains(place) ? texts[place] : "",
                logprob: logprobs.indices.contains(place) ? logprobs[place] : nil, alternatives: [])
        }
    }

    /// OpenAI's four parallel arrays, and the offset, in characters, at which the next token's text begins.
    func logprobs(_ tokens: [Token], from start: Int = 0) -> (json: JSONValue, end: Int) {
        var offset = start
        var offsets: [JSONValue] = []
        for token in tokens {
            offsets.append(.integer(Int64(offset)))
            offset += token.text.unicodeScalars.count
        }
        let names = tokens.map { fields.name(of: $0.id, text: $0.text) }
        let numbers = tokens.map { $0.logprob.map { JSONValue.float($0) } ?? .null }
        let top = tokens.indices.map { topLogprobs(names[$0], numbers[$0], tokens[$0].alternatives) }
        let json = JSONValue.members([
            "tokens": .array(names.map { .string($0) }), "token_logprobs": .array(numbers),
            "top_logprobs": .array(top), "text_offset": .array(offsets),
        ])
        return (json, offset)
    }

    /// The likeliest tokens and the one that is there, by name; of two with one name the likelier.
    private func topLogprobs(
        _ name: String, _ number: JSONValue, _ alternatives: [CompletionResult.Alternative]
    ) -> JSONValue {
        guard number != .null else { return .null }
        var members: [JSONMember] = []
        var names: Set<String> = []
        for alternative in alternatives {
            let name = fields.name(of: alternative.tokenID, text: alternative.text)
            if names.insert(name).inserted { members.append(JSONMember(name, .float(alternative.logprob))) }
        }
        if names.insert(name).inserted { members.append(JSONMember(name, number)) }
        return .object(members)
    }
}

/// `usage` over all results.
func usageJSON(_ results: [CompletionResult]) -> JSONValue {
    usageJSON(
        prompt: results.reduce(0) { $0 + $1.promptTokenIDs.count },
        completion: results.reduce(0) { sum, result in
            sum + result.choices.reduce(0) { $0 + $1.tokenIDs.count }
        })
}

/// `usage` of so many tokens.
func usageJSON(prompt: Int, completion: Int) -> JSONValue {
    .members([
        "prompt_tokens": .integer(Int64(prompt)), "completion_tokens": .integer(Int64(completion)),
        "total_tokens": .integer(Int64(prompt + completion)),
    ])
}

/// What every answer of the completion paths begins with.
struct AnswerTitle: Sendable {
    /// The same in all pieces of a streamed answer.
    var id: String
    /// The model's name.
    var model: String
    /// Seconds since 1970.
    var created: Int64
    /// The policy that was sampled.
    var version: PolicyVersion

    /// An answer of this kind with more members. `logprobs_mode` is vLLM's name for what the log-probs are of.
    func json(_ kind: String, _ members: [JSONMember]) -> JSONValue {
        .object(
            [
                JSONMember("id", .string(id)), JSONMember("object", .string(kind)),
                JSONMember("created", .integer(created)), JSONMember("model", .string(model)),
                JSONMember("policy_version", .integer(Int64(version.number))),
                JSONMember("logprobs_mode", .string("processed_logprobs")),
            ] + members)
    }
}

extension JSONValue {
    /// A 32-bit float as the double with the same shortest decimal.
    static func float(_ value: Float) -> JSONValue { .double(Double(value.description) ?? Double(value)) }
}

/// A text, token ids, or several of either.
private func readPrompts(_ value: JSONValue) throws(InputError) -> [CompletionRequest.Input] {
    if value.string != nil { return [try readPrompt(value)] }
    if case .integers = value { return [try readPrompt(value)] }
    guard let elements = value.elements else {
        throw InputError(.wrongType, "expected a string, token ids, or an array of either, found \(value.kind)")
    }
    guard (1...Limits.completionSequencesMax).contains(elements.count) else {
        throw InputError(
            .invalidValue, "\(elements.count) prompts", hint: "send 1 to \(Limits.completionSequencesMax)")
    }
    var inputs: [CompletionRequest.Input] = []
    for (index, element) in elements.enumerated() {
        do throws(InputError) { inputs.append(try readPrompt(element)) } catch {
            throw error.inside("prompt[\(index)]")
        }
    }
    return inputs
}

private func readPrompt(_ value: JSONValue) throws(InputError) -> CompletionRequest.Input {
    if let text = value.string {
        guard (1...Limits.promptBytesMax).contains(text.utf8.count) else {
            throw InputError(.invalidValue, "must have 1 to \(Limits.promptBytesMax) bytes")
        }
        return .text(text)
    }
    guard case .integers(let ids) = value else {
        throw InputError(.wrongType, "expected a string or token ids, found \(value.kind)")
    }
    guard ids.count <= Limits.tokensMax else {
        throw InputError(.tooLarge, "\(ids.count) tokens", hint: "the limit is \(Limits.tokensMax)")
    }
    guard ids.allSatisfy({ (0...Int64(Limits.tokenIDMax)).contains($0) }) else {
        throw InputError(.invalidValue, "not all are token ids", hint: "from 0 to \(Limits.tokenIDMax)")
    }
    return .tokens(ids.map { Int32($0) })
}
