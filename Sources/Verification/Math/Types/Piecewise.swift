// Piecewise answers: `\begin{cases}`, an array behind one brace, or "x if x > 0, and 0 otherwise".

extension AnswerReader {
    /// The rows between two places of an environment: values under conditions, or a system of equations.
    mutating func readCases(_ low: Int, _ high: Int) -> AnswerForm? {
        let rows = pieces(low, high, .newRow).filter { stripped($0.0, $0.1) != nil }
        guard !rows.isEmpty else { return nil }
        let cuts = rows.map { conditionCut($0.0, $0.1) }
        guard cuts.contains(where: { $0 != nil }) else {
            var items: [AnswerForm] = []
            for row in rows {
                guard let item = read(row.0, row.1) else { return nil }
                items.append(item)
            }
            return items.count == 1 ? items[0] : .list(items)
        }
        var cases: [(value: AnswerForm, condition: AnswerForm)] = []
        for (row, cut) in zip(rows, cuts) {
            guard let cut, let value = read(row.0, cut.end) else { return nil }
            cases.append((value, condition(cut.start, row.1)))
        }
        return .cases(cases)
    }

    /// `\left\{\begin{array}{l} ... \end{array}\right.`: an environment behind a brace that nothing closes.
    mutating func readBracedRows(_ low: Int, _ high: Int) -> AnswerForm? {
        guard kind(low) == .openSet, partner(low) == nil, let open = kind(low + 1),
            open == .beginMatrix || open == .beginOther || open == .beginCases, let close = partner(low + 1)
        else { return nil }
        guard close == high - 1 || close == high - 2 && kind(high - 1) == .period else { return nil }
        return readCases(low + 2, close)
    }

    /// "x + 1 if x < 0": one value under one condition, outside any environment.
    mutating func readConditional(_ low: Int, _ high: Int) -> AnswerForm? {
        guard kind(low) != .word, (low..<high).contains(where: isConditionWord), let cut = wordCut(low, high),
            cut.end > low, cut.start < high || isOtherwise(cut.end),
            let value = read(low, cut.end)
        else { return nil }
        if isForAll(cut.start, high) { return value }
        return .cases([(value, condition(cut.start, high))])
    }

    /// "for all real x" restricts nothing.
    private func isForAll(_ low: Int, _ high: Int) -> Bool {
        let said = words(low, high).filter { !$0.isEmpty }
        guard let first = said.first, AnswerReader.everyWords.contains(first) else { return false }
        return said.dropFirst().allSatisfy { $0.count == 1 || AnswerReader.domainWords.contains($0) }
    }

    /// Rows of a list that are all values under conditions, as one answer.
    func joinedCases(_ items: [AnswerForm]) -> AnswerForm? {
        var cases: [(value: AnswerForm, condition: AnswerForm)] = []
        for item in items {
            guard case .cases(let one) = item else { return nil }
            cases += one
        }
        return cases.count > 1 ? .cases(cases) : nil
    }

    /// Where a row's value ends and its condition begins: an ampersand, a word, or the last comma before a relation.
    private func conditionCut(_ low: Int, _ high: Int) -> (end: Int, start: Int)? {
        if let mark = topLevel(low, high, where: { $0 == .ampersand }).first(where: { $0 > low }) {
            return (mark, mark + 1)
        }
        if let cut = wordCut(low, high) { return cut }
        let start = kind(low) == .ampersand ? low + 1 : low
        guard let comma = topLevel(start, high, where: { $0 == .comma }).last, comma > start,
            topLevel(start, comma, where: { $0.isRelation }).isEmpty,
            !topLevel(comma, high, where: { $0.isRelation }).isEmpty
        else { return nil }
        return (comma, comma + 1)
    }

    /// The first "if", "for", "when", "otherwise" behind a value.
    private func wordCut(_ low: Int, _ high: Int) -> (end: Int, start: Int)? {
        guard let word = topLevel(low, high, where: { $0 == .word }).first(where: { $0 > low && isConditionWord($0) })
        else { return nil }
        return (word, isOtherwise(word) ? word : word + 1)
    }

    private func isConditionWord(_ index: Int) -> Bool {
        kind(index) == .word && AnswerReader.conditionWords.contains(lowercased(answer.name(answer.tokens[index])))
            || isOtherwise(index)
    }

