// Rules for multiple choice: the letter, its text, or both; several letters in any order.

extension AnswerComparison {
    /// `ACD` against `A, C, D`.
    mutating func compareChoices(_ items: [AnswerForm], with node: NodeID) -> Agreement {
        rule = "letters of choices, in any order"
        guard pool[node].operation == .symbol else { return .different }
        var letters: [UInt8] = []
        for item in items {
            switch item {
            case .expression(let letter) where pool[letter].operation == .symbol: letters += pool.name(of: letter)
            case .choice(let letter, nil): letters.append(letter)
            default: return .different
            }
        }
        let name = pool.name(of: node)
        let isChoice = letters.count == items.count && letters.allSatisfy { (0x41...0x48).contains($0) }
        return isChoice && name.count == letters.count && Set(name) == Set(letters) ? .equal : .different
    }

    mutating func compareChoices(_ a: UInt8, _ x: AnswerForm?, _ b: UInt8, _ y: AnswerForm?) -> Agreement {
        rule = "the letters of the choices are compared"
        guard a == b else { return .different }
        guard let x, let y else { return .equal }
        if case .text = x { return .equal }
        if case .text = y { return .equal }
        return compare(x, y)
    }

    /// A choice against something that is no choice: a bare letter, or the text of the choice.
    mutating func compareChoice(_ letter: UInt8, _ rest: AnswerForm?, with other: AnswerForm) -> Agreement {
        rule = "a choice equals its letter or its text"
        if case .expression(let node) = other, pool[node].operation == .symbol, pool.name(of: node) == [letter] {
            return .equal
        }
        if case .text(let words) = other, words.count == 1, words[0] == [letter | 0x20] { return .equal }
        guard let rest else { return .different }
        return compare(rest, other)
    }
}
