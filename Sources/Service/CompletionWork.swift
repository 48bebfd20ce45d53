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

    /// A sampled sequence as a choice.
    private func choice(from sample: SampledSequence, tokenizer: Tokenizer) -> CompletionResult.Choice {
        var assembler = ResponseAssembler(tokenizer, stop: request.stop)
        for token in sample.tokens { assembler.take(token) }
        let all = assembler.piece(isLast: true)
        let tokens = Array(sample.tokens[all.tokens])
        return CompletionResult.Choice(
            text: all.text, tokenIDs: tokens, logprobs: Array(sample.processedLogprobs[all.tokens]),
            tokenTexts: tokens.map { tokenizer.tokenText($0) },
            topLogprobs: request.topLogprobs > 0
                ? tokens.indices.map { tokenizer.alternatives(sample.top(at: $0)) } : [],
            finishReason: assembler.isCut || sample.finishReason == .stop ? .stop : .length)
    }
}

extension Tokenizer {
    /// The likeliest tokens of a place with their texts.
    func alternatives(_ top: ArraySlice<TokenLogprob>) -> [CompletionResult.Alternative] {
        top.map { .init(tokenID: $0.token, text: tokenText($0.token), logprob: $0.logprob) }
    }
}
