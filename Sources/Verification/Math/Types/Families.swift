// Families of answers over a parameter: `\frac{\pi}{4} + k\pi, k \in \mathbb{Z}`, `(t, 2t), t \in \mathbb{R}`. Reading only;
// `FamilyComparison.swift` compares them.

extension AnswerReader {
    /// A range that ends in a clause such as `k \in \mathbb{Z}` or "where k is an integer".
    mutating func readFamily(_ low: Int, _ high: Int) -> AnswerForm? {
        guard let clause = parameterClause(low, high), let (start, end) = stripped(low, clause.cut), start < end,
            let inner = read(start, end)
        else { return nil }
        return family(inner, clause.name, clause.domain)
    }

    /// Marks the forms that hold the parameter.
    func family(_ form: AnswerForm, _ name: [UInt8], _ domain: NumberDomain) -> AnswerForm {
        switch form {
        case .expression(let node) where domain == .integers: .family(node, parameter: name)
        case .quantity(let node, _) where domain == .integers: .family(node, parameter: name)
        case .labelled(let label, let inner) where label.name == name && domain == .reals: .labelled(label, inner)
        case .labelled(let label, let inner): .labelled(label, family(inner, name, domain))
        case .list(let items): .list(items.map { family($0, name, domain) })
        case .set(let items): .set(items.map { family($0, name, domain) })
        case .family, .parametric, .congruence: form
        default: .parametric(form, parameter: name, domain: domain)
        }
    }

    /// Where the clause begins, the parameter it declares, and what it runs through.
    private func parameterClause(_ low: Int, _ high: Int) -> (cut: Int, name: [UInt8], domain: NumberDomain)? {
        var end = high
        var opening: Int?
        if kind(end - 1) == .closeParenthesis, let open = partner(end - 1), open > low {
            end -= 1
            opening = open
        }
        var last = end - 1
        while last > low, kind(last) == .closeBrace || kind(last) == .openBrace { last -= 1 }
        if last - 2 >= low, let domain = domain(at: last), kind(last - 1) == .elementOf, kind(last - 2) == .letter,
            opening.map({ $0 == last - 3 }) ?? true, (opening ?? last - 2) > low
        {
            let cut = clauseStart(opening ?? last - 2, low)
            guard cut > low else { return nil }
            return (cut, [UInt8(truncatingIfNeeded: answer.tokens[last - 2].payload)], domain)
        }
        return wordyClause(low, end, opening)
    }

    /// "k is an integer", "for any integer n", "for all integers k", "k 为整数".
    private func wordyClause(
        _ low: Int, _ end: Int, _ opening: Int?
    ) -> (cut: Int, name: [UInt8], domain: NumberDomain)? {
        let tail = max(low, end - 7)..<end
        guard tail.contains(where: { kind($0) == .word }) else { return nil }
        let said = words(tail.lowerBound, end)
        let isInteger = said.contains { $0.starts(with: "integer".utf8) || $0.elementsEqual("为整数".utf8) }
        guard isInteger, let first = tail.first(where: { kind($0) == .word || kind($0) == .comma }),
            let letter = (first..<end).first(where: { kind($0) == .letter || kind($0) == .upright }),
            (opening ?? first) > low
        else { return nil }
        let cut = clauseStart(opening ?? first, low)
        guard cut > low else { return nil }
        return (cut, [UInt8(truncatingIfNeeded: answer.tokens[letter].payload)], .integers)
    }

    /// The named set of numbers at a place: `\mathbb{Z}`, `\mathbf{Z}`, a bare Z.
    private func domain(at index: Int) -> NumberDomain? {
        switch kind(index) {
        case .integers: return .integers
        case .naturals: return .naturals
        case .reals: return .reals
        case .rationals: return .rationals
        case .complexes: return .complexes
        case .letter, .upright:
            switch UInt8(truncatingIfNeeded: answer.tokens[index].payload) {
            case 0x5A: return .integers
            case 0x4E: return .naturals
            case 0x52: return .reals
            default: return nil
            }
        default: return nil
        }
    }

    /// The clause without the comma, brackets and words before it.
    private func clauseStart(_ start: Int, _ low: Int) -> Int {
        var start = start
        while start > low,
            [.comma, .semicolon, .word, .openParenthesis, .colon, .suchThat, .bar].contains(kind(start - 1))
        {
            start -= 1
        }
        return start
    }
}
