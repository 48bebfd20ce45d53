// Thrift's compact protocol, as far as Parquet's footers and page headers need it: a bounded reader into a small tree.
// Format: thrift/doc/specs/thrift-compact-protocol.md.
import Domain

/// A value of a Thrift structure.
indirect enum ThriftValue {
    case bool(Bool)
    case integer(Int64)
    case double(Double)
    case bytes(ArraySlice<UInt8>)
    case list([ThriftValue])
    /// Fields by their number.
    case structure([(id: Int, value: ThriftValue)])
}

extension ThriftValue {
    /// The field of a structure by its number; nil when absent or when this is no structure.
    subscript(_ id: Int) -> ThriftValue? {
        guard case .structure(let fields) = self else { return nil }
        return fields.first { $0.id == id }?.value
    }

    /// The integer, or nil.
    var integer: Int64? {
        guard case .integer(let value) = self else { return nil }
        return value
    }

    /// The integer as a count or an offset: nil when it is negative.
    var size: Int? { integer.flatMap { $0 >= 0 ? Int($0) : nil } }

    /// The truth value, or nil.
    var bool: Bool? {
        guard case .bool(let value) = self else { return nil }
        return value
    }

    /// The elements of a list, or nil.
    var list: [ThriftValue]? {
        guard case .list(let values) = self else { return nil }
        return values
    }

    /// The string, or nil when these are no bytes of UTF-8.
    var text: String? {
        guard case .bytes(let bytes) = self else { return nil }
        return String(validating: bytes, as: UTF8.self)
    }
}

/// Reads one structure from the beginning of some bytes.
struct ThriftReader {
    private let bytes: ArraySlice<UInt8>
    /// Where the next byte stands.
    private(set) var offset: Int
    private var values = 0
    /// Whether a reading failed because the bytes ended, so that more of them may help.
    private(set) var ranOut = false

    init(_ bytes: ArraySlice<UInt8>) {
        self.bytes = bytes
        offset = bytes.startIndex
    }

    /// A structure with all that is nested in it. Throws `DatasetFault`.
    mutating func structure(depth: Int = 0) throws(DatasetFault) -> ThriftValue {
        guard depth <= Limits.parquetDepthMax else { throw DatasetFault("Parquet: a header nests too deep") }
        var fields: [(id: Int, value: ThriftValue)] = []
        var id = 0
        while true {
            let head = try byte()
            let type = head & 0x0F
            if type == 0 { return .structure(fields) }
            let step = Int(head >> 4)
            id = step == 0 ? Int(Int16(truncatingIfNeeded: try zigzag())) : id + step
            // In fields, unlike in lists, the type itself says true or false.
            fields.append((id, type <= 2 ? .bool(type == 1) : try value(of: type, depth: depth)))
            try count()
        }
    }

    private mutating func value(of type: UInt8, depth: Int) throws(DatasetFault) -> ThriftValue {
        try count()
        switch type {
        case 1, 2: return .bool(try byte() == 1)
        case 3: return .integer(Int64(Int8(bitPattern: try byte())))
        case 4, 5, 6: return .integer(try zigzag())
        case 7:
            let bits = try slice(8).reversed().reduce(UInt64(0)) { $0 << 8 | UInt64($1) }
            return .double(Double(bitPattern: bits))
        case 8: return .bytes(try slice(try length()))
        case 9, 10: return try list(depth: depth + 1)
        case 11: return try map(depth: depth + 1)
        case 12: return try structure(depth: depth + 1)
        default: throw DatasetFault("Parquet: a header has a field of type \(type)")
        }
    }

    private mutating func list(depth: Int) throws(DatasetFault) -> ThriftValue {
        guard depth <= Limits.parquetDepthMax else { throw DatasetFault("Parquet: a header nests too deep") }
        let head = try byte()
        let count = head >> 4 == 15 ? try length() : Int(head >> 4)
        var elements: [ThriftValue] = []
        for _ in 0..<count { elements.append(try value(of: head & 0x0F, depth: depth)) }
        return .list(elements)
    }

    /// Keys and values in turn; Parquet has no maps, but a later version's header may.
    private mutating func map(depth: Int) throws(DatasetFault) -> ThriftValue {
        guard depth <= Limits.parquetDepthMax else { throw DatasetFault("Parquet: a header nests too deep") }
        let count = try length()
        guard count > 0 else { return .list([]) }
        let types = try byte()
        var elements: [ThriftValue] = []
        for _ in 0..<count {
            elements.append(try value(of: types >> 4, depth: depth))
            elements.append(try value(of: types & 0x0F, depth: depth))
        }
        return .list(elements)
    }

    // MARK: Bytes

    private mutating func count() throws(DatasetFault) {
        values += 1
        guard values <= Limits.parquetThriftValuesMax else {
            throw DatasetFault("Parquet: a header has too many values")
        }
    }

    private mutating func byte() throws(DatasetFault) -> UInt8 {
        guard offset < bytes.endIndex else {
            ranOut = true
            throw DatasetFault("Parquet: a header ends too early")
        }
        defer { offset += 1 }
        return bytes[offset]
    }

    private mutating func slice(_ count: Int) throws(DatasetFault) -> ArraySlice<UInt8> {
        guard count <= bytes.endIndex - offset else {
            ranOut = true
            throw DatasetFault("Parquet: a header ends too early")
        }
        defer { offset += count }
        return bytes[offset..<(offset + count)]
    }

    private mutating func varint() throws(DatasetFault) -> UInt64 {
        var value: UInt64 = 0
        for shift in stride(from: UInt64(0), to: 64, by: 7) {
            let next = try byte()
            value |= UInt64(next & 0x7F) << shift
            if next < 0x80 { return value }
        }
        throw DatasetFault("Parquet: a header has a number that does not end")
    }

    private mutating func zigzag() throws(DatasetFault) -> Int64 {
        let value = try varint()
        return Int64(bitPattern: value >> 1) ^ -Int64(bitPattern: value & 1)
    }

    private mutating func length() throws(DatasetFault) -> Int {
        let value = try varint()
        guard value <= UInt64(Int32.max) else { throw DatasetFault("Parquet: a header has a length of \(value)") }
        return Int(value)
    }
}
