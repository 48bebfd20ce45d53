// A Hugging Face directory with a model so small that an update takes milliseconds, for tests of everything around it.
import Modeling

/// A random Qwen3 of about ten thousand parameters.
enum TinyModel {
    /// Writes config.json, model.safetensors and tokenizer.json.
    static func write(to directory: String) throws {
        let tokenizer = try Tokenizer.byteLevel(merges: [])
        try random(tokenizer).save(directory: directory)
        try tokenizer.save(directory: directory)
    }

    /// The same model, taught to answer any prompt with one of the digits and nothing more: so that some answers are
    /// right, some wrong, and there is something to learn.
    static func writeTaught(_ digits: [String], prompts: [String], to directory: String) throws {
        let tokenizer = try Tokenizer.byteLevel(merges: [])
        let model = TrainableModel(weights: try random(tokenizer))
        let end = [tokenizer.specialToken(Tokenizer.Special.endOfText)].compactMap { $0 }
        let sequences = prompts.flatMap { prompt in
            let tokens = tokenizer.encode(prompt)
            return digits.map {
                TrainingSequence(tokens: tokens + tokenizer.encode($0) + end, promptLength: tokens.count)
            }
        }
        let responseTokens = sequences.reduce(0) { $0 + $1.tokens.count - $1.promptLength }
        let optimiser = AdamWSettings(
            learningRate: 1e-2, beta1: 0.9, beta2: 0.98, epsilon: 1e-8, weightDecay: 0, maximumGradientNorm: 1)
        for _ in 0..<120 {
            _ = try model.forwardBackward(sequences, threads: 2) { _, statistics in
                statistics.logprobs.map { _ in -1 / Float(responseTokens) }
            }
            _ = try model.step(optimiser)
        }
        try model.snapshot().save(directory: directory)
        try tokenizer.save(directory: directory)
    }

    private static func random(_ tokenizer: Tokenizer) throws -> ModelWeights {
        let configuration = try ModelConfiguration(
            vocabularySize: tokenizer.vocabularySize, hiddenSize: 16, layerCount: 1, headCount: 2, keyValueHeadCount: 1,
            headDimension: 8, feedForwardSize: 32, maximumPositions: 128)
        return ModelWeights.random(configuration, seed: 3)
    }
}
