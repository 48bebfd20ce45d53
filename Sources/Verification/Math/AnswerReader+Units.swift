// A value with words behind it: units, scale words, currency signs, and nouns that only say what is counted.

extension AnswerReader {
    /// An expression, with whatever unit stands around it.
    mutating func readQuantity(_ low: Int, _ high: Int) -> AnswerForm? {
        var low = low
        var currency: [UInt8]?
        var isNegative = false
        if kind(low) == .minus, kind(low + 1) == .currency {
            isNegative = true
            low += 1
        }
        if kind(low) == .currency {
            currency = answer.name(answer.tokens[low])
            low += 1
        }
        let cut = unitStart(low, high)
        if currency == nil, cut == high, let plain = expressionWithDegrees(low, high) { return plain }
        if let quantity = readUnits(low, cut, high, currency, isNegative) { return quantity }
        return currency == nil ? expressionWithDegrees(low, high) : nil
    }

    private mutating func readUnits(
        _ low: Int, _ cut: Int, _ high: Int, _ currency: [UInt8]?, _ isNegative: Bool
    ) -> AnswerForm? {
        guard cut > low else { return nil }
        guard var value = expression(low, cut) else { return nil }
        if isNegative { value = pool.unary(.negate, value) }
        var unit = Unit()
        unit.text = Array(words(cut, high).joined(separator: [0x20]))
        var scale: Int64 = 1
        guard readUnit(cut, high, into: &unit, scale: &scale) else { return nil }
        if let currency { unit.multiply(AnswerReader.currencyName(currency), 1) }
        if scale != 1 {
            let factor = pool.number(ExactNumber(scale))
            value = pool.binary(.multiply, value, factor)
        }
        unit.settle()
        return unit.factors.isEmpty ? .expression(value) : .quantity(value, unit)
    }

    private static func currencyName(_ sign: [UInt8]) -> UInt64 {
        sign == [0x24]
            ? CommandTable.hash("dollar".utf8)
            : CommandTable.hash(sign == Array("euro".utf8) ? "euro".utf8 : "other".utf8)
    }

    /// A whole range as an expression; one degree sign at the very end makes it an angle in degrees.
    private mutating func expressionWithDegrees(_ low: Int, _ high: Int) -> AnswerForm? {
        let hasFunction = (low..<high).contains { kind($0) == .function }
        let degrees = hasFunction ? [] : (low..<high).filter { kind($0) == .degree }
        if degrees.count == 1, let sign = degrees.first {
            var end = sign
            if end > low, kind(end - 1) == .openBrace { end -= 1 }
            if end > low, kind(end - 1) == .power { end -= 1 }
            let isLast = sign == high - 1 || sign == high - 2 && kind(high - 1) == .closeBrace
            if isLast, let value = expression(low, end) {
                var unit = Unit(text: Array("degrees".utf8))
                unit.multiply(UnitTable.degree, 1)
                return .quantity(value, unit)
            }
        }
        return expression(low, high).map { .expression($0) }
    }

    /// Where the words behind a value begin.
    private func unitStart(_ low: Int, _ high: Int) -> Int {
        let first = topLevel(low, high, where: { $0 == .word || $0 == .upright }).first ?? high
        // 90^\circ\mathrm{C}: the sign belongs to the unit.
        guard let sign = (low..<high).first(where: { kind($0) == .degree }), isTemperature(sign, high) else {
            return first
        }
        var start = sign
        while start > low, kind(start - 1) == .openBrace || kind(start - 1) == .power { start -= 1 }
        return min(first, start)
    }

    /// Whether a degree sign is followed by C, F or their names and nothing else.
    private func isTemperature(_ sign: Int, _ high: Int) -> Bool {
        let rest = words(sign + 1, high)
        return rest.count == 1 && ["c", "f", "celsius", "fahrenheit"].contains { rest[0] == Array($0.utf8) }
    }

