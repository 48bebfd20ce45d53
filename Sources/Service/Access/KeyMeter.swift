// What one key has used of its quotas. In memory: a restart forgets it and begins with full buckets.
import Domain

/// How much of a quota is used.
package struct QuotaUse: Sendable, Equatable {
    /// Which quota; the raw value is its name on the wire.
    package enum Name: String, Sendable, CaseIterable {
        case requests
        case bodyBytes = "body_bytes"
        case rolloutsWaiting = "rollouts_waiting"
        case scoringSeconds = "scoring_seconds"
    }

    package var name: Name
    /// What may be used at once: the bucket's capacity, or the bound on what waits.
    package var limit: Double
    /// What of it is used now.
    package var used: Double
    /// Until as much as was asked for can be used.
    package var availableInSeconds: Double
    /// Until nothing counts as used any more.
    package var windowSeconds: Double

    package init(
        name: Name, limit: Double, used: Double, availableInSeconds: Double, windowSeconds: Double
    ) {
        self.name = name
        self.limit = limit
        self.used = used
        self.availableInSeconds = availableInSeconds
        self.windowSeconds = windowSeconds
    }
}

/// The buckets of one key.
struct KeyMeter: Sendable {
    private var buckets: [QuotaUse.Name: TokenBucket] = [:]

    /// Full buckets for the quotas that are set.
    init(_ quotas: KeyQuotas, now: ContinuousClock.Instant) {
        if let rate = quotas.requestsPerSecond {
            let burst = max(1, rate * Limits.requestBurstSeconds)
            buckets[.requests] = TokenBucket(capacity: burst, rate: rate, now: now)
        }
        if let bytes = quotas.bodyBytesPerDay {
            buckets[.bodyBytes] = TokenBucket(capacity: Double(bytes), rate: Double(bytes) / 86_400, now: now)
        }
        if let seconds = quotas.scoringSecondsPerHour {
            buckets[.scoringSeconds] = TokenBucket(capacity: seconds, rate: seconds / 3_600, now: now)
        }
    }

    /// Takes an amount of a quota; the quota's state when there is too little, nil when it was taken or is not set.
    mutating func take(_ amount: Double, of name: QuotaUse.Name, now: ContinuousClock.Instant) -> QuotaUse? {
        guard var bucket = buckets[name] else { return nil }
        guard bucket.take(amount, now: now) else { return use(name, bucket, wanted: amount, now: now) }
        buckets[name] = bucket
        return nil
    }

    /// Charges what was used, whatever is left.
    mutating func charge(_ amount: Double, of name: QuotaUse.Name, now: ContinuousClock.Instant) {
        buckets[name]?.charge(amount, now: now)
    }

    /// The state of a quota that is set.
    func use(_ name: QuotaUse.Name, now: ContinuousClock.Instant) -> QuotaUse? {
        buckets[name].map { use(name, $0, wanted: 1, now: now) }
    }

    private func use(
        _ name: QuotaUse.Name, _ bucket: TokenBucket, wanted: Double, now: ContinuousClock.Instant
    ) -> QuotaUse {
        QuotaUse(
            name: name, limit: bucket.capacity, used: bucket.capacity - bucket.level(at: now),
            // Something must be there for nothing to be taken.
            availableInSeconds: bucket.secondsUntil(max(wanted, 0.001), now: now),
            windowSeconds: bucket.capacity / bucket.rate)
    }
}
