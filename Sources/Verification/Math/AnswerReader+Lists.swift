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
                items.append(.text([Array("...".utf8)]))
                continue
            }
            guard let item = read(begin, cut) else { return nil }
            items.append(item)
        }
        if items.count == 1 { return items[0] }
        if let value = decimalComma(low, high) { return .ambiguous(.list(items), value) }
        if let united = unitedIntervals(items, joins) { return united }
        return grouped(sharingLabel(items))
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

    /// "or" joins intervals of one variable to a union; "and" intersects two half-lines.
    private mutating func unitedIntervals(_ items: [AnswerForm], _ joins: [MathToken.Kind]) -> AnswerForm? {
        var label: AnswerLabel?
        var pieces: [Interval] = []
        for item in items {
            guard case .labelled(let name, let inner) = item, label == nil || label?.name == name.name else {
                return nil
            }
            label = name
            switch inner {
            case .intervals(let intervals): pieces += intervals
            case .expression(let value) where joins.contains(.or):
                pieces.append(
                    Interval(
                        low: IntervalEnd(value: value, isClosed: true), high: IntervalEnd(value: value, isClosed: true))
                )
            default: return nil
            }
        }
        let hasInterval = items.contains { if case .labelled(_, .intervals) = $0 { true } else { false } }
        guard let label, hasInterval else { return nil }
        if joins.contains(.or) { return .labelled(label, .intervals(pieces)) }
        guard let narrowed = intersection(pieces) else { return nil }
        return .labelled(label, .intervals([narrowed]))
    }

    /// The intersection of half-lines of which at most one bounds each side.
    private func intersection(_ pieces: [Interval]) -> Interval? {
        let lows = pieces.filter { $0.low.value != nil }
        let highs = pieces.filter { $0.high.value != nil }
        guard lows.count == 1, highs.count == 1, let low = lows.first?.low, let high = highs.first?.high else {
            return nil
        }
        return Interval(low: low, high: high)
    }
}
