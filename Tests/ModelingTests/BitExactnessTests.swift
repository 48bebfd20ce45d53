// One probability, however it comes about: over seeded shapes, a token's log-probability has the same bits from decoding in
// any batch, from a prefill, and from the learner's forward pass, on any number of threads and in either precision.
import Testing

@testable import Modeling

@Suite struct BitExactnessTests {
    /// A shape with sizes that fit no vector width, drawn from a seed.
    private static func shape(_ random: inout SeededBytes) throws -> ModelConfiguration {
        let keyValueHeads = Int.random(in: 1...3, using: &random)
        let heads = keyValueHeads * Int.random(in: 1...4, using: &random)
        return try ModelConfiguration(
            vocabularySize: Int.random(in: 20...300, using: &random),
            hiddenSize: Int.random(in: 5...90, using: &random),
            layerCount: Int.random(in: 1...3, using: &random), headCount: heads, keyValueHeadCount: keyValueHeads,
            headDimension: 2 * Int.random(in: 1...20, using: &random),
            feedForwardSize: Int.random(in: 3...130, using: &random), tiesEmbeddings: Bool.random(using: &random),
            maximumPositions: 200)
    }

    private static func requests(_ model: ModelConfiguration, _ random: inout SeededBytes) -> [SamplingRequest] {
        (0..<9).flatMap { group in
            let prompt = (0..<Int.random(in: 1...90, using: &random)).map { _ in
                Int32.random(in: 0..<Int32(model.vocabularySize), using: &random)
            }
            return (0..<Int.random(in: 1...5, using: &random)).map { member in
                SamplingRequest(
                    prompt: prompt, maximumTokens: Int.random(in: 1...80, using: &random),
                    temperature: member == 3 ? 0 : 1, seed: 11, stream: UInt64(group * 8 + member))
            }
        }
    }

    private func bits(_ logprobs: [Float]) -> [UInt32] { logprobs.map(\.bitPattern) }

    @Test(arguments: 0..<12) func `decoding, prefill and learner agree to the last bit`(_ seed: Int) throws {
        var random = SeededBytes(state: UInt64(seed) &* 7_919 &+ 1)
        let shape = try Self.shape(&random)
        let precision: Precision = seed % 3 == 2 ? .bfloat16 : .float32
        let weights = ModelWeights.random(shape, seed: UInt64(seed), standardDeviation: 0.3, precision: precision)
        let requests = Self.requests(shape, &random)
        let wide = try Sampler(threads: 2).sample(requests, weights: weights)
        // One at a time, with the prompt fed three tokens a step.
        let narrow = Sampler.Bounds(sequences: 1, prefillTokens: 3)
        let alone = try Sampler(threads: 1, bounds: narrow).sample(requests, weights: weights)
        #expect(wide.map(\.tokens) == alone.map(\.tokens), "\(shape)")
        #expect(wide.map { bits($0.logprobs) } == alone.map { bits($0.logprobs) }, "\(shape)")
        let sequences = zip(requests, wide).map {
            TrainingSequence(tokens: $0.prompt + $1.tokens, promptLength: $0.prompt.count)
        }
        let learned = try TrainableModel(weights: weights, partition: .init(shards: 3, microBatchRows: 100))
            .forward(sequences, threads: 2)
        #expect(wide.map { bits($0.logprobs) } == learned.map { bits($0.logprobs) }, "\(shape)")
        // A sequence scored by itself, which is one prefill.
        for (sequence, sample) in zip(sequences, wide).prefix(4) {
            #expect(bits(try weights.score([sequence], threads: 1)[0].logprobs) == bits(sample.logprobs), "\(shape)")
        }
    }

    @Test(arguments: 0..<4) func `threads change no weight of ten steps`(_ seed: Int) throws {
        var random = SeededBytes(state: UInt64(seed) &* 104_729 &+ 3)
        let shape = try Self.shape(&random)
        let precision: Precision = seed % 2 == 0 ? .float32 : .bfloat16
        let sequences = Self.requests(shape, &random).map { request in
            TrainingSequence(tokens: request.prompt + [0, 1, 2], promptLength: request.prompt.count)
        }
        let results = try [1, 2, 4].map { threads in
            let model = TrainableModel(
                weights: .random(shape, seed: 1, standardDeviation: 0.2, precision: precision),
                partition: .init(shards: 2, microBatchRows: 64))
            for _ in 0..<10 {
                _ = try model.forwardBackward(sequences, threads: threads) { _, statistics in
                    statistics.logprobs.map { _ in -0.01 }
                }
                _ = try model.step(AdamWSettings(learningRate: 3e-3), threads: threads)
            }
            return model.snapshot().tensors.map { model.snapshot().tensor(named: $0.name)?.map(\.bitPattern) ?? [] }
        }
        #expect(results[0] == results[1] && results[0] == results[2], "\(shape)")
    }
}
