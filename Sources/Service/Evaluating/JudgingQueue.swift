// What an evaluation's judges hold: bounded by number and bytes, handed out by kind, so that a slow program holds up no other.
import Domain
import Synchronization

/// Samples between the ledger and the judges.
final class JudgingQueue: Sendable {
    /// Programs and mathematics wait apart: a judge of one kind never stands behind the other.
    enum Lane: Sendable, CaseIterable { case programs, mathematics }

    private struct State {
        var waiting: [Lane: [EvaluationWork]] = [:]
        /// With those that judges have.
        var count = 0
        var bytes = 0
        var isClosed = false
    }

    private let state = Mutex(State())
    /// Rises with each sample that is put in, and at the end.
    let arrivals = ChangeSignal()

    /// How many samples and bytes fit; and whether nothing is held.
    var room: (count: Int, bytes: Int, isEmpty: Bool) {
        state.withLock {
            (
                max(0, Limits.evaluationWorkMax - $0.count), max(0, Limits.evaluationWorkBytesMax - $0.bytes),
                $0.count == 0
            )
        }
    }

    var isClosed: Bool { state.withLock { $0.isClosed } }

    /// Puts samples in.
    func put(_ works: [EvaluationWork]) {
        state.withLock { state in
            for work in works {
                state.waiting[Self.lane(of: work), default: []].append(work)
                state.bytes += work.bytes
            }
            state.count += works.count
        }
        arrivals.notify()
    }

    /// The next samples of a kind, oldest first; they count until `giveBack`.
    func take(_ lane: Lane, max count: Int) -> [EvaluationWork] {
        state.withLock { state in
            let taken = Array(state.waiting[lane, default: []].prefix(count))
            state.waiting[lane, default: []].removeFirst(taken.count)
            return taken
        }
    }

    /// Makes room for others.
    func giveBack(_ works: [EvaluationWork]) {
        state.withLock { state in
            state.count -= works.count
            state.bytes -= works.reduce(0) { $0 + $1.bytes }
        }
    }

    /// Says that nothing more is put in.
    func close() {
        state.withLock { $0.isClosed = true }
        arrivals.notify()
    }

    private static func lane(of work: EvaluationWork) -> Lane {
        if case .math = work.task { .mathematics } else { .programs }
    }
}
