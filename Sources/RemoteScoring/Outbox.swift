// Verdicts between the judges and the server: nothing leaves before the server has answered for it.
import Domain
import Service
import StrictJSON
import Synchronization

/// The verdicts of one lease that the server has not answered for yet.
final class Outbox: Sendable {
    private struct State {
        var waiting: [JudgedWork] = []
        /// Pieces of work that have no verdict yet.
        var unjudged: Int
        var isDone = false
    }

    private let state: Mutex<State>
    /// Rises with each verdict.
    let changes = ChangeSignal()

    init(expecting count: Int) { state = Mutex(State(unjudged: count)) }

    /// Pieces of work without a verdict.
    var unjudged: Int { state.withLock { $0.unjudged } }

    /// Whether no more verdicts come: all are judged, or the judges were told to stop.
    var isDone: Bool { state.withLock { $0.isDone || $0.unjudged == 0 } }

    /// Adds verdicts.
    func add(_ work: [JudgedWork]) {
        state.withLock {
            $0.waiting += work
            $0.unjudged -= work.count
        }
        changes.notify()
    }

    /// Says that no more verdicts come.
    func finish() {
        state.withLock { $0.isDone = true }
        changes.notify()
    }

    /// The next verdicts to post, at least one and together at most `Limits.verdictPostBytesMax`; empty when none waits.
    func next() -> [JudgedWork] {
        let waiting = state.withLock { $0.waiting }
        var bytes = 0
        var count = 0
        for work in waiting.prefix(Limits.leaseItemsMax) {
            bytes += work.verdict.json.serialized().count
            if count > 0, bytes > Limits.verdictPostBytesMax { break }
            count += 1
        }
        return Array(waiting.prefix(count))
    }

    /// Forgets the first verdicts, which the server has answered for or nobody will take.
    func remove(_ count: Int) { state.withLock { $0.waiting.removeFirst(min(count, $0.waiting.count)) } }
}
