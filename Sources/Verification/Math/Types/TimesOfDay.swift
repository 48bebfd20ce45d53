// Times of day: `3:45`, `12:00 p.m.`, "3 pm", "noon". With a half of the day on one side only, twelve hours do not matter.

extension AnswerReader {
    /// `3:45`, `12:00 p.m.`: two digits of minutes, and a sign that it is no ratio.
    func readTime(_ low: Int, _ high: Int) -> AnswerForm? {
        if let form = readHour(low, high) { return form }
        guard high - low >= 3, kind(low + 1) == .colon, let hour = plainNumber(low), let minute = plainNumber(low + 2),
            hour.count <= 2, minute.count == 2, hour.value < 25, minute.value < 60
        else { return nil }
        var index = low + 3
        var seconds = 0
        if kind(index) == .colon, index + 1 < high {
            guard let found = plainNumber(index + 1), found.count == 2, found.value < 60 else { return nil }
            seconds = found.value
            index += 2
        }
        let suffix = Array(words(index, high).joined())
        let isMorning = suffix == Array("am".utf8)
        let isEvening = suffix == Array("pm".utf8)
        guard suffix.isEmpty || isMorning || isEvening else { return nil }
        guard !suffix.isEmpty || minute.text.first == 0x30 || index > low + 3 else { return nil }
        let value = hourOfDay(hour.value, isMorning, isEvening)
        return .time(seconds: value * 3600 + minute.value * 60 + seconds, hasHalf: !suffix.isEmpty)
    }

    private func hourOfDay(_ hour: Int, _ isMorning: Bool, _ isEvening: Bool) -> Int {
        if isEvening, hour < 12 { return hour + 12 }
        return isMorning && hour == 12 ? 0 : hour
    }

    /// "3 pm", "noon", "midnight".
    private func readHour(_ low: Int, _ high: Int) -> AnswerForm? {
        guard
            kind(low) == .word
                || kind(low) == .number
                    && (low + 1..<high).contains(where: { kind($0) == .word || kind($0) == .upright })
        else { return nil }
        let said = Array(words(low, high).joined())
        if said == Array("noon".utf8) || said == Array("12noon".utf8) { return .time(seconds: 43_200, hasHalf: true) }
        if said == Array("midnight".utf8) || said == Array("12midnight".utf8) {
            return .time(seconds: 0, hasHalf: true)
        }
        guard let hour = plainNumber(low), (1...12).contains(hour.value), hour.count <= 2, high > low + 1 else {
            return nil
        }
        let suffix = Array(words(low + 1, high).joined())
        let isMorning = suffix == Array("am".utf8)
        let isEvening = suffix == Array("pm".utf8)
        guard isMorning || isEvening else { return nil }
        return .time(seconds: hourOfDay(hour.value, isMorning, isEvening) * 3600, hasHalf: true)
    }

    private func plainNumber(_ index: Int) -> (value: Int, count: Int, text: [UInt8])? {
        guard kind(index) == .number, answer.numbers.indices.contains(Int(answer.tokens[index].payload)) else {
            return nil
        }
        let token = answer.tokens[index]
        let literal = answer.numbers[Int(token.payload)]
        guard literal.isPlainInteger, let value = literal.value.integer else { return nil }
        return (value, literal.digitCount, Array(answer.bytes[Int(token.start)..<Int(token.end)]))
    }
}

extension AnswerComparison {
    mutating func compareTimes(_ a: Int, _ halfA: Bool, _ b: Int, _ halfB: Bool) -> Agreement {
        rule = "times of day"
        return a == b || halfA != halfB && a % 43_200 == b % 43_200 ? .equal : .different
    }

    /// `3:45` reads as a ratio where nothing says that it is a time.
    mutating func compareTime(_ seconds: Int, with terms: [NodeID]) -> Agreement {
        rule = "a time of day, written like a ratio"
        guard terms.count == 2, let hour = pool.exact(terms[0])?.integer, let minute = pool.exact(terms[1])?.integer,
            (0..<25).contains(hour), (0..<60).contains(minute)
        else { return .different }
        return (hour * 3600 + minute * 60) % 43_200 == seconds % 43_200 ? .equal : .different
    }
}
