// How fast a model trains, samples and decodes on this machine, in tokens a second and floating-point operations.
import Modeling

/// Measures one model. The clock is the caller's.
struct ModelBenchmark {
    /// What is timed, as the peers' side of Benchmarks/model.sh does it.
    enum Task: String, CaseIterable {
        /// A step on `sequences` sequences of 256 predicted tokens: forward, loss, backward, clipping, AdamW.
        case train
        /// 64 prompts of 32 tokens, 128 new tokens each.
        case sample
        /// One prompt of 32 tokens, 128 new tokens.
        case decode
    }

    /// One reading.
    struct Reading {
        let task: Task
        /// Tokens trained on, or sampled.
        let tokens: Int
        let seconds: Double
        /// Multiplications and additions of matrix products and attention, prompts included.
        let operations: Double
        /// The loss before the step; nil for sampling.
        let loss: Double?

        var tokensPerSecond: Double { Double(tokens) / seconds }
        var operationsPerSecond: Double { operations / seconds }
    }

    /// The shapes that can be measured without a model: the two that Benchmarks/model.sh measures beside PyTorch, and
    /// Qwen3-0.6B.
    static func shape(_ name: String) throws -> ModelConfiguration {
        switch name {
        case "5m":
            try ModelConfiguration(
                vocabularySize: 512, hiddenSize: 256, layerCount: 6, headCount: 8, keyValueHeadCount: 4,
                headDimension: 32, feedForwardSize: 768)
        case "50m":
            try ModelConfiguration(
                vocabularySize: 4_096, hiddenSize: 640, layerCount: 10, headCount: 10, keyValueHeadCount: 5,
                headDimension: 64, feedForwardSize: 1_920)
        case "qwen3-0.6b":
            try ModelConfiguration(
                vocabularySize: 151_936, hiddenSize: 1_024, layerCount: 28, headCount: 16, keyValueHeadCount: 8,
                headDimension: 128, feedForwardSize: 3_072, tiesEmbeddings: true, maximumPositions: 40_960)
        default: throw UnknownShape(name: name)
        }
    }

    /// The error for a shape that nobody knows.
    struct UnknownShape: Error, CustomStringConvertible {
        let name: String
        var description: String { "\(name) is no shape; the shapes are 5m, 50m and qwen3-0.6b" }
    }

    let weights: ModelWeights
    let threads: Int
    /// Sequences of a training step.
    let sequences: Int
    /// Trains an adapter instead of all parameters.
    let adapter: AdapterSettings?
    let seconds: (() throws -> Void) throws -> Double

    private var model: ModelConfiguration { weights.configuration }

    init(
        _ weights: ModelWeights, threads: Int, sequences: Int = 32, adapter: AdapterSettings? = nil,
        seconds: @escaping (() throws -> Void) throws -> Double
    ) {
        self.weights = weights
        self.threads = threads
        self.sequences = sequences
        self.adapter = adapter
        self.seconds = seconds
    }

    /// Reads a task so many times after one time to warm up.
    func readings(_ task: Task, repeats: Int, each: (Reading) -> Void) throws {
        switch task {
        case .train: try train(repeats, each)
        case .sample: try sample(task, prompts: 64, repeats, each)
        case .decode: try sample(task, prompts: 1, repeats, each)
        }
    }

    private func train(_ repeats: Int, _ each: (Reading) -> Void) throws {
        let trainable =
            adapter.map { TrainableModel(weights: weights, adapter: $0) } ?? TrainableModel(weights: weights)
        let batch = (0..<sequences).map { TrainingSequence(tokens: tokens(257, $0), promptLength: 1) }
        let coefficient = Float(-1) / Float(sequences * 256)
        for round in 0...repeats {
            var loss = 0.0
            let time = try seconds {
                let statistics = try trainable.forwardBackward(batch, threads: threads) { _, statistics in
                    Array(repeating: coefficient, count: statistics.logprobs.count)
                }
                _ = try trainable.step(AdamWSettings(learningRate: 1e-4), threads: threads)
                loss = statistics.reduce(0) { $0 - $1.logprobs.reduce(0) { $0 + Double($1) } } / Double(sequences * 256)
            }
            guard round > 0 else { continue }
            let forward = Double(sequences) * operations(from: 0, count: 256)
            each(Reading(task: .train, tokens: sequences * 256, seconds: time, operations: 3 * forward, loss: loss))
        }
    }

    private func sample(_ task: Task, prompts: Int, _ repeats: Int, _ each: (Reading) -> Void) throws {
        let sampler = Sampler(threads: threads)
        for round in 0...repeats {
            let requests = (0..<prompts).map {
                SamplingRequest(
                    prompt: tokens(32, $0 + 1_000 * round), maximumTokens: 128, seed: 1, stream: UInt64($0))
            }
            let time = try seconds { _ = try sampler.sample(requests, weights: weights) }
            guard round > 0 else { continue }
            let work = Double(prompts) * (operations(from: 0, count: 159) - 31 * headOperations)
            each(Reading(task: task, tokens: 128 * prompts, seconds: time, operations: work, loss: nil))
        }
    }

    /// A fixed text of a sequence.
    private func tokens(_ count: Int, _ index: Int) -> [Int32] {
        (0..<count).map { Int32(($0 * 7_919 + index * 104_729 + $0 * $0 * 31) % model.vocabularySize) }
    }

    private var headOperations: Double { 2 * Double(model.vocabularySize * model.hiddenSize) }

    /// Operations of a forward pass over `count` positions of one sequence.
    private func operations(from first: Int, count: Int) -> Double {
        let layer =
            model.hiddenSize * (2 * model.queryWidth + 2 * model.keyWidth + 3 * model.feedForwardSize)
        let row = 2 * Double(layer * model.layerCount) + headOperations
        let keysSeen = Double(count * (2 * first + count + 1)) / 2
        return row * Double(count) + 4 * keysSeen * Double(model.queryWidth * model.layerCount)
    }
}
