// Rules for several values: lists, sets, tuples, matrices, piecewise answers and intervals.
import Domain

extension AnswerComparison {
    /// Lists are unordered; names match by name, and without names on one side by place.
    mutating func compareLists(_ a: [AnswerForm], _ b: [AnswerForm]) -> Agreement {
        rule = "lists are unordered"
        let (left, right) = (flattened(a), flattened(b))
        let isNamedLeft = hasDistinctNames(left)
        let isNamedRight = hasDistinctNames(right)
        if isNamedLeft, isNamedRight, left.count == right.count { return matchNamed(left, right) }
        if isNamedLeft != isNamedRight, left.count == right.count {
            rule = "named values against values in the same order"
            return compareInOrder(left, right)
        }
        return matchUnordered(left, right, isSet: true)
    }

    /// Named values find their partners by the name that is written the same; what is left over is matched by rule.
    private mutating func matchNamed(_ a: [AnswerForm], _ b: [AnswerForm]) -> Agreement {
        rule = "named values are compared by their names"
        var rest = b
        var others: [AnswerForm] = []
        var result = Agreement.equal
        for item in a {
            guard case .labelled(let label, _) = item else { continue }
            let place = rest.firstIndex {
                if case .labelled(let other, _) = $0 { other.name == label.name } else { false }
            }
            guard let place else {
                others.append(item)
                continue
            }
            result = result.and(compare(item, rest.remove(at: place)))
        }
        return result.and(others.isEmpty ? .equal : matchUnordered(others, rest, isSet: false))
    }

    /// `(x, y) = (3, 4)` as the list of its named places.
    func named(_ label: AnswerLabel, _ form: AnswerForm) -> [AnswerForm]? {
        guard case .tuple(let items, _, _) = form, items.count == label.parts.count, items.count > 1 else { return nil }
        return zip(label.parts, items).map { name, item in
            .labelled(AnswerLabel(name: name, node: symbolNode(name)), item)
        }
    }

    private func symbolNode(_ name: [UInt8]) -> NodeID? {
        pool.nodes.firstIndex { $0.operation == .symbol && pool.symbols[Int($0.symbol)] == name }.map {
            NodeID(index: $0)
        }
    }

    /// Whether every item has a name of its own.
    func isFullyNamed(_ items: [AnswerForm]) -> Bool {
        let names = items.compactMap { if case .labelled(let label, _) = $0 { label.name } else { nil } }
        return names.count == items.count && Set(names).count == names.count
    }

    /// Whether the items carry names of which some differ by more than an index.
    private func hasDistinctNames(_ items: [AnswerForm]) -> Bool {
        var bases = Set<[UInt8]>()
        for item in items {
            guard case .labelled(let label, _) = item else { return false }
            bases.insert(Array(label.name.prefix { $0 != 0x5F }))
        }
        return bases.count > 1
    }

    /// Lists inside lists (from `±` and several boxes) are one list, unless they group named values.
    func flattened(_ items: [AnswerForm]) -> [AnswerForm] {
        guard items.contains(where: { if case .list = $0 { true } else { false } }) else { return items }
        var flat: [AnswerForm] = []
        for item in items {
            if case .list(let inner) = item, !hasDistinctNames(inner) { flat += inner } else { flat.append(item) }
        }
        return flat
    }

    mutating func compareInOrder(_ a: [AnswerForm], _ b: [AnswerForm]) -> Agreement {
        guard a.count == b.count else { return .different }
        var result = Agreement.equal
        for (x, y) in zip(a, b) { result = result.and(compare(x, y)) }
        return result
    }

    /// Every item of either side has a partner on the other; without repetitions they then agree in number.
    mutating func matchUnordered(_ a: [AnswerForm], _ b: [AnswerForm], isSet: Bool) -> Agreement {
        guard isSet || a.count == b.count else {
            rule = "\(a.count) values are asked for, \(b.count) given"
            return .different
        }
        if isSet, let agreement = compareExactSets(a, b) { return agreement }
        guard a.count * b.count <= Limits.mathMatchesMax else { return .unclear }
        if a.count + b.count > 4 { identity.evaluator.remember() }
        let (exactA, exactB) = (a.map(exactItem), b.map(exactItem))
        collections += 1
        defer { collections -= 1 }
        var isUsed = [Bool](repeating: false, count: b.count)
        var isUnclear = false
        for (place, x) in a.enumerated() {
            var found = false
            guard pool.work.spend(4 * b.count) else { return .unclear }
            for (index, y) in b.enumerated() where isSet || !isUsed[index] {
                if let p = exactA[place], let q = exactB[index], p != q { continue }
                let agreement = compare(x, y)
                if agreement == .unclear { isUnclear = true }
                guard agreement == .equal else { continue }
                isUsed[index] = true
                found = true
                if !isSet { break }
            }
            if !found { return isUnclear ? .unclear : .different }
        }
        return isUsed.allSatisfy { $0 } ? .equal : isUnclear ? .unclear : .different
    }

