// Shapes of published models.
import Modeling

enum ModelShapes {
    /// Qwen3-0.6B, as its config.json says.
    static func qwen3Small() throws -> ModelConfiguration {
        try ModelConfiguration(
            vocabularySize: 151_936, hiddenSize: 1_024, layerCount: 28, headCount: 16, keyValueHeadCount: 8,
            headDimension: 128, feedForwardSize: 3_072, tiesEmbeddings: true, maximumPositions: 40_960)
    }
}
