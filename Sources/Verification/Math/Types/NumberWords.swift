// Numbers in words: "twenty-five", "one thousand two hundred", "three quarters", "two and a half".

/// Reads English number words.
enum NumberWords {
    /// The value of words that are a number as a whole, or nil.
    static func value(_ words: [[UInt8]]) -> ExactNumber? {
        let said = words.filter { !$0.isEmpty }.map { String(decoding: $0, as: UTF8.self) }
        guard let first = said.first, said.count <= 16 else { return nil }
        if first == "minus" || first == "negative" { return value(Array(words.dropFirst()))?.negated }
        return whole(said) ?? fraction(said)
    }

    /// Cardinals: units, tens, "hundred", and scale words in falling order, with "and" and "a" where English has them.
    private static func whole(_ words: [String]) -> ExactNumber? {
        var total: Int64 = 0
        var group: Int64 = 0
        var lastScale = Int64.max
        var previous = ""
        var hasDigits = false
        for (index, word) in words.enumerated() {
            if let unit = small[word] {
                guard group % 100 == 0 || unit < 10 && tens.values.contains(group % 100), unit > 0 || words.count == 1
                else {
                    return nil
                }
                group += unit
                hasDigits = true
            } else if let ten = tens[word] {
                guard group % 100 == 0 else { return nil }
                group += ten
                hasDigits = true
            } else if word == "hundred" {
                guard group < 100, group > 0 || previous == "a" else { return nil }
                group = max(group, 1) * 100
                hasDigits = true
            } else if let scale = scales[word] {
                guard scale < lastScale, group > 0 || previous == "a", group < 1_000 else { return nil }
                total += max(group, 1) * scale
                group = 0
                lastScale = scale
                hasDigits = true
            } else if word == "and" {
                guard index > 0, index < words.count - 1, previous == "hundred" || scales[previous] != nil else {
                    return nil
                }
            } else if word == "a" || word == "one" {
                guard index == 0, words.count > 1 else { return nil }
            } else {
                return nil
            }
            previous = word
        }
        return hasDigits ? ExactNumber(total + group) : nil
    }

    /// "two thirds", "a half", "two and a half", "three and three quarters".
    private static func fraction(_ words: [String]) -> ExactNumber? {
        if let cut = words.firstIndex(of: "and"), cut > 0, let whole = whole(Array(words[..<cut])),
            let part = fraction(Array(words[(cut + 1)...])), part.isLess(than: .one)
        {
            return whole.adding(part)
        }
        guard let last = words.last, let bottom = denominators[last] else { return nil }
        let head = Array(words.dropLast())
        if head.isEmpty { return last == "half" ? ExactNumber(1, 2) : nil }
        let top = head == ["a"] || head == ["one"] ? ExactNumber(1) : whole(head)
        return top.flatMap { $0.divided(by: ExactNumber(bottom)) }
    }

    private static let small: [String: Int64] = {
        let names = [
            "zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten", "eleven", "twelve",
            "thirteen", "fourteen", "fifteen", "sixteen", "seventeen", "eighteen", "nineteen",
        ]
        return Dictionary(uniqueKeysWithValues: names.enumerated().map { ($1, Int64($0)) })
    }()

    private static let tens: [String: Int64] = [
        "twenty": 20, "thirty": 30, "forty": 40, "fourty": 40, "fifty": 50, "sixty": 60, "seventy": 70, "eighty": 80,
        "ninety": 90,
    ]

    private static let scales: [String: Int64] = [
        "thousand": 1_000, "million": 1_000_000, "billion": 1_000_000_000, "trillion": 1_000_000_000_000,
    ]

    private static let denominators: [String: Int64] = [
        "half": 2, "halves": 2, "third": 3, "thirds": 3, "quarter": 4, "quarters": 4, "fourth": 4, "fourths": 4,
        "fifth": 5, "fifths": 5, "sixth": 6, "sixths": 6, "seventh": 7, "sevenths": 7, "eighth": 8, "eighths": 8,
        "ninth": 9, "ninths": 9, "tenth": 10, "tenths": 10, "twelfth": 12, "twelfths": 12,
    ]
}

extension AnswerReader {
    /// Words that are a number, alone or with a noun or unit behind them ("five apples").
    mutating func readNumberWords(_ low: Int, _ high: Int) -> AnswerForm? {
        guard kind(low) == .word || kind(low) == .upright && kind(low + 1) == .word,
            answer.tokens[low..<high].allSatisfy({ [.word, .minus, .and, .upright, .period].contains($0.kind) })
        else { return nil }
        let said = words(low, high).filter { $0 != [0x2D] }
        if let value = NumberWords.value(said) { return .expression(pool.number(value)) }
        // The words before the last one or two, which then are a unit.
        for count in [1, 2] where said.count > count {
            guard let value = NumberWords.value(Array(said.dropLast(count))) else { continue }
            var unit = Unit()
            for word in said.suffix(count) {
                guard AnswerReader.isPlainNoun(word) else { return nil }
                unit.add(word)
            }
            return .quantity(pool.number(value), unit)
        }
        return nil
    }
}