    /// The value of an item that is equal to no other exact number: one without a decimal point, which may be rounded.
    private func exactItem(_ form: AnswerForm) -> ExactNumber? {
        guard case .expression(let node) = form, !pool[node].traits.contains(.decimal) else { return nil }
        return pool.exact(node)
    }

    /// Sets of exact numbers in order, so that long ones need no search; nil when an item is anything else.
    private func compareExactSets(_ a: [AnswerForm], _ b: [AnswerForm]) -> Agreement? {
        guard a.count + b.count > 32, let x = exactValues(a), let y = exactValues(b) else { return nil }
        return x == y ? .equal : .different
    }

    private func exactValues(_ items: [AnswerForm]) -> [ExactNumber]? {
        var values: [ExactNumber] = []
        for item in items {
            guard case .expression(let node) = item, let value = pool.exact(node) else { return nil }
            values.append(value)
        }
        let longest = values.map(\.words).max() ?? 1
        guard pool.work.spend(values.count * (20 + (longest > 1 ? 10 * longest * longest : 0))) else { return nil }
        values.sort { $0.isLess(than: $1) }
        var distinct: [ExactNumber] = []
        for value in values where value != distinct.last { distinct.append(value) }
        return distinct
    }

    /// Named values in a list against a tuple, in order; values without names are no tuple.
    mutating func compareListWithTuple(
        _ list: [AnswerForm], _ tuple: [AnswerForm], _ open: Bracket, _ close: Bracket
    ) -> Agreement {
        rule = "named values against a tuple in the same order"
        guard open == .round, close == .round, isFullyNamed(list) else {
            if open == .square, close == .square {
                rule = "a bracketed list against a list"
                return matchUnordered(list, tuple, isSet: false)
            }
            return .different
        }
        return compareInOrder(list, tuple)
    }

    /// Tuples are ordered, and their brackets agree, since `(1,2)` and `[1,2]` are different intervals.
    mutating func compareTuples(
        _ a: [AnswerForm], _ bracketsA: (Bracket, Bracket), _ b: [AnswerForm], _ bracketsB: (Bracket, Bracket)
    ) -> Agreement {
        rule = "tuples are ordered"
        if bracketsA != bracketsB {
            let isVector = bracketsA.0 == .angle || bracketsB.0 == .angle || a.count > 2
            guard isVector, bracketsA.0 == bracketsA.1, bracketsB.0 == bracketsB.1 else {
                rule = "open and closed ends differ"
                return .different
            }
        }
        return compareInOrder(a, b)
    }

    /// Unions are compared piece by piece, in any order.
    mutating func compareIntervals(_ a: [Interval], _ b: [Interval]) -> Agreement {
        rule = "intervals: ends and their openness must agree"
        if a.count + b.count > 4 { identity.evaluator.remember() }
        let (a, b) = (merged(a), merged(b))
        guard a.count == b.count else { return .different }
        var isUsed = [Bool](repeating: false, count: b.count)
        for x in a {
            var found = false
            for (index, y) in b.enumerated() where !isUsed[index] {
                guard compareEnds(x.low, y.low).and(compareEnds(x.high, y.high)) == .equal else { continue }
                isUsed[index] = true
                found = true
                break
            }
            if !found { return pool.work.isExhausted ? .unclear : .different }
        }
        return .equal
    }

    private mutating func compareEnds(_ a: IntervalEnd, _ b: IntervalEnd) -> Agreement {
        // The reference's bracket at an infinity is free where it is written wrong.
        if a.value == nil, b.value == nil { return a.isClosed || !b.isClosed ? .equal : .different }
        guard a.isClosed == b.isClosed else { return .different }
        switch (a.value, b.value) {
        case (.some(let x), .some(let y)): return identity.compare(x, y)
        default: return .different
        }
    }
}
