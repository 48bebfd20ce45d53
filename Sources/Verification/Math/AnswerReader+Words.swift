// Answers in words: "no solution", "odd", names, and the letters of multiple choice.

extension AnswerReader {
    /// A range of nothing but words.
    func readWords(_ low: Int, _ high: Int) -> AnswerForm? {
        let tokens = answer.tokens[low..<high]
        let isWordy = tokens.allSatisfy {
            switch $0.kind {
            case .word, .upright, .period, .comma, .minus, .and, .or, .openBrace, .closeBrace, .prime, .letter, .colon:
                true
            default: false
            }
        }
        guard isWordy, tokens.contains(where: { $0.kind == .word }) else { return nil }
        // Letters and minus signs alone are mathematics; a list of words is read as a list.
        let separators = topLevel(low, high) { [.comma, .and, .or].contains($0) }
        let words = words(low, high).filter { $0 != [0x2D] }
        if AnswerReader.emptyPhrases.contains(phrase(words)) { return .emptySet }
        if !separators.isEmpty, words.count <= 2 * separators.count + 2 { return nil }
        return .text(words)
    }

    private func phrase(_ words: [[UInt8]]) -> [UInt8] { Array(words.joined(separator: [0x20])) }

    private static let emptyPhrases = Set(
        [
            "no solution", "no solutions", "none", "no real solution", "no real solutions", "there is no solution",
            "there are no solutions", "no such", "empty set", "the empty set", "has no solution", "empty", "无解",
        ].map { Array($0.utf8) })

    /// A single letter A to J in brackets or upright, perhaps followed by what it stands for.
    mutating func readChoice(_ low: Int, _ high: Int) -> AnswerForm? {
        if let letter = choiceLetter(low) {
            if kind(low + 1) == .word, answer.tokens[low + 1].isSpaced,
                let initial = answer.name(answer.tokens[low + 1]).first,
                initial >= 0x41 && initial <= 0x5A
            {
                return .choice(letter, .text(words(low + 1, high)))
            }
            if high == low + 1 { return answer.tokens[low].kind == .upright ? .choice(letter, nil) : nil }
            if let next = kind(low + 1), [.period, .colon].contains(next) || isClosingAlone(low + 1),
                low + 2 < high || next != .colon
            {
                guard low + 2 < high else { return .choice(letter, nil) }
                guard next != .colon || kind(low + 2) != .letter else { return nil }
                return .choice(letter, read(low + 2, high) ?? .text(words(low + 2, high)))
            }
            return nil
        }
        guard kind(low) == .openParenthesis || kind(low) == .openBracket, let close = partner(low), close == low + 2,
            let letter = choiceLetter(low + 1), close < high
        else { return nil }
        if close == high - 1 { return .choice(letter, nil) }
        // (A) 12 is a choice with its text; (A)(B) and (A)^2 are products.
        guard let next = kind(close + 1), answer.tokens[close + 1].isSpaced || next == .word || next == .upright else {
            return nil
        }
        guard
            ![.plus, .minus, .times, .slash, .power, .openParenthesis, .equal, .comma].contains(next) || next == .minus
        else { return nil }
        return .choice(letter, read(close + 1, high) ?? .text(words(close + 1, high)))
    }

    private func isClosingAlone(_ index: Int) -> Bool { kind(index) == .closeParenthesis && partner(index) == nil }

    private func choiceLetter(_ index: Int) -> UInt8? {
        guard let kind = kind(index), kind == .letter || kind == .upright else { return nil }
        let letter = UInt8(truncatingIfNeeded: answer.tokens[index].payload)
        return (0x41...0x4A).contains(letter) || letter == 0x50 ? letter : nil
    }
}
