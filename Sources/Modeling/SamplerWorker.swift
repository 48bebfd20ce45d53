// One sampling thread: lets sequences in, runs the model on all, draws a token for each, lets finished ones out.

/// The continuous batch of one thread.
struct SamplerWorker {
    private let requests: [SamplingRequest]
    private let transformer: Transformer
    private let bounds: Sampler.Bounds
    private var workspace = Workspace()
    private var live: [LiveSequence] = []
    private var reservedFloats = 0
    /// What is done, by the request's index.
    private(set) var finished: [Int: SampledSequence] = [:]

    private var model: ModelConfiguration { transformer.weights.configuration }

    init(_ requests: [SamplingRequest], weights: ModelWeights, bounds: Sampler.Bounds) {
        self.requests = requests
        transformer = Transformer(weights)
        self.bounds = bounds
    }

    /// Works until `taking` gives nothing more; its argument is the number of free places.
    mutating func run(
        taking: (Int) -> Range<Int>?, isCancelled: () -> Bool
    ) throws(ModelError) {
        while true {
            while let unit = admits(taking) { try prefill(unit, isCancelled) }
            if live.isEmpty { return }
            if isCancelled() { throw ModelError(.cancelled, "sampling was cancelled") }
            decode()
        }
    }

    /// The next unit of work, if there is room for it. An empty batch takes a unit of any size.
    private func admits(_ taking: (Int) -> Range<Int>?) -> Range<Int>? {
        if live.isEmpty { return taking(.max) }
        guard reservedFloats < bounds.cacheFloats / 2 else { return nil }
        let free = bounds.sequences - live.count
        return free > 0 ? taking(free) : nil
    }

    /// Runs the prompt that the requests share, gives each its own copy of the stores, and draws their first tokens.
    private mutating func prefill(_ unit: Range<Int>, _ isCancelled: () -> Bool) throws(ModelError) {
        let prompt = requests[unit.lowerBound].prompt
        let cache = GrowingCache(capacity: prompt.count, model)
        var past = 0
        while past < prompt.count {
            if isCancelled() { throw ModelError(.cancelled, "sampling was cancelled") }
            let chunk = prompt[past..<min(past + bounds.prefillTokens, prompt.count)]
            var batch = RowBatch()
            batch.append(chunk, past: past, cache: cache.view)
            workspace.reset()
            let output = forward(batch)
            past += chunk.count
            if past == prompt.count {
                start(unit, output, row: chunk.count - 1, cache, promptCount: prompt.count)
            }
        }
    }

    private mutating func start(
        _ unit: Range<Int>, _ output: UnsafeMutablePointer<Float>, row: Int, _ cache: GrowingCache, promptCount: Int
    ) {
        let head = LanguageHead(transformer.weights, rows: [Int32(row)], of: output, &workspace)
        let scratch = workspace.take(TokenChoice.scratchCount(model.vocabularySize))
        head.forEachRow { _, logits in
            for index in unit {
                var sequence = LiveSequence(index, requests[index], promptCount: promptCount)
                if requests[index].maximumTokens > 0 {
                    sequence.draw(logits, vocabulary: model.vocabularySize, scratch)
                }
                if let done = sequence.finished {
                    finished[index] = done
                } else {
                    sequence.cache = GrowingCache(copying: cache, positions: promptCount, model)
                    live.append(sequence)
                    reservedFloats += sequence.reservedFloats(model)
                }
            }
        }
    }

    /// One step: every live sequence gets its next token.
    private mutating func decode() {
        var batch = RowBatch()
        for index in live.indices {
            live[index].cache.grow(toHold: live[index].position + 1, model)
            batch.append(
                CollectionOfOne(live[index].lastToken), past: live[index].position, cache: live[index].cache.view)
        }
        workspace.reset()
        let output = forward(batch)
        let head = LanguageHead(
            transformer.weights, rows: (0..<Int32(live.count)).map { $0 }, of: output, &workspace)
        let scratch = workspace.take(TokenChoice.scratchCount(model.vocabularySize))
        head.forEachRow { row, logits in
            live[row].position += 1
            live[row].draw(logits, vocabulary: model.vocabularySize, scratch)
        }
        for sequence in live {
            guard let done = sequence.finished else { continue }
            finished[sequence.index] = done
            reservedFloats -= sequence.reservedFloats(model)
        }
        live.removeAll { $0.finished != nil }
    }

    /// The output of the last layer for every row of the batch.
    private mutating func forward(_ batch: RowBatch) -> UnsafeMutablePointer<Float> {
        let activations = Transformer.Activations(rows: batch.rows, model, keeping: .nothing, &workspace)
        transformer.forward(batch, activations)
        return activations.output
    }
}
