// Sampling from the in-process model on request.
import Domain
import Modeling

extension RolloutService {
    /// Samples completions of a prompt; runs on threads of its own.
    ///
    /// Log-probs are of the processed distribution (after temperature, top-k and top-p); at temperature 1 without
    /// top-k and top-p that is the policy itself.
    package func complete(_ request: CompletionRequest) async throws -> CompletionResult {
        try refuseWhenStopping()
        let policy = try await policies.policy(request.version)
        guard let tokenizer = policies.tokenizer else { throw PolicyStore.notYet }
        let prompt = try promptTokens(request.input, tokenizer: tokenizer, weights: policy.weights)
        let length = policy.weights.configuration.maximumPositions
        guard prompt.count + request.maximumTokens <= length else {
            throw InputError(
                .tooLarge,
                "prompt (\(prompt.count) tokens) and max_tokens (\(request.maximumTokens)) exceed the context",
                field: "max_tokens", hint: "the model's context is \(length) tokens")
        }
        let seed = request.seed ?? Seeds.fromIdentifier(identifiers.make("smp"))
        let threads = settings.computeThreads
        return try await ComputeThread.run("complete") {
            try sampleCompletion(
                request, prompt: prompt, policy: policy, tokenizer: tokenizer, seed: seed, threads: threads)
        }
    }

    /// The text of each token under the in-process model's tokenizer; empty when they are not its tokens.
    package func tokenTexts(_ ids: [Int32]) -> [String] {
        guard let tokenizer = policies.tokenizer, ids.allSatisfy({ $0 >= 0 && $0 < tokenizer.vocabularySize }) else {
            return []
        }
        return ids.map { tokenizer.tokenText($0) }
    }

    /// The tokens of a completion's input: text as it is, token ids checked, conversations as ChatML.
    private func promptTokens(
        _ input: CompletionRequest.Input, tokenizer: Tokenizer, weights: ModelWeights
    ) throws -> [Int32] {
        let tokens: [Int32]
        switch input {
        case .text(let text): tokens = try tokenizer.promptTokens(.text(text))
        case .messages(let messages): tokens = try tokenizer.promptTokens(.messages(messages))
        case .tokens(let ids): tokens = ids
        }
        let vocabularySize = weights.configuration.vocabularySize
        if let bad = tokens.firstIndex(where: { $0 < 0 || $0 >= vocabularySize }) {
            throw InputError(
                .invalidValue, "token \(tokens[bad]) at position \(bad) is not in the vocabulary", field: "prompt",
                hint: "ids run from 0 to \(vocabularySize - 1)")
        }
        guard !tokens.isEmpty else {
            throw InputError(.invalidValue, "the prompt has no tokens", field: "prompt", hint: "send at least one")
        }
        return tokens
    }
}

private func sampleCompletion(
    _ request: CompletionRequest, prompt: [Int32], policy: PublishedPolicy, tokenizer: Tokenizer, seed: UInt64,
    threads: Int
) throws -> CompletionResult {
    var choices: [CompletionResult.Choice] = []
    if request.maximumTokens > 0 {
        let requests = (0..<request.count).map { index in
            SamplingRequest(
                prompt: prompt, maximumTokens: request.maximumTokens, temperature: Float(request.temperature),
                topP: Float(request.topP), topK: request.topK, stopTokens: tokenizer.stopTokens, seed: seed,
                stream: UInt64(index))
        }
        choices = try Sampler.sample(requests, weights: policy.weights, threads: threads).map {
            choice(from: $0, tokenizer: tokenizer, stop: request.stop)
        }
    } else {
        choices = (0..<request.count).map { _ in
            .init(text: "", tokenIDs: [], logprobs: [], tokenTexts: [], finishReason: .length)
        }
    }
    var promptLogprobs: [Float?]?
    if request.echo {
        let whole = [TrainingSequence(tokens: prompt, promptLength: 1)]
        let scored = try policy.weights.score(whole, threads: threads).first?.logprobs ?? []
        promptLogprobs = [nil] + scored.map { Optional($0) }
    }
    return CompletionResult(
        version: policy.version, promptTokenIDs: prompt, promptLogprobs: promptLogprobs,
        promptTokenTexts: request.echo ? prompt.map { tokenizer.tokenText($0) } : nil,
        promptText: tokenizer.decode(prompt, showingSpecialTokens: true), choices: choices)
}

/// A sampled sequence as a choice; text, tokens and log-probs end together at the first stop string.
private func choice(
    from sample: SampledSequence, tokenizer: Tokenizer, stop: [String]
) -> CompletionResult.Choice {
    var tokens = sample.tokens
    var finishReason: FinishReason = sample.finishReason == .stop ? .stop : .length
    var text = tokenizer.responseText(tokens)
    if let cut = stop.compactMap({ firstRange(of: $0, in: text) }).min() {
        text = String(text.utf8.prefix(cut)) ?? text
        finishReason = .stop
        // The fewest tokens whose text holds the stop string: what the caller must not see beyond.
        var low = 0
        var high = tokens.count
        while low < high {
            let middle = (low + high) / 2
            if tokenizer.responseText(Array(tokens[..<middle])).utf8.count >= cut {
                high = middle
            } else {
                low = middle + 1
            }
        }
        tokens = Array(tokens[..<low])
    }
    return CompletionResult.Choice(
        text: text, tokenIDs: tokens, logprobs: Array(sample.logprobs.prefix(tokens.count)),
        tokenTexts: tokens.map { tokenizer.tokenText($0) }, finishReason: finishReason)
}

/// The byte offset of the first occurrence of a string, or nil.
private func firstRange(of needle: String, in text: String) -> Int? {
    let pattern = Array(needle.utf8)
    let bytes = Array(text.utf8)
    guard !pattern.isEmpty, bytes.count >= pattern.count else { return nil }
    return (0...(bytes.count - pattern.count)).first { start in
        bytes[start..<(start + pattern.count)].elementsEqual(pattern)
    }
}
