// Writes safetensors files, atomically: one, or several under an index. Numbers are rounded on the way if asked.
import StrictJSON

/// A tensor to be written, which keeps its numbers alive.
struct SafetensorsTensor {
    let name: String
    let shape: [Int]
    private let buffer: FloatBuffer
    private let offset: Int

    /// A tensor under its place's name after a prefix, at its place in a buffer.
    init(_ place: TensorPlace, prefix: String = "", in buffer: FloatBuffer) {
        name = prefix + place.name
        shape = place.shape
        self.buffer = buffer
        offset = place.offset
    }

    /// Row-major numbers, as many as the shape says; valid while this tensor lives.
    var values: UnsafeBufferPointer<Float> { buffer.view(offset, shape.reduce(1, *)) }
}

enum SafetensorsWriter {
    private typealias ElementType = SafetensorsFile.ElementType

    /// Numbers converted at a time.
    private static let chunk = 262_144

    /// Writes the tensors in their order; `metadata` must be text pairs.
    ///
    /// Throws `ModelError` `.wrongTensor` for a number that is not finite, or would not be after rounding to `type`; what
    /// was at `path` stays then.
    static func write(
        _ path: String, _ tensors: [SafetensorsTensor], as type: SafetensorsFile.ElementType = .float32,
        metadata: [(String, String)]
    ) throws(ModelError) {
        do throws(ModelError) { try check(tensors, type) } catch { throw error.naming(path) }
        let header = self.header(tensors, type, metadata)
        try ModelFileIO.writeAtomically(path) { (file) throws(ModelError) in
            try header.withUnsafeBytes { bytes in Result { () throws(ModelError) in try file.write(bytes) } }.get()
            for tensor in tensors {
                try withExtendedLifetime(tensor) {
                    Result { () throws(ModelError) in try write(tensor.values, as: type, to: file) }
                }.get()
            }
        }
    }

    private static func write(
        _ values: UnsafeBufferPointer<Float>, as type: ElementType, to file: borrowing OpenFile
    ) throws(ModelError) {
        // fp32 in memory is the file's byte order: every platform Swift runs on here is little-endian.
        guard type != .float32 else { return try file.write(UnsafeRawBufferPointer(values)) }
        for start in stride(from: 0, to: values.count, by: chunk) {
            let halves = values[start..<min(start + chunk, values.count)].map {
                type == .bfloat16 ? HalfPrecision.bfloat16($0) : HalfPrecision.float16($0)
            }
            try halves.withUnsafeBytes { bytes in Result { () throws(ModelError) in try file.write(bytes) } }.get()
        }
    }

    /// Throws `ModelError` `.wrongTensor` for a number that is not finite, or would not be after rounding to `type`.
    static func check(
        _ tensors: [SafetensorsTensor], _ type: SafetensorsFile.ElementType
    ) throws(ModelError) {
        for tensor in tensors {
            let found = withExtendedLifetime(tensor) {
                HalfPrecision.firstOverflow(tensor.values, in: type).map { ($0, tensor.values[$0]) }
            }
            guard let (index, value) = found else { continue }
            throw ModelError(
                .wrongTensor,
                "tensor \(tensor.name) has \(value) at index \(index), which is no finite number in \(type.rawValue)",
                hint: value.isFinite ? "write F32 or BF16 instead" : "weights must be finite")
        }
    }

    /// Length, then JSON, padded with spaces so that the data begins at a multiple of eight.
    private static func header(
        _ tensors: [SafetensorsTensor], _ type: ElementType, _ metadata: [(String, String)]
    ) -> [UInt8] {
        var members = [JSONMember("__metadata__", .object(metadata.map { JSONMember($0.0, .string($0.1)) }))]
        var offset: Int64 = 0
        for tensor in tensors {
            precondition(tensor.shape.reduce(1, *) == tensor.values.count)
            let end = offset + Int64(tensor.values.count * type.size)
            members.append(
                JSONMember(
                    tensor.name,
                    .members([
                        "dtype": .string(type.rawValue), "shape": .integers(tensor.shape.map { Int64($0) }),
                        "data_offsets": .integers([offset, end]),
                    ])))
            offset = end
        }
        var text = JSONValue.object(members).serialized()
        while text.count % 8 != 0 { text.append(UInt8(ascii: " ")) }
        return withUnsafeBytes(of: UInt64(text.count).littleEndian) { Array($0) } + text
    }

    /// Writes a model's tensors to a directory: to `model.safetensors`, or, when they have more than `shardBytes` bytes,
    /// to `model-00001-of-0000N.safetensors` and so on with their index. A tensor is never cut.
    ///
    /// What a model written there before leaves over is removed once the new one is whole. While files of one name are
    /// replaced, the directory has no index, and so no model.
    static func writeModel(
        directory: String, _ tensors: [SafetensorsTensor], as type: SafetensorsFile.ElementType, shardBytes: Int?
    ) throws(ModelError) {
        let (single, indexPath) = (ModelWeights.FileName.weights, "\(directory)/\(SafetensorsIndex.fileName)")
        let old = (try? SafetensorsIndex(ModelFileIO.read(indexPath, limit: ModelBounds.safetensorsHeaderBytesMax)))
        let groups = groups(tensors, type, shardBytes ?? .max)
        let names = groups.indices.map { groups.count == 1 ? single : shardName($0 + 1, of: groups.count) }
        if groups.count > 1 { try ModelFileIO.remove(indexPath) }
        var fileOfTensor: [String: String] = [:]
        for (name, group) in zip(names, groups) {
            try write("\(directory)/\(name)", group, as: type, metadata: [("format", "pt")])
            for tensor in group { fileOfTensor[tensor.name] = name }
        }
        if groups.count > 1 {
            let size = tensors.reduce(0) { $0 + $1.values.count * type.size }
            let index = SafetensorsIndex(fileOfTensor: fileOfTensor, totalSize: size)
            try ModelFileIO.writeAtomically(indexPath, bytes: index.serialized())
            try ModelFileIO.remove("\(directory)/\(single)")
        } else {
            try ModelFileIO.remove(indexPath)
        }
        for file in old?.files ?? [] where !names.contains(file) { try ModelFileIO.remove("\(directory)/\(file)") }
    }

    private static func groups(
        _ tensors: [SafetensorsTensor], _ type: ElementType, _ limit: Int
    ) -> [[SafetensorsTensor]] {
        var groups: [[SafetensorsTensor]] = []
        var room = 0
        for tensor in tensors {
            let bytes = tensor.values.count * type.size
            if groups.isEmpty || bytes > room {
                groups.append([])
                room = limit
            }
            groups[groups.count - 1].append(tensor)
            room -= min(bytes, room)
        }
        return groups
    }

    private static func shardName(_ number: Int, of count: Int) -> String {
        func padded(_ value: Int) -> String { String(repeating: "0", count: max(0, 5 - "\(value)".count)) + "\(value)" }
        return "model-\(padded(number))-of-\(padded(count)).safetensors"
    }
}
