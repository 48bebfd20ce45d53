// Arrays of numbers in the spelling that programs write: nearly all the bytes of a rollout. No growing array, no enum and no
// call for each number, and eight digits a step. It takes only what needs no thought: at anything else it steps back, and
// the careful way in JSONParser+Numbers.swift reads the array and says what is wrong with it.

extension JSONParser {
    /// Reads a whole array of plain numbers, the cursor on its first element; nil, and the cursor where it was, for any other.
    mutating func parsePlainNumbers() -> JSONValue? {
        guard let base = text.baseAddress else { return nil }
        var reader = PlainNumbers(text: base, end: end, cursor: position)
        guard let value = reader.read() else { return nil }
        position = reader.cursor
        return value
    }
}

/// A cursor of its own over the same text, whose fields stay in registers.
private struct PlainNumbers {
    let text: UnsafeRawPointer
    let end: Int
    var cursor: Int

    /// Numbers are collected here before the array grows: a check for room by the piece, not by the number.
    private static let pieceCount = 256

    /// The array up to behind its bracket, or nil.
    mutating func read() -> JSONValue? {
        var integers: [Int64] = []
        let ending = readIntegers(&integers)
        switch ending {
        case .closed: return .integers(integers)
        case .fraction:
            guard integers.allSatisfy({ $0.magnitude <= 1 << 53 }) else { return nil }
            var doubles = integers.map { Double($0) }
            return DecimalTables.with({ readDoubles(&doubles, $0) }) == .closed ? .doubles(doubles) : nil
        case .other: return nil
        }
    }

    private enum Ending { case closed, fraction, other }

    /// Reads integers up to the bracket, or to a number that is none, whose first byte the cursor then stands on.
    private mutating func readIntegers(_ integers: inout [Int64]) -> Ending {
        withUnsafeTemporaryAllocation(of: Int64.self, capacity: Self.pieceCount) { piece in
            while true {
                for count in 0..<Self.pieceCount {
                    let start = cursor
                    guard let (magnitude, isNegative) = plainInteger() else {
                        cursor = start
                        integers.append(contentsOf: piece[..<count])
                        return isNumberStart ? .fraction : .other
                    }
                    piece[count] = isNegative ? -Int64(magnitude) : Int64(magnitude)
                    if let ending = separator() {
                        integers.append(contentsOf: piece[...count])
                        return ending
                    }
                }
                integers.append(contentsOf: piece)
            }
        }
    }

    private mutating func readDoubles(_ doubles: inout [Double], _ tables: DecimalTables) -> Ending {
        withUnsafeTemporaryAllocation(of: Double.self, capacity: Self.pieceCount) { piece in
            while true {
                for count in 0..<Self.pieceCount {
                    guard let value = plainDouble(tables) else { return .other }
                    piece[count] = value
                    if let ending = separator() {
                        doubles.append(contentsOf: piece[...count])
                        return ending
                    }
                }
                doubles.append(contentsOf: piece)
            }
        }
    }

    @inline(__always)
    private var isNumberStart: Bool {
        cursor < end && (byte(cursor) == UInt8(ascii: "-") || isDigit(byte(cursor)))
    }

    @inline(__always)
    private func byte(_ index: Int) -> UInt8 { text.load(fromByteOffset: index, as: UInt8.self) }

    /// Steps over a comma and white space around it (nil), or over the bracket.
    @inline(__always)
    private mutating func separator() -> Ending? {
        skipWhitespace()
        guard cursor < end else { return .other }
        let found = byte(cursor)
        cursor += 1
        guard found == UInt8(ascii: ",") else { return found == UInt8(ascii: "]") ? .closed : .other }
        skipWhitespace()
        return nil
    }

    @inline(__always)
    private mutating func skipWhitespace() {
        while cursor < end {
            switch byte(cursor) {
            case 0x20, 0x0A, 0x0D, 0x09: cursor += 1
            default: return
            }
        }
    }

