// The value of a subtree at one seeded point: a loop over the nodes, children first. The same names get the same values
// on both sides, and the same seed gives the same values on every machine.
import Domain

/// Where the variables of an evaluation stand.
struct EvaluationPoint: Sendable {
    enum Domain: Sendable {
        case positive, signed, integers
        /// Every variable has this value.
        case fixed(Int64)
    }

    var index: UInt64
    var domain: Domain
    /// Real functions are undefined outside their real domain instead of going complex.
    var isStrictlyReal: Bool

    /// The point as one number, for remembering values.
    var key: UInt64 {
        let place: UInt64 =
            switch domain {
            case .positive: 0
            case .signed: 1
            case .integers: 2
            case .fixed(let whole): 3 + UInt64(bitPattern: whole) << 2
            }
        return (place << 5 | index) << 1 | (isStrictlyReal ? 1 : 0)
    }

    /// The value of a variable here.
    func value(of name: [UInt8]) -> Ball {
        if case .fixed(let whole) = domain { return Ball(real: HighFloat(whole: whole)) }
        var generator = SeededGenerator.stream(index, of: CommandTable.hash(name))
        _ = generator.next()
        let bits = generator.next()
        if case .integers = domain { return Ball(real: HighFloat(whole: Int64(2 + bits % 9))) }
        let unit = Double(bits >> 11) * 0x1p-53
        let ranges: [(Double, Double)] = [(0.31, 0.93), (1.07, 2.9), (0.11, 1.7), (2.3, 7.1)]
        let (low, high) = ranges[Int(index % 4)]
        let magnitude = low + (high - low) * unit
        var isNegative = false
        if case .signed = domain { isNegative = generator.next() & 1 == 1 }
        return Ball(real: HighFloat(double: isNegative ? -magnitude : magnitude))
    }
}

/// Evaluates subtrees of one pool within the verdict's budget of work.
struct Evaluator {
    let pool: ExpressionPool
    /// Values found before, where many answers are compared with many.
    private var known: [Key: Ball] = [:]
    private var isRemembering = false

    private struct Key: Hashable {
        var node: Int
        var point: UInt64
    }

    init(_ pool: ExpressionPool) { self.pool = pool }

    /// Whether the budget ran out; results since then are undefined.
    var isExhausted: Bool { pool.work.isExhausted }

    /// Keeps values from now on: in unordered matching every item is asked for once for each on the other side.
    mutating func remember() { isRemembering = true }

    /// The value of a subtree at a point.
    mutating func value(of root: NodeID, at point: EvaluationPoint) -> Ball {
        if let exact = pool.exact(root) {
            pool.work.note(4 + 4 * exact.words)
            return Ball(exact)
        }
        guard isRemembering else { return evaluate(root.index, at: point, overrides: [:], depth: 0) }
        let key = Key(node: root.index, point: point.key)
        pool.work.note(10)
        if let value = known[key] { return value }
        let value = evaluate(root.index, at: point, overrides: [:], depth: 0)
        if known.count < Limits.mathItemsMax * 8 { known[key] = value }
        return value
    }

    private mutating func evaluate(
        _ root: Int, at point: EvaluationPoint, overrides: [Int32: Ball], depth: Int
    ) -> Ball {
        let first = Int(pool.nodes[root].first)
        guard pool.work.spend(20 + 4 * (root - first + 1) + 4 * overrides.count), depth < 4 else { return .undefined }
        var values = [Ball]()
        values.reserveCapacity(root - first + 1)
        var bound = overrides
        let needed = pool.subtree(NodeID(index: root))
        for index in first...root where needed[index - first] && pool.nodes[index].operation == .bound {
            bind(pool.nodes[index], &bound)
        }
        if !bound.isEmpty { pool.work.note(5 * needed.count) }
        for index in first...root {
            let node = pool.nodes[index]
            if !needed[index - first] {
                values.append(.undefined)
            } else if let fixed = bound.isEmpty ? nil : bound[Int32(index)] {
                values.append(fixed)
            } else if node.exact >= 0 {
                let exact = pool.exactValues[Int(node.exact)]
                pool.work.note(4 + 4 * exact.words)
                values.append(Ball(exact))
            } else if node.operation == .bound {
                values.append(boundValue(node, values, first, point, bound, depth))
            } else {
                let left = node.left < 0 ? nil : values[Int(node.left) - first]
                let right = node.right < 0 ? nil : values[Int(node.right) - first]
                guard pool.work.spend(EvaluationCost.units(node.operation, left, right)) else { return .undefined }
                values.append(apply(node, left, right, at: point))
            }
        }
        return values.last ?? .undefined
    }

    /// Gives a bound variable one value whatever its name, inside its body.
    private func bind(_ node: Node, _ bound: inout [Int32: Ball]) {
        let name = Array(pool.symbols[Int(node.symbol)].drop { $0 != 0x3A }.dropFirst())
        let body = pool.nodes[Int(node.right)]
        pool.work.note(60 + Int(node.right) - Int(body.first))
        var value: Ball?
        for index in body.first...node.right where pool.nodes[Int(index)].operation == .symbol {
            guard pool.symbols[Int(pool.nodes[Int(index)].symbol)] == name, bound[index] == nil else { continue }
            value = value ?? EvaluationPoint(index: 2, domain: .positive, isStrictlyReal: false).value(of: [0x23])
            bound[index] = value
        }
    }

