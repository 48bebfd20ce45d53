// A value with words behind it: units, scale words, currency signs, and nouns that only say what is counted.

extension AnswerReader {
    /// An expression, with whatever unit stands around it.
    mutating func readQuantity(_ low: Int, _ high: Int) -> AnswerForm? {
        var (low, high) = (low, withoutRemark(low, high))
        var currency: [UInt8]?
        var isNegative = false
        if kind(low) == .minus, kind(low + 1) == .currency {
            isNegative = true
            low += 1
        }
        // US$5, USD 5
        if kind(low) == .word || kind(low) == .name, isCurrencyWord(low) {
            if kind(low + 1) != .currency { currency = Array("$".utf8) }
            low += 1
        }
        if kind(low) == .currency {
            currency = answer.name(answer.tokens[low])
            low += 1
        } else if kind(high - 1) == .currency, high - 1 > low {
            currency = answer.name(answer.tokens[high - 1])
            high -= 1
        }
        let cut = unitStart(low, high)
        if currency == nil, cut == high, let plain = expressionWithDegrees(low, high) {
            return italicUnits(low, high, plain) ?? plain
        }
        if let quantity = readUnits(low, cut, high, currency, isNegative) { return quantity }
        return currency == nil ? expressionWithDegrees(low, high) : nil
    }

    /// The end of a range without a remark in brackets that only has words: "5 (as required)".
    private func withoutRemark(_ low: Int, _ high: Int) -> Int {
        guard kind(high - 1) == .closeParenthesis, let open = partner(high - 1), open > low, open + 1 < high - 1,
            (open + 1..<(high - 1)).allSatisfy({ kind($0) == .word }),
            answer.tokens[open].isSpaced || kind(open + 1) == .word
        else { return high }
        let said = words(open + 1, high - 1)
        let isRemark = said.count > 1 || said.allSatisfy { UnitTable.canonical($0) == nil }
        return isRemark && said.allSatisfy({ !AnswerReader.qualifiers.contains($0) }) ? open : high
    }

    private func isCurrencyWord(_ index: Int) -> Bool {
        let word = String(decoding: answer.name(answer.tokens[index]), as: UTF8.self)
        return ["US", "USD", "A", "CA", "AU"].contains(word)
            && (kind(index + 1) == .currency || kind(index + 1) == .number)
    }

    /// `9.8 m/s^2`, `3m` in italics: the letters may be units, which only counts against a reference with that unit.
    private mutating func italicUnits(_ low: Int, _ high: Int, _ plain: AnswerForm) -> AnswerForm? {
        guard kind(low) == .number || kind(low) == .minus && kind(low + 1) == .number,
            let first = (low..<high).first(where: { kind($0) == .letter }), first > low, high - first <= 10,
            (first..<high).allSatisfy({ isUnitToken($0) }), let value = expression(low, first)
        else { return nil }
        var unit = Unit()
        var scale: Int64 = 1
        guard readUnit(first, high, into: &unit, scale: &scale, italic: true) else { return nil }
        unit.settle()
        guard !unit.factors.isEmpty, unit.nouns.isEmpty, scale == 1 else { return nil }
        // "9.8 m/s" is never a product of variables behind a space.
        let isSurely =
            unit.factors.count > 1 && answer.tokens[first].isSpaced && (first..<high).contains { kind($0) == .slash }
        return isSurely ? .quantity(value, unit) : .italic(plain, value, unit)
    }

    private func isUnitToken(_ index: Int) -> Bool {
        switch kind(index) {
        case .letter: UnitTable.letter(UInt8(truncatingIfNeeded: answer.tokens[index].payload)) != nil
        case .slash, .times, .power, .minus, .openBrace, .closeBrace, .number: true
        case .word: UnitTable.isUnit(answer.name(answer.tokens[index]))
        default: false
        }
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
        if let currency {
            let name = AnswerReader.currencyName(currency)
            if !unit.factors.contains(where: { $0.name == name }) { unit.multiply(name, 1) }
        }
        if scale != 1 {
            let factor = pool.number(ExactNumber(scale))
            value = pool.binary(.multiply, value, factor)
        }
        unit.settle()
        return unit.isEmpty ? .expression(value) : .quantity(value, unit)
    }

    private static func currencyName(_ sign: [UInt8]) -> UInt64 {
        let name: String =
            switch String(decoding: sign, as: UTF8.self) {
            case "$": "dollar"
            case "pounds": "pound"
            // The sign is both the yen's and the yuan's.
            case "yen": "yuan"
            default: String(decoding: sign, as: UTF8.self)
            }
        return CommandTable.hash(name.utf8)
    }

