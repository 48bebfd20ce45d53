// Pickles of plain data, read without running anything: a pickle is a program for Python, and a stranger's may do anything.
// Only instructions that push strings, numbers, lists and dictionaries are known here; there is no code for the others.
// Format: Python's Lib/pickletools.py, protocols 0 to 5.
import Domain
import StrictJSON

/// Why a pickle was not read.
package enum PickleFault: Error, Sendable, Equatable, CustomStringConvertible {
    /// An instruction that would import, call or build something, or one that plain data does not need.
    case refused(String)
    /// The bytes are no pickle, or end too early.
    case malformed(String)
    /// More values, bytes or levels than are read.
    case tooLarge

    package var description: String {
        switch self {
        case .refused(let name): "the pickle has the instruction \(name), which is not carried out"
        case .malformed(let what): "no pickle of plain data: \(what)"
        case .tooLarge: "the pickle unpacks to more than is read"
        }
    }
}

/// The value of a pickle that holds strings, whole and floating numbers, truth values, None, lists, tuples and dictionaries with
/// keys that are strings.
///
/// Time and memory are bounded by the pickle's length and by `byteLimit` for what its strings come to together, also where it
/// names one many times. Containers cannot be named twice: those would make a small pickle an endless value.
package func unpickled(_ bytes: [UInt8], byteLimit: Int) throws(PickleFault) -> JSONValue {
    var machine = PickleMachine(bytes, byteLimit: byteLimit)
    return try machine.run()
}

private struct PickleMachine {
    private enum Item {
        case mark
        case value(JSONValue, depth: Int)
    }

    private let bytes: [UInt8]
    private let byteLimit: Int
    private var offset = 0
    private var stack: [Item] = []
    private var memo: [Int: JSONValue] = [:]
    private var values = 0
    private var stringBytes = 0

    init(_ bytes: [UInt8], byteLimit: Int) {
        self.bytes = bytes
        self.byteLimit = byteLimit
    }

    mutating func run() throws(PickleFault) -> JSONValue {
        while true {
            let code = try byte()
            if code == UInt8(ascii: ".") {
                guard stack.count == 1, case .value(let value, _)? = stack.first else {
                    throw .malformed("\(stack.count) values at its end")
                }
                return value
            }
            if let name = refusedInstructions[code] { throw .refused(name) }
            if try !pushScalar(code), try !container(code), try !bookkeeping(code) {
                throw .refused("0x" + String(code, radix: 16))
            }
        }
    }

    // MARK: Instructions

    /// Strings, numbers, truth values and None; false for another instruction.
    private mutating func pushScalar(_ code: UInt8) throws(PickleFault) -> Bool {
        switch code {
        case 0x8C: try pushString(count: Int(try byte()))
        case UInt8(ascii: "X"): try pushString(count: try unsigned(4))
        case 0x8D: try pushString(count: try unsigned(8))
        case UInt8(ascii: "K"): try push(.integer(Int64(try byte())))
        case UInt8(ascii: "M"): try push(.integer(Int64(try unsigned(2))))
        case UInt8(ascii: "J"): try push(.integer(Int64(Int32(truncatingIfNeeded: try unsigned(4)))))
        case 0x8A: try pushLong()
        case UInt8(ascii: "G"): try pushDouble()
        case UInt8(ascii: "N"): try push(.null)
        case 0x88: try push(.bool(true))
        case 0x89: try push(.bool(false))
        default: return false
        }
        return true
    }

    /// Lists, tuples and dictionaries; false for another instruction.
    private mutating func container(_ code: UInt8) throws(PickleFault) -> Bool {
        switch code {
        case UInt8(ascii: "]"), UInt8(ascii: ")"): try push(.array([]))
        case UInt8(ascii: "}"): try push(.object([]))
        case UInt8(ascii: "("): stack.append(.mark)
        case UInt8(ascii: "a"): try extend(by: [try pop()])
        case UInt8(ascii: "e"): try extend(by: try popToMark())
        case UInt8(ascii: "s"):
            let value = try pop()
            try setItems([try pop(), value])
        case UInt8(ascii: "u"): try setItems(try popToMark())
        case UInt8(ascii: "t"), UInt8(ascii: "l"): try pushList(try popToMark())
        case 0x85: try pushList([try pop()])
        case 0x86: try pushList(try popLast(2))
        case 0x87: try pushList(try popLast(3))
        default: return false
        }
        return true
    }

