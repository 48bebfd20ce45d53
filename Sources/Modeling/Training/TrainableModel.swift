// A model being trained: weights, gradients and optimiser state. It knows no objective, no data and no files.
import CKernels

/// Parameters with AdamW moments and accumulating gradients. Not Sendable: one owner trains it.
///
/// Results are equal for every number of threads: work is dealt over a fixed number of shards, each with a gradient
/// buffer of its own, and the shards are summed in order.
package final class TrainableModel {
    /// How the work is cut. Shards and rows are part of what a run must keep to be repeated bit for bit.
    package struct Partition: Sendable, Equatable {
        /// What is kept of a forward pass until the backward pass; every choice gives the same bits.
        package enum Activations: Sendable, Equatable {
            /// Everything: fastest.
            case kept
            /// Each layer's input; the layer runs again on the way back, which costs about a third more time.
            case recomputed
            /// Kept while a micro-batch's take at most 1 GiB.
            case automatic
        }

        /// Gradient buffers, and the most threads that can help.
        package var shards: Int
        /// Rows of one forward and backward pass of a shard; bounds the memory of activations.
        package var microBatchRows: Int
        package var activations: Activations

        package init(shards: Int = 2, microBatchRows: Int = 2_048, activations: Activations = .automatic) {
            self.shards = min(max(shards, 1), WorkerThreads.countMax)
            self.microBatchRows = min(max(microBatchRows, 1), 16_384)
            self.activations = activations
        }

        func kept(_ model: ModelConfiguration, _ limits: PassLimits) -> Transformer.Activations.Kept {
            switch activations {
            case .kept: .all
            case .recomputed: .inputs
            case .automatic:
                MemoryPlan.keptActivationBytes(model, rows: microBatchRows) <= limits.keptBytes ? .all : .inputs
            }
        }
    }

    package let partition: Partition
    /// Steps taken since the moments were zero; AdamW's bias correction counts them.
    package internal(set) var stepCount: UInt64 = 0
    private(set) var weights: ModelWeights
    private(set) var trained: TrainedParameters
    let firstMoment: FloatBuffer
    let secondMoment: FloatBuffer
    private var transposed: PackedMatrices?
    private let shards: [TrainingShard]
    private let limits: PassLimits

    /// Starts training all parameters at these weights, with fresh moments.
    package convenience init(weights: ModelWeights, partition: Partition = Partition()) {
        self.init(weights: weights, trained: .all(weights.layout), partition: partition)
    }

    /// Starts training an adapter on top of these weights, which stay as they are. The seed decides where A begins.
    package convenience init(
        weights: ModelWeights, adapter: AdapterSettings, seed: UInt64 = 0, partition: Partition = Partition()
    ) {
        let layout = AdapterLayout(adapter, weights.layout)
        let adapted = AdaptedParameters(
            base: weights.parameters, layout: layout, values: layout.initialValues(seed: seed), origin: weights.origin)
        self.init(
            weights: weights.with(adapted, threads: partition.shards), trained: .adapter(adapted), partition: partition)
    }

    init(
        weights: ModelWeights, trained: TrainedParameters, moments: (FloatBuffer, FloatBuffer)? = nil,
        stepCount: UInt64 = 0, partition: Partition, limits: PassLimits = PassLimits()
    ) {
        self.limits = limits
        self.weights = weights
        self.trained = trained
        firstMoment = moments?.0 ?? FloatBuffer(count: trained.count)
        secondMoment = moments?.1 ?? FloatBuffer(count: trained.count)
        self.stepCount = stepCount
        self.partition = partition
        shards = (0..<partition.shards).map { _ in TrainingShard(parameterCount: trained.count) }
    }

    package var configuration: ModelConfiguration { weights.configuration }

    /// The weights as they are now. Costs nothing: while somebody holds them a step makes new ones and leaves these alone.
    package func snapshot() -> ModelWeights { weights }

    /// The same weights, adapter and partition with fresh moments, as when another stage of training begins.
    package func restarted() -> TrainableModel {
        TrainableModel(weights: weights, trained: trained, partition: partition, limits: limits)
    }

    /// What the model says about each response, in order. A response may be empty.
    package func forward(_ sequences: [TrainingSequence], threads: Int = 2) throws(ModelError) -> [TokenStatistics] {
        try pass().run(sequences, shards: shards, threads: threads, objective: nil)
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
        if transposed == nil, MemoryPlan.keepsTransposed(configuration, limits) {
            transposed = PackedMatrices(
                weights.layout, weights.parameters, direction: .backward, precision: weights.precision,
                threads: threads)
        }
        do {
            return try pass().run(sequences, shards: shards, threads: threads, objective: gradient)
        } catch {
            discardGradients()
            throw error
        }
    }

    private func pass() -> ShardedPass {
        ShardedPass(
            weights: weights, transposed: transposed, adapter: trained.adapter,
            microBatchRows: partition.microBatchRows, kept: partition.kept(configuration, limits),
            limits: limits)
    }

    /// Forgets what was accumulated.
    package func discardGradients() {
        for shard in shards { shard.gradient.clear() }
    }

    /// The accumulated gradient of one trained tensor by its name (Hugging Face's, or the adapter's without PEFT's prefix);
    /// nil when none of that name is trained.
    package func gradient(named name: String) -> [Float]? {
        guard let place = trained.tensors.first(where: { $0.name == name }) else { return nil }
        var sum = Array(repeating: Float(0), count: place.count)
        for shard in shards { ck_add(&sum, shard.gradient.base + place.offset, place.count) }
        return sum
    }

    /// Applies the accumulated gradients and clears them. One that is not finite changes no weight and is reported.
    package func step(_ settings: AdamWSettings, threads: Int = 2) throws(ModelError) -> StepResult {
        try settings.validate()
        defer { discardGradients() }
        let total = shards[0].gradient
        let optimiser = OptimiserStep(tensors: trained.tensors, settings: settings, threads: threads)
        let norm = optimiser.sum(shards.map(\.gradient))
        guard norm.isFinite else { return StepResult(gradientNorm: norm, clipped: false, applied: false) }
        // As torch.nn.utils.clip_grad_norm_: the small number keeps a zero norm from dividing.
        let factor = min(1, Float(Double(settings.maximumGradientNorm) / (norm + 1e-6)))
        stepCount += 1
        transposed = nil
        let moments = (firstMoment, secondMoment)
        let step = stepCount
        let apply: (FloatBuffer) -> Void = { values in
            optimiser.apply(to: values, moments: moments, gradient: total, step: step, factor: factor)
        }
        weights = nextWeights(apply, threads: threads)
        return StepResult(gradientNorm: norm, clipped: factor < 1, applied: true)
    }

    /// The weights after a change of the trained numbers: in place when nobody else holds the present ones.
    private func nextWeights(_ apply: (FloatBuffer) -> Void, threads: Int) -> ModelWeights {
        switch trained {
        case .adapter(let adapter):
            if isKnownUniquelyReferenced(&weights) {
                weights.change(threads: threads) { apply(adapter.values) }
                return weights
            }
            let values = FloatBuffer(copying: adapter.values)
            apply(values)
            let next = AdaptedParameters(
                base: adapter.base, layout: adapter.layout, values: values, origin: adapter.origin)
            trained = .adapter(next)
            return weights.with(next, threads: threads)
        case .all:
            if isKnownUniquelyReferenced(&weights), let values = weights.parameters as? FloatBuffer {
                weights.change(threads: threads) { apply(values) }
                return weights
            }
            let values =
                (weights.parameters as? FloatBuffer).map { FloatBuffer(copying: $0) }
                ?? weights.parameters.dense(weights.layout)
            apply(values)
            return weights.with(values, threads: threads)
        }
    }
}
