// A Hugging Face directory with a model so small that an update takes milliseconds, for tests of everything around it.
import Modeling

/// A random Qwen3 of about ten thousand parameters.
enum TinyModel {
    /// Writes config.json, model.safetensors and tokenizer.json.
    static func write(to directory: String) throws {
        let tokenizer = try Tokenizer.byteLevel(merges: [])
        let configuration = try ModelConfiguration(
            vocabularySize: tokenizer.vocabularySize, hiddenSize: 16, layerCount: 1, headCount: 2, keyValueHeadCount: 1,
            headDimension: 8, feedForwardSize: 32, maximumPositions: 128)
        try ModelWeights.random(configuration, seed: 3).save(directory: directory)
        try tokenizer.save(directory: directory)
    }
}
