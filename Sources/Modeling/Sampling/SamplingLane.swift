// The sequences of one worker that are sampled from one version of the weights, and their next step.
import CKernels

/// Sequences that share a forward pass.
///
/// What runs once a token goes through arrays by index: an unoptimised build allocates for every element of an array's
/// iterator, and the tests count allocations in one.
final class SamplingLane {
    let weights: ModelWeights
    let memory: SamplingMemory
    private let transformer: Transformer
    private let prefillTokens: Int
    /// In the order in which they started.
    private(set) var live: [LiveSequence] = []
    private(set) var prefills: [Prefill] = []
    /// Finished and not handed over yet.
    private var finished: [LiveSequence] = []

    init(_ weights: ModelWeights, _ memory: SamplingMemory, prefillTokens: Int) {
        self.weights = weights
        self.memory = memory
        self.prefillTokens = prefillTokens
        transformer = Transformer(weights)
    }

    var isEmpty: Bool { live.isEmpty && prefills.isEmpty }

    /// Takes sequences of equal tokens and without pages, behind those that are there.
    func append(_ sequences: [LiveSequence]) {
        guard !sequences.isEmpty else { return }
        let prefill = Prefill(sequences, memory.pool)
        let place = prefill.comesFirst ? prefills.firstIndex { !$0.comesFirst } : nil
        prefills.insert(prefill, at: place ?? prefills.count)
    }

    /// Forgets the sequences of calls that are over, and asks each call whether it is; returns how many.
    func dropEnded() -> Int {
        var dropped = 0
        var asked: SamplingCall?
        for index in live.indices {
            let call = live[index].call
            if call !== asked { _ = call.endsByCancelling() }
            asked = call
            if call.isOver { dropped += 1 }
        }
        if dropped > 0 { live.removeAll { $0.call.isOver } }
        for prefill in prefills where prefill.waiting.first?.call.endsByCancelling() == true {
            dropped += prefill.waiting.count
            prefill.drop()
        }
        if dropped > 0 { prefills.removeAll { $0.waiting.isEmpty } }
        return dropped
    }

    /// One step: every live sequence gets its next token, and prefills go on. `places` more sequences may start, of calls that come
    /// first `forFirst`. Returns
    /// how many are finished; `deliver` hands them over.
    func step(places: Int, forFirst: Int) -> Int {
        start(atMost: places, forFirst: forFirst)
        memory.batch.removeAll()
        feedLive()
        let heads = live.count
        feedPrefills()
        guard memory.batch.rows > 0 else { return 0 }
        let buffers = memory.buffers(rows: memory.batch.rows, heads: heads)
        transformer.forward(memory.batch, buffers.activations)
        draw(heads, buffers)
        return letOut()
    }

    /// Starts sequences whose tokens are stored.
    private func start(atMost places: Int, forFirst: Int) {
        var started = 0
        for prefill in prefills where prefill.isComplete {
            while started < (prefill.comesFirst ? forFirst : places), let sequence = prefill.start() {
                live.append(sequence)
                started += 1
            }
        }
        if started > 0 { prefills.removeAll { $0.waiting.isEmpty } }
    }

    /// One row for every live sequence. Who finds no page takes one from the youngest; the youngest waits.
    private func feedLive() {
        var index = 0
        while index < live.count {
            let sequence = live[index]
            if sequence.pages.prepare(sequence.stored) {
                memory.batch.append(
                    CollectionOfOne(sequence.lastToken), past: sequence.stored, cache: memory.cache(sequence.pages))
                index += 1
            } else if let prefill = prefills.last(where: { $0.pages.count > 0 }) {
                prefill.yield()
            } else {
                putBack(live.count - 1)
            }
        }
    }

    /// Takes a sequence's pages; it goes on when all it had has been run again, which gives the same bits.
    private func putBack(_ index: Int) {
        let sequence = live.remove(at: index)
        sequence.pages.releaseAll()
        prefills.insert(Prefill([sequence], memory.pool), at: 0)
    }

    /// The next tokens of prefills. Pages go to whoever came first, and only while there is one for every live sequence
    /// beside; whoever has its pages goes on in any case, for others may wait for them.
    private func feedPrefills() {
        var left = prefillTokens
        var isFull = false
        for prefill in prefills where !prefill.isComplete && left > 0 {
            if prefill.pages.count == 0 {
                isFull = isFull || !prefill.reserve(memory.pool, spare: live.count)
                if isFull { continue }
            }
            left -= prefill.feed(&memory.batch, limit: left, memory.cache(prefill.pages))
        }
    }

    /// Draws the next token of every live sequence; their rows are the first of the batch.
    private func draw(_ heads: Int, _ buffers: SamplingMemory.Buffers) {
        let hidden = memory.model.hiddenSize
        let vocabulary = memory.model.vocabularySize
        weights.normalize(
            buffers.normed, rstd: buffers.rstd, buffers.activations.output, weight: weights.layout.finalNorm,
            rows: heads, dimension: hidden)
        var first = 0
        while first < heads {
            let count = min(buffers.logitRows, heads - first)
            weights.multiply(buffers.logits, buffers.normed + first * hidden, weights.layout.head, rows: count)
            for row in 0..<count {
                live[first + row].draw(
                    buffers.logits + row * vocabulary, vocabulary: vocabulary, buffers.scratch)
            }
            first += count
        }
    }

    /// Sets what is finished aside; returns how many.
    private func letOut() -> Int {
        for index in live.indices where live[index].isFinished { finished.append(live[index]) }
        if !finished.isEmpty { live.removeAll { $0.isFinished } }
        return finished.count
    }

    /// Hands over what is finished. Callers may go on at once, so whatever they can see must be up to date before.
    func deliver() {
        for sequence in finished { sequence.deliver() }
        finished.removeAll()
    }
}

extension SamplingLane {
    /// Sequences of equal tokens that go on with other weights.
    struct Moving {
        let sequences: [LiveSequence]
        let weights: ModelWeights
    }

    /// Takes out the sequences whose calls follow newer weights than this lane's. They have no pages afterwards.
    func takeOutdated() -> [Moving] {
        var moving: [Moving] = []
        for index in live.indices {
            let sequence = live[index]
            guard let newest = newest(for: sequence.call) else { continue }
            sequence.version = newest.version
            sequence.pages.releaseAll()
            moving.append(Moving(sequences: [sequence], weights: newest.weights))
        }
        if !moving.isEmpty {
            live.removeAll { sequence in moving.contains { $0.sequences[0] === sequence } }
        }
        let stayingPrefills = moving.count
        for prefill in prefills {
            guard let call = prefill.waiting.first?.call, let newest = newest(for: call) else { continue }
            for sequence in prefill.waiting { sequence.version = newest.version }
            moving.append(Moving(sequences: prefill.waiting, weights: newest.weights))
            prefill.drop()
        }
        if moving.count > stayingPrefills { prefills.removeAll { $0.waiting.isEmpty } }
        return moving
    }

    /// The weights that a call follows, when they are not this lane's.
    private func newest(for call: SamplingCall) -> (version: Int, weights: ModelWeights)? {
        guard let newest = call.options.newest?(), newest.weights !== weights,
            newest.weights.hasForm(of: weights)
        else { return nil }
        return newest
    }
}
