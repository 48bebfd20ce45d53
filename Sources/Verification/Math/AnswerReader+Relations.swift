// Equations, inequalities, chains, membership: `x = 3`, `2 < x \le 5`, `x \in S`, `2x + y = 4`.

extension AnswerReader {
    mutating func readRelation(_ low: Int, _ high: Int) -> AnswerForm? {
        let signs = topLevel(low, high) { $0.isRelation }
        guard let first = signs.first else { return nil }
        if let arrow = signs.first(where: { answer.tokens[$0].kind == .elementOf }) {
            guard signs.count == 1, let set = read(arrow + 1, high) else { return nil }
            guard let label = label(low, arrow) else { return nil }
            // To be in a set of one is to be its element.
            if case .set(let items) = set, items.count == 1 { return .labelled(label, items[0]) }
            return .labelled(label, bracketedAsInterval(set))
        }
        if let rough = signs.first(where: { answer.tokens[$0].kind == .approximately }) {
            return readApproximation(low, high, at: rough, signs)
        }
        if signs.contains(where: { answer.tokens[$0].kind == .equivalent }) { return readEquivalence(low, high, signs) }
        guard low < first || signs.count > 1 else { return readHalfLine(first, high) }
        var relations: [RelationSign] = []
        for sign in signs {
            guard let relation = answer.tokens[sign].kind.relation else { return nil }
            relations.append(relation)
        }
        if relations.allSatisfy({ $0 == .equal }) { return readEquation(low, high, signs) }
        return readInequality(low, high, signs, relations)
    }

    /// `= 5` is 5; `\ge 5` is a half-line.
    private mutating func readHalfLine(_ sign: Int, _ high: Int) -> AnswerForm? {
        guard let relation = answer.tokens[sign].kind.relation, relation != .equal, relation != .notEqual else {
            return answer.tokens[sign].kind == .equal ? read(sign + 1, high) : nil
        }
        guard let bound = expression(sign + 1, high) else { return nil }
        let open = IntervalEnd(value: nil, isClosed: false)
        switch relation {
        case .less, .lessOrEqual:
            return .intervals([Interval(low: open, high: end(bound, isClosed: relation == .lessOrEqual))])
        default: return .intervals([Interval(low: end(bound, isClosed: relation == .greaterOrEqual), high: open)])
        }
    }

    /// What stands before the first `\approx` is the answer, unless it is only a name.
    private mutating func readApproximation(_ low: Int, _ high: Int, at rough: Int, _ signs: [Int]) -> AnswerForm? {
        if rough == low { return read(rough + 1, high) }
        let isChain = signs.contains { $0 < rough }
        if !isChain, let label = label(low, rough), pureNumber(low, rough) == nil, let inner = read(rough + 1, high) {
            return .labelled(label, inner)
        }
        return read(low, rough)
    }

    private mutating func pureNumber(_ low: Int, _ high: Int) -> NodeID? {
        guard let node = expression(low, high), !pool[node].traits.contains(.symbol) else { return nil }
        return node
    }

    private mutating func readEquivalence(_ low: Int, _ high: Int, _ signs: [Int]) -> AnswerForm? {
        guard signs.count == 1, let sign = signs.first, let label = label(low, sign),
            let inner = readCongruence(sign + 1, high)
        else { return nil }
        return .labelled(label, inner)
    }

