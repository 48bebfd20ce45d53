// The table of type pairs: which rule decides for which kinds of answers. Every rule is one line here; what has no line
// is different. The gold comes first in every pair.
import Domain

/// Compares two read answers. Both live in one pool.
struct AnswerComparison {
    var pool: ExpressionPool
    var identity: IdentityTest
    /// The rule that decided, for the explanation.
    var rule = "no rule makes these kinds equal"
    private var depth = 0

    init(_ pool: ExpressionPool) {
        self.pool = pool
        identity = IdentityTest(pool)
    }

    /// Whether the response's form is the gold's.
    mutating func compare(_ gold: AnswerForm, _ response: AnswerForm) -> Agreement {
        depth += 1
        defer { depth -= 1 }
        guard depth <= 16, pool.work.spend(20) else { return .unclear }
        // Each part of the table has rules for its pairs and passes on the others.
        if let found = compareReadings(gold, response) { return found }
        if let found = compareSingle(gold, response) { return found }
        if let found = compareNamed(gold, response) { return found }
        if let found = compareSeveral(gold, response) { return found }
        if let found = compareSets(gold, response) { return found }
        if let found = compareWords(gold, response) { return found }
        return .different
    }

    /// Writings with two readings, and families over the integers.
    private mutating func compareReadings(_ gold: AnswerForm, _ response: AnswerForm) -> Agreement? {
        switch (gold, response) {
        // Two readings of one writing: either may agree.
        case (.ambiguous(let a, let b), _):
            return either(compare(a, response), or: { $0.compare(b, response) })
        case (_, .ambiguous(let a, let b)):
            return either(compare(gold, a), or: { $0.compare(gold, b) })

        // Families over the integers.
        case (.family(let a, _), _):
            guard let b = familyNode(response) else { return compareUnwrapping(gold, response) }
            return either(identity.compare(a, b), or: { $0.compareFamilies(a, b) })
        case (_, .family(let b, _)):
            guard let a = familyNode(gold) else { return compareUnwrapping(gold, response) }
            return either(identity.compare(a, b), or: { $0.compareFamilies(a, b) })
        default: return nil
        }
    }

    /// Numbers, expressions, quantities, bases, ratios, times and residues.
    private mutating func compareSingle(_ gold: AnswerForm, _ response: AnswerForm) -> Agreement? {
        switch (gold, response) {
        case (.expression(let a), .expression(let b)):
            rule = "both are expressions and must be identical"
            let agreement = identity.compare(a, b)
            let isFamily =
                pool[a].traits.isSuperset(of: [.pi, .symbol]) && pool[b].traits.isSuperset(of: [.pi, .symbol])
            guard agreement == .different, isFamily, hasIntegerParameter(a), hasIntegerParameter(b) else {
                return agreement
            }
            return compareFamilies(a, b)
        case (.quantity(let a, let unitA), .quantity(let b, let unitB)):
            return compareQuantities(a, unitA, b, unitB)
        case (.quantity(let a, let unit), .expression(let b)), (.expression(let b), .quantity(let a, let unit)):
            return compareQuantity(a, unit, with: b)
        case (.based(let a, let baseA), .based(let b, let baseB)):
            rule = "bases are compared, and then the digits"
            return baseA == baseB && a == b ? .equal : .different
        case (.ratio(let a), .ratio(let b)):
            return compareRatios(a, b)
        case (.ratio(let a), .expression(let b)) where a.count == 2,
            (.expression(let b), .ratio(let a)) where a.count == 2:
            return compareRatio(a, with: b)
        case (.time(let a, let halfA), .time(let b, let halfB)):
            rule = "times of day"
            return a == b || halfA != halfB && a % 43_200 == b % 43_200 ? .equal : .different
        case (.ratio(let terms), .time(let seconds, _)), (.time(let seconds, _), .ratio(let terms)):
            rule = "a time of day, written like a ratio"
            guard terms.count == 2, let hour = pool.exact(terms[0])?.integer,
                let minute = pool.exact(terms[1])?.integer,
                (0..<25).contains(hour), (0..<60).contains(minute)
            else { return .different }
            return (hour * 3600 + minute * 60) % 43_200 == seconds % 43_200 ? .equal : .different
        case (.congruence(let a, let m), .congruence(let b, let n)):
            return compareCongruences(a, m, b, n)
        default: return nil
        }
    }

