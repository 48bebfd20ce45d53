// Small numbers as runs and bit-packed groups: levels, dictionary indices and truth values.
// Format: parquet-format's Encodings.md, "Run Length Encoding / Bit-Packing Hybrid".

/// Reads numbers one by one; throws when there are no more.
struct HybridReader {
    private let bytes: ArraySlice<UInt8>
    private let width: Int
    private var offset: Int
    private var runValue = 0
    private var runLeft = 0
    /// The bit-packed numbers that are left, and the bit at which the next one begins.
    private var packedLeft = 0
    private var bit = 0

    /// - Parameter width: Bits of one number, 0 to 32.
    init(_ bytes: ArraySlice<UInt8>, width: Int) {
        self.bytes = bytes
        self.width = width
        offset = bytes.startIndex
    }

    /// The next number.
    mutating func next() throws(DatasetFault) -> Int {
        while runLeft == 0, packedLeft == 0 { try begin() }
        if runLeft > 0 {
            runLeft -= 1
            return runValue
        }
        packedLeft -= 1
        defer { bit += width }
        return try packed(at: bit)
    }

    /// Begins the next run or group.
    private mutating func begin() throws(DatasetFault) {
        let header = try varint()
        if header & 1 == 0 {
            let size = (width + 7) / 8
            guard size <= bytes.endIndex - offset else { throw ended }
            runValue = bytes[offset..<(offset + size)].reversed().reduce(0) { $0 << 8 | Int($1) }
            runLeft = header >> 1
            offset += size
            return
        }
        let groups = header >> 1
        // The last group may be cut off where its numbers end.
        let size = min(groups * width, bytes.endIndex - offset)
        packedLeft = width == 0 ? groups * 8 : min(groups * 8, size * 8 / width)
        guard packedLeft > 0 || groups == 0 else { throw ended }
        bit = (offset - bytes.startIndex) * 8
        offset += size
    }

    private func packed(at bit: Int) throws(DatasetFault) -> Int {
        guard width > 0 else { return 0 }
        let first = bytes.startIndex + bit / 8
        let last = bytes.startIndex + (bit + width - 1) / 8
        guard last < bytes.endIndex else { throw ended }
        let word = bytes[first...last].reversed().reduce(UInt64(0)) { $0 << 8 | UInt64($1) }
        return Int(word >> UInt64(bit % 8) & ((1 << UInt64(width)) - 1))
    }

    private mutating func varint() throws(DatasetFault) -> Int {
        var value = 0
        for shift in stride(from: 0, to: 35, by: 7) {
            guard offset < bytes.endIndex else { throw ended }
            let next = bytes[offset]
            offset += 1
            value |= Int(next & 0x7F) << shift
            if next < 0x80 { return value }
        }
        throw DatasetFault("Parquet: a run whose length does not end")
    }

    private var ended: DatasetFault { DatasetFault("Parquet: a page has fewer values than it says") }
}

/// Bits that hold the numbers 0 to `most`.
func bitWidth(of most: Int) -> Int { Int.bitWidth - most.leadingZeroBitCount }
