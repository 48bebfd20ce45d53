// Combinations of named sets: `A \cap B`, `A \cup (B \setminus C)`, `\overline{A}`, `A^c`. Two are equal when they hold
// the same elements whatever the sets are, that is for every way of being in or out of each.

/// A set formula in postfix order over named sets.
struct SetFormula: Sendable, Equatable {
    enum Step: Sendable, Equatable {
        case set([UInt8])
        case union, intersection, difference, complement
    }

    var steps: [Step]

    var names: Set<[UInt8]> {
        Set(steps.compactMap { if case .set(let name) = $0 { name } else { nil } })
    }

    /// Whether an element belongs, given the sets that it is in.
    func contains(_ member: (([UInt8]) -> Bool)) -> Bool {
        var stack: [Bool] = []
        for step in steps {
            if case .set(let name) = step {
                stack.append(member(name))
                continue
            }
            guard let last = stack.popLast() else { return false }
            if step == .complement {
                stack.append(!last)
                continue
            }
            guard let first = stack.popLast() else { return false }
            switch step {
            case .union: stack.append(first || last)
            case .intersection: stack.append(first && last)
            default: stack.append(first && !last)
            }
        }
        return stack.last ?? false
    }

    /// Whether two formulas are the same set; up to eight names.
    func isSame(as other: SetFormula) -> Agreement {
        let all = Array(names.union(other.names))
        guard all.count <= 8 else { return self == other ? .equal : .unclear }
        for mask in 0..<(1 << all.count) {
            let member = { (name: [UInt8]) in all.firstIndex(of: name).map { mask >> $0 & 1 == 1 } ?? false }
            if contains(member) != other.contains(member) { return .different }
        }
        return .equal
    }
}

extension AnswerReader {
    /// A range of capital letters joined by set signs.
    func readSetFormula(_ low: Int, _ high: Int) -> AnswerForm? {
        let signs: [MathToken.Kind] = [.union, .intersection, .without]
        guard high - low <= 64, (low..<high).contains(where: { kind($0).map { signs.contains($0) } ?? false }) else {
            return nil
        }
        return formulaSteps(low, high, depth: 0).map { .setFormula(SetFormula(steps: $0)) }
    }

    /// Postfix steps of a range: sets and groups, joined from left to right.
    private func formulaSteps(_ low: Int, _ high: Int, depth: Int) -> [SetFormula.Step]? {
        guard depth < 8, low < high else { return nil }
        var steps: [SetFormula.Step] = []
        var pending: SetFormula.Step?
        var index = low
        while index < high {
            if !steps.isEmpty {
                switch kind(index) {
                case .union: pending = .union
                case .intersection: pending = .intersection
                case .without, .minus: pending = .difference
                default: return nil
                }
                index += 1
            }
            guard let (operand, next) = operand(index, high, depth) else { return nil }
            steps += operand
            index = next
            if let joined = pending { steps.append(joined) }
        }
        return steps
    }

    private func operand(_ start: Int, _ high: Int, _ depth: Int) -> ([SetFormula.Step], Int)? {
        var steps: [SetFormula.Step]
        var index = start
        switch kind(start) {
        case .letter:
            let letter = UInt8(truncatingIfNeeded: answer.tokens[start].payload)
            guard letter < 0x5B else { return nil }
            steps = [.set([letter])]
            index += 1
        case .openParenthesis, .openBrace:
            guard let close = partner(start), close < high, let inner = formulaSteps(start + 1, close, depth: depth + 1)
            else { return nil }
            steps = inner
            index = close + 1
        case .overline:
            guard kind(start + 1) == .openBrace, let close = partner(start + 1), close < high,
                let inner = formulaSteps(start + 2, close, depth: depth + 1)
            else { return nil }
            steps = inner + [.complement]
            index = close + 1
        default: return nil
        }
        while index < high {
            if kind(index) == .prime {
                steps.append(.complement)
                index += 1
            } else if kind(index) == .power, let end = complementEnd(index + 1) {
                steps.append(.complement)
                index = end
            } else {
                break
            }
        }
        return (steps, index)
    }

    /// `^c`, `^{C}`, `^\complement`.
    private func complementEnd(_ start: Int) -> Int? {
        let isBraced = kind(start) == .openBrace
        let place = isBraced ? start + 1 : start
        guard let sign = kind(place) else { return nil }
        let token = answer.tokens[place]
        let isMark =
            sign == .letter && (token.payload | 0x20) == 0x63 || sign == .upright && (token.payload | 0x20) == 0x63
            || sign == .name && answer.name(token).elementsEqual("complement".utf8)
        guard isMark, !isBraced || kind(place + 1) == .closeBrace else { return nil }
        return isBraced ? place + 2 : place + 1
    }
}
