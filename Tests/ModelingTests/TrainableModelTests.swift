// The learner's checkpoint, and what training promises: exact resumption, the same bits for any number of threads.
import Modeling
import Synchronization
import Testing

@Suite struct TrainableModelTests {
    private static let settings = AdamWSettings(learningRate: 3e-3, weightDecay: 0.1)

    /// A ragged batch for a shape.
    private func sequences(_ shape: ModelConfiguration, _ seed: UInt64) -> [TrainingSequence] {
        var random = SeededBytes(state: seed)
        return (0..<13).map { _ in
            let count = Int.random(in: 2...60, using: &random)
            let tokens = (0..<count).map { _ in Int32.random(in: 0..<Int32(shape.vocabularySize), using: &random) }
            return TrainingSequence(tokens: tokens, promptLength: Int.random(in: 1...count, using: &random))
        }
    }

    private func bits(_ weights: ModelWeights) -> [[UInt32]] {
        weights.tensors.map { weights.tensor(named: $0.name)?.map(\.bitPattern) ?? [] }
    }

    /// One step that raises the probability of every response.
    private func train(_ model: TrainableModel, _ seed: UInt64, threads: Int = 2) throws {
        _ = try model.forwardBackward(sequences(model.configuration, seed), threads: threads) { _, statistics in
            statistics.logprobs.map { _ in -0.01 }
        }
        #expect(try model.step(Self.settings).applied)
    }

    @Test(arguments: SamplerAgreementTests.shapes) func `a restored learner goes on with the same bits`(
        _ shape: ModelConfiguration
    ) throws {
        let directory = try TemporaryDirectory()
        let path = directory.path + "/learner.safetensors"
        let model = TrainableModel(weights: .random(shape, seed: 1), partition: .init(shards: 3, microBatchRows: 70))
        for step in 0..<3 { try train(model, UInt64(step)) }
        try model.save(to: path)
        let restored = try TrainableModel(restoring: path)
        #expect(restored.stepCount == 3)
        #expect(restored.partition == model.partition)
        #expect(bits(restored.snapshot()) == bits(model.snapshot()))
        for step in 3..<6 {
            try train(model, UInt64(step))
            try train(restored, UInt64(step))
        }
        #expect(bits(restored.snapshot()) == bits(model.snapshot()))
        #expect(throws: ModelError.self) { try TrainableModel(restoring: directory.path + "/absent") }
    }

    @Test(arguments: SamplerAgreementTests.shapes) func `threads do not change a bit of the update`(
        _ shape: ModelConfiguration
    ) throws {
        let weights = ModelWeights.random(shape, seed: 2)
        let results = try [1, 2, 5].map { threads in
            let model = TrainableModel(weights: weights, partition: .init(shards: 3, microBatchRows: 50))
            for step in 0..<2 { try train(model, UInt64(step), threads: threads) }
            return bits(model.snapshot())
        }
        #expect(results[0] == results[1])
        #expect(results[0] == results[2])
        #expect(results[0] != bits(weights))
    }

    @Test func `a snapshot stays as it was while training goes on`() throws {
        let model = TrainableModel(weights: .random(SamplerAgreementTests.shapes[0], seed: 3))
        let snapshot = model.snapshot()
        let before = bits(snapshot)
        try train(model, 1)
        #expect(bits(snapshot) == before)
        #expect(bits(model.snapshot()) != before)
    }

    @Test func `forward and forwardBackward report the same statistics, once for each sequence`() throws {
        let shape = SamplerAgreementTests.shapes[1]
        let model = TrainableModel(weights: .random(shape, seed: 4), partition: .init(shards: 2, microBatchRows: 64))
        let sequences = sequences(shape, 9)
        let seen = SeenIndices()
        let forward = try model.forward(sequences)
        let both = try model.forwardBackward(sequences) { index, statistics in
            seen.indices.withLock { $0.append(index) }
            return statistics.logprobs
        }
        #expect(forward == both)
        #expect(forward.map(\.logprobs.count) == sequences.map(\.responseLength))
        #expect(forward.map(\.entropies.count) == sequences.map(\.responseLength))
        let withResponse = sequences.indices.filter { sequences[$0].responseLength > 0 }
        #expect(seen.indices.withLock { $0.sorted() } == withResponse)
    }

    @Test func `micro-batches change the gradient by rounding only`() throws {
        let shape = SamplerAgreementTests.shapes[0]
        let weights = ModelWeights.random(shape, seed: 5)
        let gradients = try [16_384, 1].map { rows in
            let model = TrainableModel(weights: weights, partition: .init(shards: 1, microBatchRows: rows))
            _ = try model.forwardBackward(sequences(shape, 7)) { _, statistics in statistics.logprobs }
            return try weights.tensors.map { try #require(model.gradient(named: $0.name)) }
        }
        for (whole, parts) in zip(gradients[0], gradients[1]) { #expect(relativeError(parts, whole) < 1e-5) }
    }

    @Test func `a gradient that is not finite changes nothing and says so`() throws {
        let model = TrainableModel(weights: .random(SamplerAgreementTests.shapes[0], seed: 6))
        let before = bits(model.snapshot())
        _ = try model.forwardBackward(sequences(model.configuration, 1)) { _, statistics in
            statistics.logprobs.map { _ in .infinity }
        }
        let result = try model.step(Self.settings)
        #expect(!result.applied)
        #expect(!result.gradientNorm.isFinite)
        #expect(model.stepCount == 0)
        #expect(bits(model.snapshot()) == before)
        try train(model, 2)
        #expect(
            model.snapshot().tensors.allSatisfy { tensor in
                model.snapshot().tensor(named: tensor.name)?.allSatisfy(\.isFinite) ?? false
            })
    }

    @Test func `impossible input is refused and leaves no gradient behind`() throws {
        let shape = SamplerAgreementTests.shapes[0]
        let model = TrainableModel(weights: .random(shape, seed: 7))
        let bad = [
            TrainingSequence(tokens: [], promptLength: 0), TrainingSequence(tokens: [1, 2], promptLength: 0),
            TrainingSequence(tokens: [1, 2], promptLength: 3), TrainingSequence(tokens: [1, -1], promptLength: 1),
            TrainingSequence(tokens: [1, Int32(shape.vocabularySize)], promptLength: 1),
            TrainingSequence(tokens: Array(repeating: 1, count: shape.maximumPositions + 1), promptLength: 1),
            TrainingSequence(tokens: [1, 2], promptLength: .min),
        ]
        for sequence in bad {
            #expect(throws: ModelError.self) { try model.forward([sequence]) }
        }
        #expect(throws: ModelError.self) {
            try model.forwardBackward(sequences(shape, 1)) { _, _ in [1] }
        }
        let first = try #require(model.snapshot().tensors.first)
        #expect(model.gradient(named: first.name)?.allSatisfy { $0 == 0 } == true)
        #expect(model.gradient(named: "absent") == nil)
        #expect(throws: ModelError.self) { try model.step(AdamWSettings(learningRate: .nan)) }
        #expect(try model.forward([]).isEmpty)
    }

    private final class SeenIndices: Sendable {
        let indices = Mutex<[Int]>([])
    }
}
