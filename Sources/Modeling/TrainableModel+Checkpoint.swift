// The learner's whole state in one file: parameters, moments, step counter, shape. Restoring gives the same bits.

extension TrainableModel {
    private static let format = "rolloutd-learner-1"
    private static let firstPrefix = "adamw.first."
    private static let secondPrefix = "adamw.second."

    /// Writes a checkpoint atomically. Call it between steps: accumulated gradients are not part of it.
    package func save(to path: String) throws(ModelError) {
        let tensors =
            weights.safetensors(prefix: "", weights.parameters.dense(weights.layout))
            + weights.safetensors(prefix: Self.firstPrefix, firstMoment)
            + weights.safetensors(prefix: Self.secondPrefix, secondMoment)
        let configuration = String(decoding: configuration.huggingFaceConfiguration(), as: UTF8.self)
        try SafetensorsWriter.write(
            path, tensors,
            metadata: [
                "format": Self.format, "step": String(stepCount), "shards": String(partition.shards),
                "micro_batch_rows": String(partition.microBatchRows), "configuration": configuration,
                "precision": weights.precision.rawValue,
            ])
    }

    /// Reads a checkpoint, and with it the partition it was trained under.
    package convenience init(restoring path: String) throws(ModelError) {
        let reader = try SafetensorsReader(path)
        let metadata = reader.header.metadata
        guard metadata["format"] == Self.format else {
            throw ModelError(
                .invalidFile, "\(path) is not a learner's checkpoint",
                hint: "a model's own weights are loaded from its directory instead")
        }
        guard let step = metadata["step"].flatMap({ UInt64($0) }), let shards = metadata["shards"].flatMap({ Int($0) }),
            let rows = metadata["micro_batch_rows"].flatMap({ Int($0) }), let text = metadata["configuration"]
        else { throw ModelError(.invalidFile, "the metadata of \(path) is incomplete") }
        // Checkpoints from before there was a choice are fp32.
        guard let precision = Precision(rawValue: metadata["precision"] ?? Precision.float32.rawValue) else {
            throw ModelError(.unsupported, "\(path) was trained in a precision that this version does not have")
        }
        let configuration = try ModelConfiguration(huggingFace: Array(text.utf8))
        let layout = TensorLayout(configuration)
        let buffers = try ["", Self.firstPrefix, Self.secondPrefix].map { (prefix) throws(ModelError) in
            let buffer = FloatBuffer(count: layout.count)
            for tensor in layout.tensors {
                try reader.read(prefix + tensor.name, shape: tensor.shape, into: buffer.base + tensor.offset)
            }
            return buffer
        }
        self.init(
            weights: ModelWeights(
                configuration: configuration, layout: layout, parameters: buffers[0], precision: precision, threads: 2),
            trained: .all(layout), moments: (buffers[1], buffers[2]), stepCount: step,
            partition: Partition(shards: shards, microBatchRows: rows))
    }
}
