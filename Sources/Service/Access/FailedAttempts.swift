// Failed attempts to show a key, by address: how many there were, and who has to wait. Bounded: an attacker with many
// addresses has the oldest forgotten, not the memory filled.
import Domain

/// What failed in the last while, for the audit log.
package struct FailedAttemptSummary: Sendable, Equatable {
    package var count: Int
    /// The addresses with most failures first, at most eight.
    package var addresses: [String]
}

/// The failures of all addresses.
struct FailedAttempts: Sendable {
    private struct Entry: Sendable {
        var bucket: TokenBucket
        var last: ContinuousClock.Instant
        /// Since the last summary.
        var count = 0
    }

    private var entries: [String: Entry] = [:]
    private var unsummarised = 0

    /// Seconds that an address must wait before a further failure is answered; 0 when it need not.
    func wait(_ address: String, now: ContinuousClock.Instant) -> Double {
        guard let entry = entries[address], entry.bucket.level(at: now) < 1 else { return 0 }
        return entry.bucket.secondsUntil(1, now: now)
    }

    /// Notes a failure.
    mutating func note(_ address: String, now: ContinuousClock.Instant) {
        unsummarised += 1
        if entries[address] == nil, entries.count >= Limits.failedAddressesMax { forgetOldest(now: now) }
        let fresh = TokenBucket(
            capacity: Double(Limits.failedAttemptsMax), rate: 1 / Limits.failedAttemptSeconds, now: now)
        var entry = entries[address] ?? Entry(bucket: fresh, last: now)
        _ = entry.bucket.take(1, now: now)
        entry.last = now
        entry.count += 1
        entries[address] = entry
    }

    /// What failed since the last call; nil when nothing did.
    mutating func summarise(now: ContinuousClock.Instant) -> FailedAttemptSummary? {
        guard unsummarised > 0 else { return nil }
        let worst = entries.filter { $0.value.count > 0 }.sorted { ($1.value.count, $0.key) < ($0.value.count, $1.key) }
        let summary = FailedAttemptSummary(count: unsummarised, addresses: worst.prefix(8).map(\.key))
        unsummarised = 0
        for address in entries.keys { entries[address]?.count = 0 }
        entries = entries.filter { $0.value.bucket.level(at: now) < $0.value.bucket.capacity }
        return summary
    }

    /// Makes room: whoever has waited long enough goes, or the one that has been quiet for longest.
    private mutating func forgetOldest(now: ContinuousClock.Instant) {
        entries = entries.filter { $0.value.bucket.level(at: now) < $0.value.bucket.capacity }
        guard entries.count >= Limits.failedAddressesMax else { return }
        if let oldest = entries.min(by: { $0.value.last < $1.value.last }) { entries[oldest.key] = nil }
    }
}
