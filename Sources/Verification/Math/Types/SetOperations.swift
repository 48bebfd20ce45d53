// Unions, intersections and differences of written sets and intervals, and sets described by a condition.
import Domain

extension AnswerReader {
    /// Written sets and intervals joined by `\cup`, `\cap`, `\setminus`; a minus sign only before braces.
    mutating func readSetOperation(_ low: Int, _ high: Int) -> AnswerForm? {
        guard (low..<high).contains(where: { isSetSign($0) }) else { return nil }
        var cuts = topLevel(low, high) { [.union, .intersection, .without].contains($0) }
        if cuts.isEmpty {
            cuts = topLevel(low, high) { $0 == .minus }
            guard cuts.count == 1, cuts[0] > low, kind(cuts[0] + 1) == .openSet else { return nil }
        }
        guard cuts.count < Limits.mathItemsMax else { return nil }
        // Unions of anything to the left are taken before differences and intersections, from left to right.
        guard let first = read(low, cuts[0]), var total = setValue(first) else { return readSetFormula(low, high) }
        for (cut, end) in zip(cuts, cuts.dropFirst() + [high]) {
            guard let part = read(cut + 1, end), let value = setValue(part),
                let next = combined(total, kind(cut) ?? .union, value)
            else { return nil }
            total = next
        }
        return form(of: total)
    }

    private func isSetSign(_ index: Int) -> Bool {
        switch kind(index) {
        case .union, .intersection, .without: true
        case .minus: kind(index + 1) == .openSet
        default: false
        }
    }

    /// A set as intervals, or as elements that may be anything.
    private enum SetValue {
        case intervals([Interval])
        case elements([AnswerForm])
    }

    private func setValue(_ form: AnswerForm) -> SetValue? {
        switch bracketedAsInterval(form) {
        case .intervals(let intervals): .intervals(intervals.map { openedAtInfinity($0) })
        case .labelled(_, .intervals(let intervals)): .intervals(intervals)
        case .domain(.reals): .intervals([AnswerReader.realLine])
        case .set(let items): .elements(items)
        case .emptySet: .elements([])
        default: nil
        }
    }

    /// All real numbers.
    static var realLine: Interval {
        let end = IntervalEnd(value: nil, isClosed: false)
        return Interval(low: end, high: end)
    }

    private mutating func combined(_ a: SetValue, _ sign: MathToken.Kind, _ b: SetValue) -> SetValue? {
        if case .elements(let x) = a, case .elements(let y) = b {
            switch sign {
            case .union: return .elements(x + y)
            case .intersection: return .elements(x.filter { holds($0, in: y) })
            default: return .elements(x.filter { !holds($0, in: y) })
            }
        }
        guard let x = intervals(a), let y = intervals(b) else { return nil }
        var algebra = IntervalAlgebra(pool)
        switch sign {
        case .union: return .intervals(x + y)
        case .intersection: return algebra.intersection(x, y).map { .intervals($0) }
        default: return algebra.difference(x, y).map { .intervals($0) }
        }
    }

    private func holds(_ item: AnswerForm, in items: [AnswerForm]) -> Bool {
        var comparison = AnswerComparison(pool)
        return items.contains { comparison.compare($0, item) == .equal }
    }

    /// Intervals, or points as closed intervals of one value.
    private func intervals(_ value: SetValue) -> [Interval]? {
        switch value {
        case .intervals(let intervals): return intervals
        case .elements(let items):
            var points: [Interval] = []
            for item in items {
                guard case .expression(let value) = item else { return nil }
                let end = IntervalEnd(value: value, isClosed: true)
                points.append(Interval(low: end, high: end))
            }
            return points
        }
    }

    private func form(of value: SetValue) -> AnswerForm {
        switch value {
        case .intervals(let intervals): intervals.isEmpty ? .emptySet : .intervals(intervals)
        case .elements(let items): items.isEmpty ? .emptySet : .set(items)
        }
    }

    /// "all real numbers except 1 and 2", "x \ne 1, 2": the line without points.
    mutating func realsWithout(_ removed: [AnswerForm]) -> AnswerForm? {
        guard let points = intervals(.elements(removed)) else { return nil }
        var algebra = IntervalAlgebra(pool)
        return algebra.complement(of: points).map { .intervals($0) }
    }

