// The safetensors files of a model's directory, one or several, as if they were one.

/// The open files of one model. Headers are read and checked at once, tensors when they are asked for.
struct SafetensorsShards {
    /// One open file; a class because arrays hold no values that cannot be copied.
    private final class Shard {
        let name: String
        let reader: SafetensorsReader

        init(_ directory: String, _ name: String) throws(ModelError) {
            self.name = name
            reader = try SafetensorsReader("\(directory)/\(name)")
        }
    }

    private let shardOfTensor: [String: Shard]

    /// Opens `model.safetensors`, or the files of `model.safetensors.index.json` when there is no such file.
    ///
    /// Throws `ModelError` when the index and the headers of its files do not name the same tensors.
    init(directory: String) throws(ModelError) {
        let single = ModelWeights.FileName.weights
        let indexPath = "\(directory)/\(SafetensorsIndex.fileName)"
        guard !ModelFileIO.exists("\(directory)/\(single)"), ModelFileIO.exists(indexPath) else {
            let shard = try Shard(directory, single)
            shardOfTensor = shard.reader.header.entries.mapValues { _ in shard }
            return
        }
        let index = try ModelFileIO.parse(indexPath, limit: ModelBounds.safetensorsHeaderBytesMax) {
            (bytes) throws(ModelError) in try SafetensorsIndex(bytes)
        }
        var shards: [String: Shard] = [:]
        for file in index.files { shards[file] = try Shard(directory, file) }
        try Self.check(index, indexPath, shards.mapValues { $0.reader.header })
        shardOfTensor = index.fileOfTensor.compactMapValues { shards[$0] }
    }

    private static func check(
        _ index: SafetensorsIndex, _ path: String, _ headers: [String: SafetensorsFile]
    ) throws(ModelError) {
        func disagree(_ what: String) -> ModelError {
            ModelError(.wrongTensor, "\(path): \(what)", hint: "copy or export all files of the model again")
        }
        for (tensor, file) in index.fileOfTensor.sorted(by: { $0.key < $1.key })
        where headers[file]?.entries[tensor] == nil {
            throw disagree("tensor \(tensor.prefix(100)) is said to be in \(file), which lacks it")
        }
        var bytes = 0
        for (file, header) in headers.sorted(by: { $0.key < $1.key }) {
            for (tensor, entry) in header.entries.sorted(by: { $0.key < $1.key }) {
                guard let home = index.fileOfTensor[tensor] else {
                    throw disagree("tensor \(tensor.prefix(100)) of \(file) is not in weight_map")
                }
                guard home == file else {
                    throw disagree("tensor \(tensor.prefix(100)) is in \(file) and in \(home)")
                }
                bytes += entry.count * entry.type.size
            }
        }
        if let total = index.totalSize, total != bytes {
            throw disagree("total_size is \(total), the tensors have \(bytes) bytes")
        }
    }

    /// The names of all tensors, with the file that holds each.
    var tensors: [(name: String, file: String)] { shardOfTensor.map { ($0.key, $0.value.name) } }

    /// Throws `ModelError` `.wrongTensor` unless all these tensors are there in these shapes: so a configuration that
    /// lies about its sizes is found out before memory is taken for it.
    func check(_ places: [TensorPlace]) throws(ModelError) {
        for place in places { _ = try shard(place).reader.entry(place.name, shape: place.shape) }
    }

    /// Reads a tensor into `target`, which has room for it. Numbers that are not finite are refused.
    func read(_ place: TensorPlace, into target: UnsafeMutablePointer<Float>) throws(ModelError) {
        try shard(place).reader.read(place.name, shape: place.shape, into: target)
    }

    /// The tensors where they lie in the mapped files, all of them finite.
    func map(_ places: [TensorPlace], directory: String, threads: Int) throws(ModelError) -> MappedTensors {
        var files: [String: MappedFile] = [:]
        var mapped: [MappedTensors.Place] = []
        for place in places {
            let shard = try shard(place)
            let entry = try shard.reader.entry(place.name, shape: place.shape)
            let file: MappedFile
            if let known = files[shard.name] { file = known } else { file = try shard.reader.map() }
            files[shard.name] = file
            mapped.append(
                MappedTensors.Place(
                    tensor: place, file: file, path: "\(directory)/\(shard.name)", type: entry.type,
                    byteOffset: entry.offset))
        }
        let tensors = MappedTensors(places: mapped)
        try tensors.checkFinite(threads: threads)
        return tensors
    }

    private func shard(_ place: TensorPlace) throws(ModelError) -> Shard {
        guard let shard = shardOfTensor[place.name] else {
            throw ModelError(
                .wrongTensor,
                "\(ModelWeights.FileName.weights) has no tensor \(place.name); the configuration wants it in shape "
                    + "\(place.shape)", hint: "config.json and the weights must come from the same model")
        }
        return shard
    }
}
