// Large models stay on disk: a mapped model is the model that was copied, to the last bit, in every element type.
import Testing

@testable import Modeling

@Suite struct MappedModelTests {
    private func sequences(_ shape: ModelConfiguration) -> [TrainingSequence] {
        (0..<6).map { index in
            let tokens = (0..<(5 + 7 * index)).map { Int32(($0 * 11 + index) % shape.vocabularySize) }
            return TrainingSequence(tokens: tokens, promptLength: 2)
        }
    }

    @Test(
        arguments: SamplerAgreementTests.shapes,
        [(SafetensorsFile.ElementType.float32, 0), (.bfloat16, 1), (.float16, 2)])
    func `a mapped model is the copied one to the last bit`(
        _ shape: ModelConfiguration, _ type: (SafetensorsFile.ElementType, Int)
    ) throws {
        let directory = try TemporaryDirectory()
        try ModelWeights.random(shape, seed: 8, standardDeviation: 0.2)
            .save(directory: directory.path, as: type.0, shardBytes: type.1 == 1 ? 4_000 : nil)
        for precision in Precision.allCases {
            let copied = try ModelWeights.load(directory: directory.path, precision: precision)
            let mapped = try ModelWeights.load(
                directory: directory.path, precision: precision, threads: 2, mappingFrom: 0)
            #expect(mapped.parameters is MappedTensors)
            for tensor in copied.tensors {
                #expect(copied.tensor(named: tensor.name) == mapped.tensor(named: tensor.name))
            }
            #expect(try copied.score(sequences(shape), threads: 1) == mapped.score(sequences(shape), threads: 2))
        }
    }

    @Test func `training a mapped model changes its copy and not the files`() throws {
        let directory = try TemporaryDirectory()
        let shape = SamplerAgreementTests.shapes[1]
        try ModelWeights.random(shape, seed: 8, standardDeviation: 0.2).save(directory: directory.path, as: .bfloat16)
        let results = try [0, ModelWeights.mappedBytesMin].map { from in
            let model = TrainableModel(weights: try .load(directory: directory.path, mappingFrom: from))
            for _ in 0..<3 {
                _ = try model.forwardBackward(sequences(shape)) { _, statistics in statistics.logprobs.map { _ in -0.1 }
                }
                _ = try model.step(AdamWSettings(learningRate: 0.01))
            }
            return try model.forward(sequences(shape))
        }
        #expect(results[0] == results[1])
        let untouched = try ModelWeights.load(directory: directory.path)
        #expect(try untouched.score(sequences(shape), threads: 1) != results[0])
    }

    @Test(arguments: [0, 1]) func `a number that is not finite is named in a mapped file too`(_ shards: Int) throws {
        let directory = try TemporaryDirectory()
        let weights = ModelWeights.random(SamplerAgreementTests.shapes[0], seed: 8)
        try weights.save(directory: directory.path, as: .float32)
        let path = directory.path + "/model.safetensors"
        let name = "model.layers.1.mlp.down_proj.weight"
        let entry = try #require(try SafetensorsReader(path).header.entries[name])
        var bytes = try ModelFileIO.read(path, limit: 1 << 24)
        bytes.replaceSubrange(entry.offset + 12..<entry.offset + 16, with: [0, 0, 0xC0, 0x7F])
        try ModelFileIO.writeAtomically(path, bytes: bytes)
        let error = #expect(throws: ModelError.self) {
            try ModelWeights.load(directory: directory.path, mappingFrom: shards == 0 ? 0 : 1 << 40)
        }
        let text = error?.description ?? ""
        #expect(text.contains(name) && text.contains("index 3") && text.contains(path), "\(text)")
    }

    @Test func `an impossible model is refused before memory is taken, with what it would need`() throws {
        let model = try ModelConfiguration(
            vocabularySize: 1_000_000, hiddenSize: 65_536, layerCount: 256, headCount: 256, keyValueHeadCount: 256,
            headDimension: 256, feedForwardSize: 65_536)
        let plan = MemoryPlan.training(model, partition: .init(), isSampled: true)
        let error = #expect(throws: ModelError.self) { try plan.check("training this model") }
        #expect(error?.code == .insufficientMemory)
        let text = error?.description ?? ""
        #expect(text.contains("would need") && text.contains("GB") && text.contains("weights"), "\(text)")
        #expect(throws: Never.self) { try plan.check("training this model", available: nil) }
        #expect(MemoryPlan.availableBytes() ?? 1 << 30 > 1 << 20)
    }

    @Test func `the plan of a model counts what its buffers take`() throws {
        let shape = try ModelShapes.qwen3Small()
        let numbers = shape.parameterCount
        #expect(MemoryPlan.sampling(shape, cacheBytes: 5, isMapped: true).total == 4 * numbers + 5)
        #expect(MemoryPlan.sampling(shape, precision: .bfloat16, cacheBytes: 0, isMapped: true).total == 2 * numbers)
        let plan = MemoryPlan.training(shape, partition: .init(shards: 2), isSampled: false)
        #expect(plan.weights == 8 * numbers && plan.optimiser == 16 * numbers && plan.nextVersion == 0)
        let adapter = MemoryPlan.training(shape, trainedCount: 1_000, partition: .init(shards: 2), isSampled: false)
        #expect(adapter.weights == 4 * numbers && adapter.optimiser == 16_000)
    }
}
