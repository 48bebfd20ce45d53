// A sequence that is being sampled: what it has so far, and its pages.

/// The state of one sequence between two steps.
final class LiveSequence {
    let call: SamplingCall
    /// The request's place in its call.
    let index: Int
    let pages: PageTable
    /// Prompt and response; the last token is not in the pages yet.
    private(set) var tokens: [Int32]
    /// Which of the caller's versions the next token is sampled from.
    var version: Int
    private let request: SamplingRequest
    private let choice: TokenChoice
    private var matcher: StopStringMatcher?
    private var seen = SeenTokens()
    private var result = SampledSequence(tokens: [], logprobs: [], processedLogprobs: [], finishReason: .length)
    private var spanVersion: Int?
    private var isStopped = false

    init(_ call: SamplingCall, _ index: Int, _ pool: PagePool) {
        self.call = call
        self.index = index
        request = call.requests[index]
        version = call.options.version
        choice = TokenChoice(request)
        let longest = request.prompt.count + request.maximumTokens
        pages = PageTable(pool, positions: longest)
        tokens = request.prompt
        tokens.reserveCapacity(longest)
        result.logprobs.reserveCapacity(request.maximumTokens)
        result.processedLogprobs.reserveCapacity(request.maximumTokens)
        if request.topLogprobs > 0 {
            result.topStarts.reserveCapacity(request.maximumTokens)
            result.topLogprobs.reserveCapacity(request.maximumTokens * request.topLogprobs)
        }
        if request.repetitionPenalty != 1 {
            seen = SeenTokens(
                request.prompt, more: request.maximumTokens, vocabulary: call.weights.configuration.vocabularySize)
        }
        if !request.stopStrings.isEmpty { matcher = StopStringMatcher(request.stopStrings) }
    }

    /// Positions in the pages; the last token is fed to the model next.
    var stored: Int { tokens.count - 1 }

    /// The token that the next step feeds to the model.
    var lastToken: Int32 { tokens[tokens.count - 1] }

    /// Whether nothing is left to sample.
    var isFinished: Bool { isStopped || responseCount >= request.maximumTokens }

    private var responseCount: Int { tokens.count - request.prompt.count }

    /// Tells the call what came out.
    func deliver() {
        result.tokens = Array(tokens[request.prompt.count...])
        result.finishReason = isStopped ? .stop : .length
        call.finish(index, result)
    }

    /// Takes the next token from a row of logits, which are as they were afterwards.
    func draw(_ logits: UnsafeMutablePointer<Float>, vocabulary: Int, _ scratch: UnsafeMutablePointer<Float>) {
        let place = responseCount
        if version != spanVersion {
            spanVersion = version
            result.spans.append(VersionSpan(firstToken: place, version: version))
        }
        if request.topLogprobs > 0 { result.topStarts.append(result.topLogprobs.count) }
        let uniform = CounterRandom(seed: request.seed).uniform(stream: request.stream, position: UInt64(place))
        let outcome = choice.choose(
            logits, vocabulary: vocabulary, uniform: uniform, seen: &seen, scratch: scratch, top: &result.topLogprobs)
        tokens.append(outcome.token)
        seen.insert(outcome.token)
        result.logprobs.append(outcome.logprob)
        result.processedLogprobs.append(outcome.processedLogprob)
        isStopped = request.stopTokens.contains(outcome.token) || endsText(outcome.token)
        if call.options.onToken != nil { tell(outcome) }
    }

    /// Tells the caller who watches of the last token.
    private func tell(_ outcome: TokenChoice.Outcome) {
        call.options.onToken?(
            DrawnToken(
                request: index, token: outcome.token, processedLogprob: outcome.processedLogprob,
                topLogprobs: Array(result.top(at: responseCount - 1)),
                finishReason: isStopped ? .stop : isFinished ? .length : nil))
    }

    private func endsText(_ token: Int32) -> Bool {
        guard matcher != nil, let bytes = call.options.tokenBytes?.bytes(of: token) else { return false }
        return matcher?.take(bytes) ?? false
    }
}
