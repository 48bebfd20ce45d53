// A judge away from the ledger: takes work over REST, judges it, brings the verdicts back. Holds nothing that a kill could
// lose: what it has not delivered goes back with its lease.
import Domain
import Service

/// How a worker works.
package struct ScoreWorkerSettings: Sendable {
    /// Its name on leases and in histories.
    package var worker: String
    /// Rollouts taken at once, 1 to `Limits.leaseItemsMax`.
    package var batch: Int
    /// Programs judged at once.
    package var slots: Int
    /// How long a lease lives without a heartbeat, 1 to `Limits.leaseSecondsMax`.
    package var leaseSeconds: Double
    /// After a stop: how long programs under way may go on before their work is given back.
    package var finishSeconds: Double

    package init(worker: String, batch: Int, slots: Int, leaseSeconds: Double, finishSeconds: Double) {
        self.worker = worker
        self.batch = batch
        self.slots = slots
        self.leaseSeconds = leaseSeconds
        self.finishSeconds = finishSeconds
    }
}

/// Judges what a server hands out until it is stopped.
package final class ScoreWorker: Sendable {
    /// Leases held at once: while one waits for the sandbox the other's math is judged and its verdicts travel.
    private static let lanes = 2

    let server: ScoringServer
    let judge: Judge
    let settings: ScoreWorkerSettings
    let stopping = StopSignal()
    let tallies = TallyBoard()
    /// 0 to 1, for waiting times.
    let jitter: @Sendable () -> Double
    let events: @Sendable (ScoreWorkerEvent) -> Void

    package init(
        server: ScoringServer, judge: Judge, settings: ScoreWorkerSettings, jitter: @escaping @Sendable () -> Double,
        events: @escaping @Sendable (ScoreWorkerEvent) -> Void
    ) {
        self.server = server
        self.judge = judge
        self.settings = settings
        self.jitter = jitter
        self.events = events
    }

    /// What was done so far.
    package var tally: ScoreWorkerTally { tallies.snapshot }

    /// Takes no more work; `run` returns when what is under way is delivered or given back.
    package func stop() { stopping.begin(finishSeconds: settings.finishSeconds) }

    /// Works until `stop`. Throws `ServerFault.denied` when the server does not let this worker score, `.refused` when the
    /// two do not understand each other from the start.
    package func run() async throws {
        try await withThrowingTaskGroup(of: Void.self) { group in
            for _ in 0..<Self.lanes { group.addTask { try await self.work() } }
            do {
                try await group.waitForAll()
            } catch {
                // The other lane delivers or gives back what it holds before the error goes up.
                stop()
                while await group.nextResult() != nil {}
                throw error
            }
        }
    }

    private func work() async throws {
        var backoff = Backoff()
        var isAway = false
        var wasReached = false
        while !stopping.isStopping {
            do throws(ServerFault) {
                let lease = try await server.lease(
                    worker: settings.worker, max: settings.batch, waitSeconds: Limits.workerPollSeconds,
                    leaseSeconds: settings.leaseSeconds)
                if isAway { events(.reached) }
                (isAway, wasReached) = (false, true)
                backoff.reset()
                guard let lease, !lease.rollouts.isEmpty else { continue }
                tallies.update {
                    $0.leases += 1
                    $0.leased += lease.rollouts.count
                }
                events(.leased(lease.id, rollouts: lease.rollouts.count))
                try await LeaseRun(lease: lease, worker: self).carryOut()
            } catch {
                switch error {
                case .denied: throw error
                case .refused where !wasReached: throw error
                case .temporary(let reason, let seconds): await rest(&backoff, reason, retryAfter: seconds)
                case .leaseOver(let reason), .refused(let reason): await rest(&backoff, reason, retryAfter: nil)
                }
                isAway = true
            }
        }
    }

    private func rest(_ backoff: inout Backoff, _ reason: String, retryAfter: Double?) async {
        let seconds = backoff.next(retryAfter: retryAfter, jitter: jitter())
        events(.waiting(reason, seconds: seconds))
        await stopping.sleep(seconds)
    }
}
