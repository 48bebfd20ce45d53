// Matrices in bf16: still one arithmetic for sampler and learner, near fp32's, and kept by checkpoints.
import Modeling
import Testing

@Suite struct PrecisionTests {
    private static let slope: @Sendable (Int, TokenStatistics) -> [Float] = { _, statistics in
        statistics.logprobs.map { _ in -0.02 }
    }

    private func sequences(_ shape: ModelConfiguration) -> [TrainingSequence] {
        var random = SeededBytes(state: 77)
        return (0..<12).map { _ in
            let count = Int.random(in: 3...50, using: &random)
            let tokens = (0..<count).map { _ in Int32.random(in: 0..<Int32(shape.vocabularySize), using: &random) }
            return TrainingSequence(tokens: tokens, promptLength: Int.random(in: 1..<count, using: &random))
        }
    }

    private func mean(_ statistics: [TokenStatistics]) -> Float {
        let all = statistics.flatMap(\.logprobs)
        return all.reduce(0, +) / Float(all.count)
    }

    @Test(arguments: SamplerAgreementTests.shapes)
    func `sampled log-probabilities are the learner's bits in bf16 as well`(_ shape: ModelConfiguration) throws {
        let weights = ModelWeights.random(shape, seed: 3, standardDeviation: 0.2, precision: .bfloat16)
        let requests = SamplerAgreementTests.requests(shape)
        let samples = try Sampler(threads: 2).sample(requests, weights: weights)
        let sequences = zip(requests, samples).map {
            TrainingSequence(tokens: $0.prompt + $1.tokens, promptLength: $0.prompt.count)
        }
        let statistics = try TrainableModel(weights: weights).forward(sequences)
        #expect(samples.map { $0.logprobs.map(\.bitPattern) } == statistics.map { $0.logprobs.map(\.bitPattern) })
    }

    @Test(arguments: SamplerAgreementTests.shapes)
    func `bf16 says nearly what fp32 says, and not the same`(_ shape: ModelConfiguration) throws {
        let results = try Precision.allCases.map { precision in
            let weights = ModelWeights.random(shape, seed: 3, standardDeviation: 0.1, precision: precision)
            return try TrainableModel(weights: weights).forward(sequences(shape)).flatMap(\.logprobs)
        }
        let differences = zip(results[0], results[1]).map { abs($0 - $1) }
        // bf16 keeps 8 bits: 0.4 % of each product, less of a sum.
        #expect(differences.max() ?? 1 < 0.05)
        #expect(results[0] != results[1])
    }

    @Test(arguments: SamplerAgreementTests.shapes)
    func `ten steps in bf16 follow fp32's losses`(_ shape: ModelConfiguration) throws {
        let losses = try Precision.allCases.map { precision in
            let model = TrainableModel(
                weights: .random(shape, seed: 3, standardDeviation: 0.1, precision: precision))
            return try (0..<10).map { _ in
                let loss = mean(try model.forwardBackward(sequences(shape), gradient: Self.slope))
                _ = try model.step(AdamWSettings(learningRate: 3e-3))
                return loss
            }
        }
        for (a, b) in zip(losses[0], losses[1]) { #expect(abs(a - b) < 0.01 * abs(a)) }
        #expect(losses[1][9] > losses[1][0] + 0.1)
    }

    @Test func `a restored learner stays in its precision and goes on with the same bits`() throws {
        let directory = try TemporaryDirectory()
        let shape = SamplerAgreementTests.shapes[1]
        let model = TrainableModel(weights: .random(shape, seed: 3, precision: .bfloat16))
        _ = try model.forwardBackward(sequences(shape), gradient: Self.slope)
        _ = try model.step(AdamWSettings(learningRate: 3e-3))
        try model.save(to: directory.path + "/learner.safetensors")
        let restored = try TrainableModel(restoring: directory.path + "/learner.safetensors")
        #expect(restored.snapshot().precision == .bfloat16)
        #expect(try restored.forward(sequences(shape)) == model.forward(sequences(shape)))
    }
}
