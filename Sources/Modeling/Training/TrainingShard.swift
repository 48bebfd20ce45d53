// A fixed part of the learner's work: its own gradient buffer and scratch memory, used by one thread at a time.
import Synchronization

/// One shard. Sequences are dealt to shards by a fixed rule and shards are summed in a fixed order, so the result does
/// not depend on how many threads there are.
final class TrainingShard: Sendable {
    /// Derivative of the loss by each response token's log-probability, for a sequence's index and statistics.
    typealias Objective = @Sendable (_ index: Int, _ statistics: TokenStatistics) -> [Float]

    /// A sequence with its place in the caller's list.
    struct Item: Sendable {
        let index: Int
        let sequence: TrainingSequence
    }

    /// Sums of gradients since the last step.
    let gradient: FloatBuffer
    private let workspace = Mutex(Workspace())

    init(parameterCount: Int) { gradient = FloatBuffer(count: parameterCount) }

    /// Neighbours of one prompt that are dealt together, at most: they share the prompt's rows, and a larger group is cut
    /// so that shards can be equally full.
    private static let unitSize = 4

    /// Items that go to one shard, and the rows they take together.
    private struct Unit {
        var items: [Item] = []
        var rows = 0
    }

    /// Deals sequences to `count` shards: neighbours of one prompt together, those with the most rows first, each to the
    /// shard with the fewest rows; inside a shard the caller's order.
    static func deal(_ sequences: [TrainingSequence], over count: Int) -> [[Item]] {
        var shards = Array(repeating: Unit(), count: count)
        let units = units(of: sequences)
        let longestFirst = units.indices.sorted {
            units[$0].rows == units[$1].rows ? $0 < $1 : units[$0].rows > units[$1].rows
        }
        for index in longestFirst {
            let lightest = shards.indices.min { shards[$0].rows < shards[$1].rows } ?? 0
            shards[lightest].items += units[index].items
            shards[lightest].rows += units[index].rows
        }
        return shards.map { $0.items.sorted { $0.index < $1.index } }
    }

    private static func units(of sequences: [TrainingSequence]) -> [Unit] {
        var units: [Unit] = []
        for (index, sequence) in sequences.enumerated() where sequence.responseLength > 0 {
            let item = Item(index: index, sequence: sequence)
            if let last = units.last, last.items.count < unitSize, let neighbour = last.items.last,
                sequence.sharesPrompt(with: neighbour.sequence)
            {
                units[units.count - 1].items.append(item)
                units[units.count - 1].rows += sequence.rows - sequence.sharedRows
            } else {
                units.append(Unit(items: [item], rows: sequence.rows))
            }
        }
        return units
    }

    /// Cuts a shard's items into micro-batches of at most `rows` rows, or one longer sequence.
    private static func microBatches(_ items: [Item], rows limit: Int) -> [ArraySlice<Item>] {
        var batches: [ArraySlice<Item>] = []
        var start = 0
        var rows = 0
        for (position, item) in items.enumerated() {
            if position > start, rows + item.sequence.rows > limit {
                batches.append(items[start..<position])
                start = position
                rows = 0
            }
            let isShared = position > start && item.sequence.sharesPrompt(with: items[position - 1].sequence)
            rows += item.sequence.rows - (isShared ? item.sequence.sharedRows : 0)
        }
        if start < items.count { batches.append(items[start...]) }
        return batches
    }

    /// Statistics of every item; with an objective also adds the gradients.
    func run(
        _ items: [Item], _ work: ShardedPass, objective: Objective?
    ) throws(ModelError) -> [Int: TokenStatistics] {
        var results: [Int: TokenStatistics] = [:]
        let batches = Self.microBatches(items, rows: work.microBatchRows)
        let outcome: Result<Void, ModelError> = workspace.withLock { workspace in
            for batch in batches {
                workspace.reset()
                var microBatch = MicroBatch(
                    batch, work.weights, keeping: objective == nil ? .nothing : work.kept, limits: work.limits,
                    &workspace)
                let statistics = microBatch.forward(&workspace)
                results.merge(statistics) { first, _ in first }
                guard let objective else { continue }
                let pass = BackwardPass(
                    weights: work.weights, transposed: work.transposed, gradient: gradient.base, adapter: work.adapter,
                    limits: work.limits)
                do throws(ModelError) {
                    try microBatch.backward(pass, statistics, objective, &workspace)
                } catch {
                    return .failure(error)
                }
            }
            return .success(())
        }
        try outcome.get()
        return results
    }
}
