// The shape of a model of the Qwen3 family. Not its weights, and not how the shape is written to a file.

/// The sizes of a Qwen3 language model; every value of this type is one that can be built.
package struct ModelConfiguration: Sendable, Equatable {
    /// Rows of the embedding, `V`.
    package let vocabularySize: Int
    /// Width of the residual stream, `H`.
    package let hiddenSize: Int
    package let layerCount: Int
    /// Query heads.
    package let headCount: Int
    /// Key and value heads; divides `headCount`.
    package let keyValueHeadCount: Int
    /// Width of one head; even, at most 256.
    package let headDimension: Int
    /// Inner width of the feed-forward block, `F`.
    package let feedForwardSize: Int
    /// Base of the rotary frequencies (Su et al. 2021, RoFormer).
    package let ropeTheta: Double
    /// How the rotary frequencies are stretched.
    package let rotaryScaling: RotaryScaling
    /// Added to the mean square in every RMS norm.
    package let normEpsilon: Float
    /// Whether the output matrix is the embedding.
    package let tiesEmbeddings: Bool
    /// Longest sequence, prompt and response together.
    package let maximumPositions: Int

    /// Checks and keeps the sizes; throws `ModelError` naming the first impossible one.
    package init(
        vocabularySize: Int, hiddenSize: Int, layerCount: Int, headCount: Int, keyValueHeadCount: Int,
        headDimension: Int, feedForwardSize: Int, ropeTheta: Double = 1_000_000, normEpsilon: Float = 1e-6,
        tiesEmbeddings: Bool = true, maximumPositions: Int = 1_024,
        rotaryScaling: RotaryScaling = .none
    ) throws(ModelError) {
        try Self.check("vocab_size", vocabularySize, 1...ModelBounds.vocabularySizeMax)
        try Self.check("hidden_size", hiddenSize, 1...ModelBounds.widthMax)
        try Self.check("num_hidden_layers", layerCount, 1...ModelBounds.layersMax)
        try Self.check("num_attention_heads", headCount, 1...ModelBounds.headsMax)
        try Self.check("num_key_value_heads", keyValueHeadCount, 1...headCount)
        try Self.check("head_dim", headDimension, 2...ModelBounds.headDimensionMax)
        try Self.check("intermediate_size", feedForwardSize, 1...ModelBounds.widthMax)
        try Self.check("max_position_embeddings", maximumPositions, 1...ModelBounds.positionsMax)
        guard headCount % keyValueHeadCount == 0 else {
            throw ModelError(
                .invalidConfiguration, "\(headCount) heads cannot share \(keyValueHeadCount) key-value heads",
                hint: "num_attention_heads must be a multiple of num_key_value_heads")
        }
        guard headDimension % 2 == 0 else {
            throw ModelError(
                .invalidConfiguration, "head_dim is \(headDimension)", hint: "rotary embedding needs an even head_dim")
        }
        guard ropeTheta.isFinite, ropeTheta >= 1 else {
            throw ModelError(.invalidConfiguration, "rope_theta is \(ropeTheta)", hint: "give a number from 1 up")
        }
        try rotaryScaling.validate(theta: ropeTheta)
        guard normEpsilon.isFinite, normEpsilon > 0, normEpsilon < 1 else {
            throw ModelError(
                .invalidConfiguration, "rms_norm_eps is \(normEpsilon)", hint: "give a small positive number, as 1e-6")
        }
        self.vocabularySize = vocabularySize
        self.hiddenSize = hiddenSize
        self.layerCount = layerCount
        self.headCount = headCount
        self.keyValueHeadCount = keyValueHeadCount
        self.headDimension = headDimension
        self.feedForwardSize = feedForwardSize
        self.ropeTheta = ropeTheta
        self.rotaryScaling = rotaryScaling
        self.normEpsilon = normEpsilon
        self.tiesEmbeddings = tiesEmbeddings
        self.maximumPositions = maximumPositions
    }

    private static func check(_ name: String, _ value: Int, _ range: ClosedRange<Int>) throws(ModelError) {
        guard range.contains(value) else {
            throw ModelError(
                .invalidConfiguration, "\(name) is \(value)",
                hint: "give a whole number from \(range.lowerBound) to \(range.upperBound)")
        }
    }

    /// Width of all query heads.
    package var queryWidth: Int { headCount * headDimension }

    /// Width of all key heads, or of all value heads.
    package var keyWidth: Int { keyValueHeadCount * headDimension }

    /// Trainable numbers, a tied matrix counted once.
    package var parameterCount: Int {
        let attention = hiddenSize * (2 * queryWidth + 2 * keyWidth) + 2 * headDimension
        let layer = attention + 3 * hiddenSize * feedForwardSize + 2 * hiddenSize
        return vocabularySize * hiddenSize * (tiesEmbeddings ? 1 : 2) + layerCount * layer + hiddenSize
    }
}

/// The largest sizes this module builds. They keep every product of two sizes far from overflow; memory is the nearer
/// limit.
package enum ModelBounds {
    /// Vocabularies today stay under 300,000.
    package static let vocabularySizeMax = 1_000_000
    /// Twice the widest feed-forward block of the Qwen3 family.
    package static let widthMax = 65_536
    package static let layersMax = 256
    package static let headsMax = 256
    /// What the attention kernels hold in registers and on the stack (CK_MAX_HEAD_DIM).
    package static let headDimensionMax = 256
    /// The context of Qwen3-2507; its rotary table is 128 MB.
    package static let positionsMax = 262_144
    /// PEFT's own users stay below 256.
    package static let adapterRankMax = 1_024
    /// A safetensors header; that of a 64-layer Qwen3 is 80 kB.
    package static let safetensorsHeaderBytesMax = 16_777_216
    /// A tokenizer.json; Qwen3's is 11 MB.
    package static let tokenizerBytesMax = 67_108_864
    /// A config.json.
    package static let configurationBytesMax = 1_048_576
}
