// What a client that drives the training asks for, as values. No wire names: HTTPAPI has those of Tinker.
import Domain

/// A loss by the constants that its client may choose; all are sums over tokens.
package enum ClientLoss: Sendable, Hashable {
    case crossEntropy
    case importanceSampling
    /// PPO's clip of the ratio to [low, high].
    case clipped(low: Double, high: Double)
    /// GPPO (Klear-Reasoner, Eq. 11), with CE-GPPO's factors of the gradients kept below and above (Eq. 17). Negative advantages
    /// are capped at the ratio `dualClip`; nil is the paper's form.
    case gppo(low: Double, high: Double, beta1: Double, beta2: Double, dualClip: Double?)
    /// The clipped ratio as a constant factor of ln p.
    case cispo(low: Double, high: Double)
    /// DRO's quadratic pull to the behaviour.
    case directReward(beta: Double)
}

/// One sequence with what its loss reads of each token but the first, [T - 1].
package struct ClientSequence: Sendable, Hashable {
    /// The whole text, [T]; at least two tokens.
    package var tokens: [Int32]
    /// Of cross-entropy.
    package var weights: [Float]
    /// ln p under the policy that sampled the token; of the other losses.
    package var behaviour: [Float]
    /// Of the other losses.
    package var advantages: [Float]

    package init(tokens: [Int32], weights: [Float] = [], behaviour: [Float] = [], advantages: [Float] = []) {
        self.tokens = tokens
        self.weights = weights
        self.behaviour = behaviour
        self.advantages = advantages
    }
}

/// Sequences for one pass.
package struct ClientBatch: Sendable, Hashable {
    package var sequences: [ClientSequence]
    package var loss: ClientLoss
    package init(sequences: [ClientSequence], loss: ClientLoss) {
        self.sequences = sequences
        self.loss = loss
    }

    /// Tokens of all sequences.
    var tokens: Int { sequences.reduce(0) { $0 + $1.tokens.count } }
}

/// One optimiser step, with the semantics of `torch.optim.AdamW`.
package struct ClientStep: Sendable, Hashable {
    package var learningRate: Double
    package var beta1: Double
    package var beta2: Double
    package var epsilon: Double
    package var weightDecay: Double
    /// Nil leaves gradients as they are.
    package var gradientNormMax: Double?

    package init(
        learningRate: Double, beta1: Double, beta2: Double, epsilon: Double, weightDecay: Double,
        gradientNormMax: Double?
    ) {
        self.learningRate = learningRate
        self.beta1 = beta1
        self.beta2 = beta2
        self.epsilon = epsilon
        self.weightDecay = weightDecay
        self.gradientNormMax = gradientNormMax
    }
}

/// What a client's model trains.
package struct ClientAdapter: Sendable, Hashable {
    /// 1 to `Limits.clientAdapterRankMax`.
    package var rank: Int
    /// Of the numbers it begins with; nil is 0.
    package var seed: UInt64?
    package var trainsAttention: Bool
    package var trainsFeedForward: Bool

    package init(rank: Int, seed: UInt64? = nil, trainsAttention: Bool = true, trainsFeedForward: Bool = true) {
        self.rank = rank
        self.seed = seed
        self.trainsAttention = trainsAttention
        self.trainsFeedForward = trainsFeedForward
    }
}

/// One request to a model; a model does them in the order in which they came.
package enum ClientWork: Sendable, Hashable {
    case forward(ClientBatch)
    /// Adds to the gradients.
    case forwardBackward(ClientBatch)
    /// Applies the gradients and clears them.
    case step(ClientStep)
    /// Keeps weights and moments under a name.
    case save(name: String, overwrites: Bool)
    /// Goes on from what was saved, with fresh moments unless `withMoments`.
    case load(ClientCheckpointPath, withMoments: Bool)
    /// Keeps the weights for sampling under a name.
    case saveForSampling(name: String)
    /// Makes a sampler of the present weights, in memory.
    case sampler(ClientSamplerID)
    /// Gives the model's memory back.
    case unload

    /// Tokens that wait with it.
    var tokens: Int {
        switch self {
        case .forward(let batch), .forwardBackward(let batch): batch.tokens
        default: 0
        }
    }
}

/// A request to sample from a sampler.
package struct ClientSampling: Sendable, Hashable {
    package var prompt: [Int32]
    package var count: Int
    /// Nil is as many as fit into the context.
    package var maximumTokens: Int?
    package var temperature: Double
    package var topP: Double
    /// 0 means no bound.
    package var topK: Int
    package var seed: UInt64?
    package var stopStrings: [String]
    package var stopTokens: [Int32]
    /// Also give ln p of the prompt's own tokens.
    package var scoresPrompt: Bool

    package init(
        prompt: [Int32], count: Int, maximumTokens: Int?, temperature: Double = 1, topP: Double = 1, topK: Int = 0,
        seed: UInt64? = nil, stopStrings: [String] = [], stopTokens: [Int32] = [], scoresPrompt: Bool = false
    ) {
        self.prompt = prompt
        self.count = count
        self.maximumTokens = maximumTokens
        self.temperature = temperature
        self.topP = topP
        self.topK = topK
        self.seed = seed
        self.stopStrings = stopStrings
        self.stopTokens = stopTokens
        self.scoresPrompt = scoresPrompt
    }
}
