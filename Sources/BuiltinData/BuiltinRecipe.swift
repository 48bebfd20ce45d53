// The settings with which the built-in run learns: plain numbers, chosen by measurement (DESIGN.md has the curves). What
// the cold start does with them stands in BuiltinRecipe+ColdStart.swift.

/// The recipe of the built-in run; Service turns it into a model, a cold start and learner settings.
package enum BuiltinRecipe {
    /// The model's shape, in the words of the Qwen3 family: 1.05 million parameters.
    package struct ModelShape: Sendable, Equatable {
        /// At most: the 256 bytes, three special tokens, and the words of the data, a token each (504 in all).
        package var vocabularySize = 512
        package var hiddenSize = 128
        package var layerCount = 4
        package var headCount = 4
        package var keyValueHeadCount = 2
        package var headDimension = 32
        package var feedForwardSize = 512
        package var ropeTheta = 10_000.0
        /// Prompts have at most 40 tokens and right responses 50.
        package var maximumPositions = 512
        /// Standard deviation of the first weights. With 0.02, which suits wide models, the same cold start takes about
        /// twice as many steps.
        package var initialDeviation: Float = 0.06
    }

    /// The model.
    package static let model = ModelShape()
    /// The cold start.
    package static let coldStart = ColdStart()
    /// Hyper-parameters by their setting's name, over the learner's defaults.
    package static let learnerSettings: [String: Double] = [
        // Five times as much kills the policy within five updates; a third is as safe and slower.
        "learning_rate": 1e-4, "warmup_updates": 5, "adam_beta1": 0.9, "adam_beta2": 0.98, "max_gradient_norm": 1,
        "positive_loss_alpha": 0.1, "groups_per_update": 32, "group_size": 8, "mini_batches": 4,
        // Twice the longest right response, so that the limit never decides a verdict.
        "response_tokens_max": 96,
    ]
    /// Which kinds are asked for.
    package static func curriculum(groupSize: Int) -> Curriculum {
        Curriculum(floor: 0.1, codeShare: 0.4, groupSize: groupSize)
    }
    /// The seed of a run that names none.
    package static let seed: UInt64 = 1
    /// Training solutions that the tokenizer's merges are learned from.
    package static let tokenizerTexts = 3_200
}
