// Sets, tuples, intervals, unions and matrices.
import Domain

extension AnswerReader {
    /// `A(1, 2)`, `P'(-1, 4)`: a point with its name.
    private mutating func readPoint(_ low: Int, _ high: Int) -> AnswerForm? {
        guard kind(low) == .letter || kind(low) == .upright, answer.tokens[low].payload < 0x5B,
            kind(high - 1) == .closeParenthesis,
            let open = partner(high - 1), (1...4).contains(open - low),
            (low + 1..<open).allSatisfy({ [.prime, .lowered, .number, .openBrace, .closeBrace].contains(kind($0)) }),
            !topLevel(open + 1, high - 1, where: { $0 == .comma }).isEmpty,
            (open + 1..<(high - 1)).contains(where: { kind($0) == .number }), let label = label(low, open),
            case .tuple(let items, let left, let right)? = readBrackets(open, high)
        else { return nil }
        let point = AnswerForm.labelled(label, .tuple(items, open: left, close: right))
        // C(5,2) is also a count.
        guard let value = expression(low, high), pool.exact(value) != nil else { return point }
        return .ambiguous(.expression(value), point)
    }

    /// A range that is one bracketed group.
    mutating func readBrackets(_ low: Int, _ high: Int) -> AnswerForm? {
        if let point = readPoint(low, high) { return point }
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

    /// Infinite ends lose their node and keep their bracket; a wrong sign of infinity is no interval and stays as it is.
    func openedAtInfinity(_ interval: Interval) -> Interval {
        var result = interval
        let test = IdentityTest(pool)
        if let low = interval.low.value, test.infinitySign(low) == -1 {
            result.low = IntervalEnd(value: nil, isClosed: interval.low.isClosed)
        }
        if let high = interval.high.value, test.infinitySign(high) == 1 {
            result.high = IntervalEnd(value: nil, isClosed: interval.high.isClosed)
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
            defer { begin = cut + 1 }
            if kind(begin) == .dots, cut == begin + 1 {
                items.append(AnswerReader.dots)
                continue
            }
            guard let item = read(begin, cut) else { return nil }
            if case .empty = item { return nil }
            items.append(item)
        }
        return withoutDots(items)
    }

    /// `<1, 2, 3>` as angle brackets around a vector.
    mutating func readPlainAngles(_ low: Int, _ high: Int) -> AnswerForm? {
        guard kind(low) == .less, kind(high - 1) == .greater, high - low > 4,
            topLevel(low + 1, high - 1, where: { $0.isRelation }).isEmpty,
            !topLevel(low + 1, high - 1, where: { $0 == .comma }).isEmpty, let items = readItems(low + 1, high - 1)
        else { return nil }
        return .tuple(items, open: .angle, close: .angle)
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