    /// Reads the unit phrase in a range; false when it is none.
    private func readUnit(_ low: Int, _ high: Int, into unit: inout Unit, scale: inout Int64) -> Bool {
        var index = low
        var sign = 1
        var pendingPower: Int?
        if let degree = (low..<high).first(where: { kind($0) == .degree }) {
            guard isTemperature(degree, high) else { return false }
            let isCelsius = words(degree + 1, high).first?.first == 0x63
            unit.multiply(isCelsius ? UnitTable.celsius : UnitTable.fahrenheit, 1)
            return true
        }
        while index < high {
            let token = answer.tokens[index]
            switch token.kind {
            case .word, .upright, .letter, .name:
                let word =
                    token.kind == .word || token.kind == .name
                    ? answer.name(token) : [UInt8(truncatingIfNeeded: token.payload)]
                guard !AnswerReader.qualifiers.contains(lowercased(word)) else { return false }
                // A single upright letter that is no unit is a variable.
                if token.kind == .upright, UnitTable.letter(word[0]) == nil { return false }
                if token.kind == .letter && index > low && sign == 1 && unit.factors.isEmpty { return false }
                if takeWord(word, sign, &pendingPower, &unit, &scale) { sign = 1 } else if isPer(word) { sign = -1 }
            case .slash: sign = -1
            case .times, .period, .openBrace, .closeBrace, .openParenthesis, .closeParenthesis, .comma, .and: break
            case .power:
                guard let power = unitPower(&index, high), unit.raiseLast(to: power) else { return false }
            case .minus where kind(index + 1) == .word: break
            default: return false
            }
            index += 1
        }
        return true
    }

    /// Words behind a value that change or deny it, so that it is no value with a unit.
    private static let qualifiers = Set(
        [
            "not", "wrong", "incorrect", "false", "no", "never", "isn", "doesn", "unless", "except", "if", "when",
            "plus", "minus",
            "times", "over", "divided", "more", "less", "maybe", "perhaps", "possibly", "repeating", "recurring", "is",
            "was", "but",
            "half", "at", "than", "or", "and", "to", "from", "approximately", "about", "impossible", "mod", "modulo",
            "base",
            "though", "however", "instead", "rather", "otherwise", "nor", "neither", "either",
        ].map { Array($0.utf8) })

    private func isPer(_ word: [UInt8]) -> Bool { lowercased(word) == Array("per".utf8) }

    /// One word of a unit phrase; false for "per".
    private func takeWord(
        _ word: [UInt8], _ sign: Int, _ pendingPower: inout Int?, _ unit: inout Unit, _ scale: inout Int64
    ) -> Bool {
        let lower = lowercased(word)
        if isPer(word) { return false }
        if lower == Array("square".utf8) || lower == Array("sq".utf8) || lower == Array("squared".utf8) {
            if lower.last != 0x64 || !unit.raiseLast(to: 2) {
                pendingPower = 2
            }
        } else if lower == Array("cubic".utf8) || lower == Array("cubed".utf8) {
            if lower.last != 0x64 || !unit.raiseLast(to: 3) {
                pendingPower = 3
            }
        } else if let factor = UnitTable.scale(word), unit.factors.isEmpty {
            let (product, overflow) = scale.multipliedReportingOverflow(by: factor)
            if !overflow { scale = product }
        } else if !UnitTable.isGeneric(word) {
            let name = (word.count == 1 ? UnitTable.letter(word[0]) : nil) ?? UnitTable.canonical(word) ?? noun(lower)
            for (factor, exponent) in UnitTable.parts(of: name) {
                unit.multiply(factor, sign * exponent * (pendingPower ?? 1))
            }
            pendingPower = nil
        }
        return true
    }

    /// A noun that is no unit of measure, singular and plural alike.
    private func noun(_ word: [UInt8]) -> UInt64 {
        CommandTable.hash(word.count > 3 && word.last == 0x73 ? Array(word.dropLast()) : word)
    }

    private func unitPower(_ index: inout Int, _ high: Int) -> Int? {
        var sign = 1
        var next = index + 1
        while next < high, let kind = kind(next) {
            switch kind {
            case .openBrace: next += 1
            case .minus:
                sign = -1
                next += 1
            case .number:
                guard let power = answer.numbers[Int(answer.tokens[next].payload)].value.integer, power < 10 else {
                    return nil
                }
                index = next
                return sign * power
            default: return nil
            }
        }
        return nil
    }
}
