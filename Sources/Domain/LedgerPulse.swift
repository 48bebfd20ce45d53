// How the ledger's queues, leases and files stand: what an operator looks at first.

/// One look at the ledger, cheap enough for every second.
package struct LedgerPulse: Sendable, Equatable {
    /// A place where rollouts wait.
    package struct Queue: Sendable, Equatable {
        /// `waiting` for the first verdict, `again` for another one, `leased` by a judge.
        package var name: String
        package var count: Int
        /// When the rollout was posted that has been there longest; for `leased`, when the oldest lease was given.
        package var oldest: Timestamp?
        package init(name: String, count: Int, oldest: Timestamp?) {
            self.name = name
            self.count = count
            self.oldest = oldest
        }
    }

    /// The leases that one worker holds.
    package struct WorkerLeases: Sendable, Equatable {
        package var kind: LeaseKind
        package var worker: String
        package var count: Int
        package var oldest: Timestamp
        /// When the first of them runs out.
        package var nextExpiry: Timestamp
        package init(kind: LeaseKind, worker: String, count: Int, oldest: Timestamp, nextExpiry: Timestamp) {
            self.kind = kind
            self.worker = worker
            self.count = count
            self.oldest = oldest
            self.nextExpiry = nextExpiry
        }
    }

    package var at: Timestamp
    package var queues: [Queue] = []
    /// Every status is present, with 0 where there are none.
    package var groups: [String: Int] = [:]
    /// Leases that are alive.
    package var leases: [LeaseKind: Int] = [:]
    /// Those who hold them, the next to run out first; at most `Limits.leaseWorkersShown`.
    package var workers: [WorkerLeases] = []
    /// Verdicts that count and are undetermined, by class.
    package var undetermined: [InfrastructureFailure.Code: Int] = [:]
    /// Versions between the policy that sampled and the policy that learned, the largest of the last update's rollouts.
    package var policyLag: Int?
    /// Groups of sequences in the ledger: `buffered`, `queued`, `batched`, and their `bytes`.
    package var trajectories: [String: Int] = [:]
    package var databaseBytes = 0
    /// The write-ahead log.
    package var logBytes = 0
    /// The checkpoints that are kept.
    package var checkpointBytes = 0

    package init(at: Timestamp) { self.at = at }

    /// A queue by its name.
    package func queue(_ name: String) -> Queue? { queues.first { $0.name == name } }
}
