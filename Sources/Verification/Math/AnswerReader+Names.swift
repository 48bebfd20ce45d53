// Names of values: what may stand to the left of an equals sign without being part of the answer.

extension AnswerReader {
    /// Whether a range is only a name: a symbol, `f(x)`, `|AB|`, `(p, q)`, words, a ratio of segments.
    mutating func isName(_ low: Int, _ high: Int) -> Bool {
        guard low < high else { return false }
        let tokens = answer.tokens[low..<high]
        if tokens.allSatisfy({ $0.kind == .word || $0.kind == .upright || $0.kind == .period }) { return true }
        if kind(low) == .openParenthesis, partner(low) == high - 1, tokens.contains(where: { $0.kind == .comma }) {
            return tokens.allSatisfy {
                [
                    .letter, .name, .comma, .openParenthesis, .closeParenthesis, .lowered, .number, .openBrace,
                    .closeBrace,
                ].contains($0.kind)
            }
        }
        if tokens.contains(where: { $0.kind == .colon }) {
            return tokens.allSatisfy {
                [.letter, .name, .word, .number, .colon, .lowered, .openBrace, .closeBrace].contains($0.kind)
            } && kind(low) != .number
        }
        if isProbability(low, high) { return true }
        guard let node = expression(low, high) else { return false }
        let top = pool[node]
        switch top.operation {
        case .symbol, .call: return true
        case .imaginaryUnit, .euler: return false
        case .absolute: return top.left >= 0 && pool.nodes[Int(top.left)].operation == .symbol
        case .divide, .multiply:
            return (Int(top.first)...node.index).allSatisfy {
                let part = pool.nodes[$0]
                return part.operation != .symbol
                    ? part.operation == top.operation
                    : isGeometric(pool.name(of: NodeID(index: $0)))
            }
        default: return false
        }
    }

    /// Points, segments and the signs before them.
    private func isGeometric(_ name: [UInt8]) -> Bool {
        name.first.map { $0 < 0x5B } ?? false || name == Array("angle".utf8) || name == Array("triangle".utf8)
            || name == [0x6D]
    }

    /// `P(A)`, `E[X]`, `F_{X,Y}(x, y)`: a capital letter applied to something.
    private func isProbability(_ low: Int, _ high: Int) -> Bool {
        guard kind(low) == .letter || kind(low) == .name,
            let open = (low..<high).first(where: { kind($0) == .openParenthesis }),
            open - low <= 6, let close = partner(open), close == high - 1
        else { return false }
        let letter = UInt8(truncatingIfNeeded: answer.tokens[low].payload)
        return kind(low) == .letter && letter < 0x5B
            && (low + 1..<open).allSatisfy { index in
                [.lowered, .openBrace, .closeBrace, .letter, .number, .comma].contains(answer.tokens[index].kind)
                    && index > low
            }
    }

    /// The label of a range: its bytes without spaces and braces.
    mutating func label(_ low: Int, _ high: Int) -> AnswerLabel? {
        guard low < high else { return nil }
        let name = words(low, high).joined()
        return AnswerLabel(name: Array(name), node: expression(low, high))
    }
}
