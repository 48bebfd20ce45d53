// A model's directory in the Hugging Face layout: config.json, and model.safetensors or several such files.

extension ModelWeights {
    /// The file names inside a model's directory.
    package enum FileName {
        package static let configuration = "config.json"
        package static let weights = "model.safetensors"
        package static let tokenizer = "tokenizer.json"
        package static let generation = "generation_config.json"
    }

    /// Reads a model from a directory. Weights may be fp32, bf16 or fp16, in one safetensors file or in several under an
    /// index; computation is fp32.
    ///
    /// Large models are mapped: their numbers stay on disk, and only the packed matrices take memory. Such files must not be
    /// cut shorter meanwhile; replacing them by renaming is fine. Throws `ModelError` when the files are not those of one dense
    /// Qwen3 model, or when there is not enough memory for it.
    package static func load(
        directory: String, precision: Precision = .float32, threads: Int = 1,
        mappingFrom mappedBytes: Int = mappedBytesMin
    ) throws(ModelError) -> ModelWeights {
        try precision.check()
        let configuration = try ModelFileIO.parse(
            "\(directory)/\(FileName.configuration)", limit: ModelBounds.configurationBytesMax
        ) { (bytes) throws(ModelError) in try ModelConfiguration(huggingFace: bytes) }
        let files = try SafetensorsShards(directory: directory)
        let layout = TensorLayout(configuration)
        var known = Set(layout.tensors.map(\.name))
        // Tied models are sometimes exported with the copy; it is the embedding again.
        if configuration.tiesEmbeddings { known.insert("lm_head.weight") }
        if let stranger = files.tensors.filter({ !known.contains($0.name) }).min(by: { $0.name < $1.name }) {
            throw ModelError(
                .wrongTensor,
                "\(directory)/\(stranger.file) has tensor \(stranger.name.prefix(100)), which this model lacks",
                hint: "config.json and the weights must come from the same dense Qwen3 model")
        }
        try files.check(layout.tensors)
        let isMapped = layout.count * 4 >= mappedBytes
        try MemoryPlan.sampling(configuration, precision: precision, cacheBytes: 0, isMapped: isMapped)
            .check("loading \(directory)")
        func packed(_ parameters: some ParameterSource) -> ModelWeights {
            ModelWeights(
                configuration: configuration, layout: layout, parameters: parameters, precision: precision,
                threads: threads, directory: directory)
        }
        if isMapped { return packed(try files.map(layout.tensors, directory: directory, threads: threads)) }
        let parameters = FloatBuffer(count: layout.count)
        for tensor in layout.tensors { try files.read(tensor, into: parameters.base + tensor.offset) }
        return packed(parameters)
    }

    /// Models from this size on, in fp32, are mapped: smaller ones are copied before anybody notices.
    package static let mappedBytesMin = 256 << 20

    /// Writes the model to a directory, made if absent. Each file appears whole or not at all, the weights last.
    ///
    /// Numbers are rounded to `type`, ties to even; one that overflows it is an error. More than `shardBytes` bytes of
    /// weights go to several files under an index.
    package func save(
        directory: String, as type: SafetensorsFile.ElementType = .float32, shardBytes: Int? = nil
    ) throws(ModelError) {
        let numbers = parameters.dense(layout)
        let tensors = layout.tensors.map { SafetensorsTensor($0, in: numbers) }
        // Before the first file is replaced.
        do throws(ModelError) { try SafetensorsWriter.check(tensors, type) } catch { throw error.naming(directory) }
        try ModelFileIO.makeDirectory(directory)
        try ModelFileIO.writeAtomically(
            "\(directory)/\(FileName.configuration)", bytes: configuration.huggingFaceConfiguration(elements: type))
        try SafetensorsWriter.writeModel(directory: directory, tensors, as: type, shardBytes: shardBytes)
    }
}
