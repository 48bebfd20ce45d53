// Rules for single values: units, ratios, congruences, names, relations.

extension AnswerComparison {
    /// Identity, also when capitals written together are a product on the other side, or constants have other names.
    mutating func compareExpressions(_ a: NodeID, _ b: NodeID) -> Agreement {
        rule = "both are expressions and must be identical"
        let agreement = identity.compare(a, b)
        guard agreement == .different, identity.hasSymbols(a), identity.hasSymbols(b) else { return agreement }
        let (x, y) = (splittingNames(a, like: b), splittingNames(b, like: a))
        if x != a || y != b {
            refresh()
            if identity.compare(x, y) == .equal { return .equal }
        }
        return compareUpToConstants(x, y)
    }

    /// `GM` as `G` times `M`, where the other side has the letters apart and not the name.
    private mutating func splittingNames(_ node: NodeID, like other: NodeID) -> NodeID {
        let (names, others) = (pool.symbolNames(of: node), pool.symbolNames(of: other))
        var values: [[UInt8]: NodeID] = [:]
        for name in names.subtracting(others)
        where (2...4).contains(name.count) && name.allSatisfy({ $0 >= 0x41 && $0 <= 0x5A })
            && (name.allSatisfy({ others.contains([$0]) }) || isReordered(name, in: others))
        {
            var product: NodeID?
            for letter in name {
                let factor = pool.symbol([letter])
                product = product.map { pool.binary(.multiply, $0, factor) } ?? factor
            }
            values[name] = product
        }
        return values.isEmpty ? node : pool.substituting(node, values)
    }

    /// Whether the same letters stand together in another order, and are not the points of a figure.
    private func isReordered(_ name: [UInt8], in others: Set<[UInt8]>) -> Bool {
        guard name.contains(where: { "GHIJKLRTUVW".utf8.contains($0) }) else { return false }
        return others.contains { $0.count == name.count && $0 != name && $0.sorted() == name.sorted() }
    }

    /// Arbitrary constants (`+ C`, `C_1 e^x + C_2 e^{-x}`) may have other names.
    private mutating func compareUpToConstants(_ a: NodeID, _ b: NodeID) -> Agreement {
        let (left, right) = (pool.symbolNames(of: a), pool.symbolNames(of: b))
        let mine = left.filter { AnswerComparison.isConstant($0, isReference: true) }
        let theirs = right.filter {
            AnswerComparison.isConstant($0, isReference: false) && (!left.contains($0) || mine.contains($0))
        }
        guard !mine.isEmpty, mine.count == theirs.count, mine.count <= 3, mine != left,
            mine != theirs || mine.count > 1,
            left.subtracting(mine) == right.subtracting(theirs)
        else { return .different }
        let targets = mine.sorted { $0.lexicographicallyPrecedes($1) }
        for order in permutations(theirs.sorted { $0.lexicographicallyPrecedes($1) }) {
            var names: [[UInt8]: [UInt8]] = [:]
            for (old, new) in zip(order, targets) { names[old] = new }
            let renamed = renaming(b, names)
            refresh()
            if identity.compare(a, renamed) == .equal {
                rule = "arbitrary constants may have other names"
                return .equal
            }
        }
        rule = "both are expressions and must be identical"
        return .different
    }

    private func permutations(_ items: [[UInt8]]) -> [[[UInt8]]] {
        guard items.count > 1 else { return [items] }
        return items.indices.flatMap { index in
            permutations(items.indices.filter { $0 != index }.map { items[$0] }).map { [items[index]] + $0 }
        }
    }

    /// `C`, `C_1`, `c_2` in a reference; also `K`, `A`, `B` and small ones in an answer.
    private static func isConstant(_ name: [UInt8], isReference: Bool) -> Bool {
        guard let first = name.first, name.count == 1 || name.count == 3 && name[1] == 0x5F && isDigitByte(name[2])
        else {
            return false
        }
        if isReference { return first == 0x43 || first == 0x63 && name.count == 3 }
        return "CcKkAB".utf8.contains(first)
    }

    mutating func compareQuantities(_ a: NodeID, _ unitA: Unit, _ b: NodeID, _ unitB: Unit) -> Agreement {
        rule = "values and units must both agree"
        if !unitA.agrees(with: unitB) {
            if let (degrees, radians) = angles(a, unitA, b, unitB) { return compareAngles(degrees, radians) }
            rule = "the units differ"
            return .different
        }
        return identity.compare(a, b)
    }

    private func angles(_ a: NodeID, _ unitA: Unit, _ b: NodeID, _ unitB: Unit) -> (NodeID, NodeID)? {
        let names = [unitA, unitB].map { $0.factors.count == 1 && $0.factors[0].exponent == 1 ? $0.factors[0].name : 0 }
        if names == [UnitTable.degree, UnitTable.radian] { return (a, b) }
        if names == [UnitTable.radian, UnitTable.degree] { return (b, a) }
        return nil
    }

    private mutating func compareAngles(_ degrees: NodeID, _ radians: NodeID) -> Agreement {
        rule = "an angle in degrees against one in radians"
        let straight = pool.number(ExactNumber(180))
        let pi = pool.constant(.pi)
        let product = pool.binary(.multiply, degrees, pi)
        let converted = pool.binary(.divide, product, straight)
        refresh()
        return identity.compare(converted, radians)
    }

