// Tensors out of a safetensors file on disk, converted to fp32 on the way.

/// An open safetensors file. What is read is copied: a file that shrinks meanwhile gives an error, not a signal.
struct SafetensorsReader: ~Copyable {
    let header: SafetensorsFile
    private let file: OpenFile
    private let path: String

    /// Bytes converted at a time.
    private static let chunkBytes = 1_048_576

    /// Opens a file and reads its header. Errors name the file.
    init(_ path: String) throws(ModelError) {
        let file = try OpenFile(reading: path)
        try file.requireRegular()
        do throws(ModelError) {
            let prefix = try file.bytes(at: 0, count: min(file.size, SafetensorsFile.prefixBytes))
            let length = SafetensorsFile.prefixBytes + (try SafetensorsFile.headerBytes(prefix))
            let head = try file.bytes(at: 0, count: min(file.size, length))
            header = try SafetensorsFile.parse(head, fileBytes: file.size)
        } catch { throw error.naming(path) }
        self.file = file
        self.path = path
    }

    /// The entry of a tensor; throws `ModelError` `.wrongTensor` unless it is there in exactly this shape.
    func entry(_ name: String, shape: [Int]) throws(ModelError) -> SafetensorsFile.Entry {
        guard let entry = header.entries[name] else {
            throw ModelError(
                .wrongTensor, "\(path) has no tensor \(name); the configuration wants it in shape \(shape)",
                hint: "the file does not belong to this configuration, or is one part of several")
        }
        guard entry.shape == shape else {
            throw ModelError(
                .wrongTensor,
                "tensor \(name) of \(path) has shape \(entry.shape), the configuration wants \(shape)",
                hint: "config.json and the weights must come from the same model")
        }
        return entry
    }

    /// Reads a tensor of exactly this shape into `target`. A number that is not finite is an error, unless
    /// `allowingNonFinite`.
    func read(
        _ name: String, shape: [Int], into target: UnsafeMutablePointer<Float>, allowingNonFinite: Bool = false
    ) throws(ModelError) {
        let entry = try entry(name, shape: shape)
        let size = entry.type.size
        let step = Self.chunkBytes / size
        for start in stride(from: 0, to: entry.count, by: step) {
            let count = min(step, entry.count - start)
            let bytes = try file.bytes(at: entry.offset + start * size, count: count * size)
            bytes.withUnsafeBytes { Self.convert($0, entry.type, count, into: target + start) }
            let chunk = UnsafeBufferPointer(start: target + start, count: count)
            if !allowingNonFinite, let index = HalfPrecision.firstOverflow(chunk) {
                throw Self.notFinite(name, path, chunk[index], at: start + index)
            }
        }
    }

    /// The error for a number that is NaN or infinite.
    static func notFinite(_ name: String, _ path: String, _ value: Float, at index: Int) -> ModelError {
        ModelError(
            .wrongTensor, "tensor \(name) of \(path) has \(value) at index \(index)",
            hint: "weights must be finite: the training that wrote them went wrong, or the file is damaged")
    }

    /// The file mapped to read.
    func map() throws(ModelError) -> MappedFile { try MappedFile(file, path: path) }

    /// Widens `count` numbers to fp32.
    static func convert(
        _ source: UnsafeRawBufferPointer, _ type: SafetensorsFile.ElementType, _ count: Int,
        into target: UnsafeMutablePointer<Float>
    ) {
        func half(_ index: Int) -> UInt16 {
            UInt16(littleEndian: source.loadUnaligned(fromByteOffset: 2 * index, as: UInt16.self))
        }
        switch type {
        case .float32:
            UnsafeMutableRawBufferPointer(start: target, count: count * 4).copyMemory(from: source)
        case .bfloat16:
            for index in 0..<count { target[index] = HalfPrecision.wide(bfloat16: half(index)) }
        case .float16:
            for index in 0..<count { target[index] = HalfPrecision.wide(float16: half(index)) }
        }
    }
}

extension SafetensorsFile {
    /// The numbers of one tensor of a file on disk, widened to fp32, row-major. They may be infinite or NaN.
    package static func values(of name: String, inFile path: String) throws(ModelError) -> [Float] {
        let reader = try SafetensorsReader(path)
        let shape = reader.header.entries[name]?.shape ?? []
        let buffer = FloatBuffer(count: reader.header.entries[name]?.count ?? 0)
        try reader.read(name, shape: shape, into: buffer.base, allowingNonFinite: true)
        return Array(buffer.view(0, buffer.count))
    }
}
