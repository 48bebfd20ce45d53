// What a worker tells whoever watches it, and what it has counted.
import Domain
import Synchronization

/// Something that a person may want to read as it happens.
package enum ScoreWorkerEvent: Sendable, Equatable {
    /// Work was taken.
    case leased(LeaseID, rollouts: Int)
    /// The server cannot be asked now; the next try comes after so many seconds.
    case waiting(String, seconds: Double)
    /// The server answers again.
    case reached
    /// Verdicts that came too late or that the server does not take; they are dropped, the ledger has or will have others.
    case dropped(Int, reason: String)
    /// Unfinished work was given back.
    case released(LeaseID, rollouts: Int)
}

/// What a worker has done so far.
package struct ScoreWorkerTally: Sendable, Equatable {
    package var leases = 0
    package var leased = 0
    package var math = 0
    package var code = 0
    package var passed = 0
    package var failed = 0
    package var undetermined = 0
    /// Verdicts that the server took.
    package var delivered = 0
    /// Verdicts that it did not take, or that could not be brought to it.
    package var dropped = 0
    /// Pieces of work given back unjudged.
    package var released = 0
}

/// The tally of one worker, written by its lanes.
final class TallyBoard: Sendable {
    private let state = Mutex(ScoreWorkerTally())

    var snapshot: ScoreWorkerTally { state.withLock { $0 } }

    func update(_ change: (inout ScoreWorkerTally) -> Void) { state.withLock { change(&$0) } }

    /// Counts a verdict.
    func count(_ verdict: Verdict, of task: VerificationTask) {
        state.withLock { tally in
            if case .math = task { tally.math += 1 } else { tally.code += 1 }
            switch verdict.outcome {
            case .passed: tally.passed += 1
            case .failed: tally.failed += 1
            case .undetermined: tally.undetermined += 1
            }
        }
    }
}
