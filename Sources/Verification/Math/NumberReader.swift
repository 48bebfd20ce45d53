// Decimal numbers as people write them: thousands groups, decimal points, powers of ten by `e`, recurring decimals.
import BigInt
import Domain

/// Reads one number from bytes.
struct NumberReader {
    private let bytes: [UInt8]
    private var position: Int
    private var digits: [UInt8] = []
    private var places = 0
    private var recurring: [UInt8] = []
    private var hasPoint = false
    private var isGrouped = false

    private init(_ bytes: [UInt8], from start: Int) {
        self.bytes = bytes
        position = start
    }

    /// The number that begins at `start`, and where it ends. The literal is nil beyond the cap on bits.
    /// - Parameter groupsAllowed: whether `1,234` is one number; inside brackets it is two.
    static func scan(_ bytes: [UInt8], from start: Int, groupsAllowed: Bool) -> (literal: NumberLiteral?, end: Int) {
        var reader = NumberReader(bytes, from: start)
        reader.takeDigits()
        reader.takeGroups(commas: groupsAllowed)
        reader.takeFraction()
        let exponent = reader.takeExponent(start: start)
        return (reader.literal(exponent: exponent), reader.position)
    }

    /// The whole number in a range of digits.
    static func read(_ bytes: [UInt8], from start: Int, to end: Int) -> NumberLiteral? {
        var reader = NumberReader(bytes, from: start)
        while reader.position < end { reader.takeDigit() }
        return reader.literal(exponent: 0)
    }

    private func peek(_ offset: Int = 0) -> UInt8 {
        let index = position + offset
        return bytes.indices.contains(index) ? bytes[index] : 0
    }

    /// Whether a point here begins a number: `.5`, `.\overline{3}`, but not behind a digit.
    static func beginsFraction(_ bytes: [UInt8], at position: Int) -> Bool {
        if position > 0, isDigitByte(bytes[position - 1]) { return false }
        let rest = bytes.dropFirst(position + 1)
        return rest.first.map { isDigitByte($0) } ?? false || recurringMarks.contains { rest.starts(with: $0) }
    }

    private static let recurringMarks = ["\\overline", "\\dot", "\\bar"].map { Array($0.utf8) }

    private mutating func takeDigit() {
        digits.append(peek())
        position += 1
    }

    private mutating func takeDigits() {
        while isDigitByte(peek()) { takeDigit() }
    }

    /// Groups of three after separators: `1,234`, `1{,}234`, `1\,234`, `1,\!234`, `1 234`.
    private mutating func takeGroups(commas: Bool) {
        guard (1...3).contains(digits.count), digits.first != 0x30 || digits.count > 1 else { return }
        var first: Int?
        while true {
            let (length, isComma) = separatorLength()
            guard length > 0, !isComma || commas, !isComma || first == nil || first == length else { return }
            guard (0..<3).allSatisfy({ isDigitByte(peek(length + $0)) }), !isDigitByte(peek(length + 3)) else { return }
            first = first ?? length
            isGrouped = true
            position += length
            for _ in 0..<3 { takeDigit() }
        }
    }

    /// Length of a thousands separator here (0 for none), and whether it is a bare comma, which may also part a list.
    private func separatorLength() -> (length: Int, isComma: Bool) {
        let rest = bytes.dropFirst(position)
        for separator in NumberReader.explicitSeparators where rest.starts(with: separator) {
            var length = separator.count
            if separator.last == 0x21 { while peek(length) == 0x20 { length += 1 } }
            return (length, false)
        }
        if let length = bracedCommaLength() { return (length, false) }
        if peek() == 0x2C, isDigitByte(peek(1)) { return (1, true) }
        if peek() == 0x20 || peek() == 0x7E, isDigitByte(peek(1)) { return (1, true) }
        // `\ ` is a space that TeX keeps.
        if peek() == 0x5C, peek(1) == 0x20, isDigitByte(peek(2)) { return (2, true) }
        return (0, false)
    }

