// Writes models for scripts/golden/check_checkpoint.py, which loads them in transformers. Runs only when that script asks.
import Glibc
import StrictJSON
import Testing

@testable import Modeling

@Suite struct CheckpointExportTests {
    /// Where the script wants the models; nil when it is not the one that runs this.
    static let target = getenv("ROLLOUTD_EXPORT_DIRECTORY").map { String(cString: $0) }

    @Test(
        .enabled(if: target != nil, "run by scripts/golden/check_checkpoint.py, which needs Python with transformers"),
        arguments: TransformerVectors.names, SafetensorsFile.ElementType.allCases)
    func `a trained model is written with the logits it has`(
        _ name: String, _ type: SafetensorsFile.ElementType
    ) throws {
        let directory = "\(try #require(Self.target))/\(name)-\(type.torchName)"
        let vectors = try TransformerVectors(name)
        let model = TrainableModel(weights: vectors.weights)
        let derivatives = try vectors.derivatives()
        for _ in 0..<3 {
            _ = try model.forwardBackward(vectors.sequences()) { index, _ in derivatives[index] }
            _ = try model.step(AdamWSettings(learningRate: 1e-2))
        }
        // Every third model goes to several files.
        let sharded = name.utf8.count % 3 == 0
        try model.snapshot().save(directory: directory, as: type, shardBytes: sharded ? 12_000 : nil)
        try Tokenizer.load(directory: TokenizerTests.directory).save(directory: directory)
        var generation = GenerationConfiguration()
        generation.endTokens = [3, 5]
        generation.samples = true
        generation.temperature = 0.6
        generation.topK = 20
        generation.topP = 0.95
        try generation.save(directory: directory)
        let read = try ModelWeights.load(directory: directory)
        let tokens = try vectors.values("tokens.0").map { Int32($0) }
        let logits = LogitTests.logits(read, tokens, rows: tokens.count)
        let json = JSONValue.members([
            "tokens": .integers(tokens.map { Int64($0) }), "logits": .doubles(logits.map { Double($0) }),
            "dtype": .string(type.torchName),
        ])
        try ModelFileIO.writeAtomically("\(directory)/logits.json", bytes: json.serialized())
    }
}
