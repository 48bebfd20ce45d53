// Whether a program's standard output is the expected one: LiveCodeBench's rules, without its holes. Bytes in, a
// decision out; runs in the server, never in the jail.

/// Compares whole outputs.
///
/// Both are stripped, split in lines, each line stripped; lines must be equal, or have equal numbers of tokens that are
/// equal as decimals (ASCII digits, sign, point, exponent; no underscores). Case and order count. With `tolerance`, two
/// numbers are also equal when |a - b| <= tolerance * max(1, |b|), b being the expected one.
package func outputMatches(_ actual: [UInt8], expected: [UInt8], tolerance: Double?) -> Bool {
    let actualLines = lines(actual)
    let expectedLines = lines(expected)
    guard actualLines.count == expectedLines.count else { return false }
    return zip(actualLines, expectedLines).allSatisfy { lineMatches($0, expected: $1, tolerance: tolerance) }
}

private func lineMatches(_ actual: ArraySlice<UInt8>, expected: ArraySlice<UInt8>, tolerance: Double?) -> Bool {
    if actual == expected { return true }
    let actualTokens = actual.split(whereSeparator: isBlank)
    let expectedTokens = expected.split(whereSeparator: isBlank)
    guard actualTokens.count == expectedTokens.count, !actualTokens.isEmpty else { return false }
    return zip(actualTokens, expectedTokens).allSatisfy { actual, expected in
        guard let a = DecimalToken(actual), let b = DecimalToken(expected) else {
            // A word in a line of numbers must be the same word; without a tolerance the whole line decides.
            return tolerance != nil && actual == expected
        }
        if a == b { return true }
        guard let tolerance, let x = a.approximation, let y = b.approximation else { return false }
        return abs(x - y) <= tolerance * max(1, abs(y))
    }
}

private func lines(_ bytes: [UInt8]) -> [ArraySlice<UInt8>] {
    strip(bytes[...]).split(separator: UInt8(ascii: "\n"), omittingEmptySubsequences: false).map(strip)
}

private func strip(_ bytes: ArraySlice<UInt8>) -> ArraySlice<UInt8> {
    guard let first = bytes.firstIndex(where: { !isBlank($0) }), let last = bytes.lastIndex(where: { !isBlank($0) })
    else { return [] }
    return bytes[first...last]
}

/// ASCII white space as Python's `str.strip` knows it.
private func isBlank(_ byte: UInt8) -> Bool { byte == 32 || (9...13).contains(byte) || (28...31).contains(byte) }

/// A decimal number in canonical form: no leading or trailing zeros, so that equality is equality of values.
struct DecimalToken: Equatable {
    private var negative: Bool
    private var digits: [UInt8]
    /// The value is 0.DIGITS * 10^exponent.
    private var exponent: Int
    private let text: String

    static func == (a: DecimalToken, b: DecimalToken) -> Bool {
        a.digits == b.digits && (a.digits.isEmpty || (a.negative == b.negative && a.exponent == b.exponent))
    }

    /// The nearest double, nil when it is not finite.
    var approximation: Double? { Double(text).flatMap { $0.isFinite ? $0 : nil } }

    /// Reads `[+-] digits [. digits] [e [+-] digits]` in ASCII; nil for anything else.
    init?(_ bytes: ArraySlice<UInt8>) {
        var rest = bytes
        negative = rest.first == UInt8(ascii: "-")
        if negative || rest.first == UInt8(ascii: "+") { rest = rest.dropFirst() }
        let whole = rest.prefix { isDecimalDigit($0) }
        rest = rest.dropFirst(whole.count)
        var fraction: ArraySlice<UInt8> = []
        if rest.first == UInt8(ascii: ".") {
            fraction = rest.dropFirst().prefix { isDecimalDigit($0) }
            rest = rest.dropFirst(1 + fraction.count)
        }
        guard !whole.isEmpty || !fraction.isEmpty, let power = DecimalToken.power(rest) else { return nil }
        let all = Array(whole) + Array(fraction)
        let leading = all.prefix { $0 == UInt8(ascii: "0") }.count
        digits = Array(all.dropFirst(leading))
        while digits.last == UInt8(ascii: "0") { digits.removeLast() }
        exponent = whole.count - leading + power
        text = String(decoding: bytes, as: UTF8.self)
    }

    /// The exponent of what follows the digits: 0 for nothing, nil for something that is none.
    private static func power(_ bytes: ArraySlice<UInt8>) -> Int? {
        guard let mark = bytes.first else { return 0 }
        guard mark == UInt8(ascii: "e") || mark == UInt8(ascii: "E") else { return nil }
        var rest = bytes.dropFirst()
        let negative = rest.first == UInt8(ascii: "-")
        if negative || rest.first == UInt8(ascii: "+") { rest = rest.dropFirst() }
        guard (1...9).contains(rest.count), rest.allSatisfy(isDecimalDigit) else { return nil }
        let value = rest.reduce(0) { $0 * 10 + Int($1 - UInt8(ascii: "0")) }
        return negative ? -value : value
    }
}

private func isDecimalDigit(_ byte: UInt8) -> Bool { (48...57).contains(byte) }
