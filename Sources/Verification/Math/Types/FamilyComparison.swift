// Rules for families and residue classes: unions of arithmetic progressions without ends are compared as sets of values.

/// `start + step * k` for every whole k.
struct Progression: Sendable {
    var start: Ball
    var step: Ball
}

extension AnswerComparison {
    /// Families, residue classes and lists of them; nil when neither side is one, or a side cannot be.
    mutating func compareProgressions(_ gold: AnswerForm, _ response: AnswerForm) -> Agreement? {
        guard isFamily(gold) || isFamily(response) else { return nil }
        if let (x, p) = single(gold), let (y, q) = single(response) {
            let renamed = renaming(y, [q: p])
            refresh()
            if identity.compare(x, renamed) == .equal {
                rule = "families are equal when the parameter is renamed"
                return namesAgree(gold, response) ? .equal : .different
            }
        }
        guard let left = progressions(gold), let right = progressions(response) else { return nil }
        rule = "families over the integers are compared as sets of values"
        guard namesAgree(gold, response) else { return .different }
        return sameSets(left, right)
    }

    /// Whether a form says by itself that a parameter runs through the integers.
    private func isFamily(_ form: AnswerForm) -> Bool {
        switch form {
        case .family: true
        case .congruence(let value, let modulus): pool.exact(value) != nil && pool.exact(modulus) != nil
        case .labelled(_, let inner): isFamily(inner)
        case .list(let items), .set(let items): !items.isEmpty && items.contains { isFamily($0) }
        case .expression(let node): pool[node].traits.isSuperset(of: [.pi, .symbol]) && hasIntegerParameter(node)
        default: false
        }
    }

    /// The node and parameter of a form that is one family.
    private func single(_ form: AnswerForm) -> (NodeID, [UInt8])? {
        switch form {
        case .family(let node, let name): return (node, name)
        case .labelled(_, let inner): return single(inner)
        case .expression(let node):
            let names = pool.symbolNames(of: node)
            return names.count == 1 ? names.first.map { (node, $0) } : nil
        default: return nil
        }
    }

    private func namesAgree(_ gold: AnswerForm, _ response: AnswerForm) -> Bool {
        guard let a = label(of: gold), let b = label(of: response) else { return true }
        return a == b
    }

    private func label(of form: AnswerForm) -> [UInt8]? {
        switch form {
        case .labelled(let label, _): label.name
        case .list(let items): items.first.flatMap { label(of: $0) }
        default: nil
        }
    }

    /// Every progression of a form; nil when a part of it is none.
    private mutating func progressions(_ form: AnswerForm) -> [Progression]? {
        switch form {
        case .family(let node, _), .expression(let node): return progressions(of: node)
        case .quantity(let node, _): return progressions(of: node)
        case .labelled(_, let inner): return progressions(inner)
        case .congruence(let value, let modulus):
            guard let start = pool.exact(value), let step = pool.exact(modulus), !step.isZero else { return nil }
            return [Progression(start: Ball(start), step: Ball(step))]
        case .list(let items), .set(let items):
            var all: [Progression] = []
            for item in items {
                guard let found = progressions(item) else { return nil }
                all += found
            }
            return all.isEmpty || all.count > 32 ? nil : all
        default: return nil
        }
    }

    /// An expression of one parameter that is linear on the even and on the odd numbers, as `(-1)^k a + k\pi` is.
    private mutating func progressions(of node: NodeID) -> [Progression]? {
        guard pool.symbolNames(of: node).count == 1 else { return nil }
        var values: [Ball] = []
        for index in 0..<6 {
            let point = EvaluationPoint(index: UInt64(index), domain: .fixed(Int64(index)), isStrictlyReal: true)
            values.append(identity.evaluator.value(of: node, at: point))
        }
        guard values.allSatisfy({ $0.isFinite && $0.isReal }) else { return nil }
        func isLinear(_ stride: Int) -> Bool {
            (0..<(6 - 2 * stride)).allSatisfy {
                ((values[$0 + 2 * stride] - values[$0 + stride]) - (values[$0 + stride] - values[$0])).isZero
            }
        }
        let hasStep = { (step: Ball) in !step.isZero }
        if isLinear(1) {
            let step = values[1] - values[0]
            return hasStep(step) ? [Progression(start: values[0], step: step)] : nil
        }
        guard isLinear(2) else { return nil }
        let pairs = [0, 1].map { Progression(start: values[$0], step: values[$0 + 2] - values[$0]) }
        return pairs.allSatisfy { hasStep($0.step) } ? pairs : nil
    }

