// A tiny model and groups of made-up rollouts on it. Real Modeling throughout; only the verdicts are invented.
import Domain
import Learning
import Modeling
import StrictJSON

enum TrainingFixture {
    static let prompt: [Int32] = [1, 2, 3]

    /// A model of a few thousand parameters, the same for the same seed.
    static func model(seed: UInt64 = 1, microBatchRows: Int = 2_048, shards: Int = 2) throws -> TrainableModel {
        let configuration = try ModelConfiguration(
            vocabularySize: 12, hiddenSize: 16, layerCount: 2, headCount: 2, keyValueHeadCount: 1, headDimension: 8,
            feedForwardSize: 24, ropeTheta: 10_000, maximumPositions: 32)
        return TrainableModel(
            weights: .random(configuration, seed: seed),
            partition: .init(shards: shards, microBatchRows: microBatchRows))
    }

    /// All parameters of a model, tensor after tensor.
    static func parameters(_ model: TrainableModel) -> [Float] {
        let weights = model.snapshot()
        return weights.tensors.flatMap { weights.tensor(named: $0.name) ?? [] }
    }

    static func promptTokens(_: AskedPrompt) -> [Int32] { prompt }

    static func aPrompt(_ id: String) -> AskedPrompt {
        AskedPrompt(id: PromptID(id), dataset: "test", content: .text("?"), metadata: .object([]))
    }

    /// A rollout with the verdict that its reward says; nil is undetermined.
    static func rollout(
        _ id: String, tokens: [Int32], logprobs: [Float], reward: Double?, version: Int = 0,
        finish: FinishReason = .stop, generator: String = "tests"
    ) -> Rollout {
        let failure = InfrastructureFailure(code: .sandboxFault, message: "the sandbox broke")
        let verdict: Verdict =
            switch reward {
            case nil: .undetermined(failure)
            case 1: .passed("right")
            default: .failed("wrong")
            }
        return Rollout(
            id: RolloutID(id), promptID: PromptID("p"), groupID: GroupID("g"), response: "", tokenIDs: tokens,
            logprobs: logprobs, policyVersion: PolicyVersion(version), finishReason: finish, generator: generator,
            metadata: .object([]), status: reward == nil ? .undetermined : .scored, verdict: verdict, reward: reward,
            advantage: nil, consumedByUpdate: nil, createdAt: Timestamp(milliseconds: 0))
    }

    /// Groups of random responses with the model's own log-probs; the first half of each group is right.
    static func groups(
        _ count: Int, of size: Int = 4, on model: TrainableModel, seed: UInt64 = 7, version: Int = 0
    ) throws -> [TrainingGroup] {
        var generator = SeededGenerator(seed: seed)
        return try (0..<count).map { g in
            let responses = (0..<size).map { _ in
                (0..<Int.random(in: 2...6, using: &generator)).map { _ in Int32.random(in: 0..<12, using: &generator) }
            }
            let logprobs = try ownLogprobs(responses, model)
            let rollouts = (0..<size).map { r in
                rollout(
                    "g\(g)r\(r)", tokens: responses[r], logprobs: logprobs[r], reward: r < size / 2 ? 1 : 0,
                    version: version)
            }
            return TrainingGroup(id: GroupID("g\(g)"), prompt: aPrompt("p\(g)"), rollouts: rollouts)
        }
    }

    /// ln p of responses to the fixture's prompt.
    static func ownLogprobs(_ responses: [[Int32]], _ model: TrainableModel) throws -> [[Float]] {
        let sequences = responses.map { TrainingSequence(tokens: prompt + $0, promptLength: prompt.count) }
        return try model.forward(sequences, threads: 1).map(\.logprobs)
    }

    /// The sum of ln p of the responses that `admit` picks.
    static func likelihood(
        _ groups: [TrainingGroup], _ model: TrainableModel, where admit: (Rollout) -> Bool
    ) throws -> Double {
        let responses = groups.flatMap(\.rollouts).filter(admit).map(\.tokenIDs)
        return try ownLogprobs(responses, model).joined().reduce(0) { $0 + Double($1) }
    }

    /// Settings that move the tiny model visibly in one update.
    static func settings(_ change: (inout LearnerSettings) -> Void = { _ in }) -> LearnerSettings {
        var settings = LearnerSettings()
        settings.learningRate = 1e-2
        settings.miniBatches = 2
        settings.positiveLossAlpha = 0
        change(&settings)
        return settings
    }
}
