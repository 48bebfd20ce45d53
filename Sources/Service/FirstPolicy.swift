// The policy before the first update: a checkpoint that a person names, or a small model taught from worked solutions.
import BuiltinData
import Domain
import Foundation
import Learning
import Modeling

/// Makes or loads the first policy.
enum FirstPolicy {
    /// A trainer and the state that learning begins with.
    static func make(_ context: LearningContext) async throws -> (PolicyTrainer, LearnerState) {
        let trainer = try await ComputeThread.run("load-model") { try shell(context) }
        if context.settings.modelDirectory == nil, context.settings.coldStart {
            try await ColdStart(context: context, trainer: trainer).run()
            await trainer.resetOptimiser()
        }
        return (trainer, LearnerState())
    }

    /// A trainer of the right shape: the named checkpoint's weights, or random ones from the seed.
    static func shell(_ context: LearningContext) throws -> PolicyTrainer {
        let threads = context.settings.computeThreads
        let model = context.settings.model
        if let directory = context.settings.modelDirectory {
            // A checkpoint of an adapter names this place, and may be read from another working directory.
            let path = URL(fileURLWithPath: directory).standardizedFileURL.path
            let weights = try ModelWeights.load(directory: path, precision: model.precision, threads: threads)
            let tokenizer = try Tokenizer.load(directory: path)
            return PolicyTrainer(
                try trainable(weights, context.settings), tokenizer: tokenizer, threads: threads)
        }
        try model.precision.check()
        guard model.adapter == nil else {
            throw ServiceError(
                .unavailable, "an adapter needs a model to adapt",
                hint: "name one with --model, or leave out --lora-rank")
        }
        // A run keeps the tokenizer it began with, whatever the seed of a later start.
        let kept = context.checkpoints.path + "/" + ModelWeights.FileName.tokenizer
        let tokenizer =
            FileManager.default.fileExists(atPath: kept)
            ? try Tokenizer.load(directory: context.checkpoints.path)
            : try builtinTokenizer(seed: context.settings.seed)
        let configuration = try builtinConfiguration(tokenizer)
        let weights = ModelWeights.random(
            configuration, seed: Seeds.seed(.weights, root: context.settings.seed),
            standardDeviation: BuiltinRecipe.model.initialDeviation, precision: model.precision)
        return PolicyTrainer(TrainableModel(weights: weights), tokenizer: tokenizer, threads: threads)
    }

    /// The model as it is to be trained, once there is memory for that. A service that does not learn needs none.
    private static func trainable(
        _ weights: ModelWeights, _ settings: ServiceSettings
    ) throws -> TrainableModel {
        let partition = TrainableModel.Partition()
        if settings.isLearning {
            let plan = MemoryPlan.training(
                weights.configuration, precision: weights.precision,
                trainedCount: settings.model.adapter.map { $0.parameterCount(weights.configuration) },
                partition: partition, isSampled: true)
            try plan.check("training \(settings.modelDirectory ?? "the model")")
        }
        guard let adapter = settings.model.adapter else {
            return TrainableModel(weights: weights, partition: partition)
        }
        return TrainableModel(
            weights: weights, adapter: adapter, seed: Seeds.seed(.weights, root: settings.seed), partition: partition)
    }

    /// The small model's tokenizer, learned from worked solutions; the same for the same seed.
    private static func builtinTokenizer(seed: UInt64) throws -> Tokenizer {
        let data = BuiltinDataset.training(seed: seed)
        let kinds = BuiltinKind.allCases
        let texts = (0..<BuiltinRecipe.tokenizerTexts).map { index in
            let problem = data.problem(kinds[index % kinds.count], index: index / kinds.count)
            return BuiltinPromptFormat.modelInput(problem.prompt) + problem.workedSolution
        }
        return try Tokenizer.train(texts: texts, vocabularySize: BuiltinRecipe.model.vocabularySize)
    }

    private static func builtinConfiguration(_ tokenizer: Tokenizer) throws -> ModelConfiguration {
        let shape = BuiltinRecipe.model
        return try ModelConfiguration(
            vocabularySize: tokenizer.vocabularySize, hiddenSize: shape.hiddenSize, layerCount: shape.layerCount,
            headCount: shape.headCount, keyValueHeadCount: shape.keyValueHeadCount,
            headDimension: shape.headDimension, feedForwardSize: shape.feedForwardSize, ropeTheta: shape.ropeTheta,
            normEpsilon: 1e-6, tiesEmbeddings: true, maximumPositions: shape.maximumPositions)
    }
}