    private mutating func readEquation(_ low: Int, _ high: Int, _ signs: [Int]) -> AnswerForm? {
        let bounds = [low - 1] + signs + [high]
        var segments = zip(bounds, bounds.dropFirst()).map { ($0 + 1, $1) }
        guard segments.allSatisfy({ $0.0 < $0.1 }) else { return nil }
        var name: AnswerLabel?
        if let head = segments.first, isName(head.0, head.1) {
            name = label(head.0, head.1)
            segments.removeFirst()
        }
        if segments.count == 1, let only = segments.first {
            guard let name else { return nil }
            guard let inner = read(only.0, only.1) else { return nil }
            return named(name, inner)
        }
        if let value = consistentChain(segments) { return name.map { .labelled($0, value) } ?? value }
        var nodes: [NodeID] = []
        if let node = name?.node { nodes.append(node) }
        for segment in segments {
            guard let node = expression(segment.0, segment.1) else { return nil }
            nodes.append(node)
        }
        if nodes.count == 2, name == nil, let last = segments.last, isName(last.0, last.1), !hasSymbols(nodes[0]),
            let label = label(last.0, last.1)
        {
            return .labelled(label, .expression(nodes[0]))
        }
        return .relation(nodes, Array(repeating: .equal, count: nodes.count - 1))
    }

    /// A name for a value that holds the name itself is an equation.
    private mutating func named(_ label: AnswerLabel, _ inner: AnswerForm) -> AnswerForm {
        if case .expression(let value) = inner, let node = label.node, pool[node].operation == .symbol {
            let name = pool.name(of: node)
            let first = Int(pool[value].first)
            let holdsItself = (first...value.index).contains {
                pool.nodes[$0].operation == .symbol && pool.name(of: NodeID(index: $0)) == name
            }
            if holdsItself { return .relation([node, value], [.equal]) }
        }
        return .labelled(label, bracketedAsInterval(inner, onlyMixed: true))
    }

    /// The last member of a chain whose members are all equal: `3 + 4 = 7`. Nil if they are not, or are no numbers.
    private mutating func consistentChain(_ segments: [(Int, Int)]) -> AnswerForm? {
        guard segments.count >= 2 else { return nil }
        var nodes: [NodeID] = []
        for segment in segments {
            guard let node = expression(segment.0, segment.1) else { return nil }
            nodes.append(node)
        }
        var test = IdentityTest(pool)
        for (left, right) in zip(nodes, nodes.dropFirst()) where test.compare(left, right) != .equal { return nil }
        return nodes.last.map { .expression($0) }
    }

    func hasSymbols(_ id: NodeID) -> Bool { pool[id].traits.contains(.symbol) }

    private mutating func readInequality(
        _ low: Int, _ high: Int, _ signs: [Int], _ relations: [RelationSign]
    ) -> AnswerForm? {
        let bounds = [low - 1] + signs + [high]
        var nodes: [NodeID] = []
        for (left, right) in zip(bounds, bounds.dropFirst()) {
            guard let node = expression(left + 1, right) else { return nil }
            nodes.append(node)
        }
        if let solved = solvedInterval(nodes, relations) { return solved }
        return .relation(nodes, relations)
    }

    /// An inequality between one variable and constants is an interval of that variable.
    private mutating func solvedInterval(_ nodes: [NodeID], _ relations: [RelationSign]) -> AnswerForm? {
        let variables = nodes.indices.filter { isVariable(nodes[$0]) }
        guard variables.count == 1, let place = variables.first, nodes.count <= 3, nodes.count == 2 || place == 1 else {
            return nil
        }
        var variable = nodes[place]
        var others = nodes
        var signs = relations
        if pool[variable].operation == .negate {
            variable = NodeID(index: Int(pool[variable].left))
            for index in others.indices where index != place { others[index] = pool.unary(.negate, others[index]) }
            signs = signs.map(\.mirrored)
        }
        guard !others.indices.contains(where: { $0 != place && mentions(others[$0], variable) }) else { return nil }
        var low = IntervalEnd(value: nil, isClosed: false)
        var high = IntervalEnd(value: nil, isClosed: false)
        for (index, sign) in signs.enumerated() {
            let isLeft = index < place
            let bound = others[isLeft ? index : index + 1]
            switch isLeft ? sign.mirrored : sign {
            case .less, .lessOrEqual:
                guard high.value == nil else { return nil }
                high = end(bound, isClosed: (isLeft ? sign.mirrored : sign) == .lessOrEqual)
            case .greater, .greaterOrEqual:
                guard low.value == nil else { return nil }
                low = end(bound, isClosed: (isLeft ? sign.mirrored : sign) == .greaterOrEqual)
            case .notEqual where signs.count == 1:
                return labelled(
                    variable,
                    [
                        Interval(low: low, high: IntervalEnd(value: bound, isClosed: false)),
                        Interval(low: IntervalEnd(value: bound, isClosed: false), high: high),
                    ])
            default: return nil
            }
        }
        if pool[variable].operation == .absolute { return absoluteInterval(variable, low, high) }
        return labelled(variable, [Interval(low: low, high: high)])
    }

