// One run of learning from opening to stop: the trainer, the newest policy, and the learner's state beside them.
import BuiltinData
import Domain
import Learning
import Modeling
import Storage
import StrictJSON

/// What the loop carries from update to update.
struct LearningSession: Sendable {
    let context: LearningContext
    let trainer: PolicyTrainer
    var policy: PublishedPolicy
    var state: LearnerState
    /// Whether prompts come from the built-in data; otherwise they come from clients.
    let isBuiltin: Bool
    /// Whether the first policy was made just now.
    let isFresh: Bool
    let heldOut: [BuiltinProblem]
    var lastEvaluated: PolicyVersion?
    /// Rollouts of each of the clients' prompts that the present update has sampled so far.
    var sampledMembers: [PromptID: Int] = [:]
    /// The updates since somebody last looked (start, resume, rollback), for the alarms.
    var recent: [UpdateRecord] = []

    /// The alarms that the last update raised.
    private var sounding: Set<LearnerAlarm.Kind> = []
    /// What the gate refused in the present update, by generator.
    var refused: [String: String] = [:]
    /// The generators of which the last update refused something.
    private var refusedBefore: Set<String> = []

    /// Updates that the alarms look back over.
    private static let recentKept = 64

    var version: PolicyVersion { policy.version }

    /// Goes on from the last checkpoint, or makes the first policy.
    static func open(_ context: LearningContext) async throws -> LearningSession {
        try context.checkpoints.create()
        let builtin = context.settings.modelDirectory == nil
        if let manifest = try await context.ledger.latestCheckpoint() {
            return try await resume(manifest, isBuiltin: builtin, context)
        }
        let (trainer, state) = try await FirstPolicy.make(context)
        let version = PolicyVersion(0)
        try trainer.tokenizer.save(directory: context.checkpoints.path)
        let manifest = try await trainer.checkpoint(version, in: context.checkpoints, learnerState: state.text)
        try await context.ledger.registerInitialPolicy(checkpoint: manifest)
        return await LearningSession(trainer, version: version, state: state, builtin, isFresh: true, context)
    }

    private static func resume(
        _ manifest: CheckpointManifest, isBuiltin: Bool, _ context: LearningContext
    ) async throws -> LearningSession {
        let trainer = try await ComputeThread.run("load-model") { try FirstPolicy.shell(context) }
        try await trainer.restore(manifest, from: context.checkpoints)
        let state = try LearnerState(text: manifest.learnerState)
        var session = await LearningSession(
            trainer, version: manifest.version, state: state, isBuiltin, isFresh: false, context)
        let updates = try await context.ledger.updates(before: nil, limit: StatusBoard.updatesKept)
        let evaluations = try await context.ledger.evaluations(limit: StatusBoard.evaluationsKept)
        let oldestFirst = Array(updates.sorted { $0.version < $1.version })
        session.lastEvaluated = evaluations.map(\.version).max()
        context.board.update {
            $0.updates = oldestFirst
            $0.evaluations = evaluations.sorted { $0.version < $1.version }
        }
        context.events(.resumed(version: manifest.version))
        return session
    }

    private init(
        _ trainer: PolicyTrainer, version: PolicyVersion, state: LearnerState, _ isBuiltin: Bool, isFresh: Bool,
        _ context: LearningContext
    ) async {
        self.context = context
        self.trainer = trainer
        self.state = state
        self.isBuiltin = isBuiltin
        self.isFresh = isFresh
        policy = PublishedPolicy(version: version, weights: await trainer.snapshot())
        heldOut = isBuiltin ? BuiltinDataset.heldOut(seed: context.settings.seed) : []
        context.policies.publish(policy, tokenizer: trainer.tokenizer)
        context.board.update { [policy, state] in
            $0.policyVersion = policy.version
            $0.learningSeconds = state.learningSeconds
            $0.model = context.policies.description
            $0.coldStartProgress = nil
            $0.stage = state.stage
        }
        context.changes.notify()
    }

