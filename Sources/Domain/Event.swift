// What can happen that others want to hear of, and what the ledger keeps of it.
import StrictJSON

/// A kind of event, by its name on the wire.
package enum EventType: String, Sendable, CaseIterable {
    /// Rollouts were stored; one event for all of a transaction.
    case rolloutAccepted = "rollout.accepted"
    /// Verdicts were stored; one event for all of a transaction.
    case rolloutJudged = "rollout.judged"
    /// A group has all its members and verdicts.
    case groupReady = "group.ready"
    case updateCommitted = "update.committed"
    /// A policy's weights are there to be fetched.
    case policyPublished = "policy.published"
    /// An evaluation of a data set is carried out from now on.
    case evaluationStarted = "evaluation.started"
    /// How far an evaluation of a data set is; every few seconds.
    case evaluationProgress = "evaluation.progress"
    /// A measurement on held-out prompts was stored, or an evaluation of a data set is at its end.
    case evaluationFinished = "evaluation.finished"
    /// A lease ended; those for scoring only when they did not end by verdicts.
    case leaseEnded = "lease.ended"
    /// The learner began to learn, wait, rest, or failed.
    case learnerState = "learner.state"
    case alarm
    /// Requests were answered 429 or 503 in the last second.
    case limitReached = "limit.reached"

    /// Whether the ledger keeps it, so that who was away hears of it after a restart too. The others come by the hundred a
    /// second and say what the ledger's rows say as well; they are in memory alone.
    package var isDurable: Bool {
        switch self {
        case .rolloutAccepted, .rolloutJudged, .evaluationProgress, .limitReached: false
        case .groupReady, .updateCommitted, .policyPublished, .evaluationStarted, .evaluationFinished, .leaseEnded,
            .learnerState, .alarm:
            true
        }
    }
}

/// An event that the ledger keeps.
package struct LedgerEvent: Sendable, Equatable {
    /// Its place among all that the ledger ever kept; rises by one.
    package var sequence: Int64
    package var type: EventType
    package var at: Timestamp
    /// What it says, as an object's members; `at` is not among them.
    package var data: [JSONMember]

    package init(sequence: Int64, type: EventType, at: Timestamp, data: [JSONMember]) {
        self.sequence = sequence
        self.type = type
        self.at = at
        self.data = data
    }
}
