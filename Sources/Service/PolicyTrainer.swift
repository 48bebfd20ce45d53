// The owner of the model that learns: one actor on one thread of its own. Everything that changes weights is here.
import BuiltinData
import Domain
import Learning
import Modeling

/// Holds the trainable model and applies steps to it.
actor PolicyTrainer {
    private let executor: ThreadExecutor
    private var model: TrainableModel
    private let threads: Int
    nonisolated let tokenizer: Tokenizer

    nonisolated var unownedExecutor: UnownedSerialExecutor { executor.asUnownedSerialExecutor() }

    init(_ model: sending TrainableModel, tokenizer: Tokenizer, threads: Int) {
        executor = ThreadExecutor(name: "trainer")
        self.model = model
        self.threads = threads
        self.tokenizer = tokenizer
    }

    deinit { executor.stop() }

    /// The weights as they are now.
    func snapshot() -> ModelWeights { model.snapshot() }

    /// One cold-start step on worked solutions; returns the mean loss of a response token.
    func imitate(_ sequences: [TrainingSequence], optimiser: AdamWSettings) throws -> Double {
        try SupervisedStep.run(sequences, model: model, optimiser: optimiser, threads: threads).loss
    }

    /// One update on groups of rollouts.
    func update(
        on groups: [TrainingGroup], from version: PolicyVersion, settings: LearnerSettings,
        recorded: @escaping RecordedWeights
    ) throws -> UpdateOutcome {
        model = Self.begun(model, making: version.next, settings)
        return try Self.apply(
            groups, to: model, from: version, settings: settings, tokenizer: tokenizer, threads: threads,
            recorded: recorded)
    }

    /// One update on demonstrations.
    func imitate(
        _ sequences: [TrainingSequence], from version: PolicyVersion, settings: LearnerSettings
    ) throws -> UpdateOutcome {
        model = Self.begun(model, making: version.next, settings)
        return try SupervisedUpdate(settings, threads: threads).run(sequences, model: model, version: version)
    }

    /// The model that the update of a version begins with: the same, or with fresh moments when a schedule starts there.
    static func begun(
        _ model: TrainableModel, making version: PolicyVersion, _ settings: LearnerSettings
    ) -> TrainableModel {
        settings.beginsAnew(making: version) ? model.restarted() : model
    }

    /// One update of a model: the one place that says how the service makes it, for learning and for replay.
    static func apply(
        _ groups: [TrainingGroup], to model: TrainableModel, from version: PolicyVersion, settings: LearnerSettings,
        tokenizer: Tokenizer, threads: Int, recorded: @escaping RecordedWeights
    ) throws -> UpdateOutcome {
        // The in-process sampler's log-probs are the learner's own to the last bit; nobody else's are taken on trust.
        try TrainStep(settings, trustedGenerators: [InProcessSampler.name], threads: threads).run(
            groups, model: model, version: version, promptTokens: { (try? tokenizer.promptTokens($0.content)) ?? [] },
            recorded: recorded)
    }

    /// Writes the model durably; the ledger then names the file.
    func checkpoint(
        _ version: PolicyVersion, in directory: CheckpointDirectory, learnerState: String
    ) throws -> CheckpointManifest {
        try directory.write(model, version: version, learnerState: learnerState)
    }

    /// Goes back to a checkpoint: after a restart, or when a commit failed and the model is ahead of the ledger.
    func restore(_ manifest: CheckpointManifest, from directory: CheckpointDirectory) throws {
        model = try TrainableModel(restoring: directory.verifiedFile(of: manifest), threads: threads)
    }

    /// Forgets the optimiser's moments, as between the cold start and reinforcement learning.
    func resetOptimiser() { model = model.restarted() }
}
