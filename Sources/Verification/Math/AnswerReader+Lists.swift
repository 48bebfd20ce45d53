// Several values: commas, semicolons, "and", "or"; and what "or" and "and" mean between inequalities.
import Domain

extension AnswerReader {
    /// A range with separators at its top level.
    mutating func readList(_ low: Int, _ high: Int) -> AnswerForm? {
        let semicolons = topLevel(low, high) { $0 == .semicolon || $0 == .newRow }
        let cuts = semicolons.isEmpty ? topLevel(low, high) { [.comma, .and, .or].contains($0) } : semicolons
        guard !cuts.isEmpty, cuts.count < Limits.mathItemsMax else {
            if !cuts.isEmpty { isBeyondCaps = true }
            return nil
        }
        let joins = cuts.map { answer.tokens[$0].kind }
        var items: [AnswerForm] = []
        var begin = low
        for cut in cuts + [high] {
            defer { begin = cut + 1 }
            guard stripped(begin, cut) != nil else { continue }
            if kind(begin) == .dots, cut == begin + 1 {
                items.append(AnswerReader.dots)
                continue
            }
            guard let item = read(begin, cut) else { return nil }
            items.append(item)
        }
        if items.count == 1 { return items[0] }
        if let value = decimalComma(low, high) ?? groupedNumber(low, high) { return .ambiguous(.list(items), value) }
        if joins.count == 1, joins[0] == .and, let value = mixedNumber(items) { return .ambiguous(.list(items), value) }
        if let cases = joinedCases(items) { return cases }
        if let united = unitedIntervals(items, joins) { return united }
        return grouped(sharingLabel(withoutDots(items)))
    }

    /// `1000,99` and `0,5` may be decimals with a comma, if no space follows it and the digits are no thousands.
    private mutating func decimalComma(_ low: Int, _ high: Int) -> AnswerForm? {
        let isNegative = kind(low) == .minus
        let first = isNegative ? low + 1 : low
        guard high == first + 3, kind(first + 1) == .comma, !answer.tokens[first + 2].isSpaced,
            let whole = plainLiteral(first), let part = plainLiteral(first + 2),
            whole.value.isZero || part.digitCount >= 2 && part.digitCount != 3,
            let unit = ExactNumber(10).raised(to: -part.digitCount), let fraction = part.value.multiplied(by: unit),
            let value = whole.value.adding(fraction)
        else { return nil }
        let literal = DecimalLiteral(significantDigits: whole.digitCount + part.digitCount, places: part.digitCount)
        return .expression(pool.decimal(isNegative ? value.negated : value, literal))
    }

    /// `12,34,567`: groups of two before the last three, as in India, with no spaces.
    private mutating func groupedNumber(_ low: Int, _ high: Int) -> AnswerForm? {
        let isNegative = kind(low) == .minus
        let first = isNegative ? low + 1 : low
        guard kind(first) == .number, first + 2 < high, kind(first + 1) == .comma else { return nil }
        let end = min(Int(answer.tokens[high - 1].end), answer.bytes.count)
        let bytes = answer.bytes[Int(answer.tokens[first].start)..<end]
        let groups = bytes.split(separator: 0x2C, omittingEmptySubsequences: false)
        guard groups.count > 2, bytes.count <= 18, bytes.allSatisfy({ isDigitByte($0) || $0 == 0x2C }),
            (1...2).contains(groups[0].count), groups.dropFirst().dropLast().allSatisfy({ $0.count == 2 }),
            groups.last?.count == 3
        else { return nil }
        let value = bytes.filter { isDigitByte($0) }.reduce(Int64(0)) { $0 * 10 + Int64($1 - 0x30) }
        return .expression(pool.number(ExactNumber(isNegative ? -value : value)))
    }

