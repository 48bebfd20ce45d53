// One caller's requests on their way through the sampler: what is done, and how the caller learns of it.
import Synchronization

/// The requests of one call. Workers finish its sequences one by one; the caller hears once.
final class SamplingCall: Sendable {
    typealias Outcome = Result<[SampledSequence], ModelError>

    let requests: [SamplingRequest]
    /// What the call's sequences are sampled from, unless `options.newest` says otherwise later.
    let weights: ModelWeights
    let options: Sampler.Options
    private let isCancelled: @Sendable () -> Bool
    private let onEnd: @Sendable (Outcome) -> Void
    private let progress: Mutex<Progress>
    private let over = Atomic<Bool>(false)

    private struct Progress {
        var results: [SampledSequence?]
        var left: Int
        var hasEnded = false
    }

    init(
        _ requests: [SamplingRequest], _ weights: ModelWeights, _ options: Sampler.Options,
        isCancelled: @escaping @Sendable () -> Bool, onEnd: @escaping @Sendable (Outcome) -> Void
    ) {
        self.requests = requests
        self.weights = weights
        self.options = options
        self.isCancelled = isCancelled
        self.onEnd = onEnd
        progress = Mutex(Progress(results: Array(repeating: nil, count: requests.count), left: requests.count))
    }

    /// Whether nobody waits for the rest any more.
    var isOver: Bool { over.load(ordering: .acquiring) }

    /// Asks the caller's closure, and ends the call when it says so; whether the call is over.
    func endsByCancelling() -> Bool {
        if isOver { return true }
        guard isCancelled() else { return false }
        cancel()
        return true
    }

    /// Ends the call with `.cancelled` unless it has ended.
    func cancel() { end(.failure(ModelError(.cancelled, "sampling was cancelled"))) }

    /// Keeps one result; the last one ends the call.
    func finish(_ index: Int, _ sequence: SampledSequence) {
        let all: [SampledSequence]? = progress.withLock { progress in
            guard progress.results[index] == nil else { return nil }
            progress.results[index] = sequence
            progress.left -= 1
            return progress.left == 0 ? progress.results.compactMap { $0 } : nil
        }
        if let all { end(.success(all)) }
    }

    /// Ends a call without requests.
    func finishEmpty() { end(.success([])) }

    private func end(_ outcome: Outcome) {
        let isFirst = progress.withLock { progress in
            defer { progress.hasEnded = true }
            return !progress.hasEnded
        }
        guard isFirst else { return }
        over.store(true, ordering: .releasing)
        onEnd(outcome)
    }
}
