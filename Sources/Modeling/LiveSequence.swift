// A sequence that is being sampled: what it has so far, and its key-value store.

/// The state of one sequence between two steps.
struct LiveSequence {
    /// The request's index.
    let index: Int
    private let request: SamplingRequest
    private let choice: TokenChoice
    /// Positions in the store; the last token is not among them yet.
    var position: Int
    var cache: GrowingCache
    private var tokens: [Int32] = []
    private var logprobs: [Float] = []
    private var processedLogprobs: [Float] = []
    private var top: [TokenLogprob] = []
    private var topStarts: [Int] = []
    private var seen = SeenTokens()
    private var stopped = false

    init(_ index: Int, _ request: SamplingRequest, promptCount: Int) {
        self.index = index
        self.request = request
        choice = TokenChoice(request)
        position = promptCount
        cache = GrowingCache()
    }

    /// The token that the next step feeds to the model.
    var lastToken: Int32 { tokens.last ?? 0 }

    /// The result, once there is one.
    var finished: SampledSequence? {
        guard stopped || tokens.count >= request.maximumTokens else { return nil }
        return SampledSequence(
            tokens: tokens, logprobs: logprobs, processedLogprobs: processedLogprobs, topLogprobs: top,
            topStarts: topStarts, finishReason: stopped ? .stop : .length)
    }

    /// Takes the next token from a row of logits.
    mutating func draw(_ logits: UnsafeMutablePointer<Float>, vocabulary: Int, _ scratch: UnsafeMutablePointer<Float>) {
        let random = CounterRandom(seed: request.seed)
        let uniform = random.uniform(stream: request.stream, position: UInt64(tokens.count))
        if request.repetitionPenalty != 1, tokens.isEmpty {
            seen = SeenTokens(request.prompt, more: request.maximumTokens, vocabulary: vocabulary)
        }
        if request.topLogprobs > 0 { topStarts.append(top.count) }
        let outcome = choice.choose(
            logits, vocabulary: vocabulary, uniform: uniform, seen: &seen, scratch: scratch, top: &top)
        tokens.append(outcome.token)
        seen.insert(outcome.token)
        logprobs.append(outcome.logprob)
        processedLogprobs.append(outcome.processedLogprob)
        stopped = request.stopTokens.contains(outcome.token)
    }

    /// The largest store this sequence may come to need.
    func reservedFloats(_ model: ModelConfiguration) -> Int {
        KeyValueCache.floats(capacity: request.prompt.count + request.maximumTokens, model)
    }
}
