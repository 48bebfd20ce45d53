// Sets, tuples, intervals, unions and matrices.
import Domain

extension AnswerReader {
    /// A range that is one bracketed group.
    mutating func readBrackets(_ low: Int, _ high: Int) -> AnswerForm? {
        guard let open = kind(low), partner(low) == high - 1, let close = kind(high - 1) else { return nil }
        switch open {
        case .openSet: return readSet(low + 1, high - 1)
        case .openParenthesis, .openBracket, .openAngle:
            guard let items = readItems(low + 1, high - 1) else { return nil }
            let left: Bracket = open == .openParenthesis ? .round : open == .openAngle ? .angle : .square
            let right: Bracket = close == .closeParenthesis ? .round : close == .closeAngle ? .angle : .square
            if items.count == 1, let only = items.first {
                guard left != .angle else { return .tuple(items, open: left, close: right) }
                return only
            }
            return tupleOrInterval(items, left, right)
        default: return nil
        }
    }

    private mutating func tupleOrInterval(_ items: [AnswerForm], _ left: Bracket, _ right: Bracket) -> AnswerForm {
        if items.count == 2, left != .angle, left != right || items.contains(where: { isInfinite($0) }) {
            return openAtInfinity(items, left, right) ?? .tuple(items, open: left, close: right)
        }
        return .tuple(items, open: left, close: right)
    }

    private func isInfinite(_ form: AnswerForm) -> Bool {
        guard case .expression(let node) = form else { return false }
        return IdentityTest(pool).infinitySign(node) != nil
    }

    private func openAtInfinity(_ items: [AnswerForm], _ left: Bracket, _ right: Bracket) -> AnswerForm? {
        guard case .intervals(let found)? = AnswerReader.interval(items, left, right), let interval = found.first else {
            return nil
        }
        return .intervals([openedAtInfinity(interval)])
    }

    /// Infinite ends become open and lose their node; a wrong sign of infinity is no interval and stays as it is.
    func openedAtInfinity(_ interval: Interval) -> Interval {
        var result = interval
        let test = IdentityTest(pool)
        if let low = interval.low.value, test.infinitySign(low) == -1 {
            result.low = IntervalEnd(value: nil, isClosed: false)
        }
        if let high = interval.high.value, test.infinitySign(high) == 1 {
            result.high = IntervalEnd(value: nil, isClosed: false)
        }
        return result
    }

    /// The parts of a bracketed range between commas or semicolons.
    private mutating func readItems(_ low: Int, _ high: Int) -> [AnswerForm]? {
        let semicolons = topLevel(low, high) { $0 == .semicolon }
        let cuts = semicolons.isEmpty ? topLevel(low, high) { $0 == .comma } : semicolons
        guard cuts.count < Limits.mathItemsMax else {
            isBeyondCaps = true
            return nil
        }
        var items: [AnswerForm] = []
        var begin = low
        for cut in cuts + [high] {
            guard let item = read(begin, cut) else { return nil }
            if case .empty = item { return nil }
            items.append(item)
            begin = cut + 1
        }
        return items
    }

    private mutating func readSet(_ low: Int, _ high: Int) -> AnswerForm? {
        guard low < high else { return .emptySet }
        if let bar = topLevel(low, high, where: { $0 == .suchThat || $0 == .bar || $0 == .colon }).first, bar > low {
            let rest = topLevel(low, high) { $0 == .bar }
            guard rest.count < 2 || kind(bar) != .bar else { return readItems(low, high).map { .set($0) } }
            return readBuilder(low, bar, high)
        }
        guard let items = readItems(low, high) else { return nil }
        return .set(items)
    }