    private func end(_ node: NodeID, isClosed: Bool) -> IntervalEnd {
        let isInfinite = IdentityTest(pool).infinitySign(node) != nil
        return IntervalEnd(value: isInfinite ? nil : node, isClosed: isClosed && !isInfinite)
    }

    /// `|z| < 3` and `1 \le |z| \le 3/2` as intervals of z.
    private mutating func absoluteInterval(_ node: NodeID, _ low: IntervalEnd, _ high: IntervalEnd) -> AnswerForm? {
        let variable = NodeID(index: Int(pool[node].left))
        guard pool[variable].operation == .symbol else { return nil }
        let negatedHigh = IntervalEnd(value: high.value.map { pool.unary(.negate, $0) }, isClosed: high.isClosed)
        guard let bound = low.value else { return labelled(variable, [Interval(low: negatedHigh, high: high)]) }
        let negatedLow = IntervalEnd(value: pool.unary(.negate, bound), isClosed: low.isClosed)
        return labelled(variable, [Interval(low: negatedHigh, high: negatedLow), Interval(low: low, high: high)])
    }

    private func labelled(_ variable: NodeID, _ intervals: [Interval]) -> AnswerForm {
        .labelled(AnswerLabel(name: pool.name(of: variable), node: variable), .intervals(intervals))
    }

    private func isVariable(_ id: NodeID) -> Bool {
        let node = pool[id]
        switch node.operation {
        case .symbol, .call: return true
        case .absolute, .negate: return node.left >= 0 && pool.nodes[Int(node.left)].operation == .symbol
        default: return false
        }
    }

    private func mentions(_ id: NodeID, _ variable: NodeID) -> Bool {
        let name = pool.name(of: variable)
        let first = Int(pool[id].first)
        let needed = pool.subtree(id)
        return (first...id.index).contains {
            needed[$0 - first] && pool.nodes[$0].symbol >= 0 && pool.name(of: NodeID(index: $0)) == name
        }
    }

    /// Round and square pairs read as intervals where the context says so (`x \in (1, 2)`).
    func bracketedAsInterval(_ form: AnswerForm, onlyMixed: Bool = false) -> AnswerForm {
        guard case .tuple(let items, let open, let close) = form, items.count == 2, open != .angle else { return form }
        if onlyMixed && open == close { return form }
        return AnswerReader.interval(items, open, close) ?? form
    }

    /// Two expressions in round or square brackets as an interval.
    static func interval(_ items: [AnswerForm], _ open: Bracket, _ close: Bracket) -> AnswerForm? {
        guard items.count == 2, case .expression(let low) = items[0], case .expression(let high) = items[1],
            open != .angle
        else { return nil }
        return .intervals([
            Interval(
                low: IntervalEnd(value: low, isClosed: open == .square),
                high: IntervalEnd(value: high, isClosed: close == .square))
        ])
    }
}

extension MathToken.Kind {
    var isRelation: Bool {
        switch self {
        case .equal, .approximately, .notEqual, .less, .greater, .lessOrEqual, .greaterOrEqual, .equivalent, .elementOf:
            true
        default: false
        }
    }

    var relation: RelationSign? {
        switch self {
        case .equal: .equal
        case .notEqual: .notEqual
        case .less: .less
        case .greater: .greater
        case .lessOrEqual: .lessOrEqual
        case .greaterOrEqual: .greaterOrEqual
        default: nil
        }
    }
}
