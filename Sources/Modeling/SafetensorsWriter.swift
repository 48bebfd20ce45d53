// Writes a safetensors file of fp32 tensors, atomically.
import StrictJSON

/// A tensor to be written.
struct SafetensorsTensor {
    let name: String
    let shape: [Int]
    /// Row-major numbers, as many as the shape says.
    let values: UnsafeBufferPointer<Float>
}

enum SafetensorsWriter {
    /// Writes the tensors in their order; `metadata` must be text pairs.
    static func write(
        _ path: String, _ tensors: [SafetensorsTensor], metadata: KeyValuePairs<String, String>
    ) throws(ModelError) {
        let header = self.header(tensors, metadata)
        try ModelFileIO.writeAtomically(path) { (file) throws(ModelError) in
            try header.withUnsafeBytes { bytes in Result { () throws(ModelError) in try file.write(bytes) } }.get()
            // fp32 in memory is the file's byte order: every platform Swift runs on here is little-endian.
            for tensor in tensors { try file.write(UnsafeRawBufferPointer(tensor.values)) }
        }
    }

    /// Length, then JSON, padded with spaces so that the data begins at a multiple of eight.
    private static func header(_ tensors: [SafetensorsTensor], _ metadata: KeyValuePairs<String, String>) -> [UInt8] {
        var members = [JSONMember("__metadata__", .object(metadata.map { JSONMember($0.key, .string($0.value)) }))]
        var offset: Int64 = 0
        for tensor in tensors {
            precondition(tensor.shape.reduce(1, *) == tensor.values.count)
            let end = offset + Int64(tensor.values.count) * 4
            members.append(
                JSONMember(
                    tensor.name,
                    .members([
                        "dtype": .string(SafetensorsFile.ElementType.float32.rawValue),
                        "shape": .integers(tensor.shape.map { Int64($0) }), "data_offsets": .integers([offset, end]),
                    ])))
            offset = end
        }
        var text = JSONValue.object(members).serialized()
        while text.count % 8 != 0 { text.append(UInt8(ascii: " ")) }
        return withUnsafeBytes(of: UInt64(text.count).littleEndian) { Array($0) } + text
    }
}