    /// A finite numeric sum or product by its terms; everything else as an opaque function of range and body.
    private mutating func boundValue(
        _ node: Node, _ values: [Ball], _ first: Int, _ point: EvaluationPoint, _ bound: [Int32: Ball], _ depth: Int
    ) -> Ball {
        let range = pool.nodes[Int(node.left)]
        let kind = pool.symbols[Int(node.symbol)].first ?? 0
        let low = rangeEnd(range.left, values, first)
        let high = rangeEnd(range.right, values, first)
        if kind == 0x53 || kind == 0x50, let low, let high, low.magnitude < 1 << 40, high.magnitude < 1 << 40,
            high >= low, high - low < 64
        {
            let name = Array(pool.symbols[Int(node.symbol)].drop { $0 != 0x3A }.dropFirst())
            var total = Ball(real: kind == 0x53 ? .zero : .one)
            for term in low...high {
                guard !isExhausted else { return .undefined }
                pool.work.note(10 * bound.count + Int(node.right - pool.nodes[Int(node.right)].first))
                var inner = bound
                for index in pool.nodes[Int(node.right)].first...node.right
                where pool.nodes[Int(index)].operation == .symbol
                    && pool.symbols[Int(pool.nodes[Int(index)].symbol)] == name
                {
                    inner[index] = Ball(real: HighFloat(whole: Int64(term)))
                }
                let value = evaluate(Int(node.right), at: point, overrides: inner, depth: depth + 1)
                total = kind == 0x53 ? total + value : total * value
            }
            return total
        }
        let body = values[Int(node.right) - first]
        let span = hashed(values[Int(node.left) - first], [kind])
        return body * span
    }

    /// An end of a sum's range as a whole number here: exact, or a variable's value at this point.
    private func rangeEnd(_ index: Int32, _ values: [Ball], _ first: Int) -> Int? {
        if let exact = pool.exact(NodeID(index: Int(index))) { return exact.integer }
        let place = Int(index) - first
        guard values.indices.contains(place), pool.nodes[Int(index)].traits.contains(.symbol) else { return nil }
        let value = values[place]
        guard value.isFinite, value.isReal, let whole = value.real.nearestInteger, abs(whole) < 1 << 20 else {
            return nil
        }
        return (value - Ball(real: HighFloat(whole: Int64(whole)))).isZero ? whole : nil
    }

    /// A value that depends on a name and an argument and on nothing else.
    private func hashed(_ argument: Ball, _ name: [UInt8]) -> Ball {
        guard argument.isFinite else { return argument }
        func bits(_ part: HighFloat) -> UInt64 {
            part.isZero || part.exponent < argument.exponent - 100
                ? 0
                : UInt64(truncatingIfNeeded: (part.high &+ (1 << 63)) >> 64) &+ UInt64(bitPattern: Int64(part.exponent))
                    &+ (part.negative ? 1 << 40 : 0)
        }
        let seed = CommandTable.hash(name) ^ bits(argument.real) &* 0x9E37_79B9_7F4A_7C15 ^ bits(argument.imaginary)
        var generator = SeededGenerator(seed: seed)
        return Ball(real: HighFloat(double: 0.4 + Double(generator.next() >> 11) * 0x1p-53))
    }

    private func apply(_ node: Node, _ left: Ball?, _ right: Ball?, at point: EvaluationPoint) -> Ball {
        switch (node.operation, left, right) {
        case (.symbol, _, _): return point.value(of: pool.symbols[Int(node.symbol)])
        case (.pi, _, _): return .pi
        case (.euler, _, _): return .euler
        case (.imaginaryUnit, _, _): return Ball(real: .zero, imaginary: .one)
        case (.add, .some(let a), .some(let b)): return a + b
        case (.subtract, .some(let a), .some(let b)): return a - b
        case (.multiply, .some(let a), .some(let b)): return a * b
        case (.divide, .some(let a), .some(let b)): return a / b
        case (.negate, .some(let a), _): return -a
        case (.power, .some(let a), .some(let b)): return power(node, a, b, at: point)
        case (.root, .some(let a), .some(let b)): return root(a, b, at: point)
        case (.call, .some(let a), _): return hashed(a, pool.symbols[Int(node.symbol)])
        case (.pair, .some(let a), .some(let b)):
            return a * Ball(real: HighFloat(double: 1.180_339_887)) + b * Ball(real: HighFloat(double: 0.732_050_807))
        case (.plusMinus, .some(let a), .some(let b)): return a + b
        case (.minusPlus, .some(let a), .some(let b)): return a - b
        case (let operation, .some(let a), .some(let b)): return discrete(operation, a, b)
        case (let operation, .some(let a), nil): return function(operation, a, node, at: point)
        default: return .undefined
        }
    }

    private func power(_ node: Node, _ a: Ball, _ b: Ball, at point: EvaluationPoint) -> Ball {
        if b.isFinite, b.isReal, b.error == Ball.exactError, let count = b.real.nearestInteger,
            abs(count) < 1 << 20, Ball(real: HighFloat(whole: Int64(count))).real == b.real
        {
            return a.isZero && count <= 0 ? .undefined : a.raised(to: count)
        }
        guard pool.work.spend(b.isReal ? 500 : 1_400) else { return .undefined }
        if pool.nodes[Int(node.left)].operation == .euler { return b.exponential }
        if point.isStrictlyReal, a.isFinite, !a.isReal || a.real.negative { return .undefined }
        return a.raised(to: b)
    }

    /// The real root where there is one, else the principal root.
    private func root(_ a: Ball, _ degree: Ball, at point: EvaluationPoint) -> Ball {
        guard a.isFinite, degree.isFinite, !degree.isZero else { return .undefined }
        let whole = degree.isReal ? degree.real.nearestInteger : nil
        if a.isReal, a.real.negative, let whole, whole % 2 != 0 { return -((-a).raised(to: Ball.one / degree)) }
        if point.isStrictlyReal, a.real.negative || !a.isReal { return .undefined }
        return a.isZero ? a : a.raised(to: Ball.one / degree)
    }
}
