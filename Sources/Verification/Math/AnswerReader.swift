// Tokens to a typed answer. Each kind of answer has its own reader in its own file; this one tries them in order.
import Domain

/// Reads one scanned answer. Ranges are half-open token ranges.
struct AnswerReader {
    let answer: ScannedAnswer
    var pool: ExpressionPool
    var isBeyondCaps = false
    private var depth = 0
    private var readings = 0

    init(_ answer: ScannedAnswer, pool: ExpressionPool) {
        self.answer = answer
        self.pool = pool
    }

    /// The whole answer. When nothing can be read as mathematics it is words.
    mutating func readAll() -> AnswerForm {
        if answer.isBeyondCaps { isBeyondCaps = true }
        let form = read(0, answer.tokens.count)
        if pool.isExhausted { isBeyondCaps = true }
        return form ?? .text(words(0, answer.tokens.count))
    }

    func kind(_ index: Int) -> MathToken.Kind? {
        answer.tokens.indices.contains(index) ? answer.tokens[index].kind : nil
    }

    func partner(_ index: Int) -> Int? {
        guard answer.partner.indices.contains(index), answer.partner[index] >= 0 else { return nil }
        return Int(answer.partner[index])
    }

    /// A range as an answer; nil when it is no mathematics.
    mutating func read(_ start: Int, _ stop: Int) -> AnswerForm? {
        depth += 1
        defer { depth -= 1 }
        readings += 1
        guard depth <= Limits.mathFormDepthMax, readings <= Limits.mathReadingsMax else {
            isBeyondCaps = true
            return nil
        }
        guard let (low, high) = stripped(start, stop) else { return .empty }
        // Most items of long lists are plain numbers, which nothing else can be.
        if kind(high - 1) == .number, high == low + 1 || high == low + 2 && kind(low) == .minus {
            return expression(low, high).map { .expression($0) }
        }
        guard pool.work.spend(60 + 60 * (stop - start)) else {
            isBeyondCaps = true
            return nil
        }
        return readText(low, high) ?? readSeveral(low, high) ?? readOne(low, high)
    }

    /// Choices, words, times and sums of quantities, which are told by their tokens alone.
    private mutating func readText(_ low: Int, _ high: Int) -> AnswerForm? {
        if let form = readChoice(low, high) { return form }
        if let form = readTime(low, high) { return form }
        if let form = readNumberWords(low, high) { return form }
        if let form = readWords(low, high) { return form }
        return readMeasures(low, high)
    }

    /// Families, lists, relations and ratios, which are told by a sign at the top level.
    private mutating func readSeveral(_ low: Int, _ high: Int) -> AnswerForm? {
        if let form = readResidues(low, high) { return form }
        if let form = readFamily(low, high) { return form }
        if let form = readPlainAngles(low, high) { return form }
        if let form = readList(low, high) { return form }
        if let form = readConditional(low, high) { return form }
        if let form = readRelation(low, high) { return form }
        return readRatio(low, high)
    }

    /// Sets, tuples, matrices, numbers in other bases, residues and values with their units.
    private mutating func readOne(_ low: Int, _ high: Int) -> AnswerForm? {
        if let form = readSetOperation(low, high) { return form }
        if let form = readBrackets(low, high) { return form }
        if let form = readEnvironment(low, high) { return form }
        if let form = readMatrixPower(low, high) { return form }
        if let form = readMatrixExpression(low, high) { return form }
        if let form = readBased(low, high) { return form }
        if let form = readCongruence(low, high) { return form }
        if let form = readDomain(low, high) { return form }
        return readQuantity(low, high) ?? readAnnounced(low, high)
    }

    /// The range without enclosing groups and punctuation around it; nil when nothing is left.
    func stripped(_ start: Int, _ stop: Int) -> (Int, Int)? {
        var (low, high) = (start, stop)
        while low < high {
            let (first, last) = (answer.tokens[low].kind, answer.tokens[high - 1].kind)
            if [.period, .comma, .semicolon, .newRow].contains(last) || last == .ampersand {
                high -= 1
            } else if [.comma, .semicolon, .newRow, .ampersand, .colon].contains(first) {
                low += 1
            } else if [.and, .or].contains(first) {
                low += 1
            } else if first == .openBrace || first == .beginOther, partner(low) == high - 1 {
                low += 1
                high -= 1
            } else {
                return (low, high)
            }
        }
        return nil
    }

    /// The top-level positions of some kinds of tokens in a range.
    func topLevel(_ low: Int, _ high: Int, where matches: (MathToken.Kind) -> Bool) -> [Int] {
        var found: [Int] = []
        var index = low
        while index < high {
            let kind = answer.tokens[index].kind
            if let close = partner(index), close > index, close < high {
                index = close + 1
                continue
            }
            if matches(kind) { found.append(index) }
            index += 1
        }
        return found
    }

    /// A range cut at the top-level tokens of a kind.
    func pieces(_ low: Int, _ high: Int, _ kind: MathToken.Kind) -> [(Int, Int)] {
        let cuts = topLevel(low, high) { $0 == kind }
        return zip([low - 1] + cuts, cuts + [high]).map { ($0 + 1, $1) }
    }

    /// Parses a range as one expression; nil when it is none.
    mutating func expression(_ low: Int, _ high: Int) -> NodeID? {
        guard low < high else { return nil }
        guard pool.work.spend(20 + 12 * (high - low)) else {
            isBeyondCaps = true
            return nil
        }
        // The pool moves into the parser and back, since a copy of it would be copied in full by the first new node.
        var parser = ExpressionParser(answer, pool: ExpressionPool(work: pool.work), from: low, to: high)
        let mark = pool.mark
        swap(&pool, &parser.pool)
        defer { swap(&pool, &parser.pool) }
        do throws(ParseFailure) {
            return try parser.parseAll()
        } catch {
            parser.pool.rollBack(to: mark)
            if error == .beyondCaps { isBeyondCaps = true }
            return nil
        }
    }

    /// The words and symbols of a range, in lower case and without styles, for comparing text.
    func words(_ low: Int, _ high: Int) -> [[UInt8]] {
        var words: [[UInt8]] = []
        for token in answer.tokens[max(0, low)..<min(high, answer.tokens.count)] {
            switch token.kind {
            case .openBrace, .closeBrace, .period, .comma: break
            case .letter, .upright: words.append([UInt8(truncatingIfNeeded: token.payload) | 0x20])
            case .word, .name, .unknown:
                words.append(lowercased(answer.name(token).isEmpty ? spelling(token) : answer.name(token)))
            default: words.append(lowercased(spelling(token)))
            }
        }
        return words
    }

    private func spelling(_ token: MathToken) -> [UInt8] {
        // A token that the scanner made up (a closing brace that was missing) has no bytes of its own.
        let end = min(Int(token.end), answer.bytes.count)
        return Array(answer.bytes[min(Int(token.start), end)..<end])
    }
}

/// ASCII letters in lower case.
func lowercased(_ bytes: some Sequence<UInt8>) -> [UInt8] { bytes.map { $0 >= 0x41 && $0 <= 0x5A ? $0 | 0x20 : $0 } }
