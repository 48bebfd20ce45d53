// Matrices, piecewise answers, bases, times, ratios and congruences.
import Domain

extension AnswerReader {
    /// A matrix, perhaps in brackets, or a piecewise answer.
    mutating func readEnvironment(_ low: Int, _ high: Int) -> AnswerForm? {
        guard let open = kind(low), let close = partner(low), close == high - 1 else { return nil }
        if open == .openBracket || open == .openParenthesis, kind(low + 1) == .beginMatrix,
            partner(low + 1) == close - 1
        {
            return readEnvironment(low + 1, close)
        }
        if open == .beginCases { return readCases(low + 1, close) }
        guard open == .beginMatrix else { return nil }
        var rows: [[AnswerForm]] = []
        for (start, end) in pieces(low + 1, close, .newRow) where stripped(start, end) != nil {
            var row: [AnswerForm] = []
            for (first, last) in pieces(start, end, .ampersand) {
                guard let entry = read(first, last) else { return nil }
                row.append(entry)
            }
            rows.append(row)
        }
        guard rows.count <= Limits.mathItemsMax, !rows.isEmpty else { return nil }
        return .matrix(rows, isDeterminant: answer.tokens[low].payload == 1)
    }

    private mutating func readCases(_ low: Int, _ high: Int) -> AnswerForm? {
        let rows = pieces(low, high, .newRow).filter { stripped($0.0, $0.1) != nil }
        let hasConditions = rows.contains { pieces($0.0, $0.1, .ampersand).count > 1 }
        if !hasConditions {
            var items: [AnswerForm] = []
            for row in rows {
                guard let item = read(row.0, row.1) else { return nil }
                items.append(item)
            }
            return .list(items)
        }
        var cases: [(value: AnswerForm, condition: AnswerForm)] = []
        for row in rows {
            let parts = pieces(row.0, row.1, .ampersand)
            guard let first = parts.first, let value = read(first.0, first.1) else { return nil }
            var start = min(first.1 + 1, row.1)
            while start < row.1, kind(start) == .word,
                AnswerReader.conditionWords.contains(lowercased(answer.name(answer.tokens[start])))
            {
                start += 1
            }
            cases.append((value, read(start, row.1) ?? .text(words(start, row.1))))
        }
        return .cases(cases)
    }

    private static let conditionWords = Set(["if", "for", "when", "where"].map { Array($0.utf8) })

    /// A range cut at the top-level tokens of a kind.
    func pieces(_ low: Int, _ high: Int, _ kind: MathToken.Kind) -> [(Int, Int)] {
        let cuts = topLevel(low, high) { $0 == kind }
        return zip([low - 1] + cuts, cuts + [high]).map { ($0 + 1, $1) }
    }

    /// `1011_2`, `2A_{16}`, `204_{\text{five}}`.
    func readBased(_ low: Int, _ high: Int) -> AnswerForm? {
        guard let cut = (low..<high).first(where: { kind($0) == .lowered }), cut > low else { return nil }
        var digits: [UInt8] = []
        for token in answer.tokens[low..<cut] {
            switch token.kind {
            case .number:
                digits += answer.bytes[Int(token.start)..<Int(token.end)].filter { isDigitByte($0) || $0 == 0x2E }
            case .letter where token.payload >= 0x41 && token.payload <= 0x46:
                digits.append(UInt8(truncatingIfNeeded: token.payload))
            case .upright where token.payload >= 0x41 && token.payload <= 0x46:
                digits.append(UInt8(truncatingIfNeeded: token.payload))
            case .name where answer.name(token).allSatisfy({ $0 >= 0x41 && $0 <= 0x46 }): digits += answer.name(token)
            case .openParenthesis where token.start == answer.tokens[low].start, .closeParenthesis: break
            case .openBrace, .closeBrace: break
            default: return nil
            }
        }
        guard digits.contains(where: { isDigitByte($0) }) || digits.count > 1, let base = base(cut + 1, high) else {
            return nil
        }
        return .based(digits: Array(digits.drop { $0 == 0x30 }), base: base)
    }

    private func base(_ low: Int, _ high: Int) -> Int? {
        let tokens = answer.tokens[low..<high].filter { $0.kind != .openBrace && $0.kind != .closeBrace }
        guard tokens.count == 1, let token = tokens.first else { return nil }
        if token.kind == .number, answer.numbers.indices.contains(Int(token.payload)) {
            return answer.numbers[Int(token.payload)].value.integer.flatMap { (2...36).contains($0) ? $0 : nil }
        }
        let names = ["two", "three", "four", "five", "six", "seven", "eight", "nine", "ten", "eleven", "twelve"]
        let word = lowercased(answer.name(token))
        return names.firstIndex { Array($0.utf8) == word }.map { $0 + 2 }
    }

    /// `3:45`, `12:00 p.m.`: two digits of minutes, and a sign that it is no ratio.
    func readTime(_ low: Int, _ high: Int) -> AnswerForm? {
        guard high - low >= 3, kind(low + 1) == .colon, let hour = plainNumber(low), let minute = plainNumber(low + 2),
            hour.count <= 2, minute.count == 2, hour.value < 25, minute.value < 60
        else { return nil }
        var index = low + 3
        var seconds = 0
        if kind(index) == .colon, index + 1 < high {
            guard let found = plainNumber(index + 1), found.count == 2, found.value < 60 else { return nil }
            seconds = found.value
            index += 2
        }
        let suffix = Array(words(index, high).joined())
        let isMorning = suffix == Array("am".utf8)
        let isEvening = suffix == Array("pm".utf8)
        guard suffix.isEmpty || isMorning || isEvening else { return nil }
        guard !suffix.isEmpty || minute.text.first == 0x30 || index > low + 3 else { return nil }
        var value = hour.value
        if isEvening, value < 12 { value += 12 }
        if isMorning, value == 12 { value = 0 }
        return .time(seconds: value * 3600 + minute.value * 60 + seconds, hasHalf: !suffix.isEmpty)
    }

    private func plainNumber(_ index: Int) -> (value: Int, count: Int, text: [UInt8])? {
        guard kind(index) == .number, answer.numbers.indices.contains(Int(answer.tokens[index].payload)) else {
            return nil
        }
        let token = answer.tokens[index]
        let literal = answer.numbers[Int(token.payload)]
        guard literal.isPlainInteger, let value = literal.value.integer else { return nil }
        return (value, literal.digitCount, Array(answer.bytes[Int(token.start)..<Int(token.end)]))
    }

    /// `2:3`, `1:4:9`.
    mutating func readRatio(_ low: Int, _ high: Int) -> AnswerForm? {
        guard !topLevel(low, high, where: { $0 == .colon }).isEmpty else { return nil }
        var terms: [NodeID] = []
        for (start, end) in pieces(low, high, .colon) {
            guard let term = expression(start, end) else { return nil }
            terms.append(term)
        }
        return .ratio(terms)
    }

    /// `3 \pmod 7`, `3 (mod 7)`.
    mutating func readCongruence(_ low: Int, _ high: Int) -> AnswerForm? {
        guard let sign = (low..<high).first(where: { kind($0) == .modulo }), sign > low else { return nil }
        var valueEnd = sign
        var end = high
        if kind(sign - 1) == .openParenthesis, partner(sign - 1) == high - 1 {
            valueEnd = sign - 1
            end = high - 1
        } else if answer.tokens[sign].payload != 1 {
            return nil
        }
        guard let value = expression(low, valueEnd), let modulus = expression(sign + 1, end) else { return nil }
        return .congruence(value, modulus: modulus)
    }
}