    /// Names before values, and relations.
    private mutating func compareNamed(_ gold: AnswerForm, _ response: AnswerForm) -> Agreement? {
        switch (gold, response) {
        case (.labelled(let a, let x), .labelled(let b, let y)):
            return compareLabelled(a, x, b, y)
        case (.labelled(let label, let x), .relation(let nodes, let signs)):
            return compareCurve(label, x, nodes, signs)
        case (.relation(let nodes, let signs), .labelled(let label, let x)):
            return compareCurve(label, x, nodes, signs)
        case (.labelled(_, let x), _):
            return compare(x, response)
        case (_, .labelled(_, let y)):
            return compare(gold, y)
        case (.relation(let nodes, let signs), .expression(let b)) where nodes.count > 2:
            rule = "a reference that is a chain ends in its value"
            guard signs.allSatisfy({ $0 == .equal }), let last = nodes.last else { return .different }
            return identity.compare(last, b)
        case (.relation(let a, let signsA), .relation(let b, let signsB)):
            return compareRelations(a, signsA, b, signsB)
        default: return nil
        }
    }

    /// Lists, sets, tuples and matrices.
    private mutating func compareSeveral(_ gold: AnswerForm, _ response: AnswerForm) -> Agreement? {
        switch (gold, response) {
        case (.list(let a), .list(let b)): return compareLists(a, b)
        case (.set(let a), .set(let b)), (.set(let a), .list(let b)), (.list(let a), .set(let b)):
            rule = "sets and lists are unordered"
            return matchUnordered(flattened(a), flattened(b), isSet: true)
        case (.list(let a), .tuple(let b, let open, let close)), (.tuple(let b, let open, let close), .list(let a)):
            return compareListWithTuple(a, b, open, close)
        case (.tuple(let a, let openA, let closeA), .tuple(let b, let openB, let closeB)):
            return compareTuples(a, (openA, closeA), b, (openB, closeB))
        case (.list(let items), _) where items.count == 1: return compare(items[0], response)
        case (_, .list(let items)) where items.count == 1: return compare(gold, items[0])
        case (.set(let items), .expression) where items.count == 1: return compare(items[0], response)
        case (.matrix(let a, let isA), .matrix(let b, let isB)):
            return isA == isB ? compareMatrices(a, b) : .different
        case (.matrix(let a, false), .tuple(let b, _, _)), (.tuple(let b, _, _), .matrix(let a, false)):
            return compareVector(a, with: b)
        default: return nil
        }
    }

    /// Sets of reals, set-builders and piecewise answers.
    private mutating func compareSets(_ gold: AnswerForm, _ response: AnswerForm) -> Agreement? {
        switch (gold, response) {
        case (.intervals(let a), .intervals(let b)): return compareIntervals(a, b)
        case (.intervals(let a), .tuple(let items, let open, let close)),
            (.tuple(let items, let open, let close), .intervals(let a)):
            guard case .intervals(let b)? = AnswerReader.interval(items, open, close) else { return .different }
            return compareIntervals(a, b)
        case (.intervals(let a), .domain(.reals)), (.domain(.reals), .intervals(let a)):
            rule = "the whole real line"
            return a.count == 1 && a[0].low.value == nil && a[0].high.value == nil ? .equal : .different
        case (.domain(let a), .domain(let b)): return a == b ? .equal : .different
        case (.emptySet, .emptySet): return .equal
        case (.builder(let a, let x), .builder(let b, let y)):
            rule = "set-builders are compared by body and condition"
            return compare(a, b).and(compare(x, y))
        case (.cases(let a), .cases(let b)): return compareCases(a, b)
        default: return nil
        }
    }

