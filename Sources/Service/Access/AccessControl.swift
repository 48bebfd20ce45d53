// Who may call and how much: the stored keys in memory, what each has used, and who failed to show one. Asked at every
// request, so it touches no disk; AccessLoop keeps it up to date.
import Domain
import Storage
import Synchronization

/// The keys of one service and their quotas.
package final class AccessControl: Sendable {
    private struct State {
        var keys: [KeyID: StoredKey] = [:]
        var lanes: [Int64: KeyID] = [:]
        var meters: [Int64: KeyMeter] = [:]
        var uses: [Int64: Timestamp] = [:]
        var failures = FailedAttempts()
        var failureCount = 0
    }

    private let state = Mutex(State())
    private let clock: WallClock
    private let instant: @Sendable () -> ContinuousClock.Instant

    /// No keys yet; `instant` is for tests.
    package init(clock: WallClock, instant: @escaping @Sendable () -> ContinuousClock.Instant = { ContinuousClock.now })
    {
        self.clock = clock
        self.instant = instant
    }

    // MARK: Keys

    /// Takes over the stored keys; what each has used stays.
    package func replace(_ keys: [StoredKey]) {
        state.withLock { state in
            state.keys = Dictionary(keys.map { ($0.record.id, $0) }, uniquingKeysWith: { first, _ in first })
            state.lanes = Dictionary(
                keys.map { ($0.record.seq, $0.record.id) }, uniquingKeysWith: { first, _ in first })
        }
    }

    /// Whether a key was ever stored. Revoking the last one does not open the server again.
    package var hasKeys: Bool { state.withLock { !$0.keys.isEmpty } }

    /// Whether any stored key opens anything now.
    package var hasLiveKeys: Bool {
        let now = clock.now()
        return state.withLock { $0.keys.values.contains { $0.record.isLive(at: now) } }
    }

    /// The holder of a key, or nil when it is unknown, revoked or over. Unknown ids take as long as known ones.
    package func holder(of key: AccessKeyText) -> Caller? {
        let hash = SecretHash(of: key.secret)
        let now = clock.now()
        return state.withLock { state in
            let stored = state.keys[key.id]
            guard (stored?.hash ?? .nobodys).matches(hash), let record = stored?.record, record.isLive(at: now) else {
                return nil
            }
            state.uses[record.seq] = now
            return Caller(lane: record.seq, actor: record.id.text, roles: record.roles, quotas: record.quotas)
        }
    }

    /// When keys were used since the last call, by row number.
    func takeUses() -> [Int64: Timestamp] {
        state.withLock { state in
            defer { state.uses = [:] }
            return state.uses
        }
    }

    // MARK: Quotas

    /// Counts one request; throws `quotaExceeded` when the key has made too many.
    package func admitRequest(_ caller: Caller) throws(ServiceError) { try take(1, of: .requests, caller) }

    /// Counts a body before it is read; throws `quotaExceeded`. A body of unknown length counts as nothing yet.
    package func admitBody(_ bytes: Int, _ caller: Caller) throws(ServiceError) {
        try take(Double(bytes), of: .bodyBytes, caller)
    }

    /// Counts what was read of a body of unknown length.
    package func chargeBody(_ bytes: Int, _ caller: Caller) { charge(Double(bytes), of: .bodyBytes, lane: caller.lane) }

    /// Throws `quotaExceeded` when the key has used up its CPU time of judging.
    package func admitScoring(_ caller: Caller) throws(ServiceError) { try take(0, of: .scoringSeconds, caller) }

    /// Counts the CPU time of a verdict.
    package func chargeScoring(_ seconds: Double, lane: Int64) { charge(seconds, of: .scoringSeconds, lane: lane) }

    /// The state of the rates that a key has, for the headers of its answers.
    package func rates(of caller: Caller) -> [QuotaUse] {
        guard caller.lane > 0 else { return [] }
        let now = instant()
        return state.withLock { state in
            [.requests, .bodyBytes].compactMap { state.meters[caller.lane]?.use($0, now: now) }
        }
    }

    private func take(_ amount: Double, of name: QuotaUse.Name, _ caller: Caller) throws(ServiceError) {
        // Only stored keys have quotas.
        guard caller.lane > 0 else { return }
        let now = instant()
        let refusal = state.withLock { state in
            state.meters[caller.lane, default: KeyMeter(caller.quotas, now: now)].take(amount, of: name, now: now)
        }
        if let refusal { throw ServiceError(quota: refusal) }
    }

    private func charge(_ amount: Double, of name: QuotaUse.Name, lane: Int64) {
        guard lane > 0, amount > 0 else { return }
        let now = instant()
        state.withLock { state in
            guard let id = state.lanes[lane], let key = state.keys[id] else { return }
            state.meters[lane, default: KeyMeter(key.record.quotas, now: now)].charge(amount, of: name, now: now)
        }
    }

    // MARK: Failed attempts

    /// Notes that an address showed no valid key.
    package func noteFailure(_ address: String) {
        let now = instant()
        state.withLock { state in
            state.failures.note(address, now: now)
            state.failureCount += 1
        }
    }

    /// Seconds that an address has to wait before it may fail again; 0 when it need not.
    package func failureWait(_ address: String) -> Double {
        let now = instant()
        return state.withLock { $0.failures.wait(address, now: now) }
    }

    /// How many attempts failed since the start.
    package var failureCount: Int { state.withLock { $0.failureCount } }

    /// What failed since the last call.
    func takeFailures() -> FailedAttemptSummary? {
        let now = instant()
        return state.withLock { $0.failures.summarise(now: now) }
    }
}
