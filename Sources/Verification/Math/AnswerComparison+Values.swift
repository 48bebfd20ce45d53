// Rules for single values: units, ratios, congruences, names, relations.

extension AnswerComparison {
    mutating func compareQuantities(_ a: NodeID, _ unitA: Unit, _ b: NodeID, _ unitB: Unit) -> Agreement {
        rule = "values and units must both agree"
        if unitA.factors != unitB.factors {
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
            pool[b].traits.contains(.pi)
        {
            return compareAngles(a, b)
        }
        return plain
    }

    /// Nodes were added to the pool: the identity test must see them.
    mutating func refresh() { identity = IdentityTest(pool) }

    /// Ratios are equal when their terms are proportional.
    mutating func compareRatios(_ a: [NodeID], _ b: [NodeID]) -> Agreement {
        rule = "ratios must be proportional"
        guard a.count == b.count, a.count >= 2 else { return .different }
        var result = Agreement.equal
        var products: [(NodeID, NodeID)] = []
        for index in 1..<a.count {
            let left = pool.binary(.multiply, a[0], b[index])
            products.append((left, pool.binary(.multiply, b[0], a[index])))
        }
        refresh()
        for (left, right) in products where result != .different {
            result = result.and(identity.compare(left, right))
        }
        return result
    }

    mutating func compareRatio(_ a: [NodeID], with b: NodeID) -> Agreement {
        rule = "a ratio of two equals its quotient"
        let quotient = pool.binary(.divide, a[0], a[1])
        refresh()
        return identity.compare(quotient, b)
    }

    mutating func compareCongruences(_ a: NodeID, _ m: NodeID, _ b: NodeID, _ n: NodeID) -> Agreement {
        rule = "residues are compared modulo the same number"
        guard identity.compare(m, n) == .equal else { return .different }
        guard let x = pool.exact(a), let y = pool.exact(b), let modulus = pool.exact(m), !modulus.isZero,
            let quotient = x.subtracting(y)?.divided(by: modulus)
        else { return identity.compare(a, b) }
        return quotient.isInteger ? .equal : .different
    }

    /// Names must be the same, unless both only name a function's value (`y` and `f(x)`).
    mutating func compareLabelled(_ a: AnswerLabel, _ x: AnswerForm, _ b: AnswerLabel, _ y: AnswerForm) -> Agreement {
        if a.name != b.name {
            let same = a.node.flatMap { left in b.node.map { identity.compare(left, $0) == .equal } } ?? false
            if !same && !(isWordy(a) || isWordy(b) || isFunctionValue(a, b)) {
                rule = "the values have different names"
                return .different
            }
        }
        return compare(x, y)
    }

    private func isWordy(_ label: AnswerLabel) -> Bool { label.node == nil }

    private func isFunctionValue(_ a: AnswerLabel, _ b: AnswerLabel) -> Bool {
        func isCall(_ label: AnswerLabel) -> Bool { label.node.map { pool[$0].operation == .call } ?? false }
        return isCall(a) && b.name == [0x79] || isCall(b) && a.name == [0x79]
    }

    /// `y = 2x + 1` against `2x - y + 1 = 0`: the same curve, if the named value holds variables.
    mutating func compareCurve(
        _ label: AnswerLabel, _ value: AnswerForm, _ nodes: [NodeID], _ signs: [RelationSign]
    ) -> Agreement {
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
