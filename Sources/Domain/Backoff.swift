// How long to wait before the next try. Pure: the caller brings the randomness.

/// Waiting that doubles with each failure in a row, with jitter so that many workers do not come back at one moment.
package struct Backoff: Sendable {
    private static let firstSeconds = 0.5
    private var failures = 0

    package init() {}

    /// Seconds to wait after one more failure.
    ///
    /// - Parameters:
    ///   - retryAfter: What the server asked for; never less than that is waited, up to an hour.
    ///   - jitter: 0 to 1.
    package mutating func next(retryAfter: Double?, jitter: Double) -> Double {
        let doubled = min(Self.firstSeconds * Double(1 << min(failures, 10)), Limits.workerRetrySecondsMax)
        failures += 1
        guard let retryAfter else { return doubled * (0.5 + 0.5 * jitter) }
        return min(max(retryAfter, 0.1), 3_600) * (1 + 0.25 * jitter)
    }

    /// Forgets the failures after a success.
    package mutating func reset() { failures = 0 }
}
