// How one service runs: paths, switches and seeds. Made by the composition root from flags, environment and file.
import Domain
import Learning

/// The settings of one running service; the learner's hyper-parameters can be changed while it runs.
package struct ServiceSettings: Sendable {
    /// The SQLite file; checkpoints lie beside it in `<database>.checkpoints/`.
    package var databasePath: String
    /// A Hugging Face checkpoint directory; nil makes the small built-in model.
    package var modelDirectory: String?
    package var model: ModelSettings
    /// Whether the service samples and trains on its own.
    package var isLearning: Bool
    /// Whether the service judges what is queued; without, workers elsewhere do (`rolloutd score-worker`).
    package var isScoring: Bool
    /// Seconds from a stop to the end; programs under way may take half of it.
    package var shutdownSeconds: Double
    /// Threads that sample and train.
    package var computeThreads: Int
    /// Programs judged at once.
    package var sandboxSlots: Int
    /// The root of all randomness in learning: data, initial weights, prompt choice, samples.
    package var seed: UInt64
    /// The root of prompt choice and samples alone, so that runs from one cold start can differ; nil is `seed`.
    package var runSeed: UInt64?
    /// Hyper-parameters at the first start; later ones are kept in the ledger.
    package var learner: LearnerSettings
    /// The stages of the run; without any, `learner` holds from start to end.
    package var plan: TrainingPlan
    /// Whether the built-in model is taught from worked solutions before its first update; without, it begins at random.
    package var coldStart: Bool
    package var evaluation: EvaluationSchedule
    /// Ends learning by itself after so many updates; nil goes on for ever.
    package var updatesMax: Int?
    /// What is kept of settled rollouts.
    package var retention = RetentionPolicy()
    /// Whether what is deleted is overwritten with zeros in the file.
    package var securelyDeletes = false
    /// A directory with the ledgers of other runs, to compare with; nil for none.
    package var runDirectory: String?
    /// Whether evaluations that the ledger says are wanted are carried out here: a server does, a run of the learner alone does not.
    package var carriesOutEvaluations = true
    /// Which models elsewhere clients may have evaluated; nil for none.
    package var evaluationEndpoints: EvaluationEndpoints?

    package init(
        databasePath: String, modelDirectory: String? = nil, model: ModelSettings = ModelSettings(),
        isLearning: Bool = true, isScoring: Bool = true, shutdownSeconds: Double = 30,
        computeThreads: Int = 2, sandboxSlots: Int = 2, seed: UInt64 = 1, runSeed: UInt64? = nil,
        learner: LearnerSettings = LearnerSettings(), plan: TrainingPlan = .none, coldStart: Bool = true,
        evaluation: EvaluationSchedule = EvaluationSchedule(),
        updatesMax: Int? = nil
    ) {
        self.databasePath = databasePath
        self.modelDirectory = modelDirectory
        self.model = model
        self.isLearning = isLearning
        self.isScoring = isScoring
        self.shutdownSeconds = shutdownSeconds
        self.computeThreads = computeThreads
        self.sandboxSlots = sandboxSlots
        self.seed = seed
        self.runSeed = runSeed
        self.learner = learner
        self.plan = plan
        self.coldStart = coldStart
        self.evaluation = evaluation
        self.updatesMax = updatesMax
    }

    /// Seconds that a completion waits while sampling is paused.
    package var pausedCompletionSeconds = Limits.pausedCompletionSeconds

    /// Where backups made on request go; nil is beside the database.
    package var backups: String?
    /// The directory of backups.
    package var backupDirectory: String { backups ?? databasePath + ".backups" }

    /// Where the checkpoints lie.
    package var checkpointDirectory: String { databasePath + ".checkpoints" }
    /// What clients save of the models that they train.
    package var clientModelDirectory: String { databasePath + ".models" }
}

/// When the held-out prompts are measured by sampling; greedily it is every `evaluation_every_updates`.
package struct EvaluationSchedule: Sendable, Equatable {
    /// Updates between measurements with `samples` samples a prompt, which cost that much more.
    package var sampledEvery: Int
    /// The k of avg@k and pass@k.
    package var samples: Int

    package init(sampledEvery: Int = 50, samples: Int = 8) {
        self.sampledEvery = sampledEvery
        self.samples = samples
    }
}
