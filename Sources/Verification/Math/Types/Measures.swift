// Sums of quantities in falling units: 5 feet 10 inches, `5'10''`, 2 h 30 min, `30^\circ 15'`.

extension AnswerReader {
    /// Two numbers or more, each with its own unit, and nothing else.
    mutating func readMeasures(_ low: Int, _ high: Int) -> AnswerForm? {
        guard let starts = measureStarts(low, high) else { return nil }
        var parts: [AnswerForm] = []
        var isAngle = false
        for (start, end) in zip(starts, starts.dropFirst() + [high]) {
            guard let part = measure(start, end, &isAngle) else { return nil }
            parts.append(part)
        }
        return .measures(parts)
    }

    /// The numbers that begin a part: two to four plain numbers, of which all but the first follow a unit.
    private func measureStarts(_ low: Int, _ high: Int) -> [Int]? {
        guard kind(low) == .number, high - low >= 4 else { return nil }
        var starts: [Int] = []
        for index in low..<high {
            switch kind(index) {
            case .number:
                if index > low, let before = kind(index - 1),
                    ![.word, .upright, .prime, .and, .comma, .period, .degree, .closeBrace].contains(before)
                {
                    return nil
                }
                starts.append(index)
            case .word, .upright, .prime, .and, .comma, .period, .degree, .power, .openBrace, .closeBrace: continue
            default: return nil
            }
        }
        return (2...4).contains(starts.count) ? starts : nil
    }

    private mutating func measure(_ start: Int, _ high: Int, _ isAngle: inout Bool) -> AnswerForm? {
        var end = high
        while end > start + 1, [.and, .comma, .period].contains(kind(end - 1)) { end -= 1 }
        guard end > start + 1, let value = expression(start, start + 1) else { return nil }
        let marks = answer.tokens[(start + 1)..<end].filter {
            ![.power, .openBrace, .closeBrace, .period].contains($0.kind)
        }
        var unit = Unit()
        if marks.allSatisfy({ $0.kind == .prime }), (1...2).contains(marks.count) {
            let names = isAngle ? UnitTable.arcUnits : UnitTable.lengthUnits
            unit.multiply(names[marks.count - 1], 1)
        } else if marks.count == 1, marks[0].kind == .degree {
            isAngle = true
            unit.multiply(UnitTable.degree, 1)
        } else {
            guard marks.allSatisfy({ $0.kind == .word || $0.kind == .upright }) else { return nil }
            let said = words(start + 1, end)
            guard said.count == 1, let word = said.first,
                let name = unitName(start + 1, end) ?? UnitTable.canonical(word)
            else { return nil }
            unit.multiply(name, 1)
        }
        return .quantity(value, unit)
    }

    /// A single upright letter as a unit: h, m, s.
    private func unitName(_ low: Int, _ high: Int) -> UInt64? {
        let letters = answer.tokens[low..<high].filter { $0.kind == .upright }
        guard letters.count == 1, let letter = letters.first else { return nil }
        return UnitTable.letter(UInt8(truncatingIfNeeded: letter.payload))
    }
}

extension AnswerComparison {
    /// Part by part, in the order of the units.
    mutating func compareMeasures(_ a: [AnswerForm], _ b: [AnswerForm]) -> Agreement {
        rule = "sums of quantities are compared part by part"
        return compareInOrder(a, b)
    }
}
