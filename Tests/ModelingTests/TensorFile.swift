// Reads every tensor of a small safetensors file through the parser under test.
import Glibc
import Modeling
import Testing

enum TensorFile {
    /// The bytes of a file.
    static func bytes(_ path: String) throws -> [UInt8] {
        let file = try #require(fopen(path, "rb"), "cannot open \(path)")
        defer { fclose(file) }
        fseek(file, 0, SEEK_END)
        var bytes = [UInt8](repeating: 0, count: ftell(file))
        rewind(file)
        #expect(fread(&bytes, 1, bytes.count, file) == bytes.count)
        return bytes
    }

    /// All fp32 tensors by name.
    static func read(_ path: String) throws -> [String: [Float]] {
        let bytes = try bytes(path)
        let file = try SafetensorsFile.parse(bytes)
        return file.entries.filter { $0.value.type == .float32 }.mapValues { entry in
            (0..<entry.count).map { index in
                let start = entry.offset + 4 * index
                return Float(bitPattern: bytes[start..<start + 4].reversed().reduce(0) { $0 << 8 | UInt32($1) })
            }
        }
    }
}
