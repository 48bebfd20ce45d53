// The scoring service: takes queued rollouts from the ledger, judges them, records the verdicts.
import Domain
import Learning
import Logging
import ServiceLifecycle
import Storage
import Synchronization

/// Judges what the ledger has queued until the service stops.
package struct ScoringLoop: Service {
    /// Work taken at once: large enough to share transactions, small enough that a kill loses little effort.
    private static let batchMax = 64
    /// How long to sleep when a signal was missed.
    private static let idleSeconds = 2.0
    /// How often a stop is looked for while programs run.
    private static let lookSeconds = 0.25
    /// Judge's name on its leases.
    package static let worker = "rolloutd-judge"

    private let ledger: Ledger
    private let judge: Judge
    private let learner: LearnerControl
    private let board: StatusBoard
    private let counters: Counters
    private let changes: ChangeSignal
    private let access: AccessControl
    private let switches: ServiceSwitches
    /// After a stop: how long programs under way may go on before their work is given back.
    private let finishSeconds: Double
    private let logger: Logger

    package init(
        ledger: Ledger, judge: Judge, learner: LearnerControl, board: StatusBoard, counters: Counters,
        changes: ChangeSignal, access: AccessControl, switches: ServiceSwitches, finishSeconds: Double = 15,
        logger: Logger
    ) {
        self.ledger = ledger
        self.judge = judge
        self.learner = learner
        self.board = board
        self.counters = counters
        self.changes = changes
        self.access = access
        self.switches = switches
        self.finishSeconds = finishSeconds
        self.logger = logger
    }

    package func run() async throws {
        // Two batches at a time: while one waits for the sandbox the other is fetched and its math is judged.
        try await withThrowingTaskGroup(of: Void.self) { group in
            for _ in 0..<2 { group.addTask { try await self.work() } }
            try await group.waitForAll()
        }
        // A service group wants its services to end in turn, so one that is done early waits to be asked.
        try await gracefulShutdown()
    }

    private var isStopping: Bool {
        learner.isStopping || Task.isShuttingDownGracefully || Task.isCancelled
    }

    private func work() async throws {
        while !isStopping {
            let seen = changes.generation
            guard switches.reason(.scoring) == nil else {
                await changes.wait(beyond: seen, seconds: Self.idleSeconds)
                continue
            }
            do {
                if let lease = try await ledger.leaseScoring(
                    worker: Self.worker, max: Self.batchMax, seconds: Limits.leaseSeconds, isLocal: true)
                {
                    try await settle(lease)
                    continue
                }
                setTrouble(nil)
            } catch let error as LedgerError {
                // The ledger may be full or read-only for a while; what is queued stays queued.
                await rest(because: error)
            }
            await changes.wait(beyond: seen, seconds: Self.idleSeconds)
        }
    }

    /// Judges what a lease holds and records it, however long the ledger takes to accept it. When the service stops
    /// meanwhile, what is not judged by then goes back at once and does not count as lost.
    func settle(_ lease: Lease) async throws {
        let scheme = learner.settings.rewardScheme
        let judgements = await judged(lease)
        let results = zip(lease.rollouts, judgements).compactMap { work, judgement -> ScoringResult? in
            // A verdict that only says that we stopped is none.
            if isStopping, judgement.verdict.failure?.code == .interrupted { return nil }
            counters.count(judgement, task: work.task)
            access.chargeScoring(judgement.computeSeconds, lane: work.lane)
            return ScoringResult(
                rolloutID: work.rolloutID, attempt: work.attempt, verdict: judgement.verdict,
                reward: scheme.reward(for: judgement.verdict, response: work.response))
        }
        if !results.isEmpty {
            let answers = try await record(results, of: lease)
            logger.judged(results, answers, lease: lease.id)
            for case .failure(let error) in answers {
                logger.notice("a verdict came too late", metadata: ["error": "\(error)"])
            }
        }
        if results.count < lease.rollouts.count { try await ledger.release(lease.id) }
        setTrouble(nil)
        changes.notify()
    }

    /// The judgements of a lease's work; none when the service stops and they are not there in time.
    private func judged(_ lease: Lease) async -> [Judgement] {
        let found = Mutex<[Judgement]?>(nil)
        let done = ChangeSignal()
        // Not awaited: a program may run for minutes after a stop.
        let judging = Task { [judge] in
            let judgements = await judge.judge(
                lease.rollouts.map { JudgeItem(response: $0.response, task: $0.task) })
            found.withLock { $0 = judgements }
            done.notify()
        }
        let clock = ContinuousClock()
        var deadline: ContinuousClock.Instant?
        while true {
            let seen = done.generation
            if let judgements = found.withLock({ $0 }) { return judgements }
            if isStopping, deadline == nil {
                judging.cancel()
                deadline = clock.now + .seconds(finishSeconds)
            }
            if let deadline, clock.now >= deadline { return [] }
            await done.wait(beyond: seen, seconds: Self.lookSeconds)
        }
    }

    /// Keeps what was judged until the ledger takes it: thrown away, it would be missing until its lease runs out, and an
    /// update that needs it would wait as long.
    private func record(_ results: [ScoringResult], of lease: Lease) async throws -> [Result<RolloutStatus, InputError>]
    {
        while true {
            do {
                return try await ledger.record(
                    results: results, lease: lease.id,
                    replacesFailed: learner.settings.groupPolicy.replacesFailed)
            } catch let error as LedgerError where error.retryAfterSeconds != nil && !isStopping {
                await rest(because: error)
            }
        }
    }

    private func rest(because error: LedgerError) async {
        counters.increment(.ledgerFailures)
        logger.error("scoring waits for the ledger", metadata: ["error": "\(error)"])
        setTrouble("\(error)")
        await changes.wait(beyond: changes.generation, seconds: Self.idleSeconds)
    }

    /// Tells the status page, and who waits for verdicts, why none come.
    private func setTrouble(_ reason: String?) {
        guard board.snapshot().scoringTrouble != reason else { return }
        board.update { $0.scoringTrouble = reason }
        changes.notify()
    }
}
