// Whether two expressions are the same: exactly when both are rational, else by their values at seeded points.
import Domain

/// The outcome of comparing two answers or parts of them.
enum Agreement: Sendable, Equatable {
    case equal
    case different
    /// Not decidable within the caps.
    case unclear

    /// Equal only if both are, different if either is.
    func and(_ other: @autoclosure () -> Agreement) -> Agreement {
        switch self {
        case .different: return .different
        case .equal: return other()
        case .unclear: return other() == .different ? .different : .unclear
        }
    }
}

/// Compares expressions of one pool.
struct IdentityTest {
    let pool: ExpressionPool
    var evaluator: Evaluator

    init(_ pool: ExpressionPool) {
        self.pool = pool
        evaluator = Evaluator(pool)
    }

    /// Whether two expressions are identical.
    mutating func compare(_ a: NodeID, _ b: NodeID) -> Agreement {
        guard !pool.work.isExhausted else { return .unclear }
        let agreement = decide(a, b)
        // What was decided while the budget ran out rests on missing values.
        return pool.work.isExhausted ? .unclear : agreement
    }

    private mutating func decide(_ a: NodeID, _ b: NodeID) -> Agreement {
        pool.work.note(10)
        if let x = pool.exact(a), let y = pool.exact(b) { return x == y ? .equal : roundedDecimal(a, b) }
        if let infinite = compareInfinities(a, b) { return infinite }
        if !hasSymbols(a) && !hasSymbols(b) { return compareConstants(a, b) }
        return compareFunctions(a, b)
    }

    /// Infinity equals infinity of the same sign and nothing else; nil when neither is infinite.
    private func compareInfinities(_ a: NodeID, _ b: NodeID) -> Agreement? {
        let (x, y) = (infinitySign(a), infinitySign(b))
        if x == nil && y == nil { return nil }
        return x == y ? .equal : .different
    }

    /// 1 or -1 for an infinity, nil for anything else.
    func infinitySign(_ id: NodeID) -> Int? {
        let node = pool[id]
        if node.operation == .infinity { return 1 }
        if node.operation == .negate, node.left >= 0 { return infinitySign(NodeID(index: Int(node.left))).map { -$0 } }
        return nil
    }

    func hasSymbols(_ id: NodeID) -> Bool { pool[id].traits.contains(.symbol) }

    private mutating func compareConstants(_ a: NodeID, _ b: NodeID) -> Agreement {
        let point = EvaluationPoint(index: 0, domain: .positive, isStrictlyReal: false)
        let (x, y) = (evaluator.value(of: a, at: point), evaluator.value(of: b, at: point))
        switch x.compared(to: y) {
        case .equal: return ModularTest(pool).distinguishes(a, b) ? .different : .equal
        case .different: return roundedDecimal(a, b)
        case .unclear:
            if pool.isSameTree(a, b) { return .equal }
            if ModularTest(pool).distinguishes(a, b) { return .different }
            return x.state == .undefined || y.state == .undefined ? .different : .unclear
        }
    }

    private mutating func compareFunctions(_ a: NodeID, _ b: NodeID) -> Agreement {
        let traits = pool[a].traits.union(pool[b].traits)
        let isComplex = traits.contains(.imaginary)
        let domains: [EvaluationPoint.Domain] =
            needsIntegers(a) || needsIntegers(b)
            ? [.integers, .integers, .integers, .integers]
            : [.positive, .positive, .signed, .signed, .positive, .signed, .positive, .positive]
        for strict in isComplex ? [false] : [true, false] {
            var agreeing = 0
            var isOneSided = false
            for (index, domain) in domains.enumerated() {
                let point = EvaluationPoint(index: UInt64(index), domain: domain, isStrictlyReal: strict)
                let x = evaluator.value(of: a, at: point)
                let y = evaluator.value(of: b, at: point)
                guard x.isFinite, y.isFinite else {
                    isOneSided = isOneSided || x.isFinite != y.isFinite
                    continue
                }
                switch x.compared(to: y) {
                case .equal: agreeing += 1
                case .different: return .different
                case .unclear: continue
                }
                if agreeing == 4 { break }
            }
            if evaluator.isExhausted { return .unclear }
            // ln |x| and ln x differ in their domain, and the bars say that it matters.
            if isOneSided, strict, holdsAbsolute(a) != holdsAbsolute(b) { return .different }
            if agreeing >= 2 { return .equal }
            if agreeing == 1 && strict { return .unclear }
        }
        return .different
    }

