// What happens to the past in the background: settled groups that the policy no longer keeps are deleted, bodies of old
// rollouts are packed. Small steps with pauses, so that posts, verdicts and updates go first.
import Domain
import Logging
import ServiceLifecycle
import Storage

/// Looks at the ledger's past every few seconds until the service stops.
package struct RetentionLoop: Service {
    /// The size budget is kept to within what arrives in this time.
    private static let period = Duration.seconds(2)
    /// A step is followed by a pause this many times as long: at most a quarter of one core, and of the writer's time.
    private static let restFactor = 3
    private static let restMin = Duration.milliseconds(20)

    private let ledger: Ledger
    private let policy: RetentionPolicy
    private let learner: LearnerControl
    private let board: StatusBoard
    private let counters: Counters
    private let clock: WallClock
    private let logger: Logger

    package init(
        ledger: Ledger, policy: RetentionPolicy, learner: LearnerControl, board: StatusBoard, counters: Counters,
        clock: WallClock, logger: Logger
    ) {
        self.ledger = ledger
        self.policy = policy
        self.learner = learner
        self.board = board
        self.counters = counters
        self.clock = clock
        self.logger = logger
    }

    package func run() async throws {
        while !isStopping {
            do {
                try await keepBudget()
                try await compact()
            } catch {
                counters.increment(.ledgerFailures)
                logger.error("retention failed", metadata: ["error": "\(error)"])
            }
            try await Task.sleep(for: Self.period)
        }
        try await gracefulShutdown()
    }

    private var isStopping: Bool { Task.isShuttingDownGracefully || Task.isCancelled || learner.isStopping }

    /// Deletes what the policy no longer keeps, then opens or closes the door for new rollouts.
    private func keepBudget() async throws {
        var deleted = RetentionReport()
        try await rest(after: {
            let step = try await ledger.retain(policy)
            counters.increment(.rolloutsDeleted, by: step.rollouts)
            deleted.add(step)
            return step.groups > 0
        })
        if deleted.groups > 0 {
            logger.notice(
                "retention deleted rollouts",
                metadata: ["rollouts": "\(deleted.rollouts)", "bytes": "\(deleted.bytes)"])
        }
        let size = try await ledger.size()
        let excess = policy.bytes.flatMap { budget in
            size.usedBytes > Int64(budget) ? BudgetExcess(bytes: size.usedBytes, budget: Int64(budget)) : nil
        }
        ledger.refuseIntake(excess)
        let refusal = excess.map {
            LedgerError.overBudget(
                bytes: $0.bytes, budget: $0.budget, retryAfterSeconds: Limits.retentionRetrySeconds
            ).description
        }
        if let refusal, board.snapshot().storage?.intakeRefusal == nil {
            logger.error("new rollouts are refused", metadata: ["reason": "\(refusal)"])
        }
        let status = StorageStatus(size: size, policy: policy, intakeRefusal: refusal)
        board.update { $0.storage = status }
    }

    private func compact() async throws {
        guard let hours = policy.compactAfterHours else { return }
        let moment = clock.now().adding(seconds: -hours * 3_600)
        try await rest(after: {
            let step = try await ledger.compact(createdBefore: moment)
            counters.increment(.rolloutsCompacted, by: step.rollouts)
            return step.seen > 0
        })
    }

    /// Takes steps until one finds nothing to do, with a pause after each.
    private func rest(after step: () async throws -> Bool) async throws {
        while !isStopping {
            let start = ContinuousClock.now
            guard try await step() else { return }
            let taken = ContinuousClock.now - start
            try await Task.sleep(for: max(Self.restMin, taken * Self.restFactor))
        }
    }
}