    /// `{, }` with any spaces around and inside.
    private func bracedCommaLength() -> Int? {
        var length = 0
        for expected: UInt8 in [0x7B, 0x2C, 0x7D] {
            while peek(length) == 0x20, length < 8 { length += 1 }
            guard peek(length) == expected else { return nil }
            length += 1
        }
        while peek(length) == 0x20, length < 8 { length += 1 }
        return length
    }

    private static let uprightCommands = ["\\text{", "\\mathrm{"].map { Array($0.utf8) }
    private static let explicitSeparators = ["{,}\\!", ",\\!", "{,}", "\\,", "{\\,}", "\\!", "'"].map { Array($0.utf8) }

    private mutating func takeFraction() {
        guard peek() == 0x2E else { return }
        if takePointGroups() { return }
        let rest = bytes.dropFirst(position + 1)
        let isOverline =
            NumberReader.recurringMarks.contains { rest.starts(with: $0) && !rest.starts(with: "\\dots".utf8) }
            || parenthesizedDigits(at: 1) != nil
        guard isDigitByte(peek(1)) || isOverline || !digits.isEmpty && !isLetterByte(peek(1)) && peek(1) != 0x2E else {
            return
        }
        guard isDigitByte(peek(1)) || isOverline else {
            // `5.` at the end of a sentence stays an integer, its full stop is a token.
            return
        }
        hasPoint = true
        position += 1
        let whole = digits.count
        takeDigits()
        places = digits.count - whole
        takeRecurring()
        if recurring.isEmpty { takeDots() }
    }

    /// `0.333...` and `0.1616...`: a block written three times (two for longer blocks) and dots.
    private mutating func takeDots() {
        guard
            let dots = ["...", "\\ldots", "\\dots", "\\cdots"].first(where: {
                bytes.dropFirst(position).starts(with: $0.utf8)
            })
        else { return }
        for length in 1...6 {
            let times = length == 1 ? 3 : 2
            guard places >= length * times else { return }
            let block = Array(digits.suffix(length))
            let tail = digits.suffix(length * times)
            guard tail.enumerated().allSatisfy({ block[$0.offset % length] == $0.element }) else { continue }
            recurring = block
            position += dots.utf8.count
            return
        }
    }

    /// `1.234.567`: groups of three after two points or more are thousands.
    private mutating func takePointGroups() -> Bool {
        guard (1...3).contains(digits.count), digits.first != 0x30 else { return false }
        var length = 0
        while peek(length) == 0x2E, (1...3).allSatisfy({ isDigitByte(peek(length + $0)) }),
            !isDigitByte(peek(length + 4))
        {
            length += 4
        }
        guard length >= 8, peek(length) != 0x2E || !isDigitByte(peek(length + 1)) else { return false }
        let end = position + length
        while position < end { if isDigitByte(peek()) { takeDigit() } else { position += 1 } }
        isGrouped = true
        return true
    }

    /// `(36)` at an offset: how many digits, when digits alone stand in the brackets and nothing is multiplied.
    private func parenthesizedDigits(at offset: Int) -> Int? {
        guard peek(offset) == 0x28 else { return nil }
        var length = 0
        while isDigitByte(peek(offset + 1 + length)) { length += 1 }
        let next = peek(offset + length + 2)
        guard (1...12).contains(length), peek(offset + length + 1) == 0x29, !isDigitByte(next), !isLetterByte(next),
            next != 0x5E, next != 0x28
        else { return nil }
        return length
    }

    /// `\overline{36}`, `\bar{3}`, `\dot3`, `\dot{1}2\dot{3}`, `(36)` after the point.
    private mutating func takeRecurring() {
        if let count = parenthesizedDigits(at: 0) {
            recurring = (0..<count).map { peek($0 + 1) }
            position += count + 2
            return
        }
        while let found = markedDigits(at: position) {
            recurring += found.digits
            position = found.end
            guard found.isDot else { continue }
            // A second dot ends the block, with the digits between.
            var index = position
            while bytes.indices.contains(index), isDigitByte(bytes[index]) { index += 1 }
            guard index > position, let last = markedDigits(at: index), last.isDot else { continue }
            recurring += bytes[position..<index] + last.digits
            position = last.end
            return
        }
    }

