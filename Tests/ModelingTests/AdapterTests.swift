// Low-rank adapters: what they change, what they leave alone, and that their gradients are those of the merged matrices.
import Testing

@testable import Modeling

@Suite struct AdapterTests {
    private static let slope: @Sendable (Int, TokenStatistics) -> [Float] = { index, statistics in
        statistics.logprobs.indices.map { 0.1 * Float((index + $0) % 4) - 0.15 }
    }

    private func sequences(_ shape: ModelConfiguration) -> [TrainingSequence] {
        var random = SeededBytes(state: 31)
        return (0..<9).map { _ in
            let count = Int.random(in: 3...40, using: &random)
            let tokens = (0..<count).map { _ in Int32.random(in: 0..<Int32(shape.vocabularySize), using: &random) }
            return TrainingSequence(tokens: tokens, promptLength: Int.random(in: 1..<count, using: &random))
        }
    }

    private func adapted(
        _ weights: ModelWeights, _ targets: [AdapterSettings.Target] = AdapterSettings.Target.allCases
    ) throws -> TrainableModel {
        TrainableModel(weights: weights, adapter: try AdapterSettings(rank: 3, alpha: 6, targets: targets), seed: 2)
    }

    private func bits(_ weights: ModelWeights, _ name: String) -> [UInt32] {
        weights.tensor(named: name)?.map(\.bitPattern) ?? []
    }

    @Test(arguments: SamplerAgreementTests.shapes) func `a fresh adapter changes nothing`(
        _ shape: ModelConfiguration
    ) throws {
        let weights = ModelWeights.random(shape, seed: 1, standardDeviation: 0.2)
        let model = try adapted(weights)
        #expect(try model.forward(sequences(shape)) == TrainableModel(weights: weights).forward(sequences(shape)))
    }

    @Test(arguments: SamplerAgreementTests.shapes)
    func `gradients of A and B are those of the merged matrix by the chain rule`(_ shape: ModelConfiguration) throws {
        let model = try adapted(ModelWeights.random(shape, seed: 1, standardDeviation: 0.2))
        for _ in 0..<3 {
            _ = try model.forwardBackward(sequences(shape), gradient: Self.slope)
            _ = try model.step(AdamWSettings(learningRate: 0.05))
        }
        _ = try model.forwardBackward(sequences(shape), gradient: Self.slope)
        let merged = TrainableModel(weights: model.snapshot())
        _ = try merged.forwardBackward(sequences(shape), gradient: Self.slope)
        let layout = try #require(model.trained.adapter).layout
        for pair in layout.all {
            let a = try #require(layout.tensors.first { $0.offset == pair.a })
            let module = String(a.name.dropLast("lora_A.weight".count))
            let dW = try #require(merged.gradient(named: module + "weight"))
            let values = try #require(model.trained.adapter).values
            // dB = s dW A^T and dA = s B^T dW, in double precision.
            func expected(_ rows: Int, _ columns: Int, _ inner: Int, _ term: (Int, Int, Int) -> Double) -> [Double] {
                (0..<rows * columns).map { place in
                    2 * (0..<inner).reduce(0) { $0 + term(place / columns, place % columns, $1) }
                }
            }
            let dA = expected(3, pair.inputs, pair.outputs) { r, i, o in
                Double(values.base[pair.b + o * 3 + r]) * Double(dW[o * pair.inputs + i])
            }
            let dB = expected(pair.outputs, 3, pair.inputs) { o, r, i in
                Double(values.base[pair.a + r * pair.inputs + i]) * Double(dW[o * pair.inputs + i])
            }
            for (name, wanted) in [("lora_A.weight", dA), ("lora_B.weight", dB)] {
                let found = try #require(model.gradient(named: module + name))
                let size = wanted.map(abs).max() ?? 0
                #expect(size > 0)
                for (x, y) in zip(found, wanted) { #expect(abs(Double(x) - y) <= 1e-4 * size, "\(module)\(name)") }
            }
        }
    }

    @Test func `training moves the targets and nothing else, and earlier versions stay as they were`() throws {
        let shape = SamplerAgreementTests.shapes[1]
        let weights = ModelWeights.random(shape, seed: 3, standardDeviation: 0.2)
        let model = try adapted(weights, [.query, .up])
        var versions: [(ModelWeights, [[UInt32]])] = []
        for _ in 0..<3 {
            let version = model.snapshot()
            versions.append((version, version.tensors.map { bits(version, $0.name) }))
            _ = try model.forwardBackward(sequences(shape), gradient: Self.slope)
            #expect(try model.step(AdamWSettings(learningRate: 0.05)).applied)
        }
        for (version, before) in versions { #expect(version.tensors.map { bits(version, $0.name) } == before) }
        let last = model.snapshot()
        for tensor in weights.tensors {
            let isTarget = tensor.name.contains("q_proj") || tensor.name.contains("up_proj")
            #expect((bits(last, tensor.name) != bits(weights, tensor.name)) == isTarget, "\(tensor.name)")
        }
    }

    @Test func `samples of an adapted model have the learner's log-probabilities to the last bit`() throws {
        let shape = SamplerAgreementTests.shapes[0]
        let model = try adapted(ModelWeights.random(shape, seed: 4, standardDeviation: 0.2))
        for _ in 0..<2 {
            _ = try model.forwardBackward(sequences(shape), gradient: Self.slope)
            _ = try model.step(AdamWSettings(learningRate: 0.05))
        }
        let requests = SamplerAgreementTests.requests(shape)
        let samples = try Sampler(threads: 2).sample(requests, weights: model.snapshot())
        let statistics = try model.forward(
            zip(requests, samples).map {
                TrainingSequence(tokens: $0.prompt + $1.tokens, promptLength: $0.prompt.count)
            })
        #expect(samples.map { $0.logprobs.map(\.bitPattern) } == statistics.map { $0.logprobs.map(\.bitPattern) })
    }

    @Test func `a step in place and a step beside a snapshot give the same bits`() throws {
        let shape = SamplerAgreementTests.shapes[0]
        for adapter in [false, true] {
            let results = try [false, true].map { isHeld in
                let weights = ModelWeights.random(shape, seed: 5, standardDeviation: 0.2)
                let model = adapter ? try adapted(weights) : TrainableModel(weights: weights)
                var held: [ModelWeights] = []
                for _ in 0..<3 {
                    if isHeld { held.append(model.snapshot()) }
                    _ = try model.forwardBackward(sequences(shape), gradient: Self.slope)
                    _ = try model.step(AdamWSettings(learningRate: 0.05))
                }
                return try model.forward(sequences(shape))
            }
            #expect(results[0] == results[1])
        }
    }

    @Test func `impossible adapters are refused`() {
        #expect(throws: ModelError.self) { try AdapterSettings(rank: 0, alpha: 1) }
        #expect(throws: ModelError.self) { try AdapterSettings(rank: 4_096, alpha: 1) }
        #expect(throws: ModelError.self) { try AdapterSettings(rank: 4, alpha: -.infinity) }
        #expect(throws: ModelError.self) { try AdapterSettings(rank: 4, alpha: 8, targets: []) }
    }
}
