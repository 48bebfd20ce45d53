// The table of contents of a safetensors file, read from bytes that nobody vouches for. No I/O here.
import StrictJSON

/// The parsed header of a safetensors file (huggingface/safetensors, "Format").
package struct SafetensorsFile: Sendable, Equatable {
    /// The element types this module reads.
    package enum ElementType: String, Sendable, CaseIterable {
        case float32 = "F32"
        case bfloat16 = "BF16"
        case float16 = "F16"

        /// Bytes of one element.
        package var size: Int { self == .float32 ? 4 : 2 }

        /// What PyTorch, and so config.json, calls it.
        package var torchName: String {
            switch self {
            case .float32: "float32"
            case .bfloat16: "bfloat16"
            case .float16: "float16"
            }
        }
    }

    /// One tensor: what it is and where its bytes are.
    package struct Entry: Sendable, Equatable {
        package let name: String
        package let type: ElementType
        package let shape: [Int]
        /// First byte, counted from the start of the file.
        package let offset: Int
        /// Elements.
        package let count: Int
    }

    /// Entries by name.
    package let entries: [String: Entry]
    /// The free text pairs under `__metadata__`.
    package let metadata: [String: String]

    /// Bytes before the header's JSON: its length as a little-endian 64-bit number.
    static let prefixBytes = 8
    /// Tensors of one file; Qwen3 with 64 layers has 700.
    private static let tensorsMax = 65_536
    private static let dimensionsMax = 8

    /// Reads the header at the start of `bytes`, of a file of `fileBytes` bytes (the whole of `bytes` by default).
    ///
    /// Throws `ModelError` `.invalidFile` unless the tensors' bytes lie one after the other, without gap or overlap,
    /// and end with the file, which is what the format demands; `.unsupported` for element types other than fp32, bf16
    /// and fp16.
    package static func parse(_ bytes: [UInt8], fileBytes: Int? = nil) throws(ModelError) -> SafetensorsFile {
        let length = try headerBytes(bytes)
        let dataStart = prefixBytes + length
        let fileBytes = fileBytes ?? bytes.count
        guard bytes.count >= dataStart, fileBytes >= dataStart else {
            throw broken("the header of \(length) bytes is cut off")
        }
        let members = try object(bytes[prefixBytes..<dataStart])
        var metadata: [String: String] = [:]
        var entries: [String: Entry] = [:]
        var ranges: [Range<Int>] = []
        for member in members {
            if member.name == "__metadata__" {
                metadata = try pairs(member.value)
            } else {
                let (entry, range) = try entry(member.name, member.value, dataStart: dataStart)
                entries[member.name] = entry
                ranges.append(range)
            }
        }
        try checkCover(ranges, dataBytes: fileBytes - dataStart)
        return SafetensorsFile(entries: entries, metadata: metadata)
    }

    /// The length of the header's JSON, from the first eight bytes.
    static func headerBytes(_ bytes: [UInt8]) throws(ModelError) -> Int {
        guard bytes.count >= prefixBytes else { throw broken("it has only \(bytes.count) bytes") }
        let length = bytes.prefix(prefixBytes).reversed().reduce(UInt64(0)) { $0 << 8 | UInt64($1) }
        guard length >= 2, length <= UInt64(ModelBounds.safetensorsHeaderBytesMax) else {
            throw broken("the header claims \(length) bytes; the limit is \(ModelBounds.safetensorsHeaderBytesMax)")
        }
        return Int(length)
    }

    private static func object(_ text: ArraySlice<UInt8>) throws(ModelError) -> [JSONMember] {
        let limits = JSONLimits(depth: 4, bytes: ModelBounds.safetensorsHeaderBytesMax, values: 8 * tensorsMax)
        let value: JSONValue
        do throws(JSONError) {
            value = try JSONValue.parse(text, limits: limits)
        } catch {
            throw broken("its header is not JSON: \(error)")
        }
        guard case .object(let members) = value else { throw broken("its header is \(value.kind), not an object") }
        guard members.count <= tensorsMax else { throw broken("it names \(members.count) tensors") }
        return members
    }

    private static func pairs(_ value: JSONValue) throws(ModelError) -> [String: String] {
        guard case .object(let members) = value else { throw broken("__metadata__ is \(value.kind)") }
        var result: [String: String] = [:]
        for member in members {
            guard let text = member.value.string else { throw broken("a value of __metadata__ is no string") }
            result[member.name] = text
        }
        return result
    }

    private static func entry(
        _ name: String, _ value: JSONValue, dataStart: Int
    ) throws(ModelError) -> (Entry, Range<Int>) {
        let shown = String(name.prefix(100))
        guard case .object(let members) = value, members.count == 3, let typeName = value["dtype"]?.string,
            let shape = integers(value["shape"]), let offsets = integers(value["data_offsets"])
        else { throw broken("tensor \(shown) needs dtype, shape and data_offsets, and nothing else") }
        guard let type = ElementType(rawValue: typeName) else {
            throw ModelError(
                .unsupported, "tensor \(shown) has element type \(typeName.prefix(16))",
                hint: "convert the model to F32, BF16 or F16")
        }
        guard shape.count <= dimensionsMax, let count = product(shape),
            case (let bytes, false) = count.multipliedReportingOverflow(by: type.size)
        else { throw broken("tensor \(shown) has an impossible shape") }
        guard offsets.count == 2, offsets[0] >= 0, offsets[1] >= offsets[0], offsets[1] - offsets[0] == bytes,
            case (let start, false) = offsets[0].addingReportingOverflow(dataStart)
        else { throw broken("the data_offsets of tensor \(shown) do not fit its shape") }
        return (
            Entry(name: name, type: type, shape: shape, offset: start, count: count), offsets[0]..<offsets[1]
        )
    }

    /// An array of integers; an empty array, the shape of a scalar, included.
    private static func integers(_ value: JSONValue?) -> [Int]? {
        switch value {
        case .integers(let values): values.map { Int($0) }
        case .array(let values) where values.isEmpty: []
        default: nil
        }
    }

    private static func product(_ shape: [Int]) -> Int? {
        var total = 1
        for size in shape {
            guard size >= 0, case (let next, false) = total.multipliedReportingOverflow(by: size) else { return nil }
            total = next
        }
        return total
    }

    /// The ranges must cover the data exactly: an overlap or a gap could hide or leak bytes.
    private static func checkCover(_ ranges: [Range<Int>], dataBytes: Int) throws(ModelError) {
        var end = 0
        for range in ranges.sorted(by: { ($0.lowerBound, $0.upperBound) < ($1.lowerBound, $1.upperBound) }) {
            guard range.lowerBound == end else { throw broken("tensors overlap or leave a gap at byte \(end)") }
            end = range.upperBound
        }
        guard end == dataBytes else { throw broken("tensors end at byte \(end) of \(dataBytes)") }
    }

    private static func broken(_ what: String) -> ModelError {
        ModelError(.invalidFile, "not a safetensors file: \(what)", hint: "copy or export the model again")
    }
}