    /// The groups to sample for the next update: from the built-in data, or from what clients submitted.
    ///
    /// - Parameter wanted: Groups that the update lacks; `oversampling` asks for more.
    mutating func planGroups(wanted: Int, settings: LearnerSettings) async throws -> [PlannedGroup] {
        let groups = Int((Double(wanted) * settings.oversampling).rounded(.up))
        guard isBuiltin, settings.dataset == nil || settings.dataset == BuiltinSource.dataset else {
            let plan = try await SubmittedSource(ledger: context.ledger, scope: settings.scope).plan(
                groups: groups, groupSize: settings.groupSize, state: state, sampled: sampledMembers)
            (state, sampledMembers) = (plan.state, plan.sampled)
            return plan.groups
        }
        let source = BuiltinSource(seed: context.settings.runSeed ?? context.settings.seed)
        let plan = source.plan(
            making: version.next, groups: groups, groupSize: settings.groupSize,
            curriculum: curriculum(settings), state: state)
        for receipt in try await context.ledger.submit(prompts: plan.problems) { _ = try receipt.get() }
        state = plan.state
        return plan.groups
    }

    private func curriculum(_ settings: LearnerSettings) -> Curriculum {
        var curriculum = BuiltinRecipe.curriculum(groupSize: settings.groupSize)
        switch settings.task {
        case .all: break
        case .math: curriculum.codeShare = 0
        case .code: curriculum.codeShare = 1
        }
        return curriculum
    }

    /// Takes in what an update's groups say about the kinds of problem.
    mutating func record(_ outcome: UpdateOutcome, groups: [TrainingGroup]) {
        var rightByKind: [BuiltinKind: Int] = [:]
        for group in groups {
            guard group.prompt.dataset == BuiltinSource.dataset, let name = group.prompt.metadata["kind"]?.string,
                let kind = BuiltinKind(rawValue: name)
            else {
                continue
            }
            let judged = group.rollouts.compactMap(\.verdict).filter { $0.outcome != .undetermined }
            let right = judged.filter { $0.outcome == .passed }.count
            state.accuracy.record(kind, right: right, of: judged.count)
            rightByKind[kind, default: 0] += right
        }
        for (kind, right) in rightByKind {
            state.updatesWithoutReward[kind] = right > 0 ? 0 : state.updatesWithoutReward[kind, default: 0] + 1
        }
    }

    /// Takes the model back to the last checkpoint that the ledger holds.
    mutating func rollBack() async throws {
        guard let manifest = try await context.ledger.latestCheckpoint() else { return }
        try await trainer.restore(manifest, from: context.checkpoints)
        state = try LearnerState(text: manifest.learnerState)
        recent = []
    }

    /// Looks for collapse and sleeping kinds, says what it finds, and pauses when the policy has collapsed.
    mutating func watch(_ record: UpdateRecord) {
        recent.append(record)
        if recent.count > Self.recentKept { recent.removeFirst() }
        let found = CollapseWatch().alarms(recent)
        let asleep = state.sleepingKinds.map {
            "no rollout of kind \($0.rawValue) was right in \(LearnerState.sleepAfter) updates: it sleeps"
        }
        let before = context.board.snapshot().alarms
        let refusals = refused.sorted { $0.key < $1.key }
        let alarms = found.map(\.message) + refusals.map(\.value) + asleep
        context.board.update { $0.alarms = alarms }
        // An alarm that goes on says other numbers after each update; it is told once.
        let news =
            found.filter { !sounding.contains($0.kind) }.map(\.message) + asleep.filter { !before.contains($0) }
            + refusals.filter { !refusedBefore.contains($0.key) }.map(\.value)
        sounding = Set(found.map(\.kind))
        refusedBefore = Set(refused.keys)
        for alarm in news { context.events(.alarm(alarm)) }
        if let fatal = found.first(where: \.pauses) { context.learner.pause(fatal.message) }
    }

    /// Forgets old checkpoints: first in the ledger, then on disk, so that no named file is ever missing.
    func prune() async throws {
        let versions = try await context.ledger.checkpoints().map(\.version)
        // The best by held-out accuracy stays, to go back to; what is being evaluated, to go on with after a restart.
        let best = RollbackRecord.best(context.board.snapshot().evaluations, among: Set(versions))
        let evaluated = try await context.ledger.evaluatedVersions()
        let old = CheckpointDirectory.prunable(versions, newest: version).filter {
            $0 != best && !evaluated.contains($0)
        }
        guard !old.isEmpty else { return }
        try await context.ledger.forgetCheckpoints(versions: old)
        context.checkpoints.remove(old)
    }
}
