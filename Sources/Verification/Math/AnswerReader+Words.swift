// Answers in words: "no solution", "odd", names, and the letters of multiple choice.

extension AnswerReader {
    /// A range of nothing but words.
    mutating func readWords(_ low: Int, _ high: Int) -> AnswerForm? {
        let tokens = answer.tokens[low..<high]
        guard kind(low) == .word || tokens.contains(where: { $0.kind == .word }) else { return nil }
        if let form = readRealsExcept(low, high) { return form }
        let isWordy = tokens.allSatisfy {
            switch $0.kind {
            case .word, .upright, .period, .comma, .minus, .and, .or, .openBrace, .closeBrace, .prime, .letter, .colon,
                .constant:
                true
            default: false
            }
        }
        guard isWordy else { return nil }
        // Letters and minus signs alone are mathematics; a list of words is read as a list.
        let separators = topLevel(low, high) { [.comma, .and, .or].contains($0) }
        let words = words(low, high).filter { $0 != [0x2D] && $0 != [0x27] }
        if let form = readPhrase(words) { return form }
        if let form = readAnnounced(low, high) { return form }
        if !separators.isEmpty, words.count <= 2 * separators.count + 2 { return nil }
        return .text(words)
    }

    /// A phrase that says what a symbol says.
    private mutating func readPhrase(_ words: [[UInt8]]) -> AnswerForm? {
        let said = String(decoding: phrase(words), as: UTF8.self)
        if Phrases.isNothing(said) { return .emptySet }
        if let domain = Phrases.domain(said) { return .domain(domain) }
        guard let sign = Phrases.infinity(said) else { return nil }
        let infinity = pool.constant(.infinity)
        return .expression(sign < 0 ? pool.unary(.negate, infinity) : infinity)
    }

    /// "all real numbers except 1 and 2".
    private mutating func readRealsExcept(_ low: Int, _ high: Int) -> AnswerForm? {
        guard kind(low) == .word,
            let cut = (low..<high).first(where: {
                kind($0) == .word
                    && ["except", "but", "excluding"].contains(
                        String(decoding: lowercased(answer.name(answer.tokens[$0])), as: UTF8.self))
            }), cut > low, Phrases.domain(String(decoding: phrase(words(low, cut)), as: UTF8.self)) == .reals
        else { return nil }
        var start = cut + 1
        while start < high, kind(start) == .word { start += 1 }
        switch read(start, high) {
        case .expression(let value)?: return realsWithout([.expression(value)])
        case .list(let items)?, .set(let items)?: return realsWithout(items)
        case .labelled(_, .expression(let value))?: return realsWithout([.expression(value)])
        case .labelled(_, .list(let items))?: return realsWithout(items)
        default: return nil
        }
    }

    /// "The answer is 42", "Answer: 42", "exactly 5", "option B": words that only announce the value behind them.
    mutating func readAnnounced(_ low: Int, _ high: Int) -> AnswerForm? {
        guard kind(low) == .word, high - low <= 64 else { return nil }
        var end = low
        var isAnnounced = false
        while end < high, kind(end) == .word || kind(end) == .colon || kind(end) == .equal {
            let word = kind(end) == .word ? lowercased(answer.name(answer.tokens[end])) : [0x3A]
            guard end < low + 8, !AnswerReader.isDenial(word) else { return nil }
            isAnnounced = Phrases.announces(word)
            end += 1
            if isAnnounced, kind(end) != .colon { break }
        }
        guard isAnnounced, end < high else { return nil }
        let rest = read(end, high)
        // Before words, only words about the answer itself: "Bob is tall" says more than "tall".
        if case .text? = rest, !words(low, end).allSatisfy({ $0 == [0x3A] || Phrases.isAboutAnswer($0) }) { return nil }
        return rest
    }

    /// Whether a word denies or weakens what it stands beside.
    static func isDenial(_ word: [UInt8]) -> Bool { qualifiers.contains(word) && !Phrases.announces(word) }

    /// Whether a word can be the noun that is counted.
    static func isPlainNoun(_ word: [UInt8]) -> Bool { !qualifiers.contains(word) && !word.isEmpty }

    private func phrase(_ words: [[UInt8]]) -> [UInt8] { Array(words.filter { !$0.isEmpty }.joined(separator: [0x20])) }

    /// A single letter A to J in brackets or upright, perhaps followed by what it stands for.
    mutating func readChoice(_ low: Int, _ high: Int) -> AnswerForm? {
        if kind(low) == .word, low + 1 < high,
            ["option", "choice"].contains(where: { lowercased(answer.name(answer.tokens[low])).elementsEqual($0.utf8) })
        {
            return readChoice(low + 1, high)
        }
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
