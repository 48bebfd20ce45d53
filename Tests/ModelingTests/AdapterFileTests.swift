// An adapter's checkpoint and its files: restored with the same bits on the same base, refused on another, read by PEFT.
import StrictJSON
import Testing

@testable import Modeling

@Suite struct AdapterFileTests {
    private static let shape = SamplerAgreementTests.shapes[1]
    private static let slope: @Sendable (Int, TokenStatistics) -> [Float] = { _, statistics in
        statistics.logprobs.indices.map { Float($0 % 3) * 0.05 - 0.07 }
    }

    private func sequences(_ model: ModelConfiguration) -> [TrainingSequence] {
        (0..<5).map { index in
            let tokens = (0..<(6 + 5 * index)).map { Int32(($0 * 17 + index * 3) % model.vocabularySize) }
            return TrainingSequence(tokens: tokens, promptLength: 2)
        }
    }

    private func train(_ model: TrainableModel, steps: Int) throws {
        for _ in 0..<steps {
            _ = try model.forwardBackward(sequences(model.configuration), gradient: Self.slope)
            _ = try model.step(AdamWSettings(learningRate: 0.02))
        }
    }

    private func base(_ directory: TemporaryDirectory, seed: UInt64 = 1) throws -> ModelWeights {
        let path = directory.path + "/base"
        try ModelWeights.random(Self.shape, seed: seed, standardDeviation: 0.2).save(directory: path)
        return try ModelWeights.load(directory: path)
    }

    @Test func `a restored adapter goes on with the same bits`() throws {
        let directory = try TemporaryDirectory()
        let settings = try AdapterSettings(rank: 2, alpha: 5, targets: [.value, .gate, .down])
        let model = TrainableModel(weights: try base(directory), adapter: settings, seed: 7)
        try train(model, steps: 3)
        let path = directory.path + "/learner.safetensors"
        try model.save(to: path)
        let restored = try TrainableModel(restoring: path)
        #expect(restored.stepCount == 3 && restored.snapshot().isAdapted)
        try train(model, steps: 2)
        try train(restored, steps: 2)
        let statistics = try model.forward(sequences(Self.shape))
        #expect(try restored.forward(sequences(Self.shape)) == statistics)
        // The file holds the adapter and its moments only.
        let bytes = try ModelFileIO.read(path, limit: 1 << 24).count
        #expect(bytes < Self.shape.parameterCount * 4)
    }

    @Test func `an adapter is not put on another base, and a base without a directory is refused`() throws {
        let directory = try TemporaryDirectory()
        let settings = try AdapterSettings(rank: 2, alpha: 4)
        let model = TrainableModel(weights: try base(directory), adapter: settings)
        let path = directory.path + "/learner.safetensors"
        try model.save(to: path)
        _ = try base(directory, seed: 2)
        let error = #expect(throws: ModelError.self) { try TrainableModel(restoring: path) }
        #expect(error?.description.contains(directory.path + "/base") == true)
        let homeless = TrainableModel(weights: .random(Self.shape, seed: 1), adapter: settings)
        #expect(throws: ModelError.self) { try homeless.save(to: path) }
        #expect(throws: ModelError.self) {
            try TrainableModel(weights: base(directory)).snapshot().saveAdapter(directory: path)
        }
    }

    @Test func `the merged model written whole is the adapted one`() throws {
        let directory = try TemporaryDirectory()
        let model = TrainableModel(weights: try base(directory), adapter: try AdapterSettings(rank: 2, alpha: 4))
        try train(model, steps: 3)
        try model.snapshot().save(directory: directory.path + "/merged")
        let merged = try ModelWeights.load(directory: directory.path + "/merged")
        for tensor in merged.tensors {
            #expect(merged.tensor(named: tensor.name) == model.snapshot().tensor(named: tensor.name), "\(tensor.name)")
        }
        #expect(try merged.score(sequences(Self.shape), threads: 1) == model.forward(sequences(Self.shape)))
    }

    @Test(
        .enabled(
            if: CheckpointExportTests.target != nil,
            "run by scripts/golden/check_checkpoint.py, which needs Python with transformers and peft"),
        arguments: TransformerVectors.names)
    func `an adapter is written with the logits of the adapted model`(_ name: String) throws {
        let directory = "\(try #require(CheckpointExportTests.target))/\(name)-adapter"
        let vectors = try TransformerVectors(name)
        try ModelFileIO.makeDirectory(directory)
        try vectors.weights.save(directory: directory + "/base")
        let base = try ModelWeights.load(directory: directory + "/base")
        let model = TrainableModel(weights: base, adapter: try AdapterSettings(rank: 3, alpha: 7.5))
        let derivatives = try vectors.derivatives()
        for _ in 0..<5 {
            _ = try model.forwardBackward(vectors.sequences()) { index, _ in derivatives[index] }
            _ = try model.step(AdamWSettings(learningRate: 2e-2))
        }
        try model.snapshot().saveAdapter(directory: directory + "/adapter")
        let tokens = try vectors.values("tokens.0").map { Int32($0) }
        let logits = LogitTests.logits(model.snapshot(), tokens, rows: tokens.count)
        let before = LogitTests.logits(base, tokens, rows: tokens.count)
        #expect(zip(logits, before).contains { abs($0 - $1) > 0.01 })
        let json = JSONValue.members([
            "tokens": .integers(tokens.map { Int64($0) }), "logits": .doubles(logits.map { Double($0) }),
        ])
        try ModelFileIO.writeAtomically("\(directory)/adapter_logits.json", bytes: json.serialized())
    }
}
