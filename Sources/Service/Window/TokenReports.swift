// Forward passes for readers: one at a time, few waiting, the last results kept. A page never waits long for one.
import Domain
import Synchronization

/// Computes token reports on demand and remembers the last `Limits.tokenReportsKept`.
final class TokenReports: Sendable {
    /// What a report depends on.
    struct Key: Hashable, Sendable {
        var rollout: RolloutID
        var version: PolicyVersion
        /// The update that consumed it; its advantage comes and goes with that.
        var update: Int?
    }

    private struct State {
        /// Most recently used last.
        var ready: [(key: Key, report: TokenReport)] = []
        var waiting: Set<Key> = []
        /// Ends when all that wait are done.
        var tail: Task<Void, Never>?
    }

    private let state = Mutex(State())

    /// The report, or one that is pending: computing goes on, and a later call finds the result.
    ///
    /// When too many wait the report is pending as well, and nothing was begun.
    func report(
        _ key: Key, _ compute: @escaping @Sendable () async -> TokenReport
    ) async -> TokenReport {
        if let found = find(key) { return found }
        begin(key, compute)
        let deadline = ContinuousClock.now + .seconds(Limits.tokenReportWaitSeconds)
        while ContinuousClock.now < deadline {
            try? await Task.sleep(for: .milliseconds(3))
            if let found = find(key) { return found }
        }
        return TokenReport(.pending, version: key.version)
    }

    private func find(_ key: Key) -> TokenReport? {
        state.withLock { state in
            guard let place = state.ready.firstIndex(where: { $0.key == key }) else { return nil }
            let entry = state.ready.remove(at: place)
            // What could not be had now may be there later.
            if entry.report.state == .ready { state.ready.append(entry) }
            return entry.report
        }
    }

    private func begin(_ key: Key, _ compute: @escaping @Sendable () async -> TokenReport) {
        state.withLock { state in
            guard state.waiting.count < Limits.tokenReportsWaiting, state.waiting.insert(key).inserted else { return }
            state.tail = Task { [previous = state.tail] in
                await previous?.value
                let report = await compute()
                self.finish(key, report)
            }
        }
    }

    private func finish(_ key: Key, _ report: TokenReport) {
        state.withLock { state in
            state.waiting.remove(key)
            state.ready.append((key, report))
            if state.ready.count > Limits.tokenReportsKept { state.ready.removeFirst() }
        }
    }
}