    private func isOtherwise(_ index: Int) -> Bool {
        kind(index) == .word && AnswerReader.restWords.contains(lowercased(answer.name(answer.tokens[index])))
    }

    /// A condition: a relation where it reads as one, else its words without "if", "is" and the like.
    private mutating func condition(_ low: Int, _ high: Int) -> AnswerForm {
        var start = low
        while start < high,
            isConditionWord(start) && !isOtherwise(start) || kind(start) == .comma || kind(start) == .ampersand
        {
            start += 1
        }
        let hasWords = (start..<high).contains { kind($0) == .word }
        if !hasWords, let form = read(start, high), isCondition(form) { return form }
        let said = words(start, high).filter { !AnswerReader.fillers.contains($0) && !$0.isEmpty }
        if said.contains(where: { AnswerReader.restWords.contains($0) }) { return .text([Array("otherwise".utf8)]) }
        if hasWords || said.isEmpty { return .text(said) }
        return read(start, high) ?? .text(said)
    }

    private func isCondition(_ form: AnswerForm) -> Bool {
        switch form {
        case .labelled, .relation, .intervals, .list: true
        default: false
        }
    }

    private static let conditionWords = Set(["if", "for", "when", "where", "当", "若"].map { Array($0.utf8) })
    private static let restWords = Set(["otherwise", "else", "elsewhere", "其他", "其它"].map { Array($0.utf8) })
    private static let everyWords = Set(["all", "every", "any", "each"].map { Array($0.utf8) })
    private static let domainWords = Set(
        ["real", "reals", "number", "numbers", "value", "values", "of"].map { Array($0.utf8) })
    private static let fillers = Set(
        ["if", "is", "for", "when", "where", "an", "a", "number", "integer", "all", "any", ".", ",", "&"]
            .map { Array($0.utf8) })
}

extension AnswerComparison {
    /// Values and conditions pair by pair, in any order. "Otherwise" stands for the one condition that is left.
    mutating func compareCases(
        _ a: [(value: AnswerForm, condition: AnswerForm)], _ b: [(value: AnswerForm, condition: AnswerForm)]
    ) -> Agreement {
        rule = "piecewise answers are compared by value and condition"
        guard a.count == b.count else { return .different }
        var isUsed = [Bool](repeating: false, count: b.count)
        var left: [Int] = []
        for (place, x) in a.enumerated() {
            var found = false
            for (index, y) in b.enumerated() where !isUsed[index] && !found {
                guard compare(x.condition, y.condition).and(compare(x.value, y.value)) == .equal else { continue }
                isUsed[index] = true
                found = true
            }
            if !found { left.append(place) }
        }
        rule = "piecewise answers are compared by value and condition"
        guard let place = left.first else { return .equal }
        guard !pool.work.isExhausted else { return .unclear }
        guard left.count == 1, let other = isUsed.firstIndex(of: false), a.count > 1 else { return .different }
        if isOtherwise(a[place].condition) {
            guard isRest(b[other].condition, of: b.indices.filter { $0 != other }.map { b[$0].condition }) else {
                return .different
            }
        } else {
            guard isOtherwise(b[other].condition),
                isRest(a[place].condition, of: a.indices.filter { $0 != place }.map { a[$0].condition })
            else { return .different }
        }
        return compare(a[place].value, b[other].value)
    }

    private func isOtherwise(_ form: AnswerForm) -> Bool {
        if case .text(let words) = form { return words == [Array("otherwise".utf8)] }
        return false
    }

    /// Whether a condition covers exactly what the others leave of the reals; conditions that are no intervals may.
    private mutating func isRest(_ condition: AnswerForm, of others: [AnswerForm]) -> Bool {
        guard let rest = solved(condition) else { return true }
        var covered: [Interval] = []
        for other in others {
            guard let intervals = solved(other) else { return true }
            covered += intervals
        }
        var algebra = IntervalAlgebra(pool)
        guard let complement = algebra.complement(of: covered) else { return true }
        return compareIntervals(complement, rest) == .equal
    }

    private func solved(_ form: AnswerForm) -> [Interval]? {
        switch form {
        case .intervals(let intervals): return intervals
        case .labelled(_, .intervals(let intervals)): return intervals
        case .labelled(_, .expression(let value)):
            let end = IntervalEnd(value: value, isClosed: true)
            return [Interval(low: end, high: end)]
        default: return nil
        }
    }
}
