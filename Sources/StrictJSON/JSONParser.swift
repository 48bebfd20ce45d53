// The recursive descent over the grammar of RFC 8259: documents, objects, arrays and literals. Strings and numbers have
// files of their own. The descent goes no deeper than the limit, so that input cannot exhaust the stack.

/// A cursor over one JSON text; used once.
struct JSONParser {
    /// The text; the caller keeps it alive while the parser is used.
    let text: UnsafeRawBufferPointer
    /// Its length.
    let end: Int
    /// Where the cursor stands.
    var position = 0
    private var valuesLeft: Int
    private let limits: JSONLimits

    /// A cursor at the beginning of a text.
    init(_ text: UnsafeRawBufferPointer, limits: JSONLimits) {
        self.text = text
        self.end = text.count
        self.valuesLeft = limits.values
        self.limits = limits
    }

    /// The next byte, or nil at the end.
    @inline(__always)
    var next: UInt8? { position < end ? text[position] : nil }

    /// The whole text: one value between white space.
    mutating func parseDocument() throws(JSONError) -> JSONValue {
        guard end <= limits.bytes else {
            throw fault(.tooLarge, "the text has \(end) bytes, the limit is \(limits.bytes)", at: limits.bytes)
        }
        skipWhitespace()
        let value = try parseValue(depth: 0)
        skipWhitespace()
        guard position == end else { throw fault(.trailingBytes, "nothing may follow the value") }
        return value
    }

    /// Moves behind spaces, tabs and line ends.
    @inline(__always)
    mutating func skipWhitespace() {
        while position < end {
            switch text[position] {
            case 0x20, 0x0A, 0x0D, 0x09: position += 1
            default: return
            }
        }
    }

    private mutating func parseValue(depth: Int) throws(JSONError) -> JSONValue {
        guard let byte = next else { throw fault(.unexpectedEnd, "the text ends where a value should stand") }
        switch byte {
        case UInt8(ascii: "\""): return .string(try parseString())
        case UInt8(ascii: "{"): return try parseObject(depth: depth + 1)
        case UInt8(ascii: "["): return try parseArray(depth: depth + 1)
        case UInt8(ascii: "-"), UInt8(ascii: "0")...UInt8(ascii: "9"):
            switch try parseNumber() {
            case .integer(let value): return .integer(value)
            case .bigInteger(let digits): return .bigInteger(digits)
            case .double(let value): return .double(value)
            }
        case UInt8(ascii: "t"): return try parseLiteral("true", .bool(true))
        case UInt8(ascii: "f"): return try parseLiteral("false", .bool(false))
        case UInt8(ascii: "n"): return try parseLiteral("null", .null)
        case UInt8(ascii: "N"), UInt8(ascii: "I"):
            throw fault(.notFinite, "NaN and Infinity are no JSON numbers")
        default: throw fault(.unexpectedByte, "\(describe(byte)) cannot begin a value")
        }
    }

    private mutating func parseLiteral(_ word: StaticString, _ value: JSONValue) throws(JSONError) -> JSONValue {
        let length = word.utf8CodeUnitCount
        for index in 0..<length {
            guard position + index < end else { throw fault(.unexpectedEnd, "the text ends inside a word", at: end) }
            guard text[position + index] == word.utf8Start[index] else {
                throw fault(.unexpectedByte, "expected \(word)")
            }
        }
        position += length
        return value
    }

    private mutating func parseObject(depth: Int) throws(JSONError) -> JSONValue {
        try checkDepth(depth)
        position += 1
        skipWhitespace()
        if next == UInt8(ascii: "}") {
            position += 1
            return .object([])
        }
        var members: [JSONMember] = []
        var names = NameSet()
        while true {
            guard let byte = next else { throw fault(.unexpectedEnd, "the text ends inside an object") }
            guard byte == UInt8(ascii: "\"") else {
                throw fault(.unexpectedByte, "\(describe(byte)) where a member's name should stand")
            }
            let nameStart = position
            let name = try parseString()
            guard names.insert(name, after: members) else {
                throw fault(.duplicateName, "the name \"\(name.prefix(64))\" stands twice in one object", at: nameStart)
            }
            skipWhitespace()
            try expect(UInt8(ascii: ":"), "expected ':' after a member's name")
            skipWhitespace()
            try countValue()
            do throws(JSONError) {
                members.append(JSONMember(name, try parseValue(depth: depth)))
            } catch {
                throw error.inside(name: name)
            }
            skipWhitespace()
            if next == UInt8(ascii: "}") {
                position += 1
                return .object(members)
            }
            try expect(UInt8(ascii: ","), "expected ',' or '}' after a member")
            skipWhitespace()
        }
    }

    private mutating func parseArray(depth: Int) throws(JSONError) -> JSONValue {
        try checkDepth(depth)
        position += 1
        skipWhitespace()
        if next == UInt8(ascii: "]") {
            position += 1
            return .array([])
        }
        if let numbers = try parseNumbers() { return numbers }
        var values: [JSONValue] = []
        while true {
            try countValue()
            do throws(JSONError) {
                values.append(try parseValue(depth: depth))
            } catch {
                throw error.inside(index: values.count)
            }
            skipWhitespace()
            if next == UInt8(ascii: "]") {
                position += 1
                return .array(values)
            }
            try expect(UInt8(ascii: ","), "expected ',' or ']' after an element")
            skipWhitespace()
        }
    }

    /// Steps over one byte that must stand here.
    mutating func expect(_ byte: UInt8, _ message: String) throws(JSONError) {
        guard let found = next else { throw fault(.unexpectedEnd, "the text ends too early: \(message)") }
        guard found == byte else { throw fault(.unexpectedByte, "\(message), found \(describe(found))") }
        position += 1
    }

    private func checkDepth(_ depth: Int) throws(JSONError) {
        guard depth <= limits.depth else {
            throw fault(.tooDeep, "nested deeper than \(limits.depth) levels")
        }
    }

    private mutating func countValue() throws(JSONError) {
        valuesLeft -= 1
        guard valuesLeft >= 0 else { throw fault(.tooLarge, "more than \(limits.values) values") }
    }

    /// An error at an offset, by default here.
    @inline(never)
    func fault(_ reason: JSONError.Reason, _ message: String, at offset: Int? = nil) -> JSONError {
        let offset = min(offset ?? position, end)
        var line = 1
        var lineStart = 0
        for index in 0..<offset where text[index] == 0x0A {
            line += 1
            lineStart = index + 1
        }
        return JSONError(
            reason: reason, message: message, offset: offset, line: line, column: offset - lineStart + 1, path: "")
    }

    /// A byte in the words of an error message.
    func describe(_ byte: UInt8) -> String {
        (0x21...0x7E).contains(byte)
            ? "'\(Character(UnicodeScalar(byte)))'" : "byte 0x" + (byte < 16 ? "0" : "") + String(byte, radix: 16)
    }
}

/// The names an object has had so far: compared one by one while they are few, hashed when they are many.
private struct NameSet {
    private var hashed: Set<String> = []
    private static let fewMax = 16

    /// False when the name was there already; `members` are those read before it.
    mutating func insert(_ name: String, after members: [JSONMember]) -> Bool {
        if members.count < NameSet.fewMax { return !members.contains { $0.name == name } }
        if hashed.isEmpty { hashed = Set(members.map(\.name)) }
        return hashed.insert(name).inserted
    }
}
