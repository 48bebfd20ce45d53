// How much memory a model takes, by formula, before anything is allocated. docs/MODEL.md explains the terms.
import CKernels
import Glibc

/// The bytes of one use of a model. P numbers in all, T of them trained.
package struct MemoryPlan: Sendable, Equatable {
    /// The matrices as the kernels read them: 4 P (2 P in bf16), and the numbers themselves when they are in memory.
    package var weights: Int
    /// Two moments and one gradient a shard: 4 T (2 + shards).
    package var optimiser: Int
    /// A second version while a step makes it beside one that is being sampled.
    package var nextVersion: Int
    /// Activations, logits and scratch of all shards, or of the sampler.
    package var working: Int

    package var total: Int { weights + optimiser + nextVersion + working }

    /// Whether there is a second, lasting form of the matrices for the way back.
    static func keepsTransposed(_ model: ModelConfiguration, _ limits: PassLimits = PassLimits()) -> Bool {
        model.parameterCount * 4 <= limits.transposedBytes
    }

    /// Bytes of one micro-batch's activations when everything is kept.
    static func keptActivationBytes(_ model: ModelConfiguration, rows: Int) -> Int {
        4 * rows * model.layerCount * (LayerActivations.floats(perRow: model) + 2 * model.keyWidth)
    }

    /// Bytes of one micro-batch's activations when only the layers' inputs are.
    static func recomputedActivationBytes(_ model: ModelConfiguration, rows: Int) -> Int {
        4 * rows
            * ((model.layerCount + 1) * model.hiddenSize + LayerActivations.floats(perRow: model) + 2 * model.keyWidth)
    }

    /// What sampling takes, with key-value pages of so many bytes at most. `isMapped` says that the numbers stay in a file.
    package static func sampling(
        _ model: ModelConfiguration, precision: Precision = .float32, cacheBytes: Int, isMapped: Bool = false
    ) -> MemoryPlan {
        MemoryPlan(
            weights: (precision.bytes + (isMapped ? 0 : 4)) * model.parameterCount, optimiser: 0, nextVersion: 0,
            working: cacheBytes)
    }

    /// What training takes. `trainedCount` is less than all parameters for an adapter; `isSampled` says that another version
    /// stays in use while a step makes the next.
    package static func training(
        _ model: ModelConfiguration, precision: Precision = .float32, trainedCount: Int? = nil,
        partition: TrainableModel.Partition, isSampled: Bool
    ) -> MemoryPlan {
        let parameters = model.parameterCount
        let trained = trainedCount ?? parameters
        let isFull = trainedCount == nil
        let versionBytes = (precision.bytes + (isFull ? 4 : 0)) * parameters
        let transposed = keepsTransposed(model) ? precision.bytes * parameters : 0
        return MemoryPlan(
            weights: versionBytes + transposed, optimiser: 4 * trained * (2 + partition.shards),
            nextVersion: isSampled ? versionBytes : 0,
            working: partition.shards * workingBytes(model, partition))
    }

    /// One shard's scratch memory: activations, gradients of one layer, logits, a packed matrix.
    private static func workingBytes(_ model: ModelConfiguration, _ partition: TrainableModel.Partition) -> Int {
        let limits = PassLimits()
        let rows = partition.microBatchRows
        let activations =
            partition.kept(model, limits) == .all
            ? keptActivationBytes(model, rows: rows) : recomputedActivationBytes(model, rows: rows)
        let gradients =
            4 * rows * (5 * model.hiddenSize + 4 * model.queryWidth + 4 * model.keyWidth + model.feedForwardSize)
        let logits = 2 * 4 * max(limits.logits, limits.logitRows * model.vocabularySize)
        let packed = keepsTransposed(model) ? 0 : 4 * min(limits.packed, model.hiddenSize * model.vocabularySize)
        return activations + gradients + logits + packed
    }

    /// Throws `ModelError` `.insufficientMemory` when the total is more than `available` bytes (nil: unknown, nothing is
    /// refused), saying how much would be needed and what takes it.
    package func check(_ purpose: String, available: Int? = availableBytes()) throws(ModelError) {
        guard let available, total > available else { return }
        throw ModelError(
            .insufficientMemory,
            "\(purpose) would need \(Self.text(total)) of memory and \(Self.text(available)) are free: "
                + "weights \(Self.text(weights)), optimiser \(Self.text(optimiser)), next version "
                + "\(Self.text(nextVersion)), working memory \(Self.text(working))",
            hint: "use a smaller model, an adapter (--lora-rank), bf16 weights or smaller micro-batches, or free memory"
        )
    }

    /// Bytes in the unit that people read.
    private static func text(_ bytes: Int) -> String {
        let mega = (bytes + 500_000) / 1_000_000
        return mega < 10_000 ? "\(mega) MB" : "\(mega / 1_000).\(mega % 1_000 / 100) GB"
    }

    /// What the system can still give: the least of MemAvailable and the room in the process's control group; nil when
    /// neither can be read.
    package static func availableBytes() -> Int? {
        let machine = number(inFile: "/proc/meminfo", after: "MemAvailable:").map { $0 * 1_024 }
        var group: Int?
        if let limit = number(inFile: "/sys/fs/cgroup/memory.max"),
            let used = number(inFile: "/sys/fs/cgroup/memory.current")
        {
            // What is read from files counts as used, and is given back when it is wanted.
            let files = number(inFile: "/sys/fs/cgroup/memory.stat", after: "\nfile ") ?? 0
            group = max(limit - max(used - files, 0), 0)
        }
        return [machine, group].compactMap { $0 }.min()
    }

    /// The first whole number in a small file, or the first after a word.
    private static func number(inFile path: String, after word: String = "") -> Int? {
        guard let file = try? OpenFile(reading: path), let bytes = try? file.firstBytes(4_096) else { return nil }
        let text = String(decoding: bytes, as: UTF8.self)
        guard let start = word.isEmpty ? text.startIndex : text.firstRange(of: word)?.upperBound else { return nil }
        return Int(text[start...].drop { $0 == " " }.prefix { $0.isASCII && $0.isNumber })
    }
}
