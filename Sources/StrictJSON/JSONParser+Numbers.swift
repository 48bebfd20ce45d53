// Numbers: the grammar of RFC 8259 section 6, read digit by digit into a 64-bit significand, and arrays of numbers
// without a box for each. What to do with significand and exponent is decided in DecimalConversion.swift.

extension JSONParser {
    /// A number as it was written: an integer literal, or one with fraction or exponent.
    enum Number {
        case integer(Int64)
        case bigInteger(String)
        case double(Double)
    }

    /// Reads a whole array of numbers, the cursor on its first element; nil, and the cursor where it was, when the array
    /// holds something else (or an integer that would lose digits), which the boxed way then reads.
    mutating func parseNumbers() throws(JSONError) -> JSONValue? {
        if let plain = parsePlainNumbers() { return plain }
        return try parseNumbersCarefully()
    }

    /// As above, number by number, with every spelling that RFC 8259 allows and a fault for each that it does not.
    mutating func parseNumbersCarefully() throws(JSONError) -> JSONValue? {
        let start = position
        var integers: [Int64] = []
        while isAtNumber {
            switch try parseElement(integers.count) {
            case .integer(let value): integers.append(value)
            case .bigInteger:
                position = start
                return nil
            case .double(let value): return try parseDoubles(after: integers, value, start: start)
            }
            if try isArrayClosed() { return .integers(integers) }
        }
        position = start
        return nil
    }

    /// The rest of an array of numbers once one of them was no integer.
    private mutating func parseDoubles(
        after integers: [Int64], _ first: Double, start: Int
    ) throws(JSONError) -> JSONValue? {
        guard integers.allSatisfy({ Int64(exactly: Double($0)) == $0 }) else {
            position = start
            return nil
        }
        var doubles = integers.map { Double($0) }
        doubles.append(first)
        while true {
            if try isArrayClosed() { return .doubles(doubles) }
            guard isAtNumber else { break }
            switch try parseElement(doubles.count) {
            case .double(let value): doubles.append(value)
            case .bigInteger:
                position = start
                return nil
            case .integer(let value):
                let double = Double(value)
                guard Int64(exactly: double) == value else {
                    position = start
                    return nil
                }
                doubles.append(double)
            }
        }
        position = start
        return nil
    }

    @inline(__always)
    private var isAtNumber: Bool {
        guard let byte = next else { return false }
        return byte == UInt8(ascii: "-") || isDigit(byte)
    }

    @inline(__always)
    private mutating func parseElement(_ index: Int) throws(JSONError) -> Number {
        do throws(JSONError) { return try parseNumber() } catch { throw error.inside(index: index) }
    }

    /// Steps over white space and then a comma (false) or the closing bracket (true).
    @inline(__always)
    private mutating func isArrayClosed() throws(JSONError) -> Bool {
        skipWhitespace()
        if next == UInt8(ascii: "]") {
            position += 1
            return true
        }
        try expect(UInt8(ascii: ","), "expected ',' or ']' after an element")
        skipWhitespace()
        return false
    }

    /// One number; the cursor stands on its first byte.
    @inline(__always)
    mutating func parseNumber() throws(JSONError) -> Number {
        let start = position
        let isNegative = text[position] == UInt8(ascii: "-")
        if isNegative { position += 1 }
        var significand: UInt64 = 0
        let digitsStart = position
        try parseDigits(into: &significand, "a digit must follow the minus sign")
        let integerDigits = position - digitsStart
        if integerDigits > 1, text[digitsStart] == UInt8(ascii: "0") {
            throw fault(.invalidNumber, "a number cannot begin with 0 and another digit", at: start)
        }
        guard let byte = next, byte == UInt8(ascii: ".") || byte | 0x20 == UInt8(ascii: "e") else {
            return integer(significand, digits: integerDigits, isNegative: isNegative, start: start)
        }
        var fractionDigits = 0
        if byte == UInt8(ascii: ".") {
            position += 1
            let fractionStart = position
            try parseDigits(into: &significand, "a digit must follow the decimal point")
            fractionDigits = position - fractionStart
        }
        var digits = integerDigits + fractionDigits
        if digits > 19 { digits -= leadingZeros(from: digitsStart) }
        let exponent = try parseExponent()
        if digits <= 19,
            let magnitude = DecimalTables.with({
                doubleFromDecimal(significand: significand, exponent: exponent - fractionDigits, $0)
            })
        {
            return .double(isNegative ? -magnitude : magnitude)
        }
        return try slowDouble(from: start)
    }

