// Who waits for the verdict of which rollout. One signal for each, so that a verdict wakes those who wait for it and nobody
// else: with one signal for all, a thousand long polls read the ledger twenty thousand times a second at twenty posts.
import Domain
import Synchronization

/// Signals by rollout, there while somebody waits.
final class RolloutWaiters: Sendable {
    private struct Line {
        let signal = ChangeSignal()
        var waiters = 0
    }

    private let lines = Mutex<[RolloutID: Line]>([:])

    /// The signal of a rollout; give it back with `leave`.
    func enter(_ id: RolloutID) -> ChangeSignal {
        lines.withLock { lines in
            var line = lines[id] ?? Line()
            line.waiters += 1
            lines[id] = line
            return line.signal
        }
    }

    /// Ends a wait that began with `enter`.
    func leave(_ id: RolloutID) {
        lines.withLock { lines in
            guard var line = lines[id] else { return }
            line.waiters -= 1
            lines[id] = line.waiters > 0 ? line : nil
        }
    }

    /// Wakes those who wait for these rollouts.
    func settle(_ rollouts: [CommitNews.Settled]) {
        guard !rollouts.isEmpty else { return }
        let signals = lines.withLock { lines in
            lines.isEmpty ? [] : rollouts.compactMap { lines[$0.rolloutID]?.signal }
        }
        for signal in signals { signal.notify() }
    }

    /// Wakes everybody, for the shutdown.
    func wakeAll() {
        let signals = lines.withLock { Array($0.values.map(\.signal)) }
        for signal in signals { signal.notify() }
    }
}
