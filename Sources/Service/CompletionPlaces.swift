// How many sequences of completion requests are under way: a bound on what strangers may have waiting, and a way to end
// them all.
import Domain
import Synchronization

/// Counts sequences from a request's admission to its answer.
final class CompletionPlaces: Sendable {
    /// Seconds after which a refused client should come again: about what 64 sequences of a few hundred tokens take.
    private static let retrySeconds = 5.0

    private struct State {
        var taken = 0
        var endings = 0
    }

    private let state = Mutex(State())

    /// Sequences under way.
    var taken: Int { state.withLock { $0.taken } }

    /// How often everything that was under way was ended.
    var endings: Int { state.withLock { $0.endings } }

    /// Ends what is under way at its next step.
    func endAll() { state.withLock { $0.endings += 1 } }

    /// So many places, held as long as the value lives; throws `.overloaded` when there are not so many.
    func take(_ count: Int) throws(ServiceError) -> CompletionPlace {
        let isAdmitted = state.withLock { state in
            guard state.taken + count <= Limits.completionSequencesInFlightMax else { return false }
            state.taken += count
            return true
        }
        guard isAdmitted else {
            throw ServiceError(
                .overloaded, "too many completions are under way",
                hint: "wait for Retry-After, then send the same request again", retryAfterSeconds: Self.retrySeconds)
        }
        return CompletionPlace(places: self, count: count, endings: endings)
    }

    fileprivate func giveBack(_ count: Int) { state.withLock { $0.taken -= count } }
}

/// The places of one request, given back when nobody holds the value any more.
final class CompletionPlace: Sendable {
    private let places: CompletionPlaces
    private let count: Int
    /// How often everything had been ended when the places were taken.
    let endings: Int

    fileprivate init(places: CompletionPlaces, count: Int, endings: Int) {
        self.places = places
        self.count = count
        self.endings = endings
    }

    deinit { places.giveBack(count) }
}
