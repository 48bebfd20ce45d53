// Where decompressed bytes go: grows by doubling, up to a limit that it never passes.

/// A buffer that is filled from its end.
struct GrowingOutput {
    private(set) var bytes: [UInt8]
    private(set) var count = 0
    private let limit: Int

    /// Begins with about what a text of JSON needs, four times its compressed length.
    init(compressedCount: Int, limit: Int, reserve: (Int) -> Bool) throws(CompressionFault) {
        self.limit = limit
        let first = min(limit, max(256, 4 * min(compressedCount, limit)))
        guard reserve(first) else { throw .noRoom }
        bytes = [UInt8](repeating: 0, count: first)
    }

    /// Lets `fill` write into the free end; it returns how many bytes it wrote.
    mutating func append(_ fill: (UnsafeMutableRawBufferPointer) -> Int) {
        let start = count
        count += bytes.withUnsafeMutableBytes { fill(UnsafeMutableRawBufferPointer(rebasing: $0[start...])) }
    }

    /// Whether no byte is free.
    var isFull: Bool { count == bytes.count }

    /// Makes room for at least one more byte.
    mutating func grow(_ reserve: (Int) -> Bool) throws(CompressionFault) {
        guard bytes.count < limit else { throw .tooLarge(limit: limit) }
        let more = min(max(bytes.count, 256), limit - bytes.count)
        guard reserve(more) else { throw .noRoom }
        bytes.append(contentsOf: repeatElement(0, count: more))
    }

    /// What was written.
    mutating func take() -> [UInt8] {
        bytes.removeLast(bytes.count - count)
        return bytes
    }
}
