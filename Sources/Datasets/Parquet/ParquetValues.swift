// The values of one page, one after the other, as JSON.
// Format: parquet-format's Encodings.md.
import Domain
import StrictJSON

/// Gives the values of a page in whichever encoding they are.
struct ParquetValues {
    private enum Encoding {
        case plain
        case dictionary(HybridReader, [JSONValue?])
        case runs(HybridReader)
        case delta(DeltaReader)
        case deltaStrings(DeltaStrings)
    }

    private let leaf: ParquetLeaf
    private let bytes: ArraySlice<UInt8>
    private var offset: Int
    private var bit = 0
    private var encoding: Encoding

    /// - Parameters:
    ///   - encoding: Its number in parquet.thrift.
    ///   - dictionary: The values of the chunk's dictionary page, if it had one.
    init(
        _ bytes: ArraySlice<UInt8>, encoding number: Int64, leaf: ParquetLeaf, dictionary: [JSONValue?]?
    ) throws(DatasetFault) {
        self.leaf = leaf
        self.bytes = bytes
        offset = bytes.startIndex
        switch (number, leaf.physical) {
        case (0, _): encoding = .plain
        case (2, _), (8, _):
            guard let dictionary else { throw DatasetFault("Parquet: \(leaf.path) lacks its dictionary") }
            // A page of nulls only may have no bytes at all.
            let width = Int(bytes.first ?? 0)
            guard width <= 32 else { throw DatasetFault("Parquet: \(leaf.path) has an index of \(width) bits") }
            encoding = .dictionary(HybridReader(bytes.dropFirst(), width: width), dictionary)
        case (3, .boolean): encoding = .runs(HybridReader(bytes.dropFirst(4), width: 1))
        case (5, .int32), (5, .int64): encoding = .delta(try DeltaReader(bytes))
        case (6, .byteArray), (7, .byteArray), (7, .fixedLengthByteArray):
            encoding = .deltaStrings(
                try DeltaStrings(bytes, sharesPrefixes: number == 7, limit: Limits.parquetPageBytesMax))
        default:
            throw DatasetFault("Parquet: \(leaf.path) is in encoding \(number), which is not read for its type")
        }
    }

    /// The next value; nil where it is text that is not UTF-8.
    mutating func next() throws(DatasetFault) -> JSONValue? {
        switch encoding {
        case .plain: return try plain()
        case .dictionary(var indices, let dictionary):
            let index = try indices.next()
            encoding = .dictionary(indices, dictionary)
            guard index < dictionary.count else {
                throw DatasetFault("Parquet: \(leaf.path) names value \(index) of \(dictionary.count)")
            }
            return dictionary[index]
        case .runs(var bits):
            let value = try bits.next()
            encoding = .runs(bits)
            return .bool(value == 1)
        case .delta(var numbers):
            let value = try numbers.next()
            encoding = .delta(numbers)
            return leaf.physical == .int32 ? integer32(Int32(truncatingIfNeeded: value)) : integer64(value)
        case .deltaStrings(var strings):
            let text = try strings.next()
            encoding = .deltaStrings(strings)
            return string(text)
        }
    }

    private mutating func plain() throws(DatasetFault) -> JSONValue? {
        switch leaf.physical {
        case .boolean:
            let place = bytes.startIndex + bit / 8
            guard place < bytes.endIndex else { throw ended }
            defer { bit += 1 }
            return .bool(bytes[place] >> UInt8(bit % 8) & 1 == 1)
        case .int32: return integer32(Int32(truncatingIfNeeded: try word(4)))
        case .int64: return integer64(Int64(bitPattern: try word(8)))
        case .float: return number(Double(Float(bitPattern: UInt32(truncatingIfNeeded: try word(4)))))
        case .double: return number(Double(bitPattern: try word(8)))
        case .byteArray: return string(try take(Int(try word(4))))
        case .fixedLengthByteArray: return string(try take(leaf.length))
        case .int96: throw DatasetFault("Parquet: \(leaf.path) is INT96")
        }
    }

    // MARK: What values mean

    private func integer32(_ value: Int32) -> JSONValue {
        switch leaf.meaning {
        case .unsigned: .integer(Int64(UInt32(bitPattern: value)))
        case .date: .string(dateText(days: Int64(value)))
        default: .integer(Int64(value))
        }
    }

    private func integer64(_ value: Int64) -> JSONValue {
        switch leaf.meaning {
        case .unsigned where value < 0: .bigInteger(String(UInt64(bitPattern: value)))
        case .timestamp(let perSecond): .string(timestampText(value, perSecond: perSecond))
        default: .integer(value)
        }
    }

    /// JSON has no infinity and nothing that is no number.
    private func number(_ value: Double) -> JSONValue { value.isFinite ? .double(value) : .null }

    private func string(_ bytes: ArraySlice<UInt8>) -> JSONValue? {
        String(validating: bytes, as: UTF8.self).map { .string($0) }
    }

    // MARK: Bytes

    private mutating func word(_ count: Int) throws(DatasetFault) -> UInt64 {
        try take(count).reversed().reduce(UInt64(0)) { $0 << 8 | UInt64($1) }
    }

    private mutating func take(_ count: Int) throws(DatasetFault) -> ArraySlice<UInt8> {
        guard count <= bytes.endIndex - offset else { throw ended }
        defer { offset += count }
        return bytes[offset..<(offset + count)]
    }

    private var ended: DatasetFault { DatasetFault("Parquet: a page of \(leaf.path) has fewer values than it says") }
}
