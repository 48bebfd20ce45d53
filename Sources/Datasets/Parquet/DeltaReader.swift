// Integers as differences in blocks, and what is built on them: lengths of strings, and strings that share a beginning.
// Format: parquet-format's Encodings.md, DELTA_BINARY_PACKED, DELTA_LENGTH_BYTE_ARRAY and DELTA_BYTE_ARRAY.

/// Reads the integers of a DELTA_BINARY_PACKED sequence one by one.
struct DeltaReader {
    private let bytes: ArraySlice<UInt8>
    private var offset: Int
    private var valuesPerMiniblock = 0
    private var miniblocks = 0
    private var value: Int64 = 0
    private var isFirst = true
    private var minDelta: Int64 = 0
    private var widths: ArraySlice<UInt8> = []
    private var width = 0
    private var miniblockStart = 0
    private var miniblockLeft = 0
    /// How many values are left.
    private(set) var left = 0

    init(_ bytes: ArraySlice<UInt8>) throws(DatasetFault) {
        self.bytes = bytes
        offset = bytes.startIndex
        let blockSize = try varint()
        let miniblockCount = try varint()
        let total = try varint()
        value = try zigzag()
        guard (1...256).contains(miniblockCount), (1...65_536).contains(blockSize),
            blockSize % (miniblockCount * 8) == 0, total <= UInt64(Int32.max)
        else { throw DatasetFault("Parquet: blocks of \(blockSize) differences in \(miniblockCount) parts") }
        valuesPerMiniblock = Int(blockSize / miniblockCount)
        miniblocks = Int(miniblockCount)
        left = Int(total)
    }

    /// The next integer.
    mutating func next() throws(DatasetFault) -> Int64 {
        guard left > 0 else { throw ended }
        left -= 1
        if isFirst {
            isFirst = false
            return value
        }
        if miniblockLeft == 0 { try beginMiniblock() }
        let index = valuesPerMiniblock - miniblockLeft
        miniblockLeft -= 1
        value = value &+ minDelta &+ Int64(bitPattern: try packed(index))
        return value
    }

    /// The bytes behind the sequence. Called when all values were read: the last block's other parts are there, or not at all.
    mutating func rest() -> ArraySlice<UInt8> { bytes[min(offset, bytes.endIndex)...] }

    private mutating func beginMiniblock() throws(DatasetFault) {
        if widths.isEmpty {
            minDelta = try zigzag()
            guard miniblocks <= bytes.endIndex - offset else { throw ended }
            widths = bytes[offset..<(offset + miniblocks)]
            offset += miniblocks
        }
        width = Int(widths.removeFirst())
        guard width <= 64 else { throw DatasetFault("Parquet: differences of \(width) bits") }
        miniblockStart = offset
        miniblockLeft = valuesPerMiniblock
        // Parts of the last block without values have widths but no bytes.
        offset += width * valuesPerMiniblock / 8
        guard offset <= bytes.endIndex else { throw ended }
    }

    private func packed(_ index: Int) throws(DatasetFault) -> UInt64 {
        guard width > 0 else { return 0 }
        let bit = index * width
        var value: UInt64 = 0
        var got = 0
        var position = miniblockStart + bit / 8
        var skip = bit % 8
        while got < width {
            guard position < bytes.endIndex else { throw ended }
            value |= UInt64(bytes[position] >> UInt8(skip)) << UInt64(got)
            got += 8 - skip
            skip = 0
            position += 1
        }
        return width == 64 ? value : value & ((1 << UInt64(width)) - 1)
    }

    private mutating func varint() throws(DatasetFault) -> UInt64 {
        var value: UInt64 = 0
        for shift in stride(from: UInt64(0), to: 70, by: 7) {
            guard offset < bytes.endIndex else { throw ended }
            let next = bytes[offset]
            offset += 1
            value |= UInt64(next & 0x7F) << shift
            if next < 0x80 { return value }
        }
        throw DatasetFault("Parquet: a number that does not end")
    }

    private mutating func zigzag() throws(DatasetFault) -> Int64 {
        let value = try varint()
        return Int64(bitPattern: value >> 1) ^ -Int64(bitPattern: value & 1)
    }

    private var ended: DatasetFault { DatasetFault("Parquet: a page has fewer values than it says") }
}

/// Strings whose lengths come first, or that share a beginning with the one before.
struct DeltaStrings {
    private var prefixes: DeltaReader?
    private var lengths: DeltaReader
    private var text: ArraySlice<UInt8>
    private var last: ArraySlice<UInt8> = []
    /// Bytes that shared beginnings may add up to: they cost nothing in the page.
    private var prefixBytesLeft: Int

    /// - Parameter sharesPrefixes: True for DELTA_BYTE_ARRAY, false for DELTA_LENGTH_BYTE_ARRAY.
    init(_ bytes: ArraySlice<UInt8>, sharesPrefixes: Bool, limit: Int) throws(DatasetFault) {
        var bytes = bytes
        prefixBytesLeft = limit
        if sharesPrefixes {
            let reader = try DeltaReader(bytes)
            prefixes = reader
            bytes = try behind(reader)
        }
        lengths = try DeltaReader(bytes)
        text = try behind(lengths)
    }

    /// The next string's bytes.
    mutating func next() throws(DatasetFault) -> ArraySlice<UInt8> {
        let shared = try prefixes?.next() ?? 0
        let length = try lengths.next()
        guard shared >= 0, shared <= last.count, length >= 0, length <= text.count, shared <= prefixBytesLeft else {
            throw DatasetFault("Parquet: a string reaches beyond its page")
        }
        prefixBytesLeft -= Int(shared)
        let tail = text.prefix(Int(length))
        text = text.dropFirst(Int(length))
        last = shared == 0 ? tail : last.prefix(Int(shared)) + tail
        return last
    }
}

/// The bytes that follow a sequence, found by reading all of it.
private func behind(_ reader: DeltaReader) throws(DatasetFault) -> ArraySlice<UInt8> {
    var reader = reader
    while reader.left > 0 { _ = try reader.next() }
    return reader.rest()
}
