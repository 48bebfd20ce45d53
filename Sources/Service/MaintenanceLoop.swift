// The housekeeping service: takes back expired leases, closes groups at their quorum, refreshes the counts that the status page
// shows, ends the sessions of clients that are gone, and gives free memory back.
import Domain
import Learning
import Logging
import ServiceLifecycle
import Storage

/// Runs once a second until the service stops.
package struct MaintenanceLoop: Service {
    /// Expired work waits at most so long, and the page's counts are at most so old.
    private static let period = Duration.seconds(1)

    private let ledger: Ledger
    private let learner: LearnerControl
    private let board: StatusBoard
    private let counters: Counters
    private let changes: ChangeSignal
    private let clientTraining: ClientTraining?
    private let logger: Logger

    package init(
        ledger: Ledger, learner: LearnerControl, board: StatusBoard, counters: Counters, changes: ChangeSignal,
        clientTraining: ClientTraining?, logger: Logger
    ) {
        self.ledger = ledger
        self.learner = learner
        self.board = board
        self.counters = counters
        self.changes = changes
        self.clientTraining = clientTraining
        self.logger = logger
    }

    package func run() async throws {
        var released = ContinuousClock.now
        while !Task.isShuttingDownGracefully, !Task.isCancelled, !learner.isStopping {
            if released.duration(to: .now) > .seconds(Limits.memoryReleaseSeconds) {
                try await ComputeThread.run("memory-release") { ProcessMemory.releaseFree() }
                released = .now
            }
            await clientTraining?.sweep()
            do {
                let reclaimed = try await ledger.reclaimExpired()
                if reclaimed > 0 {
                    counters.increment(.leasesReclaimed, by: reclaimed)
                    changes.notify()
                }
                let closed = try await ledger.closeAtQuorum(learner.settings.groupPolicy)
                if closed > 0 {
                    counters.increment(.groupsClosedAtQuorum, by: closed)
                    changes.notify()
                }
                let counts = try await ledger.counts()
                let pulse = try await ledger.pulse()
                board.update {
                    $0.counts = counts
                    $0.operations.pulse = pulse
                }
            } catch {
                counters.increment(.ledgerFailures)
                logger.error("housekeeping failed", metadata: ["error": "\(error)"])
            }
            try await Task.sleep(for: Self.period)
        }
        try await gracefulShutdown()
    }
}