    /// One or more digits; the significand wraps around after 19 of them, which the caller notices by their number.
    @inline(__always)
    private mutating func parseDigits(into significand: inout UInt64, _ message: String) throws(JSONError) {
        // Locals stay in registers; the parser's own members would be written back at each step.
        let (text, end, start) = (text, end, position)
        var (cursor, value) = (position, significand)
        while cursor + 8 <= end {
            let word = UInt64(littleEndian: text.loadUnaligned(fromByteOffset: cursor, as: UInt64.self))
            guard nonDigits(word) == 0 else { break }
            value = value &* 100_000_000 &+ eightDigits(word &- 0x3030_3030_3030_3030)
            cursor += 8
        }
        while cursor < end, isDigit(text[cursor]) {
            value = value &* 10 &+ UInt64(text[cursor] &- 0x30)
            cursor += 1
        }
        position = cursor
        significand = value
        guard position > start else {
            // JavaScript and Python write -Infinity.
            if next == UInt8(ascii: "I") { throw fault(.notFinite, "NaN and Infinity are no JSON numbers") }
            throw fault(position < end ? .invalidNumber : .unexpectedEnd, message)
        }
    }

    /// The power of ten behind `e`, 0 without one, capped where every double is long out of range.
    private mutating func parseExponent() throws(JSONError) -> Int {
        guard let byte = next, byte | 0x20 == UInt8(ascii: "e") else { return 0 }
        position += 1
        var isNegative = false
        if let sign = next, sign == UInt8(ascii: "+") || sign == UInt8(ascii: "-") {
            isNegative = sign == UInt8(ascii: "-")
            position += 1
        }
        guard let digit = next, isDigit(digit) else {
            throw fault(next == nil ? .unexpectedEnd : .invalidNumber, "a digit must follow the exponent's sign")
        }
        var value = 0
        while position < end, isDigit(text[position]) {
            value = min(value * 10 + Int(text[position] - 0x30), 1_000_000)
            position += 1
        }
        return isNegative ? -value : value
    }

    private func integer(_ magnitude: UInt64, digits: Int, isNegative: Bool, start: Int) -> Number {
        if isNegative, magnitude == 0 { return .double(-0.0) }
        // 19 digits fit UInt64; one more than Int64.max has only the negative sign.
        if digits <= 19, magnitude <= UInt64(Int64.max) {
            return .integer(isNegative ? -Int64(magnitude) : Int64(magnitude))
        }
        if digits == 19, isNegative, magnitude == 1 << 63 { return .integer(.min) }
        return .bigInteger(String(decoding: text[start..<position], as: UTF8.self))
    }

    /// The zeros before the first other digit, the decimal point left out.
    @inline(never)
    private func leadingZeros(from start: Int) -> Int {
        var zeros = 0
        var index = start
        while index < position, text[index] == UInt8(ascii: "0") || text[index] == UInt8(ascii: ".") {
            if text[index] == UInt8(ascii: "0") { zeros += 1 }
            index += 1
        }
        return zeros
    }

    /// What the fast way cannot do, by the standard library: more than 19 digits, or an exponent far out.
    @inline(never)
    private func slowDouble(from start: Int) throws(JSONError) -> Number {
        let literal = String(decoding: text[start..<position], as: UTF8.self)
        guard let value = Double(literal), value.isFinite else {
            throw fault(.notFinite, "a number must fit a 64-bit float", at: start)
        }
        return .double(value)
    }
}

@inline(__always)
func isDigit(_ byte: UInt8) -> Bool { byte &- 0x30 < 10 }

/// A bit at the top of each byte from the first on that is no ASCII digit; 0 when all eight are digits (after fast_float's
/// `is_made_of_eight_digits_fast`). Bits behind the lowest one mean nothing, for additions carry.
@inline(__always)
func nonDigits(_ word: UInt64) -> UInt64 {
    ((word &+ 0x4646_4646_4646_4646) | (word &- 0x3030_3030_3030_3030)) & 0x8080_8080_8080_8080
}

/// The number that eight digits write, as values 0 to 9, the first in the lowest byte (fast_float,
/// `parse_eight_digits_unrolled`).
@inline(__always)
func eightDigits(_ digits: UInt64) -> UInt64 {
    let pairs = digits &* 10 &+ (digits >> 8)
    let mask: UInt64 = 0x0000_00FF_0000_00FF
    let high = (pairs & mask) &* 0x000F_4240_0000_0064
    let low = ((pairs >> 16) & mask) &* 0x0000_2710_0000_0001
    return ((high &+ low) >> 32) & 0xFFFF_FFFF
}
