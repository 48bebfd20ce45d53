// Numbers in a base other than ten: `1011_2`, `2A_{16}`, `123_{(5)}`, `204_{\text{five}}`, `0xFF`, `123 (base 5)`. Bases and digits are
// compared, values never.

extension AnswerReader {
    /// Digits with their base.
    func readBased(_ low: Int, _ high: Int) -> AnswerForm? {
        if let form = readPrefixed(low, high) { return form }
        guard let cut = baseCut(low, high), let base = base(cut.start, cut.end), let digits = digits(low, cut.valueEnd),
            digits.contains(where: { isDigitByte($0) }) || digits.count > 1
        else { return nil }
        return .based(digits: Array(digits.drop { $0 == 0x30 }), base: base)
    }

    /// Where the digits end and where the base begins and ends: behind an index mark, or behind the word "base".
    private func baseCut(_ low: Int, _ high: Int) -> (valueEnd: Int, start: Int, end: Int)? {
        if let mark = (low..<high).first(where: { kind($0) == .lowered }) {
            return mark > low ? (mark, mark + 1, high) : nil
        }
        guard
            let word = (low..<high).first(where: {
                kind($0) == .word && lowercased(answer.name(answer.tokens[$0])).elementsEqual("base".utf8)
            }), word > low
        else { return nil }
        if kind(word - 1) == .openParenthesis, partner(word - 1) == high - 1 { return (word - 1, word + 1, high - 1) }
        var end = word
        if kind(end - 1) == .word, lowercased(answer.name(answer.tokens[end - 1])).elementsEqual("in".utf8) { end -= 1 }
        return end > low ? (end, word + 1, high) : nil
    }

    /// Decimal digits and the letters A to F in capitals.
    private func digits(_ low: Int, _ high: Int) -> [UInt8]? {
        var digits: [UInt8] = []
        for (index, token) in zip(low..<high, answer.tokens[low..<high]) {
            var letters: [UInt8] = []
            switch token.kind {
            case .number:
                digits += answer.bytes[Int(token.start)..<Int(token.end)].filter { isDigitByte($0) || $0 == 0x2E }
            case .letter, .upright: letters = [UInt8(truncatingIfNeeded: token.payload)]
            case .name, .word: letters = answer.name(token)
            case .openParenthesis where index == low, .closeParenthesis where index == high - 1: break
            case .openBrace, .closeBrace: break
            default: return nil
            }
            guard letters.allSatisfy({ (0x41...0x46).contains($0 & 0xDF) }) else { return nil }
            digits += letters.map { $0 & 0xDF }
        }
        return digits
    }

    /// `0xFF`, `0b1011`, `0o17`, from the bytes themselves.
    private func readPrefixed(_ low: Int, _ high: Int) -> AnswerForm? {
        guard kind(low) == .number, high > low + 1, let last = answer.tokens[..<high].last else { return nil }
        let start = Int(answer.tokens[low].start)
        let bytes = answer.bytes[start..<min(Int(last.end), answer.bytes.count)]
        guard bytes.count > 2, bytes.first == 0x30 else { return nil }
        let base: Int
        switch bytes[start + 1] {
        case 0x78, 0x58: base = 16
        case 0x62, 0x42: base = 2
        case 0x6F, 0x4F: base = 8
        default: return nil
        }
        let digits = bytes.dropFirst(2).map { isLetterByte($0) ? $0 & 0xDF : $0 }
        let isValid = digits.allSatisfy { digit in
            isDigitByte(digit) ? Int(digit) - 0x30 < base : base == 16 && (0x41...0x46).contains(digit)
        }
        return isValid ? .based(digits: Array(digits.drop { $0 == 0x30 }), base: base) : nil
    }

    private func base(_ low: Int, _ high: Int) -> Int? {
        let tokens = answer.tokens[low..<high].filter {
            ![.openBrace, .closeBrace, .openParenthesis, .closeParenthesis, .minus].contains($0.kind)
                && !(($0.kind == .word) && lowercased(answer.name($0)).elementsEqual("base".utf8))
        }
        guard tokens.count == 1, let token = tokens.first else { return nil }
        if token.kind == .number, answer.numbers.indices.contains(Int(token.payload)) {
            return answer.numbers[Int(token.payload)].value.integer.flatMap { (2...36).contains($0) ? $0 : nil }
        }
        let names = ["two", "three", "four", "five", "six", "seven", "eight", "nine", "ten", "eleven", "twelve"]
        let word = lowercased(answer.name(token))
        if word.elementsEqual("sixteen".utf8) || word.elementsEqual("hex".utf8) { return 16 }
        return names.firstIndex { Array($0.utf8) == word }.map { $0 + 2 }
    }
}