    /// A unit on one side only is ignored; degrees also equal their radians.
    mutating func compareQuantity(_ a: NodeID, _ unit: Unit, with b: NodeID) -> Agreement {
        rule = "a unit on one side only is ignored"
        let plain = identity.compare(a, b)
        if plain == .different, unit.factors.first?.name == UnitTable.degree, unit.factors.count == 1,
            pool.exact(b) == nil
        {
            return compareAngles(a, b)
        }
        return plain
    }

    /// Nodes were added to the pool: the identity test must see them.
    mutating func refresh() {
        // The first node that was added has copied the pool.
        pool.work.note(20 + pool.copyCost)
        identity = IdentityTest(pool)
    }

    /// `y = 2x + 1` against `2x - y + 1 = 0`: the same curve, if the named value holds variables.
    mutating func compareCurve(
        _ label: AnswerLabel, _ value: AnswerForm, _ nodes: [NodeID], _ signs: [RelationSign], isSolved: Bool = true
    ) -> Agreement {
        if !isSolved, case .intervals(let solution) = value, let variable = label.node,
            let relation = relation(variable, solution)
        {
            rule = "the reference is an inequality, the answer solves it"
            return compareRelations(nodes, signs, relation.nodes, [relation.sign])
        }
        if nodes.count > 2, signs.allSatisfy({ $0 == .equal }), let name = label.node, let last = nodes.last,
            pool[nodes[0]].operation == .symbol, pool[name].operation == .symbol,
            pool.name(of: name) == pool.name(of: nodes[0])
        {
            rule = "a chain for the same name ends in its value"
            return compare(value, .expression(last))
        }
        guard case .expression(let right) = value, let left = label.node, identity.hasSymbols(right) else {
            rule = "an unsolved relation is no solution"
            return .different
        }
        return compareRelations([left, right], [.equal], nodes, signs)
    }

    /// One half-line as the inequality that it solves.
    private func relation(_ variable: NodeID, _ solution: [Interval]) -> (nodes: [NodeID], sign: RelationSign)? {
        guard solution.count == 1, let interval = solution.first else { return nil }
        switch (interval.low.value, interval.high.value) {
        case (.some(let low), nil): return ([variable, low], interval.low.isClosed ? .greaterOrEqual : .greater)
        case (nil, .some(let high)): return ([variable, high], interval.high.isClosed ? .lessOrEqual : .less)
        default: return nil
        }
    }

    /// Two relations are the same when their sides' differences are proportional, for inequalities by a positive factor.
    mutating func compareRelations(
        _ a: [NodeID], _ signsA: [RelationSign], _ b: [NodeID], _ signsB: [RelationSign]
    ) -> Agreement {
        rule = "equations are compared up to a factor"
        guard a.count == b.count else { return .different }
        if a.count > 2 { return compareChains(a, signsA, b, signsB) }
        guard a.count == 2, let signA = signsA.first, let signB = signsB.first else { return .different }
        var second = b
        if signA != signB {
            guard signA == signB.mirrored else { return .different }
            second.reverse()
        }
        let left = pool.binary(.subtract, a[0], a[1])
        let right = pool.binary(.subtract, second[0], second[1])
        refresh()
        return identity.compareProportional(left, right, positive: signA != .equal && signA != .notEqual)
    }

    /// Chains member by member, or read from the other end.
    private mutating func compareChains(
        _ a: [NodeID], _ signsA: [RelationSign], _ b: [NodeID], _ signsB: [RelationSign]
    ) -> Agreement {
        var (other, signs) = (b, signsB)
        if signs != signsA {
            other.reverse()
            signs = signs.reversed().map(\.mirrored)
        }
        guard signs == signsA else { return .different }
        var result = Agreement.equal
        for (x, y) in zip(a, other) { result = result.and(identity.compare(x, y)) }
        return result
    }
}

extension IdentityTest {
    /// Whether one expression is a constant multiple of another.
    mutating func compareProportional(_ a: NodeID, _ b: NodeID, positive: Bool) -> Agreement {
        let isComplex = pool[a].traits.union(pool[b].traits).contains(.imaginary)
        var ratio: Ball?
        var agreeing = 0
        for index in 0..<8 {
            let domain: EvaluationPoint.Domain = needsIntegers(a) ? .integers : index % 2 == 0 ? .positive : .signed
            let point = EvaluationPoint(index: UInt64(index), domain: domain, isStrictlyReal: !isComplex)
            let x = evaluator.value(of: a, at: point)
            let y = evaluator.value(of: b, at: point)
            guard x.isFinite, y.isFinite else { continue }
            if x.isZero || y.isZero {
                if x.isZero != y.isZero { return .different }
                continue
            }
            let quotient = x / y
            if positive, quotient.real.negative || !quotient.isReal { return .different }
            guard let known = ratio else {
                ratio = quotient
                continue
            }
            switch known.compared(to: quotient) {
            case .equal: agreeing += 1
            case .different: return .different
            case .unclear: continue
            }
            if agreeing == 3 { return .equal }
        }
        return evaluator.isExhausted || agreeing > 0 ? .unclear : .different
    }
}