    /// `{ x | condition }`: an interval when the condition solves x, else body and condition.
    private mutating func readBuilder(_ low: Int, _ bar: Int, _ high: Int) -> AnswerForm? {
        let member = topLevel(low, bar) { $0 == .elementOf }.first
        guard let body = read(low, member ?? bar), let condition = read(bar + 1, high) else { return nil }
        if case .labelled(let label, .domain(.integers)) = condition, case .expression(let node) = body,
            pool[node].operation != .symbol
        {
            return .family(node, parameter: label.name)
        }
        let isReal = member.map { kind($0 + 1) == .reals } ?? true
        if isReal, case .expression(let variable) = body, pool[variable].operation == .symbol,
            case .labelled(let label, let inner) = condition,
            label.name == lowercased(pool.name(of: variable)) || label.name == pool.name(of: variable)
        {
            switch inner {
            case .intervals, .domain: return inner
            case .expression: return .set([inner])
            default: break
            }
        }
        return .builder(body: body, condition: condition)
    }

    /// Unions, intersections left unread, and differences with finite sets.
    mutating func readSetOperation(_ low: Int, _ high: Int) -> AnswerForm? {
        let unions = topLevel(low, high) { $0 == .union }
        if !unions.isEmpty {
            var pieces: [Interval] = []
            var elements: [AnswerForm] = []
            var begin = low
            for cut in unions + [high] {
                guard let part = read(begin, cut) else { return nil }
                begin = cut + 1
                switch bracketedAsInterval(part) {
                case .intervals(let intervals): pieces += intervals.map { openedAtInfinity($0) }
                case .labelled(_, .intervals(let intervals)): pieces += intervals
                case .set(let items): elements += items
                case .emptySet: break
                default: return nil
                }
            }
            return pieces.isEmpty ? .set(elements) : points(elements).map { .intervals(pieces + $0) }
        }
        let differences = topLevel(low, high) { $0 == .without || $0 == .minus }
        guard differences.count == 1, let cut = differences.first, cut > low, kind(cut + 1) == .openSet,
            partner(cut + 1) == high - 1, case .set(let removed)? = read(cut + 1, high), let whole = read(low, cut)
        else { return nil }
        return without(whole, removed)
    }

    private func points(_ elements: [AnswerForm]) -> [Interval]? {
        var points: [Interval] = []
        for element in elements {
            guard case .expression(let value) = element else { return nil }
            let end = IntervalEnd(value: value, isClosed: true)
            points.append(Interval(low: end, high: end))
        }
        return points
    }

    /// The reals or one interval without some points, which must be in order.
    private mutating func without(_ whole: AnswerForm, _ removed: [AnswerForm]) -> AnswerForm? {
        var current: Interval
        switch bracketedAsInterval(whole) {
        case .domain(.reals):
            let end = IntervalEnd(value: nil, isClosed: false)
            current = Interval(low: end, high: end)
        case .intervals(let intervals) where intervals.count == 1: current = openedAtInfinity(intervals[0])
        default: return nil
        }
        guard let values = ordered(removed) else { return nil }
        var pieces: [Interval] = []
        for value in values {
            let cut = IntervalEnd(value: value, isClosed: false)
            pieces.append(Interval(low: current.low, high: cut))
            current.low = cut
        }
        return .intervals(pieces + [current])
    }

    private func ordered(_ items: [AnswerForm]) -> [NodeID]? {
        var evaluator = Evaluator(pool)
        let point = EvaluationPoint(index: 0, domain: .positive, isStrictlyReal: true)
        var values: [(NodeID, Double)] = []
        for item in items {
            guard case .expression(let node) = item else { return nil }
            values.append((node, evaluator.value(of: node, at: point).real.double))
        }
        return values.sorted { $0.1 < $1.1 }.map(\.0)
    }

    mutating func readDomain(_ low: Int, _ high: Int) -> AnswerForm? {
        guard high == low + 1, let kind = kind(low) else { return nil }
        switch kind {
        case .reals: return .domain(.reals)
        case .integers: return .domain(.integers)
        case .naturals: return .domain(.naturals)
        case .rationals: return .domain(.rationals)
        case .complexes: return .domain(.complexes)
        case .emptySet: return .emptySet
        default: return nil
        }
    }
}
