// What the learner is given and what it reports back. Plain values.

/// A prompt with its response. Only response tokens carry loss.
package struct TrainingSequence: Sendable, Equatable {
    /// Prompt and response `[T]`.
    package var tokens: [Int32]
    /// How many tokens are the prompt; at least 1, at most T.
    package var promptLength: Int

    package init(tokens: [Int32], promptLength: Int) {
        self.tokens = tokens
        self.promptLength = promptLength
    }

    /// Response tokens.
    package var responseLength: Int { tokens.count - promptLength }

    /// Rows that a forward pass needs: the last token predicts nothing.
    var rows: Int { tokens.count - 1 }

    /// Rows of the prompt that sequences with the same prompt can share. Its last token is left to each: that row predicts
    /// the sequence's own first token.
    var sharedRows: Int { promptLength - 1 }

    /// Whether another sequence begins with the same prompt, and sharing it saves anything.
    func sharesPrompt(with other: TrainingSequence) -> Bool {
        promptLength > 1 && promptLength == other.promptLength
            && tokens.prefix(promptLength) == other.tokens.prefix(promptLength)
    }

    /// Throws when the model cannot take this sequence; `index` is for the message.
    func validate(_ index: Int, for model: ModelConfiguration) throws(ModelError) {
        guard promptLength >= 1, promptLength <= tokens.count, tokens.count <= model.maximumPositions else {
            throw ModelError(
                .invalidInput, "sequence \(index) has \(tokens.count) tokens, \(promptLength) of them prompt",
                hint: "at least one prompt token and at most \(model.maximumPositions) tokens in all")
        }
        guard tokens.allSatisfy({ $0 >= 0 && Int($0) < model.vocabularySize }) else {
            throw ModelError(
                .invalidInput, "sequence \(index) has a token outside the vocabulary",
                hint: "token ids go from 0 to \(model.vocabularySize - 1)")
        }
    }
}

/// What the model says about one response.
package struct TokenStatistics: Sendable, Equatable {
    /// ln p of each response token, `[T response]`, at temperature 1.
    package var logprobs: [Float]
    /// Entropy of the distribution each was drawn from, in nats, `[T response]`.
    package var entropies: [Float]

    package init(logprobs: [Float], entropies: [Float]) {
        self.logprobs = logprobs
        self.entropies = entropies
    }
}

/// Settings of one optimiser step, with the semantics of `torch.optim.AdamW` (Loshchilov and Hutter 2019).
package struct AdamWSettings: Sendable, Equatable {
    package var learningRate: Float
    package var beta1: Float
    package var beta2: Float
    package var epsilon: Float
    package var weightDecay: Float
    /// Gradients are scaled down to this norm over all parameters; infinity leaves them.
    package var maximumGradientNorm: Float
    /// Whether weight decay leaves the weights of norms alone; PyTorch's default decays them too.
    package var skipsNormDecay: Bool

    package init(
        learningRate: Float, beta1: Float = 0.9, beta2: Float = 0.98, epsilon: Float = 1e-8, weightDecay: Float = 0,
        maximumGradientNorm: Float = 1, skipsNormDecay: Bool = false
    ) {
        self.learningRate = learningRate
        self.beta1 = beta1
        self.beta2 = beta2
        self.epsilon = epsilon
        self.weightDecay = weightDecay
        self.maximumGradientNorm = maximumGradientNorm
        self.skipsNormDecay = skipsNormDecay
    }

    /// Throws on a setting no optimiser can use.
    func validate() throws(ModelError) {
        guard learningRate.isFinite, learningRate >= 0, (0..<1).contains(beta1), (0..<1).contains(beta2),
            epsilon.isFinite, epsilon > 0, weightDecay.isFinite, weightDecay >= 0, maximumGradientNorm > 0
        else {
            throw ModelError(
                .invalidInput, "impossible AdamW settings: \(self)",
                hint: "rates and decay are 0 or more, betas from 0 to below 1, epsilon and the norm above 0")
        }
    }
}

/// What a step did.
package struct StepResult: Sendable, Equatable {
    /// Norm of the gradient over all parameters before clipping; not finite when something overflowed.
    package var gradientNorm: Double
    /// Whether the gradient was scaled down.
    package var clipped: Bool
    /// False when the gradient was not finite: then nothing changed but the gradient, which is zero again.
    package var applied: Bool
}
