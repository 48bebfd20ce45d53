// One forward and backward pass over as many whole sequences as fit in memory at a time.
import Glibc

/// Sequences packed row after row, with everything kept between forward and backward in scratch memory.
struct MicroBatch {
    private let items: ArraySlice<TrainingShard.Item>
    private let weights: ModelWeights
    private let transformer: Transformer
    private var batch = RowBatch()
    private let activations: Transformer.Activations
    /// Rows that predict a response token, and those tokens, `[R]`.
    private var headRows: [Int32] = []
    private var targets: [Int32] = []
    private var head: LanguageHead?
    private let limits: PassLimits
    private let statistics: UnsafeMutablePointer<Float>  // [3, R]: log-probabilities, entropies, log-sum-exp

    init(
        _ items: ArraySlice<TrainingShard.Item>, _ weights: ModelWeights, keeping kept: Transformer.Activations.Kept,
        limits: PassLimits, _ workspace: inout Workspace
    ) {
        self.items = items
        self.limits = limits
        self.weights = weights
        transformer = Transformer(weights)
        let model = weights.configuration
        var prefix: Segment?
        for (place, item) in zip(items.indices, items) {
            let sequence = item.sequence
            let follows = place > items.startIndex && sequence.sharesPrompt(with: items[place - 1].sequence)
            let leads = place + 1 < items.endIndex && sequence.sharesPrompt(with: items[place + 1].sequence)
            if !follows {
                prefix = nil
                if leads {
                    let cache = Self.cache(sequence.sharedRows, model, kept, &workspace)
                    batch.append(sequence.tokens.prefix(sequence.sharedRows), past: 0, cache: cache)
                    prefix = batch.segments.last
                }
            }
            let cache = Self.cache(sequence.rows, model, kept, &workspace)
            let firstRow = batch.rows
            let shared = prefix?.count ?? 0
            if let prefix {
                batch.append(sequence.tokens.dropLast().dropFirst(shared), after: prefix, cache: cache)
            } else {
                batch.append(sequence.tokens.dropLast(), past: 0, cache: cache)
            }
            for position in sequence.promptLength..<sequence.tokens.count {
                headRows.append(Int32(firstRow + position - 1 - shared))
                targets.append(sequence.tokens[position])
            }
        }
        activations = Transformer.Activations(
            rows: batch.rows, model, keeping: kept, &workspace)
        statistics = workspace.take(3 * headRows.count)
    }

    private static func cache(
        _ capacity: Int, _ model: ModelConfiguration, _ kept: Transformer.Activations.Kept,
        _ workspace: inout Workspace
    ) -> KeyValueCache {
        // Only the way back through kept layers looks at another layer's keys than those just written.
        let shared = kept != .all
        let floats = KeyValueCache.floats(capacity: capacity, model, sharedByLayers: shared)
        return KeyValueCache(workspace.take(floats), capacity: capacity, model, sharedByLayers: shared)
    }

    /// Runs the model; the statistics of each item by its index.
    mutating func forward(_ workspace: inout Workspace) -> [Int: TokenStatistics] {
        transformer.forward(batch, activations)
        let head = LanguageHead(weights, rows: headRows, of: activations.output, limits: limits, &workspace)
        self.head = head
        let count = headRows.count
        head.statistics(
            targets: targets, logprobs: statistics, entropies: statistics + count, logSumExp: statistics + 2 * count)
        var results: [Int: TokenStatistics] = [:]
        var start = 0
        for item in items {
            let length = item.sequence.responseLength
            results[item.index] = TokenStatistics(
                logprobs: Array(UnsafeBufferPointer(start: statistics + start, count: length)),
                entropies: Array(UnsafeBufferPointer(start: statistics + count + start, count: length)))
            start += length
        }
        return results
    }

    /// Asks the objective for each item's derivatives and adds all gradients to `pass`.
    func backward(
        _ pass: BackwardPass, _ results: [Int: TokenStatistics], _ objective: TrainingShard.Objective,
        _ workspace: inout Workspace
    ) throws(ModelError) {
        guard let head else { preconditionFailure("backward before forward") }
        var coefficients: [Float] = []
        for item in items {
            guard let statistics = results[item.index] else { preconditionFailure("statistics were lost") }
            let derivatives = objective(item.index, statistics)
            guard derivatives.count == item.sequence.responseLength else {
                throw ModelError(
                    .invalidInput, "the objective gave \(derivatives.count) derivatives for sequence \(item.index)",
                    hint: "one for each of its \(item.sequence.responseLength) response tokens")
            }
            coefficients.append(contentsOf: derivatives)
        }
        let width = batch.rows * weights.configuration.hiddenSize
        let d = workspace.take(width)
        memset(d, 0, width * 4)
        head.backward(
            d, targets: targets, coefficients: coefficients, logSumExp: statistics + 2 * headRows.count, pass,
            &workspace)
        transformer.backward(d, batch, activations, pass, &workspace)
    }
}
