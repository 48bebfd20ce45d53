// The sampler's log-probabilities are the learner's, bit for bit; samples do not depend on batch or threads.
import Modeling
import Testing

@Suite struct SamplerAgreementTests {
    /// Shapes that are no multiples of any vector width, and one that is.
    static let shapes: [ModelConfiguration] = {
        let shapes = [
            try? ModelConfiguration(
                vocabularySize: 37, hiddenSize: 20, layerCount: 2, headCount: 4, keyValueHeadCount: 2,
                headDimension: 6, feedForwardSize: 29, tiesEmbeddings: true, maximumPositions: 256),
            try? ModelConfiguration(
                vocabularySize: 131, hiddenSize: 48, layerCount: 3, headCount: 3, keyValueHeadCount: 1,
                headDimension: 16, feedForwardSize: 70, tiesEmbeddings: false, maximumPositions: 256),
            try? ModelConfiguration(
                vocabularySize: 64, hiddenSize: 64, layerCount: 1, headCount: 2, keyValueHeadCount: 2,
                headDimension: 32, feedForwardSize: 128, tiesEmbeddings: true, maximumPositions: 256),
        ]
        return shapes.compactMap { $0 }
    }()

    /// Requests of several prompts, lengths and settings; groups share a prompt.
    static func requests(_ model: ModelConfiguration) -> [SamplingRequest] {
        (0..<23).map { index in
            let group = index / 5
            let prompt = (0..<(1 + group * 13)).map { Int32(($0 * 7 + group) % model.vocabularySize) }
            return SamplingRequest(
                prompt: prompt, maximumTokens: 3 + (index * 11) % 60, temperature: index % 7 == 0 ? 0 : 1,
                topP: index % 4 == 1 ? 0.8 : 1, topK: index % 4 == 2 ? 5 : 0, stopTokens: [5], seed: 9,
                stream: UInt64(index))
        }
    }

    @Test(arguments: shapes) func `sampled log-probabilities are the learner's bits`(
        _ shape: ModelConfiguration
    ) throws {
        let weights = sharpened(shape)
        let requests = Self.requests(shape)
        let samples = try Sampler(threads: 2).sample(requests, weights: weights)
        let sequences = zip(requests, samples).map {
            TrainingSequence(tokens: $0.prompt + $1.tokens, promptLength: $0.prompt.count)
        }
        let statistics = try TrainableModel(weights: weights).forward(sequences)
        #expect(samples.map { $0.logprobs.map(\.bitPattern) } == statistics.map { $0.logprobs.map(\.bitPattern) })
        #expect(Set(samples.map(\.finishReason)) == [.stop, .length])
    }

    @Test(arguments: shapes) func `samples do not depend on threads, batch or neighbours`(
        _ shape: ModelConfiguration
    ) throws {
        let weights = sharpened(shape)
        let requests = Self.requests(shape)
        let once = try Sampler(threads: 1).sample(requests, weights: weights)
        let narrow = Sampler.Bounds(sequences: 3, prefillTokens: 4)
        #expect(try Sampler(threads: 3, bounds: narrow).sample(requests, weights: weights) == once)
        for index in [0, 7, 22] {
            #expect(try Sampler(threads: 1).sample([requests[index]], weights: weights) == [once[index]])
        }
    }

    /// Random weights with the matrices of the head scaled up, so that distributions are neither flat nor certain.
    private func sharpened(_ shape: ModelConfiguration) -> ModelWeights {
        let model = TrainableModel(weights: ModelWeights.random(shape, seed: 3))
        let sequence = TrainingSequence(tokens: (0..<32).map { Int32($0 * 5 % 32) }, promptLength: 1)
        for _ in 0..<3 {
            _ = try? model.forwardBackward([sequence]) { _, statistics in statistics.logprobs.map { _ in -1 } }
            _ = try? model.step(AdamWSettings(learningRate: 0.03))
        }
        return model.snapshot()
    }
}
