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
    /// Tokens that end the response.
    package var stopTokens: Set<Int32>
    package var seed: UInt64
    /// Tells sequences of one seed apart: position t of stream s always meets the same random number.
    package var stream: UInt64

    package init(
        prompt: [Int32], maximumTokens: Int, temperature: Float = 1, topP: Float = 1, topK: Int = 0,
        stopTokens: Set<Int32> = [], seed: UInt64 = 0, stream: UInt64 = 0
    ) {
        self.prompt = prompt
        self.maximumTokens = maximumTokens
        self.temperature = temperature
        self.topP = topP
        self.topK = topK
        self.stopTokens = stopTokens
        self.seed = seed
        self.stream = stream
    }

    /// Throws when the model cannot answer this request.
    func validate(for model: ModelConfiguration) throws(ModelError) {
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
    }
}

/// One sampled response.
package struct SampledSequence: Sendable, Equatable {
    package enum FinishReason: String, Sendable, CaseIterable {
        /// A stop token came; it is the last of `tokens`.
        case stop
        /// `maximumTokens` were sampled.
        case length
    }

    /// The response `[T]`, a stop token included.
    package var tokens: [Int32]
    /// ln p of each token under the model itself, `[T]`: at temperature 1 and with nothing cut off, whatever the
    /// request's settings. These are the bits that the learner's forward pass gives for the same tokens and weights.
    package var logprobs: [Float]
    package var finishReason: FinishReason

    package init(tokens: [Int32], logprobs: [Float], finishReason: FinishReason) {
        self.tokens = tokens
        self.logprobs = logprobs
        self.finishReason = finishReason
    }
}
