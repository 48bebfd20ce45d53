// Samples many sequences at once, for many callers: the threads and their bounds. One thread's loop is in
// SamplerWorker.swift.
import Synchronization

/// A long-lived engine: its threads take requests of all callers into running batches, and sleep when there are none.
///
/// A sequence's tokens and log-probabilities depend on its request and the weights alone: not on the other requests, the
/// number of threads or the order in which they run. Kernels are batch-invariant, random numbers are addressed by
/// (seed, stream, position). A call's sequences are sampled from the weights it came with, whatever is published
/// meanwhile, unless its options say otherwise.
package final class Sampler: Sendable {
    /// Bounds on what one thread works on at a time; the defaults keep a small model's batch in the caches.
    package struct Bounds: Sendable, Equatable {
        /// Sequences decoded together. More rows a product, up to where the weights no longer dominate.
        package var sequences: Int
        /// Tokens of prompts in one step, beside those of the sequences that are decoded.
        package var prefillTokens: Int
        /// Bytes of keys and values (1 GiB by default). When they are full, the youngest sequence is put back and run
        /// again later; a request that alone needs more is refused.
        package var cacheBytes: Int
        /// Places beyond `sequences` for calls that come first: they join at the next step, however much waits.
        package var placesForFirst: Int

        package init(
            sequences: Int = 64, prefillTokens: Int = 512, cacheBytes: Int = 1 << 30, placesForFirst: Int = 16
        ) {
            self.sequences = max(sequences, 1)
            self.placesForFirst = max(placesForFirst, 0)
            self.prefillTokens = max(prefillTokens, 1)
            self.cacheBytes = cacheBytes
        }
    }

    /// What holds for all requests of a call.
    package struct Options: Sendable {
        /// The caller's number for the weights it gives; comes back in the spans of the samples.
        package var version: Int
        /// Asked before every step: when these are other weights, the call's unfinished sequences go on with them, after
        /// their keys and values have been computed again. Every token's probability is then that of one version, given
        /// all tokens before it.
        package var newest: (@Sendable () -> (version: Int, weights: ModelWeights))?
        /// The bytes behind tokens; needed by requests with stop strings.
        package var tokenBytes: (any TokenBytes)?
        /// Whether somebody waits for the answer: such calls go before all others, and have places of their own.
        package var comesFirst: Bool
        /// Told of each token as it is drawn, on the thread that drew it: it must not block. Tokens of one sequence come in
        /// order, each once; those of several are mixed.
        package var onToken: (@Sendable (DrawnToken) -> Void)?

        package init(
            version: Int = 0, comesFirst: Bool = false, tokenBytes: (any TokenBytes)? = nil,
            newest: (@Sendable () -> (version: Int, weights: ModelWeights))? = nil,
            onToken: (@Sendable (DrawnToken) -> Void)? = nil
        ) {
            self.version = version
            self.comesFirst = comesFirst
            self.tokenBytes = tokenBytes
            self.newest = newest
            self.onToken = onToken
        }
    }

    /// Seconds between two looks of a waiting caller at its own `isCancelled`.
    private static let pollSeconds = 0.05

    package let threads: Int
    package let bounds: Bounds
    private let queue: SamplerQueue
    private let started = Mutex(0)

    /// Threads start with the first request; they run at nice +10.
    package init(threads: Int, bounds: Bounds = Bounds()) {
        self.threads = min(max(threads, 1), WorkerThreads.countMax)
        self.bounds = bounds
        queue = SamplerQueue(workers: self.threads, bounds)
    }

    deinit { queue.stop() }

    /// Sequences that wait or are at work, of all callers.
    package var sequences: Int { queue.sequences }

    /// Samples one response for each request, in the order of the requests. Blocks; call it from a thread of your own.
    ///
    /// Equal prompts next to each other are computed once a thread. Throws `ModelError` `.invalidInput` for a request the
    /// model or the bounds cannot take, `.cancelled` soon after `isCancelled` returns true (asked by every thread once a
    /// step).
    package func sample(
        _ requests: [SamplingRequest], weights: ModelWeights, options: Options = Options(),
        isCancelled: @escaping @Sendable () -> Bool = { false }
    ) throws(ModelError) -> [SampledSequence] {
        let outcome = Condition<SamplingCall.Outcome?>(nil)
        let call = SamplingCall(requests, weights, options, isCancelled: isCancelled) { result in
            outcome.change { $0 = result }
        }
        try submit(call)
        while true {
            if let result = outcome.wait(atMost: Self.pollSeconds, for: { $0 }) { return try result.get() }
            _ = call.endsByCancelling()
        }
    }

    /// The same without blocking. Cancelling the task ends the call too, and gives its places to others at their next
    /// step.
    package func sample(
        _ requests: [SamplingRequest], weights: ModelWeights, options: Options = Options(),
        isCancelled: @escaping @Sendable () -> Bool = { false }
    ) async throws -> [SampledSequence] {
        let outcome = LateOutcome()
        let call = SamplingCall(requests, weights, options, isCancelled: isCancelled) { outcome.come($0) }
        try submit(call)
        return try await withTaskCancellationHandler {
            try await withCheckedThrowingContinuation { outcome.resume($0) }
        } onCancel: {
            call.cancel()
        }
    }

    /// Checks the requests, deals them into units and wakes the workers.
    private func submit(_ call: SamplingCall) throws(ModelError) {
        let model = call.weights.configuration
        for request in call.requests {
            try request.validate(for: model, hasTokenBytes: call.options.tokenBytes != nil)
            try checkMemory(for: request, PageShape(model, call.weights.precision))
        }
        try start()
        guard !call.requests.isEmpty else { return call.finishEmpty() }
        queue.append(units(of: call), first: call.options.comesFirst)
        for (index, request) in call.requests.enumerated() where request.maximumTokens == 0 {
            call.finish(
                index, SampledSequence(tokens: [], logprobs: [], processedLogprobs: [], finishReason: .length))
        }
    }

    /// Throws when one sequence alone would not fit into a worker's pages.
    private func checkMemory(for request: SamplingRequest, _ shape: PageShape) throws(ModelError) {
        let pages = PageShape.pages(for: request.prompt.count + request.maximumTokens - 1)
        guard pages > PagePool.capacity(shape, bytes: bounds.cacheBytes) else { return }
        throw ModelError(
            .invalidInput,
            "a prompt of \(request.prompt.count) and \(request.maximumTokens) new tokens need \(pages * shape.bytes)"
                + " bytes of keys and values, the sampler has \(bounds.cacheBytes) a thread",
            hint: "ask for fewer tokens, or give the sampler more memory")
    }

    /// Neighbouring requests of one prompt, cut so that every thread can have a part of the call.
    private func units(of call: SamplingCall) -> [SamplingUnit] {
        let share = min((call.requests.count + threads - 1) / threads, bounds.sequences)
        var units: [SamplingUnit] = []
        var start = 0
        func close(_ end: Int) {
            if start < end { units.append(SamplingUnit(call: call, requests: start..<end)) }
            start = end
        }
        for index in call.requests.indices {
            if index - start == share || call.requests[index].prompt != call.requests[start].prompt { close(index) }
            if call.requests[index].maximumTokens == 0 {
                close(index)
                start = index + 1
            }
        }
        close(call.requests.count)
        return units
    }

    private func start() throws(ModelError) {
        let running = started.withLock { count in
            while count < threads {
                let worker = count
                let isStarted = WorkerThreads.start { [queue, bounds] in
                    SamplerWorker(worker, queue, bounds).run()
                }
                guard isStarted else { break }
                count += 1
            }
            return count
        }
        guard running > 0 else { throw ModelError(.system, "the system gives no thread to sample on") }
    }
}

/// The result of a call for a task that may not wait for it yet.
private final class LateOutcome: Sendable {
    private enum State {
        case nothing
        case waiting(CheckedContinuation<[SampledSequence], any Error>)
        case come(SamplingCall.Outcome)
    }

    private let state = Mutex(State.nothing)

    func come(_ outcome: SamplingCall.Outcome) {
        let continuation: CheckedContinuation<[SampledSequence], any Error>? = state.withLock { state in
            guard case .waiting(let continuation) = state else {
                state = .come(outcome)
                return nil
            }
            return continuation
        }
        continuation?.resume(with: outcome.mapError { $0 as any Error })
    }

    func resume(_ continuation: CheckedContinuation<[SampledSequence], any Error>) {
        let outcome: SamplingCall.Outcome? = state.withLock { state in
            guard case .come(let outcome) = state else {
                state = .waiting(continuation)
                return nil
            }
            return outcome
        }
        if let outcome { continuation.resume(with: outcome.mapError { $0 as any Error }) }
    }
}