    /// A whole range as an expression; one degree sign at the very end makes it an angle in degrees.
    private mutating func expressionWithDegrees(_ low: Int, _ high: Int) -> AnswerForm? {
        let hasFunction = (low..<high).contains {
            kind($0) == .function
                || $0 > low && kind($0) == .name && answer.name(answer.tokens[$0]).elementsEqual("angle".utf8)
        }
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
        var first = topLevel(low, high, where: { $0 == .word || $0 == .upright }).first ?? high
        if let fraction = topLevel(low + 1, high, where: { $0 == .fraction }).first(where: isUnitFraction) {
            first = min(first, fraction)
        }
        // \Omega and \mu behind a number are an ohm and a millionth.
        if kind(low) == .number || kind(low) == .minus,
            let sign = topLevel(low + 1, first, where: { $0 == .name }).first(where: { isUnitSymbol($0, high) })
        {
            first = min(first, sign)
        }
        // 90^\circ\mathrm{C}: the sign belongs to the unit.
        guard let sign = (low..<high).first(where: { kind($0) == .degree }), isTemperature(sign, high) else {
            return first
        }
        var start = sign
        while start > low, [.openBrace, .closeBrace, .power].contains(kind(start - 1)) { start -= 1 }
        return min(first, start)
    }

    /// `\frac{\text{m}}{\text{s}}`: both groups hold nothing but units.
    private func isUnitFraction(_ index: Int) -> Bool {
        guard kind(index + 1) == .openBrace, let middle = partner(index + 1), kind(middle + 1) == .openBrace,
            let end = partner(middle + 1)
        else { return false }
        let inside = answer.tokens[(index + 2)..<end]
        return inside.contains { $0.kind == .word || $0.kind == .upright }
            && inside.allSatisfy {
                [.word, .upright, .power, .number, .times, .openBrace, .closeBrace, .minus].contains($0.kind)
            } && kind(index + 2) != .number
    }

    /// `\Omega` that ends a value, or `\mu` before a unit.
    private func isUnitSymbol(_ index: Int, _ high: Int) -> Bool {
        let name = answer.name(answer.tokens[index])
        if name.elementsEqual("Omega".utf8) { return index == high - 1 }
        guard name.elementsEqual("mu".utf8), index + 1 < high else { return false }
        let next = kind(index + 1)
        return next == .upright || next == .word || next == .letter && index + 2 == high
    }

    /// Whether a degree sign is followed by C, F or their names and nothing else.
    private func isTemperature(_ sign: Int, _ high: Int) -> Bool {
        let rest = words(sign + 1, high).filter { !$0.isEmpty }
        return rest.count == 1 && ["c", "f", "celsius", "fahrenheit"].contains { rest[0] == Array($0.utf8) }
    }

    /// Reads the unit phrase in a range; false when it is none.
    private func readUnit(_ low: Int, _ high: Int, into unit: inout Unit, scale: inout Int64, italic: Bool = false)
        -> Bool
    {
        if let degree = (low..<high).first(where: { kind($0) == .degree }) {
            guard isTemperature(degree, high) else { return false }
            let isCelsius = words(degree + 1, high).first { !$0.isEmpty }?.first == 0x63
            unit.multiply(isCelsius ? UnitTable.celsius : UnitTable.fahrenheit, 1)
            return true
        }
        var phrase = UnitPhrase()
        var index = low
        while index < high {
            let token = answer.tokens[index]
            if index == phrase.denominator { phrase.sign = -1 }
            switch token.kind {
            case .word, .upright, .letter, .name:
                let isWord = token.kind == .word || token.kind == .name
                let word = isWord ? answer.name(token) : [UInt8(truncatingIfNeeded: token.payload)]
                guard !AnswerReader.qualifiers.contains(lowercased(word)) else { return false }
                // A single upright letter that is no unit is a variable.
                if token.kind == .upright, UnitTable.letter(word[0]) == nil, !phrase.takesPrefix(word) { return false }
                if token.kind == .letter, !italic, index > low, phrase.sign == 1, unit.factors.isEmpty,
                    phrase.prefix == nil
                {
                    return false
                }
                phrase.take(word, &unit, &scale)
            case .slash: phrase.sign = -1
            case .fraction:
                guard let middle = partner(index + 1) else { return false }
                phrase.denominator = middle + 1
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
    static let qualifiers = Set(
        [
            "not", "wrong", "incorrect", "false", "no", "never", "isn", "doesn", "unless", "except", "if", "when",
            "plus", "minus",
            "times", "over", "divided", "more", "less", "maybe", "perhaps", "possibly", "repeating", "recurring", "is",
            "was", "but",
            "half", "at", "than", "or", "and", "to", "from", "approximately", "about", "impossible", "mod", "modulo",
            "base",
            "though", "however", "instead", "rather", "otherwise", "nor", "neither", "either",
        ].map { Array($0.utf8) })

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
