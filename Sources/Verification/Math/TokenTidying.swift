// Small repairs between scanning and reading: groups with nothing in them, alignment marks, French brackets, brackets
// around brackets. Each is one pass over the tokens; nothing here reads mathematics.

/// Brings the tokens of one answer into the form that the readers expect.
enum TokenTidying {
    /// Drops empty groups and alignment marks, unwraps `{:}`, and turns `]2,3[` into `(2,3)`.
    static func tidy(_ answer: inout ScannedAnswer) {
        guard needsTidying(answer.tokens) else { return }
        var tidied: [MathToken] = []
        tidied.reserveCapacity(answer.tokens.count)
        for (index, token) in answer.tokens.enumerated() {
            let next = index + 1 < answer.tokens.count ? answer.tokens[index + 1].kind : nil
            if token.kind == .ampersand, next?.isRelation ?? false || tidied.last?.kind.isRelation ?? false { continue }
            if token.kind == .closeBrace, let last = tidied.last {
                if last.kind == .openBrace {
                    tidied.removeLast()
                    if let script = tidied.last?.kind, script == .power || script == .lowered { tidied.removeLast() }
                    continue
                }
                if isLoneSign(last.kind), tidied.count > 1, tidied[tidied.count - 2].kind == .openBrace,
                    tidied.count < 3 || tidied[tidied.count - 3].kind != .power
                {
                    tidied.remove(at: tidied.count - 2)
                    continue
                }
            }
            tidied.append(token)
        }
        turnReversedBrackets(&tidied)
        answer.tokens = tidied
    }

    private static func needsTidying(_ tokens: [MathToken]) -> Bool {
        var before = MathToken.Kind.openBrace
        for (index, token) in tokens.enumerated() {
            switch token.kind {
            case .closeBrace where index > 0 && (before == .openBrace || isLoneSign(before)): return true
            case .ampersand, .openBracket, .closeBracket: return true
            default: break
            }
            before = token.kind
        }
        return false
    }

    private static func isLoneSign(_ kind: MathToken.Kind) -> Bool {
        switch kind {
        case .colon, .comma, .semicolon, .times: true
        default: kind.isRelation
        }
    }

    /// `]` where something begins, and `[` where something ends, are the open ends of an interval.
    private static func turnReversedBrackets(_ tokens: inout [MathToken]) {
        var open: [MathToken.Kind] = []
        for index in tokens.indices {
            let before = index > 0 ? tokens[index - 1].kind : nil
            let next = index + 1 < tokens.count ? tokens[index + 1].kind : nil
            switch tokens[index].kind {
            case .closeBracket where open.isEmpty && begins(after: before) && next != nil && next?.isOpening == false:
                tokens[index].kind = .openParenthesis
                open.append(.openParenthesis)
            case .openBracket
            where open.count == 1 && open[0] != .openBrace && ends(before: next) && !begins(after: before):
                tokens[index].kind = .closeParenthesis
                open.removeLast()
            case .openBracket, .openParenthesis, .openSet: open.append(tokens[index].kind)
            case .closeBracket, .closeParenthesis, .closeSet: _ = open.popLast()
            default: break
            }
        }
    }

    private static func begins(after kind: MathToken.Kind?) -> Bool {
        guard let kind else { return true }
        return kind.isRelation
            || [.union, .intersection, .without, .comma, .and, .or, .openBrace, .word].contains(kind)
    }

    private static func ends(before kind: MathToken.Kind?) -> Bool {
        guard let kind else { return true }
        return [.union, .intersection, .without, .comma, .and, .or, .closeBrace, .period, .word].contains(kind)
    }

    /// `((x))` is `(x)`: brackets that hold nothing but brackets are dropped, so that depth counts what is nested.
    static func dropDoubledBrackets(_ answer: inout ScannedAnswer) {
        let tokens = answer.tokens
        let partner = answer.partner
        func isDoubled(_ index: Int) -> Bool {
            guard tokens[index].kind == .openParenthesis, index + 1 < tokens.count,
                tokens[index + 1].kind == .openParenthesis
            else { return false }
            let (outer, inner) = (Int(partner[index]), Int(partner[index + 1]))
            return outer > 0 && inner == outer - 1 && tokens[outer].kind == .closeParenthesis
                && tokens[inner].kind == .closeParenthesis
        }
        guard tokens.indices.contains(where: isDoubled) else { return }
        var isDropped = [Bool](repeating: false, count: tokens.count)
        for index in tokens.indices where isDoubled(index) {
            isDropped[index] = true
            isDropped[Int(partner[index])] = true
        }
        answer.tokens = tokens.indices.filter { !isDropped[$0] }.map { tokens[$0] }
        answer.partner = pairBrackets(answer.tokens)
    }
}

extension MathToken.Kind {
    /// Whether it opens a bracket.
    fileprivate var isOpening: Bool { [.openParenthesis, .openBracket, .openSet, .openBrace].contains(self) }
}
