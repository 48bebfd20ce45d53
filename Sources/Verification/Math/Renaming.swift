// Answers with their variables renamed: `f(t) = 2t` as `f(x) = 2x`. Bound names (parameters, arguments) mean nothing.

extension ExpressionPool {
    /// A copy of a subtree in which some variables are other expressions.
    mutating func substituting(_ root: NodeID, _ values: [[UInt8]: NodeID]) -> NodeID {
        guard !symbolNames(of: root).isDisjoint(with: values.keys) else { return root }
        let first = Int(nodes[root.index].first)
        let source = Array(nodes[first...root.index])
        let needed = subtree(root)
        var moved: [Int] = []
        moved.reserveCapacity(source.count)
        for (offset, node) in source.enumerated() {
            guard needed[offset] else {
                moved.append(first + offset)
                continue
            }
            let left = node.left < 0 ? nil : NodeID(index: moved[Int(node.left) - first])
            let right = node.right < 0 ? nil : NodeID(index: moved[Int(node.right) - first])
            moved.append(copy(of: node, at: first + offset, left, right, values).index)
        }
        return NodeID(index: moved.last ?? root.index)
    }

    private mutating func copy(
        of node: Node, at index: Int, _ left: NodeID?, _ right: NodeID?, _ values: [[UInt8]: NodeID]
    ) -> NodeID {
        switch (node.operation, left, right) {
        case (.symbol, _, _): return values[symbols[Int(node.symbol)]] ?? NodeID(index: index)
        case (.call, .some(let a), _): return call(symbols[Int(node.symbol)], a)
        case (.bound, .some(let a), .some(let b)):
            let name = symbols[Int(node.symbol)]
            return bound(
                Array(name.prefix { $0 != 0x3A }), variable: Array(name.drop { $0 != 0x3A }.dropFirst()), range: a,
                body: b)
        case (_, .some(let a), .some(let b)): return binary(node.operation, a, b)
        case (_, .some(let a), nil): return unary(node.operation, a)
        default: return NodeID(index: index)
        }
    }
}

extension AnswerComparison {
    /// An expression with variables renamed; several at once do not run into one another.
    mutating func renaming(_ node: NodeID, _ names: [[UInt8]: [UInt8]]) -> NodeID {
        var values: [[UInt8]: NodeID] = [:]
        for (old, new) in names where old != new { values[old] = pool.symbol(new) }
        return values.isEmpty ? node : pool.substituting(node, values)
    }

    /// A whole answer with variables renamed, in values, conditions and the names before values.
    mutating func renaming(_ form: AnswerForm, _ names: [[UInt8]: [UInt8]]) -> AnswerForm {
        switch form {
        case .expression(let node): return .expression(renaming(node, names))
        case .quantity(let node, let unit): return .quantity(renaming(node, names), unit)
        case .family(let node, let name): return .family(renaming(node, names), parameter: names[name] ?? name)
        case .list(let items): return .list(renamingAll(items, names))
        case .set(let items): return .set(renamingAll(items, names))
        case .tuple(let items, let open, let close): return .tuple(renamingAll(items, names), open: open, close: close)
        case .matrix(let rows, let isDeterminant):
            var renamed: [[AnswerForm]] = []
            for row in rows { renamed.append(renamingAll(row, names)) }
            return .matrix(renamed, isDeterminant: isDeterminant)
        case .relation(let nodes, let signs):
            var renamed: [NodeID] = []
            for node in nodes { renamed.append(renaming(node, names)) }
            return .relation(renamed, signs)
        case .labelled(let label, let inner):
            var copy = label
            copy.name = names[label.name] ?? label.name
            copy.node = label.node.map { renaming($0, names) }
            return .labelled(copy, renaming(inner, names))
        case .intervals(let intervals): return .intervals(renaming(intervals, names))
        case .cases(let cases):
            var renamed: [(value: AnswerForm, condition: AnswerForm)] = []
            for part in cases { renamed.append((renaming(part.value, names), renaming(part.condition, names))) }
            return .cases(renamed)
        case .builder(let body, let domain, let condition):
            return .builder(body: renaming(body, names), domain: domain, condition: renaming(condition, names))
        case .parametric(let inner, let name, let domain):
            return .parametric(renaming(inner, names), parameter: names[name] ?? name, domain: domain)
        case .text(let words): return .text(words.map { names[$0] ?? $0 })
        default: return form
        }
    }

    private mutating func renamingAll(_ items: [AnswerForm], _ names: [[UInt8]: [UInt8]]) -> [AnswerForm] {
        var renamed: [AnswerForm] = []
        for item in items { renamed.append(renaming(item, names)) }
        return renamed
    }

    private mutating func renaming(_ intervals: [Interval], _ names: [[UInt8]: [UInt8]]) -> [Interval] {
        var renamed: [Interval] = []
        for interval in intervals {
            var copy = interval
            copy.low.value = interval.low.value.map { renaming($0, names) }
            copy.high.value = interval.high.value.map { renaming($0, names) }
            renamed.append(copy)
        }
        return renamed
    }
}
