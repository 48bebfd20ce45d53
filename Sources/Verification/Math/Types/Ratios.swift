// Ratios: `2:3`, `1:4:9`. They are equal when their terms are proportional.

extension AnswerReader {
    /// `2:3`, `1:4:9`, "2 to 3".
    mutating func readRatio(_ low: Int, _ high: Int) -> AnswerForm? {
        var parts = pieces(low, high, .colon)
        if parts.count == 1, let word = topLevel(low, high, where: { $0 == .word }).first, word > low, word < high - 1,
            lowercased(answer.name(answer.tokens[word])).elementsEqual("to".utf8)
        {
            parts = [(low, word), (word + 1, high)]
        }
        guard parts.count > 1 else { return nil }
        var terms: [NodeID] = []
        for (start, end) in parts {
            guard let term = expression(start, end) else { return nil }
            terms.append(term)
        }
        return .ratio(terms)
    }
}

extension AnswerComparison {
    /// Ratios are equal when their terms are proportional.
    mutating func compareRatios(_ a: [NodeID], _ b: [NodeID]) -> Agreement {
        rule = "ratios must be proportional"
        guard a.count == b.count, a.count >= 2 else { return .different }
        var result = Agreement.equal
        var products: [(NodeID, NodeID)] = []
        for index in 1..<a.count {
            let left = pool.binary(.multiply, a[0], b[index])
            products.append((left, pool.binary(.multiply, b[0], a[index])))
        }
        refresh()
        for (left, right) in products where result != .different {
            result = result.and(identity.compare(left, right))
        }
        return result
    }

    mutating func compareRatio(_ a: [NodeID], with b: NodeID) -> Agreement {
        rule = "a ratio of two equals its quotient"
        let quotient = pool.binary(.divide, a[0], a[1])
        refresh()
        return identity.compare(quotient, b)
    }
}