    /// `{ x | condition }`: an interval when the condition solves x, whole numbers when x is one, else body and condition.
    mutating func readBuilder(_ low: Int, _ bar: Int, _ high: Int) -> AnswerForm? {
        let member = topLevel(low, bar) { $0 == .elementOf }.first
        guard let body = read(low, member ?? bar) else { return nil }
        if case .expression(let node) = body, pool[node].operation == .symbol,
            let inner = familyBuilder(bar, high, pool.name(of: node))
        {
            return inner
        }
        guard let condition = read(bar + 1, high) else { return nil }
        var domain = NumberDomain.reals
        if let member {
            guard case .domain(let named)? = read(member + 1, bar) else {
                return .builder(body: body, domain: .complexes, condition: condition)
            }
            domain = named
        }
        if case .labelled(let label, .domain(let named)) = condition, case .expression(let node) = body,
            pool[node].operation != .symbol
        {
            return family(.expression(node), label.name, named)
        }
        guard case .expression(let variable) = body, pool[variable].operation == .symbol,
            case .labelled(let label, let inner) = condition, label.name == pool.name(of: variable)
        else { return .builder(body: body, domain: domain, condition: condition) }
        switch inner {
        case .intervals(let intervals):
            if domain == .reals { return inner }
            return wholeNumbers(intervals, domain) ?? .builder(body: body, domain: domain, condition: condition)
        case .domain where domain == .reals: return inner
        case .expression where domain == .reals: return .set([inner])
        default: return .builder(body: body, domain: domain, condition: condition)
        }
    }

    /// `{ x | x = k\pi, k \in \mathbb{Z} }`: the family itself.
    private mutating func familyBuilder(_ bar: Int, _ high: Int, _ name: [UInt8]) -> AnswerForm? {
        guard !topLevel(bar + 1, high, where: { $0 == .elementOf }).isEmpty,
            case .labelled(let label, let inner)? = readFamily(bar + 1, high), label.name == name
        else { return nil }
        switch inner {
        case .family, .list, .parametric: return inner
        default: return nil
        }
    }

    /// The whole numbers of bounded intervals, at most a hundred. Whether zero is natural is left open.
    private mutating func wholeNumbers(_ intervals: [Interval], _ domain: NumberDomain) -> AnswerForm? {
        guard domain == .integers || domain == .naturals else { return nil }
        var values: [Int] = []
        for interval in intervals {
            guard let high = interval.high.value, let top = pool.exact(high)?.floor?.integer else { return nil }
            var first = 0
            if let low = interval.low.value {
                guard let bottom = pool.exact(low), let floor = bottom.floor?.integer else { return nil }
                first = bottom.isInteger && interval.low.isClosed ? floor : floor + 1
            } else if domain == .integers {
                return nil
            }
            if domain == .naturals { first = max(first, 0) }
            let last = !interval.high.isClosed && pool.exact(high)?.isInteger == true ? top - 1 : top
            guard last - first < 100 else { return nil }
            if first <= last { values += first...last }
        }
        let all = set(values)
        guard domain == .naturals, values.contains(0) else { return all }
        return .ambiguous(set(values.filter { $0 != 0 }), all)
    }

    private mutating func set(_ values: [Int]) -> AnswerForm {
        values.isEmpty ? .emptySet : .set(values.map { .expression(pool.number(ExactNumber(Int64($0)))) })
    }
}

extension AnswerComparison {
    /// Body, domain and condition must agree; the bound variable may have another name.
    mutating func compareBuilders(
        _ a: (body: AnswerForm, domain: NumberDomain, condition: AnswerForm),
        _ b: (body: AnswerForm, domain: NumberDomain, condition: AnswerForm)
    ) -> Agreement {
        rule = "set-builders are compared by body and condition"
        guard a.domain == b.domain else { return .different }
        guard case .expression(let x) = a.body, case .expression(let y) = b.body, pool[x].operation == .symbol,
            pool[y].operation == .symbol, pool.name(of: x) != pool.name(of: y)
        else { return compare(a.body, b.body).and(compare(a.condition, b.condition)) }
        let condition = renaming(b.condition, [pool.name(of: y): pool.name(of: x)])
        refresh()
        return compare(a.condition, condition)
    }
}
