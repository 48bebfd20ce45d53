// Puts the parts together: one function that the server, the commands and the tests all use.
import Domain
import Learning
import Logging
import Modeling
import Sandboxing
import ServiceLifecycle
import Storage
import StrictJSON
import Verification

/// A service and the loops that must run beside it.
package struct AssembledService: Sendable {
    package let service: RolloutService
    /// Run them in a service group; stop `service` first.
    package let loops: [any Service]
    private let sandbox: SandboxPool?

    init(service: RolloutService, loops: [any Service], sandbox: SandboxPool?) {
        self.service = service
        self.loops = loops
        self.sandbox = sandbox
    }

    /// Ends the sandbox and closes the ledger; call it after the loops have ended.
    package func close() async {
        await sandbox?.shutdown()
        do {
            try await service.ledger.close()
        } catch {
            // What was acknowledged is in the write-ahead log; the next start reads it from there.
            service.logger.error("the ledger did not close cleanly", metadata: ["error": "\(error)"])
        }
    }
}

extension RolloutService {
    /// Opens the ledger, starts the sandbox and wires the use cases and loops.
    ///
    /// - Parameter secrets: Where keys come from; without it none can be made through this service.
    /// - Throws: `ServiceError` when the ledger cannot be opened. A missing sandbox is no error: code is then undetermined.
    package static func assemble(
        settings: ServiceSettings, clock: WallClock, identifiers: IdentifierSource, secrets: SecretSource? = nil,
        events: @escaping LearningEventHandler = { _ in }, logger: Logger
    ) async throws -> AssembledService {
        let ledger = try openLedger(settings, clock: clock, identifiers: identifiers)
        let board = StatusBoard(startedAt: clock.now(), databasePath: settings.databasePath)
        let (sandbox, tier) = await startSandbox(settings, logger: logger)
        board.update { $0.sandboxTier = tier }
        let judge = Judge(
            math: MathVerifier(), code: sandbox.map { CodeVerifier(sandbox: $0) },
            codeConcurrency: settings.sandboxSlots * 2)
        let changes = ChangeSignal()
        let stored = try await ledger.setting(learnerSettingName)
        let learnerSettings =
            try stored.map { try LearnerSettingsText.read($0, over: settings.learner) } ?? settings.learner
        let learner = LearnerControl(settings: learnerSettings, changes: changes)
        let switches = ServiceSwitches(
            try (try await ledger.setting(ServiceSwitchText.settingName)).map(ServiceSwitchText.read)
                ?? ServiceSwitchState(), changes: changes)
        let counters = Counters()
        let waiters = RolloutWaiters()
        let hub = EventHub(epoch: identifiers.make("run"), newest: try await ledger.newestEvent())
        ledger.watch { news, figures in
            waiters.settle(news.settled)
            hub.take(news)
            counters.take(news, figures)
        }
        let checkpoints = CheckpointDirectory(path: settings.checkpointDirectory)
        let policies = PolicyStore(ledger: ledger, checkpoints: checkpoints)
        let sampler = Sampler(threads: settings.computeThreads)
        try await ledger.reclaimAll()
        if settings.carriesOutEvaluations { try await ledger.reclaimEvaluations() }
        let access = AccessControl(clock: clock)
        access.replace(try await ledger.storedKeys())
        let service = RolloutService(
            ledger: ledger, judge: judge, policies: policies, sampler: sampler, learner: learner, board: board,
            counters: counters, changes: changes, waiters: waiters, hub: hub, access: access, secrets: secrets,
            switches: switches, settings: settings, clock: clock,
            identifiers: identifiers, logger: logger)
        var loops: [any Service] = [
            AccessLoop(ledger: ledger, access: access, learner: learner, clock: clock, logger: logger),
            MaintenanceLoop(
                ledger: ledger, learner: learner, board: board, counters: counters, changes: changes,
                clientTraining: service.clientTraining, logger: logger),
            RetentionLoop(
                ledger: ledger, policy: settings.retention, learner: learner, board: board, counters: counters,
                clock: clock, logger: logger),
            EventPump(ledger: ledger, hub: hub, board: board, learner: learner, clock: clock, logger: logger),
        ]
        if settings.carriesOutEvaluations { loops.append(EvaluationLoop(service: service)) }
        if settings.isScoring {
            loops.append(
                ScoringLoop(
                    ledger: ledger, judge: judge, learner: learner, board: board, counters: counters,
                    changes: changes, access: access, switches: switches, finishSeconds: settings.shutdownSeconds / 2,
                    logger: logger))
        }
        let context = LearningContext(
            ledger: ledger, judge: judge, policies: policies, sampler: sampler, checkpoints: checkpoints,
            learner: learner, board: board, counters: counters, changes: changes, switches: switches,
            settings: settings, clock: clock,
            events: { event in
                if case .alarm(let text) = event { hub.note(.alarm, .members(["message": .string(text)])) }
                events(event)
            }, logger: logger)
        if settings.isLearning {
            loops.append(LearningLoop(context: context))
        } else {
            loops.append(ServingModel(context: context))
        }
        return AssembledService(service: service, loops: loops, sandbox: sandbox)
    }

    private static func openLedger(
        _ settings: ServiceSettings, clock: WallClock, identifiers: IdentifierSource
    ) throws -> Ledger {
        do {
            return try Ledger.open(
                at: settings.databasePath, clock: clock, identifiers: identifiers,
                options: LedgerOptions(securelyDeletes: settings.securelyDeletes))
        } catch let error as LedgerError {
            throw ServiceError(ledger: error)
        }
    }

    /// The sandbox, or nil where nothing safe can be had, and what to say of it.
    private static func startSandbox(_ settings: ServiceSettings, logger: Logger) async -> (SandboxPool?, String) {
        let pool = await SandboxStart.pool(slots: settings.sandboxSlots)
        let description = "tier \(pool.tier.rawValue): \(pool.tierReason)"
        guard pool.tier != .unavailable else {
            logger.error("code will not be judged", metadata: ["reason": "\(pool.tierReason)"])
            return (nil, description)
        }
        return (pool, description)
    }
}
