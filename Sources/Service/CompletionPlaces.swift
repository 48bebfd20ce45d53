// How many sequences of completion requests are under way: a bound on what strangers may have waiting.
import Domain
import Synchronization

/// Counts sequences from a request's admission to its answer.
final class CompletionPlaces: Sendable {
    /// Seconds after which a refused client should come again: about what 64 sequences of a few hundred tokens take.
    private static let retrySeconds = 5.0

    private let taken = Mutex(0)

    /// Runs the work while it holds so many places; throws `.overloaded` when there are not so many.
    func hold<Value>(_ count: Int, _ work: () async throws -> Value) async throws -> Value {
        try take(count)
        defer { give(count) }
        return try await work()
    }

    /// Takes places, to be given back; throws `.overloaded` when there are not so many.
    func take(_ count: Int) throws {
        let isAdmitted = taken.withLock { taken in
            guard taken + count <= Limits.completionSequencesInFlightMax else { return false }
            taken += count
            return true
        }
        guard isAdmitted else {
            throw ServiceError(
                .overloaded, "too many completions are under way",
                hint: "wait for Retry-After, then send the same request again", retryAfterSeconds: Self.retrySeconds)
        }
    }

    /// Gives places back.
    func give(_ count: Int) { taken.withLock { $0 -= count } }
}
