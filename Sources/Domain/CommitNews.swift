// What one transaction of the ledger changed, for those who watch it: counters, histograms, events, waiting requests.

/// What a committed transaction changed. Nothing in it is undone later.
package struct CommitNews: Sendable {
    /// A rollout that was stored.
    package struct Accepted: Sendable, Equatable {
        package var rolloutID: RolloutID
        package var groupID: GroupID
        package init(rolloutID: RolloutID, groupID: GroupID) {
            self.rolloutID = rolloutID
            self.groupID = groupID
        }
    }

    /// A verdict that was stored.
    package struct Judged: Sendable, Equatable {
        package var rolloutID: RolloutID
        package var groupID: GroupID
        /// `math` or `code`.
        package var taskType: String
        package var outcome: Verdict.Outcome
        package var reward: Double?
        package var attempt: Int
        package init(
            rolloutID: RolloutID, groupID: GroupID, taskType: String, outcome: Verdict.Outcome, reward: Double?,
            attempt: Int
        ) {
            self.rolloutID = rolloutID
            self.groupID = groupID
            self.taskType = taskType
            self.outcome = outcome
            self.reward = reward
            self.attempt = attempt
        }
    }

    /// A rollout that no longer waits for a verdict: judged for good, or retired.
    package struct Settled: Sendable, Equatable {
        package var rolloutID: RolloutID
        package var isJudged: Bool
        /// Since it was posted.
        package var seconds: Double
        package init(rolloutID: RolloutID, isJudged: Bool, seconds: Double) {
            self.rolloutID = rolloutID
            self.isJudged = isJudged
            self.seconds = seconds
        }
    }

    /// A lease that ended.
    package struct EndedLease: Sendable, Equatable {
        package var kind: LeaseKind
        /// `completed`, `released`, `expired` or `reclaimed`.
        package var ending: String
        package var seconds: Double
        package init(kind: LeaseKind, ending: String, seconds: Double) {
            self.kind = kind
            self.ending = ending
            self.seconds = seconds
        }
    }

    /// When it was committed.
    package var at: Timestamp
    package var accepted: [Accepted] = []
    package var judged: [Judged] = []
    package var settled: [Settled] = []
    /// How long rollouts had waited that were handed to a judge for the first time, in seconds.
    package var waitSeconds: [Double] = []
    package var endedLeases: [EndedLease] = []
    /// Events that the ledger keeps, in their order.
    package var events: [LedgerEvent] = []

    package init(at: Timestamp) { self.at = at }
}

/// What a transaction cost.
package struct CommitFigures: Sendable {
    /// From queueing to the start of the transaction, for each write in it, in seconds.
    package var waitSeconds: [Double]
    /// From the start of the transaction to the end of its sync, in seconds.
    package var commitSeconds: Double
    /// Bytes that its writes announced.
    package var bytes: Int

    package init(waitSeconds: [Double], commitSeconds: Double, bytes: Int) {
        self.waitSeconds = waitSeconds
        self.commitSeconds = commitSeconds
        self.bytes = bytes
    }
}