    private func holdsAbsolute(_ id: NodeID) -> Bool {
        let needed = pool.subtree(id)
        let first = Int(pool[id].first)
        pool.work.note(needed.count)
        return (first...id.index).contains { needed[$0 - first] && pool.nodes[$0].operation == .absolute }
    }

    /// Whether an expression holds functions that live on whole numbers.
    func needsIntegers(_ id: NodeID) -> Bool {
        let node = pool[id]
        let needed = pool.subtree(id)
        pool.work.note(needed.count)
        for index in Int(node.first)...id.index
        where needed[index - Int(node.first)] && pool.nodes[index].traits.contains(.symbol) {
            let part = pool.nodes[index]
            switch part.operation {
            case .factorial, .doubleFactorial, .binomial, .permutations, .modulo, .greatestCommonDivisor,
                .leastCommonMultiple:
                return true
            case .bound
            where pool.symbols[Int(part.symbol)].first == 0x53 || pool.symbols[Int(part.symbol)].first == 0x50:
                if pool.nodes[Int(part.left)].traits.contains(.symbol) { return true }
            case .power:
                let base = NodeID(index: Int(part.left))
                if let value = pool.exact(base), value.signum < 0 { return true }
            default: break
            }
        }
        return false
    }

    /// A decimal with nine digits or more stands for an irrational or repeating number that it rounds.
    private mutating func roundedDecimal(_ a: NodeID, _ b: NodeID) -> Agreement {
        let (x, y) = (literal(a), literal(b))
        let decimal: NodeID
        let other: NodeID
        let written: DecimalLiteral
        switch (x, y) {
        case (.some(let first), nil): (decimal, other, written) = (a, b, first)
        case (nil, .some(let second)): (decimal, other, written) = (b, a, second)
        default: return .different
        }
        guard written.significantDigits >= 9, let value = pool.exact(decimal) else { return .different }
        if let exact = pool.exact(other), exact.terminates { return .different }
        let point = EvaluationPoint(index: 0, domain: .positive, isStrictlyReal: false)
        let target = evaluator.value(of: other, at: point)
        guard target.isFinite, target.isReal, let shift = scale(of: decimal, written),
            let unit = ExactNumber(10).raised(to: -shift)
        else { return .different }
        let size = Ball(value.magnitude)
        guard target.real.negative == (value.signum < 0) else { return .different }
        let missing = target.modulus - size
        // Cut off, or rounded to the nearest.
        let limit = missing.real.negative ? Ball(unit).real.scaled(by: -1) : Ball(unit).real
        return missing.real.magnitude.isSmaller(than: limit) ? .equal : .different
    }

    private func literal(_ id: NodeID) -> DecimalLiteral? {
        pool[id].traits.contains(.decimal) ? pool.decimals[Int32(id.index)] : nil
    }

    /// Places of the last digit, the power of ten beside the literal counted in.
    private func scale(of id: NodeID, _ written: DecimalLiteral) -> Int? {
        var node = pool[id]
        while node.operation == .negate, node.left >= 0 { node = pool.nodes[Int(node.left)] }
        guard node.operation == .multiply else { return written.places }
        let power = pool.nodes[Int(node.right)]
        guard let exponent = pool.exact(NodeID(index: Int(power.right)))?.integer else { return nil }
        return written.places - exponent
    }
}

extension ExactNumber {
    /// Whether the decimal expansion ends.
    var terminates: Bool {
        guard case .small(_, let denominator) = self else { return true }
        var rest = denominator
        while rest % 2 == 0 { rest /= 2 }
        while rest % 5 == 0 { rest /= 5 }
        return rest == 1
    }
}
