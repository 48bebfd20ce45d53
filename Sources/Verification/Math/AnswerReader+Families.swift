// Families of solutions over the integers: `\frac{\pi}{4} + k\pi, k \in \mathbb{Z}`.

extension AnswerReader {
    /// A range that ends in a clause such as `k \in \mathbb{Z}` or "where k is an integer".
    mutating func readFamily(_ low: Int, _ high: Int) -> AnswerForm? {
        guard let (cut, name) = integerClause(low, high), let (start, end) = stripped(low, cut), start < end else {
            return nil
        }
        guard let inner = read(start, end) else { return nil }
        return family(inner, name)
    }

    /// Marks the expressions that hold the parameter.
    private func family(_ form: AnswerForm, _ name: [UInt8]) -> AnswerForm {
        switch form {
        case .expression(let node): .family(node, parameter: name)
        case .quantity(let node, _): .family(node, parameter: name)
        case .labelled(let label, let inner): .labelled(label, family(inner, name))
        case .list(let items): .list(items.map { family($0, name) })
        case .set(let items): .set(items.map { family($0, name) })
        default: form
        }
    }

    /// Where the clause begins, and the parameter it declares.
    private func integerClause(_ low: Int, _ high: Int) -> (cut: Int, name: [UInt8])? {
        var end = high
        var opening: Int?
        if kind(end - 1) == .closeParenthesis, let open = partner(end - 1), open > low {
            end -= 1
            opening = open
        }
        if end - 3 >= low, kind(end - 1) == .integers || kind(end - 1) == .word && isIntegerSymbol(end - 1),
            kind(end - 2) == .elementOf,
            kind(end - 3) == .letter, opening.map({ $0 == end - 4 }) ?? true
        {
            return (clauseStart(opening ?? end - 3, low), [UInt8(truncatingIfNeeded: answer.tokens[end - 3].payload)])
        }
        // "k is an integer", "for any integer n"
        let tail = max(low, end - 6)..<end
        guard words(tail.lowerBound, end).contains(where: { $0.starts(with: "integer".utf8) }),
            let first = tail.first(where: { kind($0) == .word || kind($0) == .comma }),
            let letter = (first..<end).first(where: { kind($0) == .letter || kind($0) == .upright })
        else { return nil }
        return (clauseStart(opening ?? first, low), [UInt8(truncatingIfNeeded: answer.tokens[letter].payload)])
    }

    private func isIntegerSymbol(_ index: Int) -> Bool { answer.name(answer.tokens[index]) == Array("Z".utf8) }

    /// The clause without the comma, brackets and words before it.
    private func clauseStart(_ start: Int, _ low: Int) -> Int {
        var start = start
        while start > low, [.comma, .semicolon, .word, .openParenthesis, .colon].contains(kind(start - 1)) {
            start -= 1
        }
        return start
    }
}
