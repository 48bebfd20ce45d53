// A model's directory in the Hugging Face layout: config.json and model.safetensors.

extension ModelWeights {
    /// The file names inside a model's directory.
    package enum FileName {
        package static let configuration = "config.json"
        package static let weights = "model.safetensors"
        package static let tokenizer = "tokenizer.json"
    }

    /// Reads a model from a directory. Weights may be fp32, bf16 or fp16; computation is fp32.
    ///
    /// Throws `ModelError` when the files are not those of one dense Qwen3 model. Models in several safetensors files
    /// are not read.
    package static func load(directory: String) throws(ModelError) -> ModelWeights {
        let configuration = try ModelConfiguration(
            huggingFace: ModelFileIO.read(
                "\(directory)/\(FileName.configuration)", limit: ModelBounds.configurationBytesMax))
        let reader = try SafetensorsReader("\(directory)/\(FileName.weights)")
        let layout = TensorLayout(configuration)
        var known = Set(layout.tensors.map(\.name))
        // Tied models are sometimes exported with the copy; it is the embedding again.
        if configuration.tiesEmbeddings { known.insert("lm_head.weight") }
        if let stranger = reader.header.entries.keys.sorted().first(where: { !known.contains($0) }) {
            throw ModelError(
                .wrongTensor, "\(FileName.weights) has tensor \(stranger.prefix(100)), which this model lacks",
                hint: "config.json and \(FileName.weights) must come from the same dense Qwen3 model")
        }
        let parameters = FloatBuffer(count: layout.count)
        for tensor in layout.tensors {
            try reader.read(tensor.name, shape: tensor.shape, into: parameters.base + tensor.offset)
        }
        return ModelWeights(configuration: configuration, layout: layout, parameters: parameters)
    }

    /// Writes the model to a directory, made if absent. Each file appears whole or not at all, the weights last.
    package func save(directory: String) throws(ModelError) {
        try ModelFileIO.makeDirectory(directory)
        try ModelFileIO.writeAtomically(
            "\(directory)/\(FileName.configuration)", bytes: configuration.huggingFaceConfiguration())
        try SafetensorsWriter.write(
            "\(directory)/\(FileName.weights)", safetensors(prefix: "", parameters.dense(layout)),
            metadata: ["format": "pt"])
    }

    /// The tensors of a buffer in this model's layout, under their names after a prefix.
    func safetensors(prefix: String, _ buffer: FloatBuffer) -> [SafetensorsTensor] {
        layout.tensors.map {
            SafetensorsTensor(name: prefix + $0.name, shape: $0.shape, values: buffer.view($0.offset, $0.count))
        }
    }
}
