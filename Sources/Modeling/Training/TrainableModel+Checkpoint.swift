// The learner's whole state in one file: trained numbers, moments, step counter, shape. Restoring gives the same bits.

extension TrainableModel {
    /// The texts that a checkpoint carries beside its tensors.
    private enum Field {
        static let format = "format"
        static let step = "step"
        static let shards = "shards"
        static let rows = "micro_batch_rows"
        static let configuration = "configuration"
        static let precision = "precision"
        static let rank = "adapter_rank"
        static let alpha = "adapter_alpha"
        static let targets = "adapter_targets"
        static let base = "base_model"
        static let baseFingerprint = "base_fingerprint"
    }

    private static let wholeFormat = "rolloutd-learner-1"
    private static let adapterFormat = "rolloutd-adapter-learner-1"
    private static let prefixes = ["", "adamw.first.", "adamw.second."]

    /// Writes a checkpoint atomically. Call it between steps: accumulated gradients are not part of it.
    ///
    /// With an adapter only the adapter's numbers are written, and where the base lies: the base model must have been loaded
    /// from a directory, and that must stay as it is.
    package func save(to path: String) throws(ModelError) {
        var metadata = [
            (Field.step, String(stepCount)), (Field.shards, String(partition.shards)),
            (Field.rows, String(partition.microBatchRows)),
            (Field.configuration, String(decoding: configuration.huggingFaceConfiguration(), as: UTF8.self)),
            (Field.precision, weights.precision.rawValue),
        ]
        let values: FloatBuffer
        switch trained {
        case .all(let layout):
            metadata.append((Field.format, Self.wholeFormat))
            values = weights.parameters.dense(layout)
        case .adapter(let adapter):
            guard let base = adapter.origin else {
                throw ModelError(
                    .unsupported, "an adapter's checkpoint names its base, and this base has no directory",
                    hint: "load the base model from a directory (--model)")
            }
            let settings = adapter.layout.settings
            metadata += [
                (Field.format, Self.adapterFormat), (Field.rank, String(settings.rank)),
                (Field.alpha, settings.alpha.description),
                (Field.targets, settings.targets.map(\.rawValue).joined(separator: ",")),
                (Field.base, base.directory), (Field.baseFingerprint, base.fingerprint),
            ]
            values = adapter.values
        }
        let tensors = zip(Self.prefixes, [values, firstMoment, secondMoment]).flatMap { prefix, buffer in
            trained.tensors.map {
                SafetensorsTensor($0, prefix: prefix, in: buffer)
            }
        }
        try SafetensorsWriter.write(path, tensors, metadata: metadata)
    }

    /// Reads a checkpoint, and with it the partition it was trained under. An adapter's base is loaded from where it was.
    package convenience init(restoring path: String, threads: Int = 2) throws(ModelError) {
        let reader = try SafetensorsReader(path)
        let metadata = reader.header.metadata
        guard let step = metadata[Field.step].flatMap({ UInt64($0) }),
            let shards = metadata[Field.shards].flatMap({ Int($0) }),
            let rows = metadata[Field.rows].flatMap({ Int($0) }), let text = metadata[Field.configuration]
        else {
            throw ModelError(
                .invalidFile, "\(path) is not a learner's checkpoint, or its metadata is incomplete",
                hint: "a model's own weights are loaded from its directory instead")
        }
        // Checkpoints from before there was a choice are fp32.
        guard let precision = Precision(rawValue: metadata[Field.precision] ?? Precision.float32.rawValue) else {
            throw ModelError(.unsupported, "\(path) was trained in a precision that this version does not have")
        }
        try precision.check()
        let configuration = try ModelConfiguration(huggingFace: Array(text.utf8))
        let partition = Partition(shards: shards, microBatchRows: rows)
        if metadata[Field.format] == Self.adapterFormat {
            let base = try Self.base(metadata, configuration, precision, path, threads: threads)
            let layout = AdapterLayout(try Self.settings(metadata, path), base.layout)
            let buffers = try Self.buffers(reader, layout.tensors)
            let adapted = AdaptedParameters(
                base: base.parameters, layout: layout, values: buffers[0], origin: base.origin)
            self.init(
                weights: base.with(adapted, threads: threads), trained: .adapter(adapted),
                moments: (buffers[1], buffers[2]), stepCount: step, partition: partition)
        } else {
            guard metadata[Field.format] == Self.wholeFormat else {
                throw ModelError(.unsupported, "\(path) has a format that this version does not read")
            }
            let layout = TensorLayout(configuration)
            let buffers = try Self.buffers(reader, layout.tensors)
            let weights = ModelWeights(
                configuration: configuration, layout: layout, parameters: buffers[0], precision: precision,
                threads: threads)
            self.init(
                weights: weights, trained: .all(layout), moments: (buffers[1], buffers[2]), stepCount: step,
                partition: partition)
        }
    }

    /// The trained numbers and both moments.
    private static func buffers(
        _ reader: borrowing SafetensorsReader, _ tensors: [TensorPlace]
    ) throws(ModelError) -> [FloatBuffer] {
        // A file that lies about its shape is found out before memory is taken for it.
        for prefix in prefixes {
            for tensor in tensors { _ = try reader.entry(prefix + tensor.name, shape: tensor.shape) }
        }
        let count = tensors.reduce(0) { $0 + $1.count }
        var buffers: [FloatBuffer] = []
        for prefix in prefixes {
            let buffer = FloatBuffer(count: count)
            for tensor in tensors {
                try reader.read(prefix + tensor.name, shape: tensor.shape, into: buffer.base + tensor.offset)
            }
            buffers.append(buffer)
        }
        return buffers
    }

    private static func settings(
        _ metadata: [String: String], _ path: String
    ) throws(ModelError) -> AdapterSettings {
        let targets = (metadata[Field.targets] ?? "").split(separator: ",").map {
            AdapterSettings.Target(rawValue: String($0))
        }
        guard let rank = metadata[Field.rank].flatMap({ Int($0) }),
            let alpha = metadata[Field.alpha].flatMap({ Float($0) }), !targets.contains(nil)
        else { throw ModelError(.invalidFile, "\(path) does not say which adapter it holds") }
        return try AdapterSettings(rank: rank, alpha: alpha, targets: targets.compactMap { $0 })
    }

    private static func base(
        _ metadata: [String: String], _ configuration: ModelConfiguration, _ precision: Precision, _ path: String,
        threads: Int
    ) throws(ModelError) -> ModelWeights {
        guard let directory = metadata[Field.base], let fingerprint = metadata[Field.baseFingerprint] else {
            throw ModelError(.invalidFile, "\(path) does not say what its adapter adapts")
        }
        let base = try ModelWeights.load(directory: directory, precision: precision, threads: threads)
        guard base.configuration == configuration, base.fingerprint(threads: threads) == fingerprint else {
            throw ModelError(
                .wrongTensor, "the model in \(directory) is not the one that \(path) adapts",
                hint: "put the base model back where it was when training began")
        }
        return base
    }
}
