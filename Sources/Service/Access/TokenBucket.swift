// A rate with a burst: fills up evenly, is emptied by use, and may go into debt by what is only known afterwards.

/// An amount that grows with time up to its capacity.
struct TokenBucket: Sendable {
    /// The most it holds.
    let capacity: Double
    /// What it gains a second.
    let rate: Double
    private var level: Double
    private var measuredAt: ContinuousClock.Instant

    /// A full bucket.
    init(capacity: Double, rate: Double, now: ContinuousClock.Instant) {
        self.capacity = capacity
        self.rate = rate
        level = capacity
        measuredAt = now
    }

    /// What is in it now; below 0 when more was charged than there was.
    func level(at now: ContinuousClock.Instant) -> Double {
        min(capacity, level + max(0, (now - measuredAt).milliseconds / 1_000) * rate)
    }

    /// Takes an amount, or nothing and false when there is too little. What is larger than the bucket passes when it is
    /// full, so that nothing is refused for ever.
    mutating func take(_ amount: Double, now: ContinuousClock.Instant) -> Bool {
        let present = level(at: now)
        guard present >= min(amount, capacity), present > 0 else { return false }
        (level, measuredAt) = (present - amount, now)
        return true
    }

    /// Takes an amount whatever there is.
    mutating func charge(_ amount: Double, now: ContinuousClock.Instant) {
        (level, measuredAt) = (level(at: now) - amount, now)
    }

    /// Seconds until so much can be taken.
    func secondsUntil(_ amount: Double, now: ContinuousClock.Instant) -> Double {
        max(0, (min(amount, capacity) - level(at: now)) / rate)
    }
}
