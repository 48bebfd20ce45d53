// The words of a unit phrase one by one: "square meters per second", `k\Omega`, `\mu` before a unit, 平方厘米.

/// What has been read of a unit phrase.
struct UnitPhrase {
    /// -1 behind a slash or "per": what follows divides.
    var sign = 1
    /// The token at which the denominator of a written fraction begins.
    var denominator = -1
    /// A metric prefix that waits for its unit.
    private(set) var prefix: String?
    private var power = 1
    /// Scale words and powers taken off the front of Chinese words so far; no unit has more than a few.
    private var peeled = 0

    /// Whether a single letter can only be a prefix: the k of `k\Omega`.
    func takesPrefix(_ letter: [UInt8]) -> Bool {
        letter == [0x6B] || letter == [0x47] || letter == [0x70] || letter == [0x6E]
    }

    /// Takes one word.
    mutating func take(_ word: [UInt8], _ unit: inout Unit, _ scale: inout Int64) {
        let lower = lowercased(word)
        switch String(decoding: lower, as: UTF8.self) {
        case "per": sign = -1
        case "square", "sq": power = 2
        case "cubic": power = 3
        case "squared": raise(&unit, 2)
        case "cubed": raise(&unit, 3)
        case "mu": prefix = "micro"
        case "us": break
        case "omega": name(CommandTable.hash("ohm".utf8), or: Array("ohm".utf8), &unit)
        default: takeName(word, lower, &unit, &scale)
        }
    }

    private mutating func takeName(_ word: [UInt8], _ lower: [UInt8], _ unit: inout Unit, _ scale: inout Int64) {
        if let factor = UnitTable.scale(word), unit.factors.isEmpty, sign == 1 {
            scale = scale.multipliedReportingOverflow(by: factor).overflow ? scale : scale * factor
        } else if let name = UnitTable.isPrefix(lower) {
            prefix = name
        } else if peeled < 8, let parts = UnitTable.chineseParts(word) {
            peeled += 1
            scale = scale.multipliedReportingOverflow(by: parts.scale).overflow ? scale : scale * parts.scale
            power *= parts.exponent
            take(parts.rest, &unit, &scale)
        } else if word.count == 1, UnitTable.letter(word[0]) == nil {
            prefix = word[0] == 0x6B ? "kilo" : word[0] == 0x47 ? "giga" : word[0] == 0x70 ? "pico" : "nano"
        } else {
            name((word.count == 1 ? UnitTable.letter(word[0]) : nil) ?? UnitTable.canonical(word), or: word, &unit)
        }
    }

    /// A unit by its canonical name, or a noun.
    private mutating func name(_ canonical: UInt64?, or word: [UInt8], _ unit: inout Unit) {
        if let waiting = prefix, let joined = UnitTable.joined(waiting, word) {
            unit.multiply(joined, sign * power)
        } else if let canonical {
            for (factor, exponent) in UnitTable.parts(of: canonical) { unit.multiply(factor, sign * exponent * power) }
        } else {
            unit.add(word)
        }
        prefix = nil
        power = 1
    }

    private func raise(_ unit: inout Unit, _ exponent: Int) {
        _ = unit.raiseLast(to: exponent)
    }
}