    /// Words and choices.
    private mutating func compareWords(_ gold: AnswerForm, _ response: AnswerForm) -> Agreement? {
        switch (gold, response) {
        case (.text(let a), .text(let b)):
            rule = "words are compared as words"
            return sameWords(a, b) ? .equal : .different
        case (.text(let words), .expression(let node)), (.expression(let node), .text(let words)):
            rule = "a word against a name"
            return pool[node].operation == .symbol && words == [lowercased(pool.name(of: node))] ? .equal : .different
        case (.choice(let a, let x), .choice(let b, let y)): return compareChoices(a, x, b, y)
        case (.choice(let letter, let rest), _): return compareChoice(letter, rest, with: response)
        case (_, .choice(let letter, let rest)): return compareChoice(letter, rest, with: gold)
        default: return nil
        }
    }

    /// A name or a single item around a family.
    private mutating func compareUnwrapping(_ gold: AnswerForm, _ response: AnswerForm) -> Agreement {
        switch (gold, response) {
        case (.labelled(_, let inner), _): compare(inner, response)
        case (_, .labelled(_, let inner)): compare(gold, inner)
        default: .different
        }
    }

    /// Whether the only variable is k, n or m, which count.
    private func hasIntegerParameter(_ node: NodeID) -> Bool {
        let needed = pool.subtree(node)
        let first = Int(pool[node].first)
        return (first...node.index).allSatisfy { index in
            guard needed[index - first], pool.nodes[index].operation == .symbol else { return true }
            let name = pool.name(of: NodeID(index: index))
            return name.count == 1 && "knm".utf8.contains(name[0])
        }
    }

    private mutating func either(
        _ first: Agreement, or second: (inout AnswerComparison) -> Agreement
    ) -> Agreement {
        first == .equal ? .equal : second(&self)
    }

    /// Words without articles and empty parts.
    func sameWords(_ a: [[UInt8]], _ b: [[UInt8]]) -> Bool {
        let (left, right) = (significant(a), significant(b))
        return left == right || isAbsence(left) && isAbsence(right)
    }

    /// Ways to say that a limit or a value is not there.
    private func isAbsence(_ words: [[UInt8]]) -> Bool {
        let phrase = String(decoding: Array(words.joined(separator: [0x20])), as: UTF8.self)
        return ["dne", "does not exist", "doesn t exist", "limit does not exist", "it does not exist"].contains(phrase)
    }

    private func significant(_ words: [[UInt8]]) -> [[UInt8]] {
        let dropped = ["the", "a", "an"].map { Array($0.utf8) }
        var kept = words
        while kept.count > 1, let first = kept.first, dropped.contains(first) { kept.removeFirst() }
        return kept
    }

    private mutating func compareChoices(_ a: UInt8, _ x: AnswerForm?, _ b: UInt8, _ y: AnswerForm?) -> Agreement {
        rule = "the letters of the choices are compared"
        guard a == b else { return .different }
        guard let x, let y else { return .equal }
        if case .text = x { return .equal }
        if case .text = y { return .equal }
        return compare(x, y)
    }

    /// A choice against something that is no choice: a bare letter, or the text of the choice.
    private mutating func compareChoice(_ letter: UInt8, _ rest: AnswerForm?, with other: AnswerForm) -> Agreement {
        rule = "a choice equals its letter or its text"
        if case .expression(let node) = other, pool[node].operation == .symbol, pool.name(of: node) == [letter] {
            return .equal
        }
        if case .text(let words) = other, words.count == 1, words[0] == [letter | 0x20] { return .equal }
        guard let rest else { return .different }
        return compare(rest, other)
    }
}
