// Rules for named values: `x = 3`, `f(x) = 2x`, `(p, q) = (3, 2)`. Names mean something, arguments' names do not.

extension AnswerComparison {
    /// Names must be the same, unless an argument is renamed or both only name a function's value (`y` and `f(x)`).
    mutating func compareLabelled(_ a: AnswerLabel, _ x: AnswerForm, _ b: AnswerLabel, _ y: AnswerForm) -> Agreement {
        if a.parts.count > 1, b.parts.count > 1, a.name != b.name { return comparePermuted(a.parts, x, b.parts, y) }
        guard a.name != b.name, !sameNode(a, b) else { return compare(x, y) }
        if let renamed = renamedArguments(a, x, b, y) {
            rule = "the names of arguments do not matter"
            refresh()
            return compare(x, renamed)
        }
        if isWordyMatch(a, b) || isFunctionValue(a, b) { return compare(x, y) }
        if let nodeA = a.node, let nodeB = b.node, case .expression(let u) = x, case .expression(let v) = y,
            a.name == [0x79], mentions(u, nodeB), mentions(v, nodeA)
        {
            rule = "the same curve, solved for another variable"
            return compareRelations([nodeA, u], [.equal], [nodeB, v], [.equal])
        }
        rule = "the values have different names"
        return .different
    }

    private mutating func sameNode(_ a: AnswerLabel, _ b: AnswerLabel) -> Bool {
        guard let left = a.node, let right = b.node else { return false }
        return identity.compare(left, right) == .equal
    }

    private func mentions(_ node: NodeID, _ variable: NodeID) -> Bool {
        pool[variable].operation == .symbol && pool.symbolNames(of: node).contains(pool.name(of: variable))
    }

    /// `(x, y) = (2, 9)` against `(y, x) = (9, 2)`: the places are put in the reference's order.
    private mutating func comparePermuted(
        _ a: [[UInt8]], _ x: AnswerForm, _ b: [[UInt8]], _ y: AnswerForm
    ) -> Agreement {
        rule = "the names of a tuple's places"
        let places = a.compactMap { b.firstIndex(of: $0) }
        guard a.count == b.count, Set(places).count == a.count, let moved = permuted(y, places) else {
            return .different
        }
        return compare(x, moved)
    }

    private func permuted(_ form: AnswerForm, _ places: [Int]) -> AnswerForm? {
        switch form {
        case .tuple(let items, let open, let close) where items.count == places.count:
            return .tuple(places.map { items[$0] }, open: open, close: close)
        case .list(let items):
            let moved = items.compactMap { permuted($0, places) }
            return moved.count == items.count ? .list(moved) : nil
        default: return nil
        }
    }

    /// Words name what a letter names; two words must share a part ("area" and "area of the triangle").
    private func isWordyMatch(_ a: AnswerLabel, _ b: AnswerLabel) -> Bool {
        guard a.node == nil || b.node == nil else { return false }
        guard a.node == nil, b.node == nil else { return true }
        let (long, short) = a.name.count >= b.name.count ? (a.name, b.name) : (b.name, a.name)
        return lastRange(of: short, in: long[...]) != nil
    }

    private func isFunctionValue(_ a: AnswerLabel, _ b: AnswerLabel) -> Bool {
        func function(_ label: AnswerLabel) -> [UInt8]? {
            label.node.flatMap { pool[$0].operation == .call ? pool.name(of: $0) : nil }
        }
        if let name = function(a) { return b.name == [0x79] || b.name == name }
        if let name = function(b) { return a.name == [0x79] || a.name == name }
        return false
    }

    /// The response's value with its arguments named as the reference's: `f(t) = 2t`, `a_k = 2k`; nil when names differ.
    private mutating func renamedArguments(
        _ a: AnswerLabel, _ x: AnswerForm, _ b: AnswerLabel, _ y: AnswerForm
    ) -> AnswerForm? {
        guard let left = a.node, let right = b.node else { return nil }
        guard let from = arguments(right), let to = arguments(left), from.name == to.name,
            from.variables.count == to.variables.count, Set(from.variables).count == from.variables.count
        else { return nil }
        var names: [[UInt8]: [UInt8]] = [:]
        for (old, new) in zip(from.variables, to.variables) { names[old] = new }
        // The reference's argument in the response's value is another variable.
        for new in to.variables where !from.variables.contains(new) { names[new] = [0x23] + new }
        return renaming(y, names)
    }

    /// A function's name and its variables: `f(x, y)`, or `a_n` with one letter as index.
    private func arguments(_ node: NodeID) -> (name: [UInt8], variables: [[UInt8]])? {
        let top = pool[node]
        if top.operation == .symbol {
            let name = pool.name(of: node)
            guard name.count == 3, name[1] == 0x5F, isLetterByte(name[2]) else { return nil }
            return ([name[0]], [[name[2]]])
        }
        guard top.operation == .call, top.left >= 0 else { return nil }
        var variables: [[UInt8]] = []
        var rest = Int(top.left)
        while pool.nodes[rest].operation == .pair {
            let last = NodeID(index: Int(pool.nodes[rest].right))
            guard pool[last].operation == .symbol else { return nil }
            variables.insert(pool.name(of: last), at: 0)
            rest = Int(pool.nodes[rest].left)
        }
        guard pool.nodes[rest].operation == .symbol else { return nil }
        variables.insert(pool.name(of: NodeID(index: rest)), at: 0)
        return (pool.name(of: node), variables)
    }
}
