// The fields that both completion paths share, in OpenAI's names. What the sampler cannot do is refused by name rather
// than ignored: a generator that believes in a penalty would learn from the wrong distribution.
import Domain
import Service
import StrictJSON

/// How to sample, as a client asks for it.
struct SamplingFields: Sendable {
    /// The model's name as the client wrote it; nil means the newest policy.
    var model: String?
    /// Samples of each prompt.
    var count: Int
    /// 0 is greedy.
    var temperature: Double
    /// 1 means no bound.
    var topP: Double
    /// 0 means no bound.
    var topK: Int
    /// 0 means no bound.
    var minP: Double
    /// 1 means none.
    var repetitionPenalty: Double
    /// Nil takes a fresh one.
    var seed: UInt64?
    /// Sampling ends before the first of these.
    var stop: [String]
    /// Name tokens as `token_id:42` instead of by their text, as vLLM does on request.
    var namesTokensByID: Bool
    /// Whether pieces of a streamed answer have token ids; whole answers always have.
    var returnsTokenIDs: Bool
    /// Whether the answer is sent while it is sampled, and how; nil sends it whole.
    var streaming: StreamOptions?

    /// How an answer is streamed.
    struct StreamOptions: Sendable, Equatable {
        /// Whether a last piece says how many tokens there were.
        var includesUsage: Bool
    }

    /// The fields' names.
    static let known = [
        "model", "n", "temperature", "top_p", "top_k", "seed", "stop", "stream", "user", "min_p", "repetition_penalty",
        "presence_penalty", "frequency_penalty", "logit_bias", "return_token_ids", "return_tokens_as_token_ids",
        "stream_options",
    ]

    /// Reads the fields, and refuses what the sampler cannot do.
    init(_ fields: JSONFields) throws(InputError) {
        model = try fields.optionalName("model")
        count = try fields.optionalInteger("n", in: 1...Limits.completionSequencesMax) ?? 1
        temperature = try fields.optionalNumber("temperature", in: 0...2) ?? 1
        topP = try fields.optionalNumber("top_p", in: 0.001...1) ?? 1
        // vLLM's clients write -1 for no bound.
        topK = max(0, try fields.optionalInteger("top_k", in: -1...Limits.tokenIDMax) ?? 0)
        minP = try fields.optionalNumber("min_p", in: 0...1) ?? 0
        let penalties = 1 / Limits.repetitionPenaltyMax...Limits.repetitionPenaltyMax
        repetitionPenalty = try fields.optionalNumber("repetition_penalty", in: penalties) ?? 1
        seed = try fields.optionalInteger("seed", in: 0...Int.max).map { UInt64($0) }
        stop = try readStop(fields)
        namesTokensByID = try fields.optionalBool("return_tokens_as_token_ids") ?? false
        returnsTokenIDs = try fields.optionalBool("return_token_ids") ?? false
        streaming = try readStreaming(fields)
        _ = try fields.optionalString("user", bytes: 0...Limits.headerBytesMax)
        try refuseOthers(fields)
    }
}

private func readStop(_ fields: JSONFields) throws(InputError) -> [String] {
    guard let value = fields.value("stop") else { return [] }
    let elements = value.string.map { [.string($0)] } ?? value.elements ?? [value]
    guard elements.count <= Limits.stopStringsMax else {
        throw InputError(
            .tooLarge, "\(elements.count) strings", field: "stop", hint: "at most \(Limits.stopStringsMax)")
    }
    var strings: [String] = []
    for element in elements {
        guard let text = element.string else {
            throw InputError(.wrongType, "expected a string or an array of strings", field: "stop")
        }
        guard (1...Limits.stopBytesMax).contains(text.utf8.count) else {
            throw InputError(.invalidValue, "a stop string has 1 to \(Limits.stopBytesMax) bytes", field: "stop")
        }
        strings.append(text)
    }
    return strings
}

/// `stream`, and `stream_options`, which have a meaning with it alone.
private func readStreaming(_ fields: JSONFields) throws(InputError) -> SamplingFields.StreamOptions? {
    let isStreamed = try fields.optionalBool("stream") ?? false
    let name = "stream_options"
    guard let value = fields.value(name), value != .null else { return isStreamed ? .init(includesUsage: false) : nil }
    guard isStreamed else {
        throw InputError(.invalidValue, "has a meaning with stream alone", field: name, hint: "send stream true too")
    }
    do throws(InputError) {
        let options = try JSONFields(value, known: ["include_usage", "include_obfuscation"])
        if try options.optionalBool("include_obfuscation") == true {
            throw InputError(.invalidValue, "is not applied", field: "include_obfuscation", hint: "leave it out")
        }
        return .init(includesUsage: try options.optionalBool("include_usage") ?? false)
    } catch { throw error.inside(name) }
}

/// Known fields whose only accepted value is the one that changes nothing.
private func refuseOthers(_ fields: JSONFields) throws(InputError) {
    for name in ["presence_penalty", "frequency_penalty"] {
        guard let value = try fields.optionalNumber(name, in: -1e9...1e9), value != 0 else { continue }
        throw InputError(.invalidValue, "is not applied", field: name, hint: "leave it out or send 0")
    }
    if let bias = fields.value("logit_bias"), bias != .object([]) {
        throw InputError(.invalidValue, "is not applied", field: "logit_bias", hint: "leave it out")
    }
}

extension SamplingFields {
    /// The request to the sampler.
    func request(
        _ input: CompletionRequest.Input, version: PolicyVersion?, maximumTokens: Int, topLogprobs: Int,
        echo: Bool = false
    ) -> CompletionRequest {
        CompletionRequest(
            input: input, version: version, maximumTokens: maximumTokens, count: count, temperature: temperature,
            topP: topP, topK: topK, minP: minP, repetitionPenalty: repetitionPenalty, topLogprobs: topLogprobs,
            seed: seed, stop: stop, echo: echo)
    }

    /// What an answer calls a token.
    func name(of token: Int32, text: String) -> String { namesTokensByID ? "token_id:\(token)" : text }
}
