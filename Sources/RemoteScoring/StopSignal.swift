// "Take nothing new, and be done by then": a stop with a deadline that sleepers and waiters hear of at once.
import Service
import Synchronization

/// Whether a worker is stopping, and until when what is under way may go on.
final class StopSignal: Sendable {
    private let deadline = Mutex<ContinuousClock.Instant?>(nil)
    private let changes = ChangeSignal()

    /// Whether no new work is to be begun.
    var isStopping: Bool { deadline.withLock { $0 != nil } }

    /// Whether what is under way is to be given up.
    var isOver: Bool { deadline.withLock { $0.map { ContinuousClock.now >= $0 } ?? false } }

    /// Begins the stop; a second call changes nothing.
    func begin(finishSeconds: Double) {
        deadline.withLock { if $0 == nil { $0 = ContinuousClock.now + .seconds(finishSeconds) } }
        changes.notify()
    }

    /// Sleeps, but not beyond the beginning of the stop.
    func sleep(_ seconds: Double) async {
        let seen = changes.generation
        guard !isStopping else { return }
        await changes.wait(beyond: seen, seconds: seconds)
    }
}
