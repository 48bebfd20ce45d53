// One completion request on its way: what the sampler is asked, and what its samples look like to the client.
import Domain
import Modeling

/// A request, its prompt's tokens and the seed it ends up with.
struct CompletionWork: Sendable {
    let request: CompletionRequest
    let prompt: [Int32]
    let seed: UInt64

    init(_ request: CompletionRequest, prompt: [Int32], seed: UInt64) {
        self.request = request
        self.prompt = prompt
        self.seed = seed
    }

    /// One request to the sampler for each sample.
    func samplingRequests(stopTokens: Set<Int32>) -> [SamplingRequest] {
        (0..<request.count).map { index in
            SamplingRequest(
                prompt: prompt, maximumTokens: request.maximumTokens, temperature: Float(request.temperature),
                topP: Float(request.topP), topK: request.topK, minP: Float(request.minP),
                repetitionPenalty: Float(request.repetitionPenalty), stopTokens: stopTokens, stopStrings: request.stop,
                seed: seed, stream: UInt64(index), topLogprobs: request.topLogprobs)
        }
    }

    /// The answer to the request.
    func result(
        _ samples: [SampledSequence], promptLogprobs: [Float?]?, policy: PublishedPolicy, tokenizer: Tokenizer
    ) -> CompletionResult {
        CompletionResult(
            version: policy.version, promptTokenIDs: prompt, promptLogprobs: promptLogprobs,
            promptTokenTexts: request.echo ? prompt.map { tokenizer.tokenText($0) } : nil,
            promptText: tokenizer.decode(prompt, showingSpecialTokens: true),
            choices: samples.map { choice(from: $0, tokenizer: tokenizer) })
    }

    /// A sampled sequence as a choice; the text ends before the first stop string, tokens and log-probs with the token that
    /// holds its last byte.
    private func choice(from sample: SampledSequence, tokenizer: Tokenizer) -> CompletionResult.Choice {
        var tokens = sample.tokens
        var finishReason: FinishReason = sample.finishReason == .stop ? .stop : .length
        var text = tokenizer.responseText(tokens)
        if let cut = request.stop.compactMap({ firstOffset(of: $0, in: text) }).min() {
            text = String(text.utf8.prefix(cut)) ?? text
            finishReason = .stop
            tokens = Array(tokens.prefix(fewestTokens(of: tokens, withBytes: cut, tokenizer)))
        }
        let tops = request.topLogprobs > 0 ? tokens.indices.map { sample.top(at: $0) } : []
        return CompletionResult.Choice(
            text: text, tokenIDs: tokens, logprobs: Array(sample.processedLogprobs.prefix(tokens.count)),
            tokenTexts: tokens.map { tokenizer.tokenText($0) },
            topLogprobs: tops.map { top in
                top.map {
                    CompletionResult.Alternative(
                        tokenID: $0.token, text: tokenizer.tokenText($0.token), logprob: $0.logprob)
                }
            }, finishReason: finishReason)
    }

    /// The fewest tokens whose text has so many bytes: what the caller must not see beyond.
    private func fewestTokens(of tokens: [Int32], withBytes bytes: Int, _ tokenizer: Tokenizer) -> Int {
        var low = 0
        var high = tokens.count
        while low < high {
            let middle = (low + high) / 2
            if tokenizer.responseText(Array(tokens[..<middle])).utf8.count >= bytes {
                high = middle
            } else {
                low = middle + 1
            }
        }
        return low
    }
}

/// The byte offset of the first occurrence of a string, or nil.
private func firstOffset(of needle: String, in text: String) -> Int? {
    let pattern = Array(needle.utf8)
    let bytes = Array(text.utf8)
    guard !pattern.isEmpty, bytes.count >= pattern.count else { return nil }
    return (0...(bytes.count - pattern.count)).first { start in
        bytes[start..<(start + pattern.count)].elementsEqual(pattern)
    }
}
