// What a caller asks the sampler for, and what it gets. Plain values.

/// One sequence to sample.
package struct SamplingRequest: Sendable, Equatable {
    /// The tokens before the response; at least one.
    package var prompt: [Int32]
    /// Longest response, in tokens; with the prompt at most the model's `maximumPositions`.
    package var maximumTokens: Int
    /// 0 takes the most likely token each time (the lowest id among equals), 1 samples from the model.
    package var temperature: Float
    /// Nucleus: the smallest set of tokens of at least this probability; 1 keeps all.
    package var topP: Float
    /// Only so many of the most likely tokens; 0 keeps all.
    package var topK: Int
    /// Only tokens of at least this part of the likeliest token's probability; 0 keeps all.
    package var minP: Float
    /// Divides the positive logits of tokens that the prompt or the response has, multiplies the negative; 1 does nothing.
    package var repetitionPenalty: Float
    /// Tokens that end the response.
    package var stopTokens: Set<Int32>
    /// Strings that end the response with the token that completes one; the call's options tell the tokens' bytes.
    package var stopStrings: [String]
    package var seed: UInt64
    /// Tells sequences of one seed apart: position t of stream s always meets the same random number.
    package var stream: UInt64
    /// So many of the likeliest tokens are told with each token, 0 to `topLogprobsMax`.
    package var topLogprobs: Int

    /// As many as OpenAI's interface knows.
    package static let topLogprobsMax = 20

    package init(
        prompt: [Int32], maximumTokens: Int, temperature: Float = 1, topP: Float = 1, topK: Int = 0,
        minP: Float = 0, repetitionPenalty: Float = 1, stopTokens: Set<Int32> = [],
        stopStrings: [String] = [], seed: UInt64 = 0, stream: UInt64 = 0, topLogprobs: Int = 0
    ) {
        self.prompt = prompt
        self.maximumTokens = maximumTokens
        self.temperature = temperature
        self.topP = topP
        self.topK = topK
        self.minP = minP
        self.repetitionPenalty = repetitionPenalty
        self.stopTokens = stopTokens
        self.stopStrings = stopStrings
        self.seed = seed
        self.stream = stream
        self.topLogprobs = topLogprobs
    }

    /// Throws when the model cannot answer this request.
    func validate(for model: ModelConfiguration, hasTokenBytes: Bool) throws(ModelError) {
        guard hasTokenBytes || stopStrings.isEmpty else {
            throw ModelError(
                .invalidInput, "stop strings without the bytes of tokens", hint: "give the call's options a tokenizer")
        }
        guard !prompt.isEmpty, prompt.allSatisfy({ $0 >= 0 && Int($0) < model.vocabularySize }) else {
            throw ModelError(
                .invalidInput, "the prompt is empty or has a token outside the vocabulary",
                hint: "token ids go from 0 to \(model.vocabularySize - 1)")
        }
        guard maximumTokens >= 0, prompt.count <= model.maximumPositions,
            maximumTokens <= model.maximumPositions - prompt.count
        else {
            throw ModelError(
                .invalidInput, "a prompt of \(prompt.count) and \(maximumTokens) new tokens do not fit",
                hint: "the model takes \(model.maximumPositions) positions in all")
        }
        guard temperature.isFinite, temperature >= 0, topP > 0, topP <= 1, topK >= 0 else {
            throw ModelError(
                .invalidInput, "temperature \(temperature), top_p \(topP), top_k \(topK)",
                hint: "temperature is 0 or more, top_p above 0 and at most 1, top_k 0 or more")
        }
        guard minP >= 0, minP <= 1, repetitionPenalty.isFinite, repetitionPenalty > 0 else {
            throw ModelError(
                .invalidInput, "min_p \(minP), repetition_penalty \(repetitionPenalty)",
                hint: "min_p is 0 to 1, repetition_penalty above 0")
        }
        guard (0...Self.topLogprobsMax).contains(topLogprobs) else {
            throw ModelError(
                .invalidInput, "\(topLogprobs) top log-probabilities", hint: "0 to \(Self.topLogprobsMax)")
        }
    }
}

/// The tokens from `firstToken` of a response on, up to the next span, came from one version of the weights.
package struct VersionSpan: Sendable, Equatable {
    package var firstToken: Int
    /// The number that the caller gave those weights.
    package var version: Int

    package init(firstToken: Int, version: Int) {
        self.firstToken = firstToken
        self.version = version
    }
}

/// One token of a response that is still being sampled.
package struct DrawnToken: Sendable, Equatable {
    /// The place of its request in the call.
    package var request: Int
    package var token: Int32
    /// ln p under the distribution that it was drawn from.
    package var processedLogprob: Float
    /// The likeliest tokens in its place, as many as the request asked for.
    package var topLogprobs: [TokenLogprob]
    /// Why the response ends with it; nil while it goes on.
    package var finishReason: SampledSequence.FinishReason?
}

/// One sampled response.
package struct SampledSequence: Sendable, Equatable {
    package enum FinishReason: String, Sendable, CaseIterable {
        /// A stop token came, or the token that completes a stop string; it is the last of `tokens`.
        case stop
        /// `maximumTokens` were sampled.
        case length
    }

    /// The response `[T]`, a stop token included.
    package var tokens: [Int32]
    /// ln p of each token under the model itself, `[T]`: at temperature 1 and with nothing cut off, whatever the
    /// request's settings. These are the bits that the learner's forward pass gives for the same tokens and weights.
    package var logprobs: [Float]
    /// ln p of each token under the distribution it was drawn from, `[T]`: after the penalty, temperature, top-k, top-p and
    /// min-p. A greedy token counts as drawn at temperature 1.
    package var processedLogprobs: [Float]
    /// The likeliest tokens at each place under that distribution, the likeliest first: `request.topLogprobs` of them, fewer
    /// where fewer were left. All places one after the other.
    package var topLogprobs: [TokenLogprob]
    /// Where each place begins in `topLogprobs`; empty when none were asked for.
    package var topStarts: [Int]
    /// Which of the caller's versions each part of the response came from: one span, unless the call followed the policy.
    package var spans: [VersionSpan]
    package var finishReason: FinishReason

    package init(
        tokens: [Int32], logprobs: [Float], processedLogprobs: [Float], topLogprobs: [TokenLogprob] = [],
        topStarts: [Int] = [], spans: [VersionSpan] = [], finishReason: FinishReason
    ) {
        self.tokens = tokens
        self.logprobs = logprobs
        self.processedLogprobs = processedLogprobs
        self.topLogprobs = topLogprobs
        self.topStarts = topStarts
        self.spans = spans
        self.finishReason = finishReason
    }

    /// The likeliest tokens at one place of the response.
    package func top(at place: Int) -> ArraySlice<TokenLogprob> {
        guard topStarts.indices.contains(place) else { return [] }
        return topLogprobs[topStarts[place]..<(place + 1 < topStarts.count ? topStarts[place + 1] : topLogprobs.count)]
    }
}