    /// Frames and the memo; false for another instruction.
    private mutating func bookkeeping(_ code: UInt8) throws(PickleFault) -> Bool {
        switch code {
        case 0x80:
            let version = try byte()
            guard version <= 5 else { throw .malformed("protocol \(version)") }
        case 0x95: _ = try unsigned(8)
        case 0x94: try remember(memo.count)
        case UInt8(ascii: "q"): try remember(Int(try byte()))
        case UInt8(ascii: "r"): try remember(try unsigned(4))
        case UInt8(ascii: "h"): try recall(Int(try byte()))
        case UInt8(ascii: "j"): try recall(try unsigned(4))
        default: return false
        }
        return true
    }

    // MARK: The stack

    private mutating func push(_ value: JSONValue, depth: Int = 0) throws(PickleFault) {
        values += 1
        guard values <= Limits.pickleValuesMax, depth <= Limits.pickleDepthMax else { throw .tooLarge }
        stack.append(.value(value, depth: depth))
    }

    private mutating func pop() throws(PickleFault) -> (value: JSONValue, depth: Int) {
        guard case .value(let value, let depth)? = stack.popLast() else { throw .malformed("a value is missing") }
        return (value, depth)
    }

    private mutating func popLast(_ count: Int) throws(PickleFault) -> [(value: JSONValue, depth: Int)] {
        var items: [(value: JSONValue, depth: Int)] = []
        for _ in 0..<count { items.append(try pop()) }
        return items.reversed()
    }

    private mutating func popToMark() throws(PickleFault) -> [(value: JSONValue, depth: Int)] {
        var items: [(value: JSONValue, depth: Int)] = []
        while let item = stack.popLast() {
            guard case .value(let value, let depth) = item else { return items.reversed() }
            items.append((value, depth))
        }
        throw .malformed("a mark is missing")
    }

    private mutating func pushList(_ items: [(value: JSONValue, depth: Int)]) throws(PickleFault) {
        try push(listValue(items.map(\.value)), depth: (items.map(\.depth).max() ?? 0) + 1)
    }

    private mutating func extend(by items: [(value: JSONValue, depth: Int)]) throws(PickleFault) {
        let list = try pop()
        guard let elements = list.value.elements else { throw .malformed("no list to append to") }
        let depth = max(list.depth, (items.map(\.depth).max() ?? 0) + 1)
        // A list that is filled one by one is copied each time; the count of values bounds that, too.
        values += elements.count / 64
        try push(listValue(elements + items.map(\.value)), depth: depth)
    }

    private mutating func setItems(_ items: [(value: JSONValue, depth: Int)]) throws(PickleFault) {
        let target = try pop()
        guard case .object(var members) = target.value, items.count % 2 == 0 else {
            throw .malformed("no dictionary to set items of")
        }
        guard members.count + items.count <= 2_048 else { throw .tooLarge }
        var depth = target.depth
        for index in stride(from: 0, to: items.count, by: 2) {
            guard let name = items[index].value.string else { throw .malformed("a key that is no string") }
            let member = JSONMember(name, items[index + 1].value)
            if let known = members.firstIndex(where: { $0.name == name }) {
                members[known] = member
            } else {
                members.append(member)
            }
            depth = max(depth, items[index + 1].depth + 1)
        }
        try push(.object(members), depth: depth)
    }

    // MARK: The memo

    private mutating func remember(_ index: Int) throws(PickleFault) {
        guard case .value(let value, _)? = stack.last else { throw .malformed("nothing to remember") }
        guard memo.count < Limits.pickleValuesMax else { throw .tooLarge }
        memo[index] = value
    }

