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
        if isProbability(low, high) || derivative(low, high) != nil || calledName(low, high) != nil { return true }
        guard let node = expression(low, high) else { return false }
        let top = pool[node]
        switch top.operation {
        case .symbol, .call, .bound: return true
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
        if let symbol = derivative(low, high) {
            return AnswerLabel(name: symbol, node: pool.symbol(symbol))
        }
        if let (function, name) = calledName(low, high), let argument = expression(name.lowerBound, name.upperBound) {
            return AnswerLabel(name: nameBytes(low, high), node: pool.call(function, argument))
        }
        var parts: [[UInt8]] = []
        if kind(low) == .openParenthesis, partner(low) == high - 1 {
            parts = pieces(low + 1, high - 1, .comma).map { nameBytes($0.0, $0.1) }
        }
        return AnswerLabel(name: nameBytes(low, high), node: expression(low, high), parts: parts.count > 1 ? parts : [])
    }

    /// The spelling of a name. Letters of mathematics keep their case, words do not.
    private func nameBytes(_ low: Int, _ high: Int) -> [UInt8] {
        var name: [UInt8] = []
        for index in low..<high {
            let token = answer.tokens[index]
            switch token.kind {
            case .letter: name.append(UInt8(truncatingIfNeeded: token.payload))
            case .comma: name.append(0x2C)
            default: name += words(index, index + 1).joined()
            }
        }
        return name
    }

    /// `\frac{dy}{dx}` and `dy/dx` as `y'`.
    private func derivative(_ low: Int, _ high: Int) -> [UInt8]? {
        let letters = answer.tokens[low..<high].filter { $0.kind != .openBrace && $0.kind != .closeBrace }
        guard letters.count == 5, letters.contains(where: { $0.kind == .fraction || $0.kind == .slash }) else {
            return nil
        }
        let names = letters.filter { $0.kind == .letter || $0.kind == .upright }
        guard names.count == 4, names[0].payload == 0x64, names[2].payload == 0x64 else { return nil }
        return [UInt8(truncatingIfNeeded: names[1].payload), 0x27]
    }

    /// `y(t)`, `f^{-1}(x)`, `(g \circ f)(x)`, `a_n`-like names applied to variables: the function and its arguments.
    private func calledName(_ low: Int, _ high: Int) -> ([UInt8], Range<Int>)? {
        guard kind(high - 1) == .closeParenthesis, let open = partner(high - 1), open > low,
            topLevel(low, high, where: { $0 == .openParenthesis || $0 == .openBracket }).count <= 2
        else { return nil }
        let isPlain = answer.tokens[(open + 1)..<(high - 1)].allSatisfy {
            [.letter, .name, .comma, .lowered, .number, .openBrace, .closeBrace].contains($0.kind)
        }
        let head = answer.tokens[low..<open]
        let isNamed = head.allSatisfy {
            [
                .letter, .name, .lowered, .power, .minus, .number, .openBrace, .closeBrace, .degree, .openParenthesis,
                .closeParenthesis, .prime,
            ].contains($0.kind)
        }
        guard isPlain, isNamed, head.contains(where: { $0.kind == .letter || $0.kind == .name }),
            head.first?.kind != .number, open + 1 < high - 1
        else { return nil }
        let isComposed = head.contains { $0.kind == .degree }
        let isInverse = head.contains { $0.kind == .minus } && head.contains { $0.kind == .power }
        guard
            isComposed || isInverse
                || head.count <= 5 && head.first?.kind != .openParenthesis
                    && !head.contains(where: { $0.kind == .minus || $0.kind == .power })
        else { return nil }
        return (nameBytes(low, open), open + 1..<high - 1)
    }
}
