// Tensors out of a safetensors file on disk, converted to fp32 on the way.

/// An open safetensors file. Nothing is mapped: a file that shrinks while it is read gives an error, not a signal.
struct SafetensorsReader: ~Copyable {
    let header: SafetensorsFile
    private let file: OpenFile
    private let path: String

    /// Bytes converted at a time.
    private static let chunkBytes = 1_048_576

    /// Opens a file and reads its header.
    init(_ path: String) throws(ModelError) {
        let file = try OpenFile(reading: path)
        let prefix = try file.bytes(at: 0, count: min(file.size, SafetensorsFile.prefixBytes))
        let length = SafetensorsFile.prefixBytes + (try SafetensorsFile.headerBytes(prefix))
        let head = try file.bytes(at: 0, count: min(file.size, length))
        header = try SafetensorsFile.parse(head, fileBytes: file.size)
        self.file = file
        self.path = path
    }

    /// Reads a tensor of exactly this shape into `target`.
    func read(_ name: String, shape: [Int], into target: UnsafeMutablePointer<Float>) throws(ModelError) {
        guard let entry = header.entries[name] else {
            throw ModelError(
                .wrongTensor, "\(path) has no tensor \(name)",
                hint: "the file does not belong to this configuration, or is one part of several")
        }
        guard entry.shape == shape else {
            throw ModelError(
                .wrongTensor, "tensor \(name) has shape \(entry.shape), the configuration wants \(shape)",
                hint: "config.json and model.safetensors must come from the same model")
        }
        let size = entry.type.size
        let step = Self.chunkBytes / size
        for start in stride(from: 0, to: entry.count, by: step) {
            let count = min(step, entry.count - start)
            let bytes = try file.bytes(at: entry.offset + start * size, count: count * size)
            Self.convert(bytes, entry.type, count, into: target + start)
        }
    }

    private static func convert(
        _ bytes: [UInt8], _ type: SafetensorsFile.ElementType, _ count: Int, into target: UnsafeMutablePointer<Float>
    ) {
        bytes.withUnsafeBytes { source in
            switch type {
            case .float32:
                UnsafeMutableRawBufferPointer(start: target, count: count * 4).copyMemory(from: source)
            case .bfloat16:
                for index in 0..<count {
                    let half = source.loadUnaligned(fromByteOffset: 2 * index, as: UInt16.self)
                    target[index] = Float(bitPattern: UInt32(UInt16(littleEndian: half)) << 16)
                }
            case .float16:
                for index in 0..<count {
                    let half = source.loadUnaligned(fromByteOffset: 2 * index, as: UInt16.self)
                    target[index] = widened(UInt16(littleEndian: half))
                }
            }
        }
    }

    /// IEEE 754 binary16 to binary32, exactly.
    private static func widened(_ half: UInt16) -> Float {
        let sign: Float = half & 0x8000 == 0 ? 1 : -1
        let exponent = Int(half >> 10) & 31
        let fraction = Float(half & 0x3FF)
        switch exponent {
        case 0: return sign * fraction * 0x1p-24
        case 31: return half & 0x3FF == 0 ? sign * .infinity : .nan
        default: return sign * (1024 + fraction) * Float(sign: .plus, exponent: exponent - 25, significand: 1)
        }
    }
}

extension SafetensorsFile {
    /// The numbers of one tensor of a file on disk, widened to fp32, row-major.
    package static func values(of name: String, inFile path: String) throws(ModelError) -> [Float] {
        let reader = try SafetensorsReader(path)
        let buffer = FloatBuffer(count: reader.header.entries[name]?.count ?? 0)
        try reader.read(name, shape: reader.header.entries[name]?.shape ?? [], into: buffer.base)
        return Array(buffer.view(0, buffer.count))
    }
}
