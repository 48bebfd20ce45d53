// What a pause of sampling does to completions: those that come wait for a while, those under way go on, are waited for or
// end. Whether sampling is paused is one of the service's switches.
import Domain

/// What becomes of completions that are under way when sampling is paused.
package enum CompletionSettling: String, Sendable, CaseIterable {
    /// They go on, each with the policy that it began with.
    case keep
    /// Their end is waited for.
    case wait
    /// They end at their next step and are refused with a retryable error.
    case abort
}

extension RolloutService {
    /// Seconds between two looks at how many completions are under way.
    private static let lookSeconds = 0.02

    /// Returns at once while sampling is not paused, or when it is resumed.
    ///
    /// - Throws: `ServiceError.unavailable` when the pause lasts longer than a completion waits.
    func waitWhileSamplingIsPaused() async throws {
        let deadline = ContinuousClock.now + .seconds(settings.pausedCompletionSeconds)
        while true {
            let seen = changes.generation
            guard switches.reason(.sampling) != nil else { return }
            try Task.checkCancellation()
            try refuseWhenStopping()
            let left = deadline - .now
            guard left > .zero else { return try refuseWhenPaused(.sampling) }
            await changes.wait(beyond: seen, seconds: left / .seconds(1))
        }
    }

    /// Ends the completions under way, or waits for their end.
    ///
    /// - Throws: `ServiceError.unavailable` when they take longer than `Limits.pauseWaitSecondsMax`.
    package func settleCompletions(_ how: CompletionSettling) async throws {
        if how == .keep { return }
        if how == .abort { completions.endAll() }
        let deadline = ContinuousClock.now + .seconds(Limits.pauseWaitSecondsMax)
        while completions.taken > 0 {
            try refuseWhenStopping()
            guard .now < deadline else {
                throw ServiceError(
                    .unavailable, "\(completions.taken) sequences are still being sampled",
                    hint: "ask again, or pause with mode=abort", retryAfterSeconds: 5)
            }
            try await Task.sleep(for: .seconds(Self.lookSeconds))
        }
    }
}
