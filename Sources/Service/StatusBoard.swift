// What the status page shows, kept in memory and read in microseconds. The ledger stays the truth; the loops write here.
import Domain
import Synchronization

/// What the learner is doing.
package enum LearnerPhase: String, Sendable, CaseIterable {
    /// Started with `--learner off`.
    case off
    /// Opening the ledger, loading or creating the model.
    case starting
    /// Supervised training of the first model.
    case coldStart = "cold_start"
    case sampling
    case scoring
    case training
    case evaluating
    /// Waiting for groups from outside.
    case waiting
    /// Stopped by an operator, or by an alarm.
    case paused
    /// Ended by an error that it cannot mend itself.
    case failed
}

/// A snapshot of everything the status page shows.
package struct StatusSnapshot: Sendable {
    package var startedAt: Timestamp
    package var now: Timestamp
    package var phase: LearnerPhase
    /// Why it is paused or failed, or what it waits for.
    package var phaseDetail: String?
    /// 0 to 1 during the cold start.
    package var coldStartProgress: Double?
    package var policyVersion: PolicyVersion?
    package var objective: String
    /// The stage of the run, when it has stages.
    package var stage: String?
    package var model: ModelDescription?
    package var counts: LedgerCounts?
    /// Seconds of learning so far; evaluations not counted.
    package var learningSeconds: Double
    /// Updates, oldest first, at most `StatusBoard.updatesKept`: all of the newest, fewer of older ones.
    package var updates: [UpdateRecord]
    /// The last evaluations, oldest first.
    package var evaluations: [EvaluationRecord]
    /// Running share of right rollouts by kind, newest window.
    package var kinds: [KindStatus]
    /// Alarms that hold now.
    package var alarms: [String]
    /// Why verdicts wait, while the ledger takes none.
    package var scoringTrouble: String?
    /// Parts that rest because an operator said so, and whether the service is drained.
    package var switches = ServiceSwitchState()
    /// Whether this process judges what is queued; otherwise workers elsewhere do.
    package var isScoring = true
    package var sandboxTier: String
    package var databasePath: String
    /// The database's size and what is kept of the past; nil until it was first looked at.
    package var storage: StorageStatus?
    package var residentBytes: Int
    /// Queues, leases, intake, refusals and files.
    package var operations = OperationsReport()

    /// The share of verdicts that count and are undetermined, 0 to 1: the budget of zeros that would be false. Nil where
    /// there are no verdicts.
    package var undeterminedShare: Double? {
        guard let counts else { return nil }
        let all = counts.verdicts.values.reduce(into: [:]) { $0.merge($1) { $0 + $1 } }
        return OperationsReport.undeterminedShare(all)
    }
}

/// How large the database is, and what is kept of the past.
package struct StorageStatus: Sendable, Equatable {
    package var size: LedgerSize
    package var policy: RetentionPolicy
    /// Why new rollouts are refused, while the database is beyond its budget.
    package var intakeRefusal: String?
    package init(size: LedgerSize, policy: RetentionPolicy, intakeRefusal: String?) {
        self.size = size
        self.policy = policy
        self.intakeRefusal = intakeRefusal
    }
}

/// How one kind of built-in problem fares.
package struct KindStatus: Sendable, Equatable {
    package var kind: String
    /// Share of right rollouts over the last groups, 0 to 1.
    package var accuracy: Double
    /// The chance that a group of it has both right and wrong rollouts at this accuracy: only such a group teaches.
    package var variedGroups: Double
    /// No rollout was right for so long that the kind no longer teaches anything.
    package var isAsleep: Bool
    package init(kind: String, accuracy: Double, variedGroups: Double, isAsleep: Bool) {
        self.kind = kind
        self.accuracy = accuracy
        self.variedGroups = variedGroups
        self.isAsleep = isAsleep
    }
}

/// The one place where the loops leave what they know for the status page.
package final class StatusBoard: Sendable {
    /// As many points as a curve shows; without a bound a night of fast updates would fill the memory.
    package static let updatesKept = 1_024
    /// Two kinds and their sum, every tenth update.
    package static let evaluationsKept = 2_048

    private let state: Mutex<StatusSnapshot>

    package init(startedAt: Timestamp, databasePath: String) {
        state = Mutex(
            StatusSnapshot(
                startedAt: startedAt, now: startedAt, phase: .starting, phaseDetail: nil, coldStartProgress: nil,
                policyVersion: nil, objective: "gppo", stage: nil, model: nil, counts: nil, learningSeconds: 0,
                updates: [],
                evaluations: [], kinds: [], alarms: [], sandboxTier: "unknown", databasePath: databasePath,
                residentBytes: 0))
    }

    /// The state as it stands.
    package func snapshot() -> StatusSnapshot { state.withLock { $0 } }

    /// Changes the state; the closure must not block.
    package func update(_ change: (inout StatusSnapshot) -> Void) { state.withLock { change(&$0) } }

    /// Says what the learner does now.
    package func enter(_ phase: LearnerPhase, detail: String? = nil) {
        state.withLock {
            $0.phase = phase
            $0.phaseDetail = detail
        }
    }

    /// Leaves out every second of the older half, so that the curves go back to the first update at any length of a run.
    private static func thin(_ updates: inout [UpdateRecord]) {
        let half = updates.count / 2
        updates = updates.enumerated().filter { $0.offset >= half || $0.offset.isMultiple(of: 2) }.map(\.element)
    }

    /// Adds an update to the curves, which thin out with age.
    package func append(_ record: UpdateRecord) {
        state.withLock {
            var record = record
            // What it can be made again from is the ledger's to keep.
            record.provenance = nil
            $0.updates.append(record)
            if $0.updates.count > Self.updatesKept { Self.thin(&$0.updates) }
            $0.policyVersion = record.version
            $0.objective = record.objective
        }
    }

    /// Adds evaluations to the curves.
    package func append(_ records: [EvaluationRecord]) {
        state.withLock {
            $0.evaluations.append(contentsOf: records)
            let excess = $0.evaluations.count - Self.evaluationsKept
            if excess > 0 { $0.evaluations.removeFirst(excess) }
        }
    }
}
