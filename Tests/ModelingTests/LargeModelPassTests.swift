// What a model too large for the usual way does instead: activations computed again, matrices packed as they are needed, the
// vocabulary in parts. The limits are lowered here so that small models take these ways.
import Testing

@testable import Modeling

@Suite struct LargeModelPassTests {
    private func sequences(_ shape: ModelConfiguration, _ seed: UInt64) -> [TrainingSequence] {
        var random = SeededBytes(state: seed)
        return (0..<11).flatMap { _ in
            let prompt = (0..<Int.random(in: 1...20, using: &random)).map { _ in
                Int32.random(in: 0..<Int32(shape.vocabularySize), using: &random)
            }
            return (0..<Int.random(in: 1...3, using: &random)).map { _ in
                let response = (0..<Int.random(in: 0...30, using: &random)).map { _ in
                    Int32.random(in: 0..<Int32(shape.vocabularySize), using: &random)
                }
                return TrainingSequence(tokens: prompt + response, promptLength: prompt.count)
            }
        }
    }

    /// Statistics and gradients of one pass.
    private func pass(
        _ shape: ModelConfiguration, limits: PassLimits, activations: TrainableModel.Partition.Activations
    ) throws -> (statistics: [TokenStatistics], gradients: [[Float]]) {
        let weights = ModelWeights.random(shape, seed: 5, standardDeviation: 0.2)
        let model = TrainableModel(
            weights: weights, trained: .all(weights.layout),
            partition: .init(shards: 2, microBatchRows: 96, activations: activations), limits: limits)
        let statistics = try model.forwardBackward(sequences(shape, 6)) { index, statistics in
            statistics.logprobs.indices.map { Float((index + $0) % 5) - 2 }
        }
        return (statistics, weights.tensors.map { model.gradient(named: $0.name) ?? [] })
    }

    @Test(arguments: SamplerAgreementTests.shapes)
    func `activations computed again give the bits of activations kept`(_ shape: ModelConfiguration) throws {
        let kept = try pass(shape, limits: PassLimits(), activations: .kept)
        let again = try pass(shape, limits: PassLimits(), activations: .recomputed)
        #expect(kept.statistics == again.statistics)
        #expect(kept.gradients == again.gradients)
        #expect(kept.gradients.contains { $0.contains { $0 != 0 } })
    }

    @Test(arguments: SamplerAgreementTests.shapes)
    func `a matrix packed when it is needed gives the bits of one packed for good`(_ shape: ModelConfiguration) throws {
        var limits = PassLimits()
        let lasting = try pass(shape, limits: limits, activations: .kept)
        limits.transposedBytes = 0
        let passing = try pass(shape, limits: limits, activations: .kept)
        #expect(lasting.statistics == passing.statistics)
        #expect(lasting.gradients == passing.gradients)
    }

    @Test(arguments: SamplerAgreementTests.shapes)
    func `parts of the vocabulary and of the matrices change no statistic and no gradient by more than rounding`(
        _ shape: ModelConfiguration
    ) throws {
        let whole = try pass(shape, limits: PassLimits(), activations: .kept)
        let limits = PassLimits(logits: 1, logitRows: 7, packed: 256, transposedBytes: 0, keptBytes: 0)
        let parts = try pass(shape, limits: limits, activations: .automatic)
        #expect(whole.statistics == parts.statistics)
        for (a, b) in zip(whole.gradients, parts.gradients) {
            let size = a.map(abs).max() ?? 0
            for (x, y) in zip(a, b) { #expect(abs(x - y) <= 1e-5 * size) }
        }
    }

    @Test func `the learner keeps activations of small models and computes those of Qwen3-0_6B again`() throws {
        let partition = TrainableModel.Partition()
        #expect(partition.kept(SamplerAgreementTests.shapes[0], PassLimits()) == .all)
        #expect(partition.kept(try ModelShapes.qwen3Small(), PassLimits()) == .inputs)
    }
}
