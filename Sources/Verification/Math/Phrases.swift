// Phrases that mean what a symbol means, and words that announce an answer. Tables, and nothing else.

/// What phrases in lower case, with single spaces, stand for.
enum Phrases {
    /// Whether a phrase says that there is no solution.
    static func isNothing(_ said: String) -> Bool {
        if exact.contains(said) { return true }
        var words = said.split(separator: " ")
        if words.starts(with: ["there", "is"]) || words.starts(with: ["there", "are"])
            || words.starts(with: ["it", "has"])
        {
            words.removeFirst(2)
        }
        if words.first == "has" || words.first == "have" { words.removeFirst() }
        guard words.first == "no", words.count > 1, words.count <= 7 else { return false }
        return words.dropFirst().allSatisfy { absent.contains(String($0)) }
            && words.contains { ["solution", "solutions", "root", "roots", "value", "values"].contains($0) }
    }

    private static let exact: Set<String> = [
        "none", "no such", "empty set", "the empty set", "empty", "null set", "the null set", "无解", "没有解", "空集", "方程无解",
        "inconsistent", "no real number", "no real numbers", "no integers", "no number",
    ]

    private static let absent: Set<String> = [
        "solution", "solutions", "real", "integer", "rational", "such", "root", "roots", "value", "values", "possible",
        "positive", "exist", "exists", "of", "x", "n", "numbers", "valid", "for", "any", "natural", "complex", "prime",
    ]

    /// The set that a phrase names.
    static func domain(_ said: String) -> NumberDomain? {
        var words = said.split(separator: " ").map(String.init)
        if words.starts(with: ["the", "set", "of"]) { words.removeFirst(3) }
        if words.starts(with: ["set", "of"]) { words.removeFirst(2) }
        if ["all", "any", "every", "the"].contains(words.first) {
            words.removeFirst()
        } else if words.count == 1 {
            return nil
        }
        if ["number", "numbers", "value", "values"].contains(words.last), words.count > 1 { words.removeLast() }
        switch words.joined(separator: " ") {
        case "real", "reals", "real x", "x real": return .reals
        case "integer", "integers": return .integers
        case "rational", "rationals": return .rationals
        case "complex": return .complexes
        case "natural", "naturals": return .naturals
        default: return said == "全体实数" || said == "实数集" || said == "一切实数" ? .reals : nil
        }
    }

    /// 1 or -1 for words that say infinity.
    static func infinity(_ said: String) -> Int? {
        switch said {
        case "infinity", "infinite", "positive infinity", "plus infinity", "infinitely many",
            "infinitely many solutions",
            "infinitely many values", "infinite solutions", "infinite number", "unbounded", "无穷", "无穷大", "无穷多", "无数":
            1
        case "negative infinity", "minus infinity": -1
        default: nil
        }
    }

    /// Whether a word announces the value behind it.
    static func announces(_ word: [UInt8]) -> Bool { announcing.contains(word) }

    private static let announcing = Set(
        [":", "is", "are", "equals", "exactly", "only", "answer", "答案", "答案是", "答案为", "为", "是", "等于", "选", "故选"]
            .map { Array($0.utf8) })

    /// Whether a word only speaks of the answer.
    static func isAboutAnswer(_ word: [UInt8]) -> Bool { announces(word) || lead.contains(word) }

    private static let lead = Set(
        [
            "the", "final", "correct", "right", "result", "solution", "it", "this", "that", "so", "thus", "therefore",
            "hence", "choice", "option", "my", "our",
        ].map { Array($0.utf8) })

    /// Phrases for "there is no such value", which all mean the same.
    static let absences: Set<String> = [
        "dne", "d n e", "does not exist", "doesn t exist", "limit does not exist", "it does not exist", "undefined",
        "not defined", "the limit does not exist", "不存在", "极限不存在", "无意义", "is undefined", "limit dne",
    ]
}