    /// An integer of up to 18 digits without a fraction or exponent behind it; nil for any other number, and for -0.
    @inline(__always)
    private mutating func plainInteger() -> (magnitude: UInt64, isNegative: Bool)? {
        guard cursor < end else { return nil }
        let isNegative = byte(cursor) == UInt8(ascii: "-")
        if isNegative { cursor += 1 }
        let start = cursor
        var magnitude: UInt64 = 0
        readDigits(&magnitude)
        let count = cursor - start
        guard (1...18).contains(count), count == 1 || byte(start) != UInt8(ascii: "0"), cursor < end,
            !(isNegative && magnitude == 0)
        else { return nil }
        let next = byte(cursor)
        guard next != UInt8(ascii: "."), next | 0x20 != UInt8(ascii: "e") else { return nil }
        return (magnitude, isNegative)
    }

    /// A number of up to 19 digits that count; nil for a longer one, an exponent far out, and what is no number.
    @inline(__always)
    private mutating func plainDouble(_ tables: DecimalTables) -> Double? {
        guard cursor < end else { return nil }
        let isNegative = byte(cursor) == UInt8(ascii: "-")
        if isNegative { cursor += 1 }
        let start = cursor
        var significand: UInt64 = 0
        readDigits(&significand)
        let integerDigits = cursor - start
        guard integerDigits > 0, integerDigits == 1 || byte(start) != UInt8(ascii: "0"), cursor < end else {
            return nil
        }
        var fractionDigits = 0
        if byte(cursor) == UInt8(ascii: ".") {
            cursor += 1
            let fractionStart = cursor
            readDigits(&significand)
            fractionDigits = cursor - fractionStart
            guard fractionDigits > 0 else { return nil }
        }
        if integerDigits + fractionDigits > 19, !hasAtMost19Digits(from: start) { return nil }
        var exponent = -fractionDigits
        if cursor < end, byte(cursor) | 0x20 == UInt8(ascii: "e") {
            guard let written = exponentDigits() else { return nil }
            exponent += written
        } else if fractionDigits == 0, significand > 1 << 53 {
            // An integer that a double would change keeps the array boxed, which the careful way sees to.
            return nil
        }
        guard let magnitude = doubleFromDecimal(significand: significand, exponent: exponent, tables) else {
            return nil
        }
        return isNegative ? -magnitude : magnitude
    }

    /// Appends digits to a number, eight a step; it wraps around after 19 of them, which the caller notices by their count.
    @inline(__always)
    private mutating func readDigits(_ value: inout UInt64) {
        while cursor + 8 <= end {
            let word = UInt64(littleEndian: text.loadUnaligned(fromByteOffset: cursor, as: UInt64.self))
            let stop = nonDigits(word)
            let digits = word &- 0x3030_3030_3030_3030
            guard stop != 0 else {
                value = value &* 100_000_000 &+ eightDigits(digits)
                cursor += 8
                continue
            }
            let count = stop.trailingZeroBitCount >> 3
            guard count > 0 else { return }
            // Moved to the top, with zeros before them, they are a number of eight digits.
            value = value &* powersOfTen[count] &+ eightDigits(digits << UInt64(64 - 8 * count))
            cursor += count
            return
        }
        while cursor < end, isDigit(byte(cursor)) {
            value = value &* 10 &+ UInt64(byte(cursor) &- 0x30)
            cursor += 1
        }
    }

    /// Whether at most 19 digits are left when the zeros at the front, point left out, are taken away.
    @inline(never)
    private func hasAtMost19Digits(from start: Int) -> Bool {
        var index = start
        while index < cursor, byte(index) == UInt8(ascii: "0") || byte(index) == UInt8(ascii: ".") { index += 1 }
        return (index..<cursor).count { byte($0) != UInt8(ascii: ".") } <= 19
    }

    /// The number behind an `e`, of up to three digits.
    @inline(never)
    private mutating func exponentDigits() -> Int? {
        cursor += 1
        guard cursor < end else { return nil }
        let sign = byte(cursor)
        if sign == UInt8(ascii: "-") || sign == UInt8(ascii: "+") { cursor += 1 }
        let start = cursor
        var value: UInt64 = 0
        readDigits(&value)
        guard (1...3).contains(cursor - start) else { return nil }
        return sign == UInt8(ascii: "-") ? -Int(value) : Int(value)
    }
}

/// 10^0 to 10^7.
private let powersOfTen: [UInt64] = [1, 10, 100, 1_000, 10_000, 100_000, 1_000_000, 10_000_000]
