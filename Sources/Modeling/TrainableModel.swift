// A model being trained: weights, gradients and optimiser state. It knows no objective, no data and no files.
import CKernels

/// Parameters with AdamW moments and accumulating gradients. Not Sendable: one owner trains it.
///
/// Results are equal for every number of threads: work is dealt over a fixed number of shards, each with a gradient
/// buffer of its own, and the shards are summed in order.
package final class TrainableModel {
    /// How the work is cut. Both numbers are part of what a run must keep to be repeated bit for bit.
    package struct Partition: Sendable, Equatable {
        /// Gradient buffers, and the most threads that can help.
        package var shards: Int
        /// Rows of one forward and backward pass of a shard; bounds the memory of activations.
        package var microBatchRows: Int

        package init(shards: Int = 2, microBatchRows: Int = 2_048) {
            self.shards = min(max(shards, 1), WorkerThreads.countMax)
            self.microBatchRows = min(max(microBatchRows, 1), 16_384)
        }
    }

    package let partition: Partition
    /// Steps taken since the moments were zero; AdamW's bias correction counts them.
    package internal(set) var stepCount: UInt64 = 0
    private(set) var weights: ModelWeights
    let firstMoment: FloatBuffer
    let secondMoment: FloatBuffer
    private var transposed: PackedMatrices?
    private let shards: [TrainingShard]

    /// Starts training at these weights, with fresh moments.
    package convenience init(weights: ModelWeights, partition: Partition = Partition()) {
        self.init(
            weights: weights, firstMoment: FloatBuffer(count: weights.layout.count),
            secondMoment: FloatBuffer(count: weights.layout.count), stepCount: 0, partition: partition)
    }

    init(
        weights: ModelWeights, firstMoment: FloatBuffer, secondMoment: FloatBuffer, stepCount: UInt64,
        partition: Partition
    ) {
        self.weights = weights
        self.firstMoment = firstMoment
        self.secondMoment = secondMoment
        self.stepCount = stepCount
        self.partition = partition
        shards = (0..<partition.shards).map { _ in TrainingShard(parameterCount: weights.layout.count) }
    }

    package var configuration: ModelConfiguration { weights.configuration }

    /// The weights as they are now. Costs nothing: a step makes new weights and leaves these alone.
    package func snapshot() -> ModelWeights { weights }

    /// What the model says about each response, in order. A response may be empty.
    package func forward(_ sequences: [TrainingSequence], threads: Int = 2) throws(ModelError) -> [TokenStatistics] {
        try run(sequences, threads: threads, transposed: nil, objective: nil)
    }

    /// As `forward`, and adds the gradient of a loss to the accumulated ones.
    ///
    /// `gradient` is called once for each sequence with a response, from worker threads and in no fixed order, with the
    /// sequence's index and statistics; it returns dLoss/dlogp for every response token. On an error the accumulated
    /// gradients are zero again.
    package func forwardBackward(
        _ sequences: [TrainingSequence], threads: Int = 2,
        gradient: @escaping @Sendable (_ index: Int, _ statistics: TokenStatistics) -> [Float]
    ) throws(ModelError) -> [TokenStatistics] {
        let packing =
            transposed
            ?? PackedMatrices(
                weights.layout, parameters: weights.parameters, direction: .backward)
        transposed = packing
        do {
            return try run(sequences, threads: threads, transposed: packing, objective: gradient)
        } catch {
            discardGradients()
            throw error
        }
    }

    private func run(
        _ sequences: [TrainingSequence], threads: Int, transposed: PackedMatrices?,
        objective: TrainingShard.Objective?
    ) throws(ModelError) -> [TokenStatistics] {
        try ShardedPass(weights: weights, transposed: transposed, microBatchRows: partition.microBatchRows)
            .run(sequences, shards: shards, threads: threads, objective: objective)
    }

    /// Forgets what was accumulated.
    package func discardGradients() {
        for shard in shards { shard.gradient.clear() }
    }

    /// The accumulated gradient of one tensor by its Hugging Face name; nil when the model has none of that name.
    package func gradient(named name: String) -> [Float]? {
        guard let place = weights.layout.tensors.first(where: { $0.name == name }) else { return nil }
        var sum = Array(repeating: Float(0), count: place.count)
        for shard in shards { ck_add(&sum, shard.gradient.base + place.offset, place.count) }
        return sum
    }

    /// Applies the accumulated gradients and clears them. One that is not finite changes no weight and is reported.
    package func step(_ settings: AdamWSettings) throws(ModelError) -> StepResult {
        try settings.validate()
        let total = shards[0].gradient
        for shard in shards.dropFirst() { ck_add(total.base, shard.gradient.base, total.count) }
        defer { discardGradients() }
        let norm = ck_sum_of_squares(total.base, total.count).squareRoot()
        guard norm.isFinite else { return StepResult(gradientNorm: norm, clipped: false, applied: false) }
        // As torch.nn.utils.clip_grad_norm_: the small number keeps a zero norm from dividing.
        let factor = min(1, Float(Double(settings.maximumGradientNorm) / (norm + 1e-6)))
        stepCount += 1
        let parameters = FloatBuffer(copying: weights.parameters)
        for tensor in weights.layout.tensors {
            let decay = tensor.isNorm && settings.skipsNormDecay ? 0 : settings.weightDecay
            ck_adamw(
                parameters.base + tensor.offset, firstMoment.base + tensor.offset, secondMoment.base + tensor.offset,
                total.base + tensor.offset, tensor.count, settings.learningRate, settings.beta1, settings.beta2,
                settings.epsilon, decay, stepCount, factor)
        }
        weights = ModelWeights(
            configuration: configuration, layout: weights.layout, parameters: parameters, rotary: weights.rotary)
        transposed = nil
        return StepResult(gradientNorm: norm, clipped: factor < 1, applied: true)
    }
}