    private mutating func recall(_ index: Int) throws(PickleFault) {
        guard let value = memo[index] else { throw .malformed("nothing is remembered as \(index)") }
        switch value {
        case .array, .integers, .doubles, .object: throw .refused("GET of a container")
        case .string(let text): try count(text.utf8.count)
        default: break
        }
        try push(value)
    }

    // MARK: Bytes

    private mutating func byte() throws(PickleFault) -> UInt8 {
        guard offset < bytes.count else { throw .malformed("it ends too early") }
        defer { offset += 1 }
        return bytes[offset]
    }

    private mutating func slice(_ count: Int) throws(PickleFault) -> ArraySlice<UInt8> {
        guard count >= 0, count <= bytes.count - offset else { throw .malformed("it ends too early") }
        defer { offset += count }
        return bytes[offset..<(offset + count)]
    }

    /// A little-endian number of so many bytes, at most 8.
    private mutating func unsigned(_ count: Int) throws(PickleFault) -> Int {
        let value = try slice(count).reversed().reduce(UInt64(0)) { $0 << 8 | UInt64($1) }
        guard let number = Int(exactly: value) else { throw .tooLarge }
        return number
    }

    private mutating func count(_ more: Int) throws(PickleFault) {
        stringBytes += more
        guard stringBytes <= byteLimit else { throw .tooLarge }
    }

    private mutating func pushString(count length: Int) throws(PickleFault) {
        try count(length)
        guard let text = String(validating: try slice(length), as: UTF8.self) else {
            throw .malformed("a string that is not UTF-8")
        }
        try push(.string(text))
    }

    private mutating func pushLong() throws(PickleFault) {
        let length = Int(try byte())
        guard length <= 8 else { throw .tooLarge }
        let digits = try slice(length)
        let negative = digits.last.map { $0 & 0x80 != 0 } ?? false
        let value = digits.reversed().reduce(negative ? UInt64.max : 0) { $0 << 8 | UInt64($1) }
        try push(.integer(Int64(bitPattern: value)))
    }

    private mutating func pushDouble() throws(PickleFault) {
        let value = Double(bitPattern: try slice(8).reduce(UInt64(0)) { $0 << 8 | UInt64($1) })
        guard value.isFinite else { throw .malformed("a number that is not finite") }
        try push(.double(value))
    }
}

/// The instructions that import, call, build or fetch, by code; they are refused by name.
private let refusedInstructions: [UInt8: String] = [
    UInt8(ascii: "c"): "GLOBAL", 0x93: "STACK_GLOBAL", UInt8(ascii: "R"): "REDUCE", UInt8(ascii: "b"): "BUILD",
    UInt8(ascii: "i"): "INST", UInt8(ascii: "o"): "OBJ", 0x81: "NEWOBJ", 0x92: "NEWOBJ_EX", 0x82: "EXT1", 0x83: "EXT2",
    0x84: "EXT4", UInt8(ascii: "P"): "PERSID", UInt8(ascii: "Q"): "BINPERSID", 0x97: "NEXT_BUFFER",
    0x98: "READONLY_BUFFER", 0x96: "BYTEARRAY8", UInt8(ascii: "B"): "BINBYTES", UInt8(ascii: "C"): "SHORT_BINBYTES",
    0x8E: "BINBYTES8", UInt8(ascii: "I"): "INT", UInt8(ascii: "L"): "LONG", 0x8B: "LONG4", UInt8(ascii: "F"): "FLOAT",
    UInt8(ascii: "V"): "UNICODE", UInt8(ascii: "S"): "STRING", UInt8(ascii: "T"): "BINSTRING",
    UInt8(ascii: "U"): "SHORT_BINSTRING", UInt8(ascii: "d"): "DICT", UInt8(ascii: "g"): "GET", UInt8(ascii: "p"): "PUT",
    0x8F: "EMPTY_SET", 0x90: "ADDITEMS", 0x91: "FROZENSET", UInt8(ascii: "0"): "POP", UInt8(ascii: "1"): "POP_MARK",
    UInt8(ascii: "2"): "DUP",
]
