// Sequences of one prompt share its rows in training: nothing of what the model says may change by that, to the last bit,
// and the gradient is the same sum in another order.
import Modeling
import Testing

@Suite struct SharedPrefixTests {
    /// Groups of sequences, each of one prompt; lengths from a single prompt token on, responses from none on.
    private func groups(_ shape: ModelConfiguration, _ seed: UInt64) -> [[TrainingSequence]] {
        var random = SeededBytes(state: seed)
        func tokens(_ count: Int) -> [Int32] {
            (0..<count).map { _ in Int32.random(in: 0..<Int32(shape.vocabularySize), using: &random) }
        }
        return (0..<5).map { group in
            let prompt = tokens(group == 0 ? 1 : Int.random(in: 2...35, using: &random))
            return (0..<Int.random(in: 1...9, using: &random)).map { _ in
                TrainingSequence(
                    tokens: prompt + tokens(Int.random(in: 0...25, using: &random)), promptLength: prompt.count)
            }
        }
    }

    @Test(arguments: SamplerAgreementTests.shapes, [64, 2_048])
    func `what the model says of a sequence does not depend on whom it shares its prompt with`(
        _ shape: ModelConfiguration, _ rows: Int
    ) throws {
        let model = TrainableModel(weights: .random(shape, seed: 8), partition: .init(shards: 2, microBatchRows: rows))
        for seed in 0..<4 {
            let sequences = groups(shape, UInt64(seed)).flatMap { $0 }
            let together = try model.forward(sequences)
            for (sequence, found) in zip(sequences, together) {
                let alone = try model.forward([sequence])[0]
                #expect(alone.logprobs.map(\.bitPattern) == found.logprobs.map(\.bitPattern))
                #expect(alone.entropies.map(\.bitPattern) == found.entropies.map(\.bitPattern))
            }
        }
    }

    @Test(arguments: SamplerAgreementTests.shapes)
    func `the gradient is that of the sequences one by one`(_ shape: ModelConfiguration) throws {
        for seed in 10..<13 {
            let groups = groups(shape, UInt64(seed))
            let weights = ModelWeights.random(shape, seed: 9)
            let shared = TrainableModel(weights: weights)
            let single = TrainableModel(weights: weights)
            let slope: @Sendable (Int, TokenStatistics) -> [Float] = { _, statistics in
                statistics.logprobs.enumerated().map { 0.01 * Float($0.offset % 3 - 1) - 0.003 * $0.element }
            }
            _ = try shared.forwardBackward(groups.flatMap { $0 }, gradient: slope)
            for sequence in groups.flatMap({ $0 }) { _ = try single.forwardBackward([sequence], gradient: slope) }
            for tensor in weights.tensors {
                let (a, b) = (shared.gradient(named: tensor.name) ?? [], single.gradient(named: tensor.name) ?? [])
                let scale = b.map(abs).max() ?? 0
                let difference = zip(a, b).map { abs($0 - $1) }.max() ?? 0
                #expect(difference <= 2e-5 * scale, "\(tensor.name): \(difference) of \(scale)")
                #expect(a.count == b.count && scale > 0)
            }
        }
    }

    @Test func `equal tokens under another prompt length are no shared prompt`() throws {
        let shape = SamplerAgreementTests.shapes[0]
        let model = TrainableModel(weights: .random(shape, seed: 3))
        let sequences = [
            TrainingSequence(tokens: [1, 2, 3, 4, 5], promptLength: 3),
            TrainingSequence(tokens: [1, 2, 3, 4, 6], promptLength: 4),
            TrainingSequence(tokens: [1, 2, 3, 7, 8], promptLength: 4),
        ]
        let together = try model.forward(sequences)
        for (sequence, found) in zip(sequences, together) { #expect(try model.forward([sequence])[0] == found) }
    }
}
