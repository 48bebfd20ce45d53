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
    /// Lists and sets around the pair that is being compared.
    var collections = 0

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

        // Italic letters are units only against a reference that has the unit.
        case (.quantity(let a, let unitA), .italic(let plain, let value, let unit)):
            return either(compareQuantities(a, unitA, value, unit), or: { $0.compare(gold, plain) })
        case (.italic(let plain, let value, let unit), .quantity(let b, let unitB)):
            return either(compareQuantities(value, unit, b, unitB), or: { $0.compare(plain, response) })
        case (.italic(let plain, _, _), _): return compare(plain, response)
        case (_, .italic(let plain, _, _)): return compare(gold, plain)

        // Families over a parameter, and residue classes.
        case (.parametric(let a, let p, let domainA), .parametric(let b, let q, let domainB)):
            return compareParametric(a, p, domainA, b, q, domainB)
        case (.parametric(let a, _, .reals), _): return compare(a, response)
        case (_, .parametric(let b, _, .reals)): return compare(gold, b)
        case (.family, _), (_, .family), (.congruence, _), (_, .congruence), (.labelled, _), (_, .labelled), (.list, _),
            (_, .list), (.expression, .expression):
            return compareProgressions(gold, response)
        default: return nil
        }
    }

    /// Numbers, expressions, quantities, bases, ratios, times and residues.
    private mutating func compareSingle(_ gold: AnswerForm, _ response: AnswerForm) -> Agreement? {
        switch (gold, response) {
        case (.expression(let a), .expression(let b)):
            rule = "both are expressions and must be identical"
            return compareExpressions(a, b)
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
        case (.time(let a, let halfA), .time(let b, let halfB)): return compareTimes(a, halfA, b, halfB)
        case (.ratio(let terms), .time(let seconds, _)), (.time(let seconds, _), .ratio(let terms)):
            return compareTime(seconds, with: terms)
        case (.measures(let a), .measures(let b)), (.measures(let a), .list(let b)), (.list(let a), .measures(let b)):
            return compareMeasures(a, b)
        case (.congruence(let a, _), .expression(let b)), (.expression(let a), .congruence(let b, _)):
            rule = "a residue against the number itself"
            return identity.compare(a, b)
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
            return compareCurve(label, x, nodes, signs, isSolved: false)
        case (.labelled(let label, let x), .list(let items)) where isFullyNamed(items):
            guard let named = named(label, x) else { return compare(x, response) }
            return compareLists(named, items)
        case (.list(let items), .labelled(let label, let x)) where isFullyNamed(items):
            guard let named = named(label, x) else { return compare(gold, x) }
            return compareLists(items, named)
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
        case (.set(let items), .expression) where items.count == 1 && collections == 0:
            return compare(items[0], response)
        case (.matrix(let a, let isA), .matrix(let b, let isB)):
            return isA == isB ? compareMatrices(a, b) : .different
        case (.matrix(let a, false), .tuple(let b, _, _)), (.tuple(let b, _, _), .matrix(let a, false)):
            return compareVector(a, with: b)
        case (.expression(let sum), _) where isUnitVectorSum(sum):
            return components(response).map { compareUnitVectors(sum, with: $0) }
        case (_, .expression(let sum)) where isUnitVectorSum(sum):
            return components(gold).map { compareUnitVectors(sum, with: $0) }
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
        case (.builder(let a, let domainA, let x), .builder(let b, let domainB, let y)):
            return compareBuilders((a, domainA, x), (b, domainB, y))
        case (.setFormula(let a), .setFormula(let b)):
            rule = "combinations of sets are compared by membership"
            return a.isSame(as: b)
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
        case (.list(let items), .expression(let node)), (.expression(let node), .list(let items)):
            return compareChoices(items, with: node)
        case (.choice(let a, let x), .choice(let b, let y)): return compareChoices(a, x, b, y)
        case (.choice(let letter, let rest), _): return compareChoice(letter, rest, with: response)
        case (_, .choice(let letter, let rest)): return compareChoice(letter, rest, with: gold)
        default: return nil
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
        Phrases.absences.contains(String(decoding: Array(words.joined(separator: [0x20])), as: UTF8.self))
    }

    private func significant(_ words: [[UInt8]]) -> [[UInt8]] {
        let dropped = ["the", "a", "an"].map { Array($0.utf8) }
        let ordinals = ["st", "nd", "rd", "th"].map { Array($0.utf8) }
        var kept: [[UInt8]] = []
        for word in words where !(ordinals.contains(word) && kept.last?.last.map { isDigitByte($0) } ?? false) {
            kept.append(word)
        }
        while kept.count > 1, let first = kept.first, dropped.contains(first) { kept.removeFirst() }
        return kept
    }
}
