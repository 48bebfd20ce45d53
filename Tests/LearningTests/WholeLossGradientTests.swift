// The gradient that reaches a parameter, against the slope of the whole loss: objective, correction, KL penalty, SFT loss
// and aggregation through a real transformer.
import Domain
import Foundation
import Learning
import Modeling
import Testing

struct WholeLossGradientTests {
    private let loss = PolicyLoss(
        // Wide bounds: out of range GPPO's gradient is by design not the slope of its value.
        objective: Objective(.gppo).with { ($0.epsilonLow, $0.epsilonHigh) = (0.99, 99) }, penalty: .k3,
        penaltyCoefficient: 0.5, positiveCoefficient: 0.3)

    @Test(arguments: [Aggregation.tokenMean, .tokenMeanOfMicroBatches, .sequenceMeanOfTokenMeans, .sumOverScale])
    func `a parameter's gradient is the slope of the loss`(aggregation: Aggregation) throws {
        let model = try TrainingFixture.model()
        let groups = try TrainingFixture.groups(2, on: try TrainingFixture.model(seed: 2))
        let rollouts = groups.flatMap(\.rollouts)
        let sequences = rollouts.map {
            TrainingSequence(
                tokens: TrainingFixture.prompt + $0.tokenIDs, promptLength: TrainingFixture.prompt.count)
        }
        let batch = Batch(loss: loss, rollouts: rollouts, aggregation: aggregation)
        _ = try model.forwardBackward(sequences, threads: 1) { index, statistics in
            batch.evaluate(index, statistics).gradient.map { Float($0) }
        }
        let folder = try Folder(model.snapshot())
        for name in ["model.embed_tokens.weight", "model.layers.1.mlp.up_proj.weight", "model.norm.weight"] {
            let gradient = try #require(model.gradient(named: name))
            let place = try #require(gradient.indices.max { abs(gradient[$0]) < abs(gradient[$1]) })
            let step: Float = 2e-3
            let above = batch.total(try folder.model(moving: name, place, by: step).forward(sequences))
            let below = batch.total(try folder.model(moving: name, place, by: -step).forward(sequences))
            let slope = (above - below) / Double(2 * step)
            // Single precision leaves about four digits of a difference quotient.
            #expect(agree(Double(gradient[place]), slope, within: 0.01 * abs(slope) + 1e-5), "\(name)")
            #expect(abs(slope) > 1e-4)
        }
    }

    /// A mini-batch of the right and wrong rollouts, cut into two micro-batches.
    private struct Batch: Sendable {
        let loss: PolicyLoss
        let sequences: [LossSequence]
        let coefficients: [Double]
        let positiveTokens: Int

        init(loss: PolicyLoss, rollouts: [Rollout], aggregation: Aggregation) {
            self.loss = loss
            sequences = rollouts.map { rollout in
                let posted = rollout.logprobs.map(Double.init)
                return LossSequence(
                    logprobs: [], behaviour: posted, correction: posted.indices.map { 1 + Double($0) / 10 },
                    advantage: rollout.reward == 1 ? 1.3 : -0.7, isPositive: rollout.reward == 1)
            }
            let lengths = rollouts.map(\.tokenIDs.count)
            coefficients = aggregation.coefficients(microBatches: [Array(lengths[..<3]), Array(lengths[3...])])
                .flatMap { $0 }
            positiveTokens = rollouts.filter { $0.reward == 1 }.map(\.tokenIDs.count).reduce(0, +)
        }

        func evaluate(_ index: Int, _ statistics: TokenStatistics) -> SequenceLoss {
            var sequence = sequences[index]
            sequence.logprobs = statistics.logprobs.map(Double.init)
            return loss.evaluate(sequence, coefficient: coefficients[index], positiveTokens: positiveTokens)
        }

        func total(_ statistics: [TokenStatistics]) -> Double {
            statistics.enumerated().reduce(0) { $0 + evaluate($1.offset, $1.element).total }
        }
    }

    /// A model's files, of which copies with one number changed are read.
    private struct Folder {
        let path: URL
        let bytes: Data
        let header: SafetensorsFile

        init(_ weights: ModelWeights) throws {
            let folder = FileManager.default.temporaryDirectory.appending(path: "gradient-\(UUID().uuidString)")
            defer { try? FileManager.default.removeItem(at: folder) }
            try weights.save(directory: folder.path())
            let file = try Data(contentsOf: folder.appending(path: ModelWeights.FileName.weights))
            path = folder
            bytes = file
            header = try SafetensorsFile.parse(Array(file))
            configuration = weights.configuration.huggingFaceConfiguration()
        }

        private let configuration: [UInt8]

        func model(moving name: String, _ index: Int, by step: Float) throws -> TrainableModel {
            let entry = try #require(header.entries[name])
            let start = entry.offset + 4 * index
            var changed = bytes
            let old = changed[start..<(start + 4)].enumerated().reduce(UInt32(0)) { $0 | UInt32($1.1) << (8 * $1.0) }
            let new = (Float(bitPattern: old) + step).bitPattern
            for byte in 0..<4 { changed[start + byte] = UInt8(truncatingIfNeeded: new >> (8 * byte)) }
            try FileManager.default.createDirectory(at: path, withIntermediateDirectories: true)
            defer { try? FileManager.default.removeItem(at: path) }
            try Data(configuration).write(to: path.appending(path: ModelWeights.FileName.configuration))
            try changed.write(to: path.appending(path: ModelWeights.FileName.weights))
            return TrainableModel(weights: try ModelWeights.load(directory: path.path()))
        }
    }
}