    /// Whether two unions of progressions have the same values, modulo the common multiple of their steps.
    private func sameSets(_ a: [Progression], _ b: [Progression]) -> Agreement {
        guard let unit = a.first?.step else { return .different }
        var multiple = 1
        var ratios: [(Progression, Int, Int)] = []
        for progression in a + b {
            guard let (top, bottom) = ratio(progression.step, to: unit) else { return .different }
            ratios.append((progression, top, bottom))
        }
        // Steps are top/bottom of the unit; over a common denominator their least common multiple is whole.
        let denominator = ratios.reduce(1) { leastMultiple($0, $1.2) }
        for (_, top, bottom) in ratios { multiple = leastMultiple(multiple, top * (denominator / bottom)) }
        guard multiple > 0, multiple <= 4_096 else { return .unclear }
        let period = unit * Ball(ExactNumber(Int64(multiple))) / Ball(ExactNumber(Int64(denominator)))
        var residues: [[Ball]] = [[], []]
        for (index, (progression, top, bottom)) in ratios.enumerated() {
            let count = multiple / (top * (denominator / bottom))
            guard count <= 64 else { return .unclear }
            for turn in 0..<count {
                let value = (progression.start + progression.step * Ball(ExactNumber(Int64(turn)))) / period
                residues[index < a.count ? 0 : 1].append(value)
            }
        }
        guard residues[0].count * residues[1].count <= 16_384 else { return .unclear }
        func covers(_ x: [Ball], _ y: [Ball]) -> Bool { y.allSatisfy { v in x.contains { isWhole($0 - v) } } }
        return covers(residues[0], residues[1]) && covers(residues[1], residues[0]) ? .equal : .different
    }

    private func isWhole(_ value: Ball) -> Bool {
        guard value.isFinite, value.isReal, let whole = value.real.nearestInteger else { return false }
        return (value - Ball(real: HighFloat(whole: Int64(whole)))).isZero
    }

    /// The ratio of two steps as a small positive fraction.
    private func ratio(_ step: Ball, to unit: Ball) -> (Int, Int)? {
        let quotient = step / unit
        for bottom in 1...48 {
            let scaled = quotient * Ball(ExactNumber(Int64(bottom)))
            guard isWhole(scaled), let top = scaled.real.nearestInteger, top != 0, abs(top) <= 4_096 else { continue }
            return (abs(top), bottom)
        }
        return nil
    }

    private func leastMultiple(_ a: Int, _ b: Int) -> Int {
        guard a > 0, b > 0, a <= 65_536, b <= 65_536 else { return 0 }
        var (x, y) = (a, b)
        while y != 0 { (x, y) = (y, x % y) }
        return a / x * b
    }

    /// Whether the only variable is k, n or m, which count.
    func hasIntegerParameter(_ node: NodeID) -> Bool {
        let names = pool.symbolNames(of: node)
        guard names.count == 1, let name = names.first else { return false }
        return name.count == 1 && "knm".utf8.contains(name[0])
    }

    /// A family of other forms (tuples, intervals, relations): equal when the parameter is renamed.
    mutating func compareParametric(
        _ a: AnswerForm, _ p: [UInt8], _ domainA: NumberDomain, _ b: AnswerForm, _ q: [UInt8], _ domainB: NumberDomain
    ) -> Agreement {
        rule = "families are compared with the parameter renamed"
        guard domainA == domainB else { return .different }
        let renamed = renaming(b, [q: p])
        refresh()
        return compare(a, renamed)
    }
}

extension ExpressionPool {
    /// The names of the variables in a subtree.
    func symbolNames(of root: NodeID) -> Set<[UInt8]> {
        guard self[root].traits.contains(.symbol) else { return [] }
        let first = Int(self[root].first)
        let needed = subtree(root)
        var names = Set<[UInt8]>()
        for index in first...root.index where needed[index - first] && nodes[index].operation == .symbol {
            names.insert(name(of: NodeID(index: index)))
        }
        return names
    }
}
