// The learning service: sample, wait for verdicts, update, commit, publish, measure; again and again.
//
// What survives a kill: everything before the last commit. The plan of an update (prompts, seeds, ids of rollouts) is a
// pure function of the committed state, so a restart plans the same again and stores nothing twice.
import BuiltinData
import Domain
import Learning
import Logging
import Modeling
import ServiceLifecycle
import Storage

/// Learns until the service stops.
package struct LearningLoop: Service {
    /// How long to sleep when there is nothing to do and no signal comes.
    private static let idleSeconds = 1.0
    /// An update takes up to so many times `groupsPerUpdate`, so that groups from outside do not pile up.
    private static let groupsFactorMax = 2

    let context: LearningContext

    package init(context: LearningContext) { self.context = context }

    package func run() async throws {
        do {
            try await learn()
        } catch  where context.learner.isStopping || error is CancellationError {
            context.logger.debug("learning was stopped", metadata: ["by": "\(error)"])
        } catch {
            // The service stays up: intake, scoring and the status page go on, and the page says what happened.
            context.logger.error("learning stopped", metadata: ["error": "\(error)"])
            context.board.enter(.failed, detail: "\(error)")
            context.events(.alarm("learning stopped: \(error)"))
        }
        // A service group wants its services to end in turn, so one that is done early waits to be asked.
        try await gracefulShutdown()
    }

    private func learn() async throws {
        var session = try await LearningSession.open(context)
        try await evaluateIfDue(&session, isFirst: session.isFresh)
        var isBehindLedger = false
        while !isStopping {
            guard context.learner.pendingRollback != nil || !isResting(session.version) else {
                await context.changes.wait(beyond: context.changes.generation, seconds: Self.idleSeconds)
                continue
            }
            do {
                if isBehindLedger {
                    try await session.rollBack()
                    isBehindLedger = false
                }
                try await session.enterStage()
                if let target = context.learner.pendingRollback {
                    try await session.goBack(to: target)
                    context.learner.finishRollback(to: target)
                } else if try await makeUpdate(&session) {
                    try await evaluateIfDue(&session, isFirst: false)
                } else {
                    await context.changes.wait(beyond: context.changes.generation, seconds: Self.idleSeconds)
                }
            } catch let error as LedgerError {
                guard let seconds = error.retryAfterSeconds else { throw error }
                // The model or the plan may be ahead of what the ledger holds; what was committed is safe.
                isBehindLedger = true
                await rest(seconds, because: error)
            }
        }
    }

    /// Whether there is nothing to do but wait for a person: paused, or all updates made that were asked for.
    private func isResting(_ version: PolicyVersion) -> Bool {
        if let reason = context.switches.reason(.learning) {
            context.board.enter(.paused, detail: reason)
            return true
        }
        if context.learner.isPaused {
            context.board.enter(.paused, detail: context.learner.pauseReason)
            return true
        }
        if let max = context.settings.updatesMax, version.number >= max {
            context.board.enter(.paused, detail: "made the \(max) updates it was asked for")
            return true
        }
        guard let last = context.settings.plan.lastVersion, version >= last else { return false }
        context.board.enter(.paused, detail: "made all \(last) updates of its stages")
        return true
    }

    /// Waits until the ledger may work again, and says so.
    private func rest(_ seconds: Double, because error: LedgerError) async {
        context.counters.increment(.ledgerFailures)
        context.logger.error("learning waits for the ledger", metadata: ["error": "\(error)"])
        context.events(.alarm("learning waits for the ledger: \(error)"))
        context.board.enter(.waiting, detail: "\(error)")
        let clock = ContinuousClock()
        let end = clock.now + .seconds(seconds)
        while clock.now < end, !isStopping {
            await context.changes.wait(beyond: context.changes.generation, seconds: Self.idleSeconds)
        }
    }

    private var isStopping: Bool {
        context.learner.isStopping || Task.isShuttingDownGracefully || Task.isCancelled
    }

    /// One whole update; false, and the board says why, when there is too little to learn from.
    private func makeUpdate(_ session: inout LearningSession) async throws -> Bool {
        let settings = context.learner.settings
        switch settings.mode {
        case .reinforcement: return try await makeReinforcedUpdate(&session, settings: settings)
        case .supervised: return try await makeSupervisedUpdate(&session, settings: settings)
        }
    }

    /// One update on groups of rollouts; false when there are too few for one.
    private func makeReinforcedUpdate(_ session: inout LearningSession, settings: LearnerSettings) async throws -> Bool
    {
        let version = session.version
        let oldest = PolicyVersion(max(0, version.number - settings.maxStaleness))
        let stale = try await context.ledger.retireStale(
            olderThan: oldest, choice: settings.groupPolicy.stale, newest: version)
        if stale > 0 { context.counters.increment(.groupsStale, by: stale) }

        var gathered = try await gather(&session, settings: settings, oldest: oldest)
        let needed = gathered.planned.isEmpty ? settings.groupsPerUpdate : 1
        let batch = gathered.batch
        guard batch.groups.count >= needed else {
            context.board.enter(.waiting, detail: "needs groups: submit prompts, lease and post rollouts")
            return false
        }
        context.board.enter(.training)
        let clock = ContinuousClock()
        let start = clock.now
        let kept = try await context.ledger.checkpoints()
        var outcome = try await session.trainer.update(
            on: batch.groups, from: version, settings: settings,
            recorded: context.checkpoints.recorded(kept, before: version))
        session.record(outcome, groups: batch.groups)
        session.refused = RefusedRollouts(outcome, groups: batch.groups).sentences
        let trained = clock.now
        gathered.seconds.training = (trained - start).milliseconds / 1000
        if settings.resamplingRounds > 0 {
            outcome.metrics.append(.init("resampling_rounds", Double(gathered.rounds - 1)))
        }
        try await commit(
            outcome, settings: settings, judgedThrough: batch.judgedThrough, seconds: gathered.seconds, &session)
        session.state.learningSeconds += (clock.now - trained).milliseconds / 1000
        return true
    }

    /// Groups for an update, and what it took to get them.
    private struct GatheredGroups {
        var batch = TrainingBatch(groups: [], judgedThrough: 0)
        /// Groups that were sampled in this process.
        var planned: [PlannedGroup] = []
        var rounds = 0
        var seconds = UpdateSeconds(sampling: 0, scoring: 0, training: 0)
    }

    /// Samples what the update needs and waits for the verdicts; again while the zero-variance filter would leave too
    /// little and rounds are left (DAPO's dynamic sampling, arXiv 2503.14476, section 3.2).
    ///
    /// Whether another round follows goes by the groups planned so far alone: a restart finds those of later rounds in the
    /// ledger already, and must decide as the run did that was killed.
    private func gather(
        _ session: inout LearningSession, settings: LearnerSettings, oldest: PolicyVersion
    ) async throws -> GatheredGroups {
        let clock = ContinuousClock()
        var gathered = GatheredGroups()
        var wanted = settings.groupsPerUpdate
        session.sampledMembers = [:]
        while true {
            let start = clock.now
            gathered.planned += try await sampleGroups(&session, wanted: wanted, settings: settings)
            let sampled = clock.now
            context.board.enter(.scoring)
            let count = gathered.planned.count
            try await waitForVerdicts(count, oldest: oldest, scope: settings.scope)
            gathered.batch = try await context.ledger.readyGroups(
                oldestVersion: oldest, limit: max(count, settings.groupsPerUpdate) * Self.groupsFactorMax,
                scope: settings.scope)
            gathered.seconds.sampling += (sampled - start).milliseconds / 1000
            gathered.seconds.scoring += (clock.now - sampled).milliseconds / 1000
            gathered.rounds += 1
            let own = Set(gathered.planned.flatMap { $0.rolloutIDs(version: session.version) })
            let sampledHere = gathered.batch.groups.filter { $0.rollouts.contains { own.contains($0.id) } }
            wanted = settings.groupsPerUpdate - settings.groupsWithSignal(sampledHere)
            guard count > 0, wanted > 0, gathered.rounds <= settings.resamplingRounds, !isStopping else {
                return gathered
            }
            context.counters.increment(.resamplingRounds)
        }
    }

    /// Samples groups in the process; returns those that it planned.
    private func sampleGroups(
        _ session: inout LearningSession, wanted: Int, settings: LearnerSettings
    ) async throws -> [PlannedGroup] {
        context.board.enter(.sampling)
        let planned = try await session.planGroups(wanted: wanted, settings: settings)
        guard !planned.isEmpty else { return [] }
        let sampler = InProcessSampler(
            ledger: context.ledger, counters: context.counters, changes: context.changes,
            logger: context.logger, sampler: context.sampler, seed: context.settings.runSeed ?? context.settings.seed)
        let learner = context.learner
        try await sampler.sample(
            planned, policy: session.policy, tokenizer: session.trainer.tokenizer,
            settings: SamplingSettings(
                groupSize: settings.groupSize, promptTokensMax: settings.promptTokensMax,
                responseTokensMax: settings.responseTokensMax, temperature: Float(settings.temperature),
                topP: Float(settings.topP)),
            isCancelled: { learner.isStopping })
        return planned
    }

    /// Returns when so many groups have all their verdicts.
    private func waitForVerdicts(_ planned: Int, oldest: PolicyVersion, scope: PromptScope) async throws {
        guard planned > 0 else { return }
        while !isStopping {
            let seen = context.changes.generation
            if try await context.ledger.readyGroupCount(oldestVersion: oldest, scope: scope) >= planned { return }
            let counts = try await context.ledger.counts()
            if counts.queueLength == 0, counts.rollouts[.scoring, default: 0] == 0 { return }
            let trouble = context.board.snapshot().scoringTrouble
            context.board.enter(trouble == nil ? .scoring : .waiting, detail: trouble)
            await context.changes.wait(beyond: seen, seconds: Self.idleSeconds)
        }
        throw CancellationError()
    }

    /// Makes the update durable, then visible. When the ledger refuses for good, the model goes back to what it holds.
    func commit(
        _ outcome: UpdateOutcome, settings: LearnerSettings, judgedThrough: Int64, seconds: UpdateSeconds,
        _ session: inout LearningSession
    ) async throws {
        let version = session.version.next
        let start = ContinuousClock.now
        session.state.learningSeconds += seconds.sum
        var record = UpdateRecord(
            version: version, createdAt: context.clock.now(), objective: settings.objectiveName,
            metrics: outcome.metrics + seconds.metrics + [.init("learning_seconds", session.state.learningSeconds)])
        do {
            let manifest = try await session.trainer.checkpoint(
                version, in: context.checkpoints, learnerState: session.state.text)
            record.provenance = UpdateProvenance(
                settings: LearnerSettingsText.write(settings), checkpointDigest: manifest.digest,
                judgedThrough: judgedThrough)
            var update = UpdateCommit(record: record, groups: outcome.groups, checkpoint: manifest)
            update.kept = outcome.kept
            try await context.ledger.commit(update: update)
            context.counters.observe(seconds, commit: start.duration(to: .now).milliseconds / 1000)
        } catch let error as LedgerError where error.retryAfterSeconds != nil {
            throw error
        } catch {
            try await session.rollBack()
            context.learner.pause("update \(version) could not be stored: \(error)")
            context.events(.alarm("update \(version) could not be stored and was taken back: \(error)"))
            return
        }
        session.policy = PublishedPolicy(version: version, weights: await session.trainer.snapshot())
        context.policies.publish(session.policy, tokenizer: session.trainer.tokenizer)
        context.count(outcome)
        context.logger.updated(record, groups: outcome.groups)
        context.board.append(record)
        context.board.update { [state = session.state] in
            $0.learningSeconds = state.learningSeconds
            $0.kinds = state.kindStatuses(groupSize: settings.groupSize)
        }
        context.changes.notify()
        context.events(.updated(record))
        session.watch(record)
        try await session.prune()
    }

    private func evaluateIfDue(_ session: inout LearningSession, isFirst: Bool) async throws {
        let schedule = context.settings.evaluation
        let number = session.version.number
        guard isFirst || number % context.learner.settings.evaluationEveryUpdates == 0, !isStopping, session.isBuiltin
        else { return }
        guard isFirst || session.lastEvaluated != session.version else { return }
        context.board.enter(.evaluating)
        let samples = isFirst || number % schedule.sampledEvery == 0 ? schedule.samples : 0
        let learner = context.learner
        let evaluator = Evaluator(
            judge: context.judge, sampler: context.sampler,
            seed: Seeds.seed(.evaluation, root: context.settings.seed),
            responseTokensMax: context.learner.settings.responseTokensMax,
            temperature: Float(context.learner.settings.evaluationTemperature),
            topP: Float(context.learner.settings.evaluationTopP))
        let scores = try await evaluator.score(
            session.heldOut, weights: session.policy.weights, tokenizer: session.trainer.tokenizer, samples: samples,
            isCancelled: { learner.isStopping })
        let records = Evaluator.records(
            scores, version: session.version, samples: samples, learningSeconds: session.state.learningSeconds,
            now: context.clock.now())
        try await context.ledger.record(evaluations: records)
        session.lastEvaluated = session.version
        context.board.append(records)
        context.events(.evaluated(records))
    }
}

/// Where an update's time went, in seconds of wall clock.
struct UpdateSeconds: Sendable {
    var sampling: Double
    var scoring: Double
    var training: Double
    var sum: Double { sampling + scoring + training }
    var metrics: [UpdateRecord.Metric] {
        [.init("seconds_sampling", sampling), .init("seconds_scoring", scoring), .init("seconds_training", training)]
    }
}
