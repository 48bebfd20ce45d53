// What happened of late: counts by key over sliding windows of up to an hour, and the durations of the last commits.
// In memory, so after a restart they begin anew.
import Synchronization

/// Counts in slices of ten seconds, kept for an hour.
final class RecentCounts<Key: Hashable & Sendable>: Sendable {
    /// Seconds of a slice: a rate over a minute is then at most a sixth off.
    static var sliceSeconds: Int { 10 }
    private static var slicesKept: Int { 3600 / sliceSeconds }
    /// Keys of one slice; refusals have few reasons, and more must not fill memory.
    private static var keysMax: Int { 64 }

    private struct State {
        /// The number of each slice since the start, ascending, and its counts.
        var slices: [(number: Int, counts: [Key: Int])] = []
        var total: [Key: Int] = [:]
    }

    private let start = ContinuousClock.now
    private let state = Mutex(State())

    /// Counts something that happened `at`, which never goes back.
    func add(_ key: Key, _ count: Int = 1, at now: ContinuousClock.Instant = .now) {
        guard count > 0 else { return }
        let number = slice(now)
        state.withLock { state in
            if state.slices.last?.number ?? -1 < number {
                state.slices.append((number, [:]))
                let excess = state.slices.prefix { $0.number <= number - Self.slicesKept }.count
                state.slices.removeFirst(excess)
            }
            let last = state.slices.count - 1
            guard state.slices[last].counts[key] != nil || state.slices[last].counts.count < Self.keysMax else {
                return
            }
            state.slices[last].counts[key, default: 0] += count
            state.total[key, default: 0] += count
        }
    }

    /// Counts of the last so many seconds, by key.
    func last(seconds: Int, now: ContinuousClock.Instant = .now) -> [Key: Int] {
        let oldest = slice(now) - seconds / Self.sliceSeconds
        return state.withLock { state in
            state.slices.reversed().prefix { $0.number > oldest }.reduce(into: [:]) { sum, slice in
                sum.merge(slice.counts) { $0 + $1 }
            }
        }
    }

    /// Seconds since it began to count.
    var age: Double { start.duration(to: .now).milliseconds / 1000 }

    /// Counts since the start, by key.
    var total: [Key: Int] { state.withLock { $0.total } }

    private func slice(_ now: ContinuousClock.Instant) -> Int {
        Int(start.duration(to: now).components.seconds) / Self.sliceSeconds
    }
}

/// The last durations of something that happens often.
final class RecentDurations: Sendable {
    /// Enough for a 99th percentile.
    private static let kept = 1_024

    private struct State {
        var values: [Double] = []
        var next = 0
    }

    private let state = Mutex(State())

    /// Adds one, in seconds; the oldest goes.
    func add(_ seconds: Double) {
        state.withLock { state in
            if state.values.count < Self.kept {
                state.values.append(seconds)
            } else {
                state.values[state.next] = seconds
                state.next = (state.next + 1) % Self.kept
            }
        }
    }

    /// The value that a share of them does not exceed, in seconds; nil before there is any.
    func quantile(_ share: Double) -> Double? {
        let sorted = state.withLock { $0.values }.sorted()
        guard !sorted.isEmpty else { return nil }
        return sorted[min(sorted.count - 1, Int(share * Double(sorted.count)))]
    }
}