    /// "2 and 1/2" as a mixed number: a whole number and a proper fraction.
    private mutating func mixedNumber(_ items: [AnswerForm]) -> AnswerForm? {
        guard items.count == 2, case .expression(let first) = items[0], let whole = pool.exact(first), whole.isInteger,
            whole.signum > 0, let (second, unit) = plainValue(items[1]), let part = pool.exact(second), !part.isInteger,
            part.signum > 0, part.isLess(than: .one), pool[second].operation == .divide, let value = whole.adding(part)
        else { return nil }
        let node = pool.number(value)
        return unit.map { .quantity(node, $0) } ?? .expression(node)
    }

    private func plainValue(_ form: AnswerForm) -> (NodeID, Unit?)? {
        switch form {
        case .expression(let node): (node, nil)
        case .quantity(let node, let unit): (node, unit)
        default: nil
        }
    }

    private func plainLiteral(_ index: Int) -> NumberLiteral? {
        guard kind(index) == .number, answer.numbers.indices.contains(Int(answer.tokens[index].payload)) else {
            return nil
        }
        let literal = answer.numbers[Int(answer.tokens[index].payload)]
        return literal.isPlainInteger ? literal : nil
    }

    /// `x = 1, 2, 3` names all of them.
    private func sharingLabel(_ items: [AnswerForm]) -> AnswerForm {
        guard case .labelled(let label, let first)? = items.first,
            items.dropFirst().allSatisfy({ if case .labelled = $0 { false } else { true } })
        else { return .list(items) }
        return .labelled(label, .list([first] + items.dropFirst()))
    }

    /// `p=5, q=2, p=7, q=2` is two answers of two values each.
    private func grouped(_ form: AnswerForm) -> AnswerForm {
        guard case .list(let items) = form, items.count >= 4 else { return form }
        var names: [[UInt8]] = []
        for item in items {
            guard case .labelled(let label, _) = item else { return form }
            names.append(label.name)
        }
        guard let period = (1..<names.count).first(where: { names[$0] == names[0] }), period > 1,
            names.count % period == 0, names.indices.allSatisfy({ names[$0] == names[$0 % period] })
        else { return form }
        return .list(stride(from: 0, to: items.count, by: period).map { .list(Array(items[$0..<$0 + period])) })
    }

    /// Inequalities of one variable: "or" joins them to a union, "and" intersects them; a comma intersects, unless
    /// nothing is left, and then joins.
    private mutating func unitedIntervals(_ items: [AnswerForm], _ joins: [MathToken.Kind]) -> AnswerForm? {
        var label: AnswerLabel?
        var pieces: [[Interval]] = []
        var isPunctured = true
        for (index, item) in items.enumerated() {
            // x \ne 1, 2: further points that are left out.
            if index > 0, isPunctured, case .expression(let value) = item, pieces.last?.count == 2 {
                let end = IntervalEnd(value: value, isClosed: false)
                let open = IntervalEnd(value: nil, isClosed: false)
                pieces.append([Interval(low: open, high: end), Interval(low: end, high: open)])
                continue
            }
            guard case .labelled(let name, let inner) = item, label == nil || label?.name == name.name else {
                return nil
            }
            label = name
            switch inner {
            case .intervals(let intervals):
                isPunctured = isPunctured && intervals.count == 2
                pieces.append(intervals)
            case .domain(.reals): continue
            case .expression(let value) where joins.contains(.or):
                let end = IntervalEnd(value: value, isClosed: true)
                pieces.append([Interval(low: end, high: end)])
            default: return nil
            }
        }
        let hasInterval = items.contains { if case .labelled(_, .intervals) = $0 { true } else { false } }
        guard let label, hasInterval else { return nil }
        if joins.contains(.or), !(isPunctured && joins.allSatisfy { $0 != .or }) {
            return .labelled(label, .intervals(pieces.flatMap { $0 }))
        }
        var algebra = IntervalAlgebra(pool)
        var common = [AnswerReader.realLine]
        for piece in pieces {
            guard let narrowed = algebra.intersection(common, piece) else { return nil }
            common = narrowed
        }
        if common.isEmpty {
            return .labelled(label, joins.contains(.and) ? .emptySet : .intervals(pieces.flatMap { $0 }))
        }
        return .labelled(label, .intervals(common))
    }
}