    /// Digits under a line or a dot at a place.
    private func markedDigits(at start: Int) -> (digits: [UInt8], end: Int, isDot: Bool)? {
        let rest = bytes.dropFirst(start)
        guard let mark = NumberReader.recurringMarks.first(where: { rest.starts(with: $0) }) else { return nil }
        let isDot = mark == NumberReader.recurringMarks[1]
        var index = start + mark.count
        while bytes.indices.contains(index), bytes[index] == 0x20 { index += 1 }
        guard bytes.indices.contains(index) else { return nil }
        if isDigitByte(bytes[index]) { return ([bytes[index]], index + 1, isDot) }
        guard bytes[index] == 0x7B else { return nil }
        let digits = bytes[(index + 1)...].prefix(while: isDigitByte)
        guard !digits.isEmpty, bytes.indices.contains(digits.endIndex), bytes[digits.endIndex] == 0x7D else {
            return nil
        }
        return (Array(digits), digits.endIndex + 1, isDot)
    }

    /// `3e8`, `1.45e-5`, `2E3`, `3.4\text{E-4}`; not `2e` with Euler's number. A signed exponent needs a point or the
    /// whole answer.
    private mutating func takeExponent(start: Int) -> Int {
        let rest = bytes.dropFirst(position)
        let command = peek() == 0x5C ? NumberReader.uprightCommands.first { rest.starts(with: $0) } : nil
        let wrapping = command?.count ?? 0
        guard peek(wrapping) | 0x20 == 0x65, recurring.isEmpty else { return 0 }
        let sign = peek(wrapping + 1)
        let isSigned = sign == 0x2D || sign == 0x2B
        let first = wrapping + (isSigned ? 2 : 1)
        guard isDigitByte(peek(first)) else { return 0 }
        var length = first
        var value = 0
        while isDigitByte(peek(length)), length < first + 10 {
            value = value * 10 + Int(peek(length) - 0x30)
            length += 1
        }
        if wrapping > 0 {
            guard peek(length) == 0x7D else { return 0 }
            position += length + 1
            hasPoint = true
            return sign == 0x2D ? -value : value
        }
        let isWhole = position + length == bytes.count && (start == 0 || start == 1 && bytes[0] == 0x2D)
        guard !isLetterByte(peek(length)), !isSigned || hasPoint || isWhole || length - first > 1 else { return 0 }
        position += length
        hasPoint = true
        return sign == 0x2D ? -value : value
    }

    private func literal(exponent: Int) -> NumberLiteral? {
        guard digits.count <= Limits.mathBitsMax / 4, abs(exponent) <= Limits.mathBitsMax / 4 else { return nil }
        guard var value = NumberReader.integer(digits) else { return nil }
        if !recurring.isEmpty {
            // 0.1\overline{6} = (16 - 1) / 90
            guard let all = NumberReader.integer(digits + recurring), let difference = all.subtracting(value),
                let nines = ExactNumber(10).raised(to: recurring.count)?.subtracting(.one),
                let repeated = difference.divided(by: nines)
            else { return nil }
            value = repeated
        }
        if exponent != places {
            guard let scaled = value.timesPowerOfTen(exponent - places) else { return nil }
            value = scaled
        }
        let significant = digits.drop { $0 == 0x30 }.count
        let isDecimal = hasPoint && recurring.isEmpty
        return NumberLiteral(
            value: value,
            decimal: isDecimal ? DecimalLiteral(significantDigits: significant, places: places - exponent) : nil,
            isPlainInteger: !hasPoint && !isGrouped && recurring.isEmpty && digits.count <= 18,
            digitCount: digits.count)
    }

    private static func integer(_ digits: [UInt8]) -> ExactNumber? {
        if digits.count <= 18 {
            return ExactNumber(digits.reduce(Int64(0)) { $0 * 10 + Int64($1 - 0x30) })
        }
        guard let value = BigInt(String(decoding: digits, as: UTF8.self)) else { return nil }
        return ExactNumber(value, over: 1)
    }
}
