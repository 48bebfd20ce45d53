// Rule for families over the integers: two arithmetic progressions without ends are compared as sets.

extension AnswerComparison {
    /// Whether `a + bk` and `c + dn` run through the same values for whole k and n.
    mutating func compareFamilies(_ a: NodeID, _ b: NodeID) -> Agreement {
        rule = "families over the integers are compared as sets of values"
        guard let left = progression(a), let right = progression(b) else { return .different }
        let sum = left.step + right.step
        let difference = left.step - right.step
        guard sum.isZero || difference.isZero else { return .different }
        if left.step.isZero { return left.start.compared(to: right.start) == .equal ? .equal : .different }
        let shift = (left.start - right.start) / left.step
        guard shift.isFinite, shift.isReal, let whole = shift.real.nearestInteger else { return .different }
        return (shift - Ball(real: HighFloat(whole: Int64(whole)))).isZero ? .equal : .different
    }

    /// Whether a form is a family, or an expression with pi and one parameter that can only be one.
    func familyNode(_ form: AnswerForm) -> NodeID? {
        switch form {
        case .family(let node, _): return node
        case .expression(let node):
            guard pool[node].traits.contains(.symbol) else { return nil }
            return node
        case .quantity(let node, _): return pool[node].traits.contains(.symbol) ? node : nil
        default: return nil
        }
    }

    /// Start and step, when the expression is linear in its one variable.
    private mutating func progression(_ node: NodeID) -> (start: Ball, step: Ball)? {
        let needed = pool.subtree(node)
        let first = Int(pool[node].first)
        var names = Set<[UInt8]>()
        for index in first...node.index where needed[index - first] && pool.nodes[index].operation == .symbol {
            names.insert(pool.name(of: NodeID(index: index)))
        }
        guard names.count == 1 else { return nil }
        var values: [Ball] = []
        for index in 0..<4 {
            let point = EvaluationPoint(index: UInt64(index), domain: .fixed(Int64(index)), isStrictlyReal: true)
            values.append(identity.evaluator.value(of: node, at: point))
        }
        guard values.allSatisfy({ $0.isFinite && $0.isReal }) else { return nil }
        let step = values[1] - values[0]
        guard ((values[2] - values[1]) - step).isZero, ((values[3] - values[2]) - step).isZero else { return nil }
        return (values[0], step)
    }
}
