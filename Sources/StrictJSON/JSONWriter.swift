// Values to bytes: compact, members in their order, shortest decimals that read back to the same double.

/// Appends JSON to one growing buffer; for answers that are assembled piece by piece and for NDJSON.
package struct JSONWriter: Sendable {
    /// What was written so far, UTF-8.
    package private(set) var bytes: [UInt8] = []

    /// A writer with room for so many bytes.
    package init(reserving capacity: Int = 0) { bytes.reserveCapacity(capacity) }

    /// Hands over what was written and starts anew.
    package mutating func take() -> [UInt8] {
        defer { bytes = [] }
        return bytes
    }

    /// One value.
    package mutating func append(_ value: JSONValue) {
        switch value {
        case .null: append(raw: "null")
        case .bool(let value): append(raw: value ? "true" : "false")
        case .integer(let value): append(value)
        case .bigInteger(let digits): bytes += digits.utf8
        case .double(let value): append(value)
        case .string(let value): append(value)
        case .array(let values): appendList(values) { writer, element in writer.append(element) }
        case .integers(let values): append(values)
        case .doubles(let values): append(values)
        case .object(let members):
            bytes.append(UInt8(ascii: "{"))
            for (index, member) in members.enumerated() {
                if index > 0 { bytes.append(UInt8(ascii: ",")) }
                append(member.name)
                bytes.append(UInt8(ascii: ":"))
                append(member.value)
            }
            bytes.append(UInt8(ascii: "}"))
        }
    }

    /// One value and a line feed: a line of NDJSON.
    package mutating func appendLine(_ value: JSONValue) {
        append(value)
        bytes.append(0x0A)
    }

    /// Text that is JSON already, or punctuation.
    package mutating func append(raw text: StaticString) {
        bytes.append(contentsOf: UnsafeBufferPointer(start: text.utf8Start, count: text.utf8CodeUnitCount))
    }

    /// JSON that was written before.
    package mutating func append(json text: [UInt8]) { bytes += text }

    /// An array of integers, [N].
    package mutating func append(_ values: some Collection<some FixedWidthInteger>) {
        bytes.reserveCapacity(bytes.count + 7 * values.count)
        appendList(values) { writer, element in writer.append(Int64(truncatingIfNeeded: element)) }
    }

    /// An array of numbers, [N]; floats get the shortest decimal of their own width, which reads back to the same float.
    package mutating func append(_ values: some Collection<some BinaryFloatingPoint & CustomStringConvertible>) {
        bytes.reserveCapacity(bytes.count + 20 * values.count)
        appendList(values) { writer, element in writer.append(element) }
    }

    /// An integer.
    package mutating func append(_ value: Int64) {
        if value < 0 { bytes.append(UInt8(ascii: "-")) }
        var magnitude = value.magnitude
        let start = bytes.count
        repeat {
            let (quotient, digit) = magnitude.quotientAndRemainder(dividingBy: 10)
            bytes.append(UInt8(ascii: "0") + UInt8(digit))
            magnitude = quotient
        } while magnitude > 0
        bytes[start...].reverse()
    }

    /// A number. JSON has no NaN and no infinity; no `JSONValue` should hold one, and one that does is written as null
    /// rather than as text that no parser accepts.
    package mutating func append(_ value: some BinaryFloatingPoint & CustomStringConvertible) {
        guard value.isFinite else { return append(raw: "null") }
        var text = value.description
        text.withUTF8 { bytes.append(contentsOf: $0) }
    }

    /// A string, quoted; only what RFC 8259 demands is escaped.
    package mutating func append(_ text: String) {
        bytes.append(UInt8(ascii: "\""))
        var text = text
        text.withUTF8 { utf8 in
            var start = 0
            for index in utf8.indices {
                let byte = utf8[index]
                guard byte < 0x20 || byte == UInt8(ascii: "\"") || byte == UInt8(ascii: "\\") else { continue }
                bytes.append(contentsOf: utf8[start..<index])
                appendEscape(byte)
                start = index + 1
            }
            bytes.append(contentsOf: utf8[start...])
        }
        bytes.append(UInt8(ascii: "\""))
    }

    private mutating func appendEscape(_ byte: UInt8) {
        switch byte {
        case UInt8(ascii: "\""): append(raw: "\\\"")
        case UInt8(ascii: "\\"): append(raw: "\\\\")
        case 0x08: append(raw: "\\b")
        case 0x09: append(raw: "\\t")
        case 0x0A: append(raw: "\\n")
        case 0x0C: append(raw: "\\f")
        case 0x0D: append(raw: "\\r")
        default:
            append(raw: "\\u00")
            for nibble in [byte >> 4, byte & 15] { bytes.append(nibble < 10 ? 0x30 + nibble : 0x61 + nibble - 10) }
        }
    }

    private mutating func appendList<C: Collection>(_ values: C, _ body: (inout JSONWriter, C.Element) -> Void) {
        bytes.append(UInt8(ascii: "["))
        var isFirst = true
        for value in values {
            if !isFirst { bytes.append(UInt8(ascii: ",")) }
            isFirst = false
            body(&self, value)
        }
        bytes.append(UInt8(ascii: "]"))
    }
}

extension JSONValue {
    /// Compact JSON, UTF-8, without a line feed.
    package func serialized() -> [UInt8] {
        var writer = JSONWriter()
        writer.append(self)
        return writer.take()
    }

    /// Compact JSON as a string.
    package var text: String { String(decoding: serialized(), as: UTF8.self) }
}
