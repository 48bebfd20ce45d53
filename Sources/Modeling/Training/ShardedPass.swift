// A pass over many sequences on several threads, and the way to score sequences without a learner.
import Synchronization

/// Deals sequences to shards and shards to threads.
struct ShardedPass: Sendable {
    let weights: ModelWeights
    /// As in `BackwardPass`.
    var transposed: PackedMatrices?
    /// As in `BackwardPass`.
    var adapter: AdaptedParameters?
    var microBatchRows = 2_048
    /// What a pass with an objective keeps for its way back.
    var kept = Transformer.Activations.Kept.all
    var limits = PassLimits()

    /// Statistics of every sequence, in order; with an objective the shards' gradients grow. Throws on a sequence the
    /// model cannot take before anything has run.
    func run(
        _ sequences: [TrainingSequence], shards: [TrainingShard], threads: Int, objective: TrainingShard.Objective?
    ) throws(ModelError) -> [TokenStatistics] {
        for (index, sequence) in sequences.enumerated() { try sequence.validate(index, for: weights.configuration) }
        let dealt = TrainingShard.deal(sequences, over: shards.count)
        let results = Results(count: sequences.count)
        let workers = min(max(threads, 1), shards.count)
        try WorkerThreads.run(workers) { (worker) throws(ModelError) in
            for index in stride(from: worker, to: shards.count, by: workers) {
                let part = try shards[index].run(dealt[index], self, objective: objective)
                results.values.withLock { values in
                    for (place, statistics) in part { values[place] = statistics }
                }
            }
        }
        return results.values.withLock { $0 }
    }

    private final class Results: Sendable {
        let values: Mutex<[TokenStatistics]>

        init(count: Int) {
            values = Mutex(Array(repeating: TokenStatistics(logprobs: [], entropies: []), count: count))
        }
    }
}

extension ModelWeights {
    /// What this version of the model says about each response, in order: the bits that a learner's forward pass gives.
    ///
    /// Blocks; call it from a thread of your own. With `promptLength` 1 it scores a whole text but its first token.
    package func score(_ sequences: [TrainingSequence], threads: Int) throws(ModelError) -> [TokenStatistics] {
        let count = min(max(threads, 1), max(sequences.count, 1), WorkerThreads.countMax)
        let shards = (0..<count).map { _ in TrainingShard(parameterCount: 0) }
        return try ShardedPass(weights: self)
            .run(sequences, shards: shards, threads: count, objective: nil)
    }
}
