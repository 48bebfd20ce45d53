// Samples many sequences at once: the queue of work and its threads. One thread's loop is in SamplerWorker.swift.
import Synchronization

/// Sampling from one version of the weights.
///
/// A sequence's tokens and log-probabilities depend on its request and the weights alone: not on the other requests,
/// the number of threads or the order in which they run. Kernels are batch-invariant, random numbers are addressed by
/// (seed, stream, position).
package enum Sampler {
    /// Bounds on what one thread works on at a time; the defaults keep a small model's batch in the caches.
    package struct Bounds: Sendable, Equatable {
        /// Sequences decoded together. More rows a product, up to where the weights no longer dominate.
        package var sequences: Int
        /// Prompt tokens of one forward pass.
        package var prefillTokens: Int
        /// Numbers in the key-value stores of a thread's sequences (1 GiB by default). Requests are let in while those
        /// at work may come to need less than half of it; the first ones always are, and stores grow only as needed.
        package var cacheFloats: Int

        package init(sequences: Int = 64, prefillTokens: Int = 1_024, cacheFloats: Int = 268_435_456) {
            self.sequences = max(sequences, 1)
            self.prefillTokens = max(prefillTokens, 1)
            self.cacheFloats = cacheFloats
        }
    }

    /// Most requests of one prompt that one thread takes together: they share one prefill, and a larger group is cut so
    /// that several threads can share it.
    static let unitSize = 8

    /// Samples one response for each request, in the order of the requests. Blocks; call it from a thread of your own.
    ///
    /// Equal prompts next to each other are computed once. Throws `ModelError` `.invalidInput` for a request the model
    /// cannot take, `.cancelled` soon after `isCancelled` returns true (asked once a step, from any worker).
    package static func sample(
        _ requests: [SamplingRequest], weights: ModelWeights, threads: Int, bounds: Bounds = Bounds(),
        isCancelled: @escaping @Sendable () -> Bool = { false }
    ) throws(ModelError) -> [SampledSequence] {
        for request in requests { try request.validate(for: weights.configuration) }
        let units = units(of: requests)
        guard !units.isEmpty else { return [] }
        let queue = Queue(units)
        let workers = min(max(threads, 1), units.count, WorkerThreads.countMax)
        let shared = Results()
        try WorkerThreads.run(workers) { (_) throws(ModelError) in
            var worker = SamplerWorker(requests, weights: weights, bounds: bounds)
            try worker.run(taking: { queue.next(atMost: $0) }, isCancelled: isCancelled)
            let results = worker.finished
            shared.values.withLock { values in values.merge(results) { first, _ in first } }
        }
        let values = shared.values.withLock { $0 }
        return try requests.indices.map { (index) throws(ModelError) in
            guard let value = values[index] else { throw ModelError(.system, "a sampled sequence was lost") }
            return value
        }
    }

    /// Neighbouring requests of one prompt, at most `unitSize` together.
    private static func units(of requests: [SamplingRequest]) -> [Range<Int>] {
        var units: [Range<Int>] = []
        var start = 0
        for index in requests.indices.dropFirst()
        where index - start == unitSize || requests[index].prompt != requests[start].prompt {
            units.append(start..<index)
            start = index
        }
        if start < requests.count { units.append(start..<requests.count) }
        return units
    }

    /// Units of work not yet taken, first come first served.
    private final class Queue: Sendable {
        private let units: [Range<Int>]
        private let taken = Mutex(0)

        init(_ units: [Range<Int>]) { self.units = units }

        /// The next unit if it has at most `limit` requests and there is one.
        func next(atMost limit: Int) -> Range<Int>? {
            taken.withLock { taken in
                guard taken < units.count, units[taken].count <= limit else { return nil }
                defer { taken += 1 }
                return units[taken]
            }
        }
    }

    private final class Results: Sendable {
        let values = Mutex<[Int: SampledSequence]>([:])
    }
}
