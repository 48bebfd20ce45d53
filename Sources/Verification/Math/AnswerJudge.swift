// One candidate against one gold: the same text, or the same answer by the table of types.
import Domain

/// The bytes of an extracted answer.
struct CandidateAnswer: Sendable {
    /// All parts, joined by commas, with what stood behind the box.
    let bytes: [UInt8]

    init(_ found: ExtractedAnswer, in source: ArraySlice<UInt8>) {
        var joined: [UInt8] = []
        for part in found.parts {
            if !joined.isEmpty { joined += [0x2C, 0x20] }
            joined += source[part]
        }
        bytes = joined + found.suffix
    }

    /// For people: capped.
    var excerpt: String { String(decoding: bytes.prefix(Limits.extractedBytesMax), as: UTF8.self) }
}

/// A reference answer, taken out of its dollar signs or box.
struct GoldAnswer: Sendable {
    let bytes: [UInt8]

    init(_ text: String) {
        let raw = Array(text.utf8.prefix(Limits.mathAnswerBytesMax))
        let extractor = AnswerExtractor(bytes: raw[...])
        let isWrapped = ["boxed", "answer is"].contains { lastRange(of: Array($0.utf8), in: raw[...]) != nil }
        if isWrapped, let found = extractor.extract(expecting: .words) {
            bytes = CandidateAnswer(found, in: raw[...]).bytes
        } else {
            bytes = raw
        }
    }

    /// What kind of answer to look for where there is no box.
    var expectation: AnswerExtractor.Expectation {
        if isChoiceLetter { return .choice }
        let plain = withoutStyles
        let letters = lowercased(plain.filter { isLetterByte($0) })
        if ["yes", "no", "true", "false"].contains(where: { letters.elementsEqual($0.utf8) }) { return .decision }
        let isMathematics = plain.contains { isDigitByte($0) || [0x5C, 0x3D, 0x5E, 0x28].contains($0) }
        return isMathematics || plain.count <= 2 ? .mathematics : .words
    }

    /// The bytes without the commands that only make text upright or bold.
    private var withoutStyles: [UInt8] {
        var plain: [UInt8] = []
        var index = 0
        while index < bytes.count {
            let name = bytes[(index + 1)...].prefix { isLetterByte($0) && bytes[index] == 0x5C }
            switch CommandTable.command(name) {
            case .text?, .upright?, .bold?: index = name.endIndex
            default:
                plain.append(bytes[index])
                index += 1
            }
        }
        return plain.filter { ![0x7B, 0x7D, 0x24].contains($0) }
    }

    /// The small letter of a reference that is one capital.
    var lowerLetter: UInt8? {
        let letters = bytes.filter { isLetterByte($0) }
        return letters.count == 1 ? letters[0] | 0x20 : nil
    }

    /// A lone capital letter, which makes the task multiple choice.
    var isChoiceLetter: Bool {
        let letters = bytes.filter { isLetterByte($0) }
        let others = bytes.filter {
            !isLetterByte($0) && ![0x28, 0x29, 0x2E, 0x20, 0x24, 0x7B, 0x7D, 0x5C].contains($0)
        }
        if letters.count == 1, others.isEmpty, let letter = letters.first { return (0x41...0x4A).contains(letter) }
        // (D) Alina, C. x = 42
        guard bytes.count > 2 else { return false }
        let isBracketed = bytes[0] == 0x28 && bytes.count > 3 && bytes[2] == 0x29 && (0x41...0x4A).contains(bytes[1])
        guard (0x41...0x4A).contains(bytes[0]) else { return isBracketed }
        let isNamed = bytes[1] == 0x20 && bytes[2] >= 0x41 && bytes[2] <= 0x5A
        return isNamed || (bytes[1] == 0x2E || bytes[1] == 0x29) && bytes[2] == 0x20
    }
}

/// What a comparison found, with a reason for people.
struct JudgedAnswer: Sendable {
    var agreement: Agreement
    var reason: String
}

/// Reads both sides and compares them.
enum AnswerJudge {
    static func judge(
        candidate: CandidateAnswer, gold: GoldAnswer, work: WorkMeter, steps: inout ExplanationSteps
    ) -> JudgedAnswer {
        work.note(100 + 20 * (candidate.bytes.count + gold.bytes.count))
        guard !work.isExhausted else {
            let isSame = candidate.bytes == gold.bytes
            return JudgedAnswer(
                agreement: isSame ? .equal : .unclear,
                reason: isSame ? "it is written the same" : "the references before this one took all the work allowed")
        }
        let goldTokens = MathScanner.scan(MathNormaliser.normalised(gold.bytes[...]))
        let candidateTokens = MathScanner.scan(MathNormaliser.normalised(candidate.bytes[...]))
        work.note(goldTokens.work + candidateTokens.work)
        if goldTokens.isBeyondCaps || candidateTokens.isBeyondCaps {
            let isSame = goldTokens.bytes == candidateTokens.bytes
            return JudgedAnswer(
                agreement: isSame ? .equal : .unclear,
                reason: isSame
                    ? "it is written the same" : "an answer has more tokens or digits than the verifier's caps")
        }
        if candidateTokens.tokens.isEmpty { return JudgedAnswer(agreement: .different, reason: "the answer is empty") }
        if candidate.bytes.count == 1, gold.isChoiceLetter, gold.lowerLetter == candidate.bytes.first {
            return JudgedAnswer(agreement: .equal, reason: "it is the letter of the choice")
        }
        if sameTokens(goldTokens, candidateTokens) {
            steps.add("both sides have the same symbols")
            return JudgedAnswer(agreement: .equal, reason: "it is written the same")
        }
        let judged = compare(goldTokens, candidateTokens, work, &steps)
        guard judged.agreement == .different, hasBareLogarithm(goldTokens) || hasBareLogarithm(candidateTokens) else {
            return judged
        }
        // A bare log may be the decimal one.
        var (decimalGold, decimalCandidate) = (goldTokens, candidateTokens)
        decimalGold.bareLogarithmBase = 10
        decimalCandidate.bareLogarithmBase = 10
        var ignored = ExplanationSteps(isRecording: false)
        let decimal = compare(decimalGold, decimalCandidate, work, &ignored)
        guard decimal.agreement == .equal else { return judged }
        steps.add("log is read as the decimal logarithm")
        return decimal
    }

    private static func hasBareLogarithm(_ answer: ScannedAnswer) -> Bool {
        answer.tokens.contains {
            $0.kind == .function && UInt8(truncatingIfNeeded: $0.payload) == Operation.logarithm.rawValue
                && $0.payload >> 8 == 0
        }
    }

    /// Reads both sides into one pool and applies the table of types.
    private static func compare(
        _ gold: ScannedAnswer, _ candidate: ScannedAnswer, _ work: WorkMeter, _ steps: inout ExplanationSteps
    ) -> JudgedAnswer {
        var goldReader = AnswerReader(gold, pool: ExpressionPool(work: work))
        goldReader.pool.reserve(gold.tokens.count + candidate.tokens.count)
        let goldForm = goldReader.expandingSigns(goldReader.readAll())
        var reader = AnswerReader(candidate, pool: ExpressionPool(work: work))
        swap(&reader.pool, &goldReader.pool)
        let form = reader.expandingSigns(reader.readAll())
        steps.add("the reference reads as \(goldForm.kindName), the answer as \(form.kindName)")
        if case .empty = form { return JudgedAnswer(agreement: .different, reason: "the answer is empty") }
        if goldReader.isBeyondCaps || reader.isBeyondCaps || reader.pool.isExhausted {
            return JudgedAnswer(agreement: .unclear, reason: "an answer is larger or deeper than the verifier's caps")
        }
        var comparison = AnswerComparison(reader.pool)
        var agreement = comparison.compare(goldForm, form)
        if work.isExhausted { agreement = .unclear }
        steps.add("rule: \(comparison.rule)")
        return JudgedAnswer(agreement: agreement, reason: reason(agreement, goldForm, form, comparison.rule))
    }

    private static func reason(_ agreement: Agreement, _ gold: AnswerForm, _ form: AnswerForm, _ rule: String) -> String
    {
        switch agreement {
        case .equal: rule
        case .unclear: "the comparison needs more than the verifier's caps (\(rule))"
        case .different:
            gold.kindName == form.kindName
                ? "\(rule)" : "the reference is \(gold.kindName), the answer is \(form.kindName) (\(rule))"
        }
    }

    /// Whether two answers are the same tokens with the same spelling, white space and styles apart.
    private static func sameTokens(_ a: ScannedAnswer, _ b: ScannedAnswer) -> Bool {
        let left = a.tokens.filter { $0.kind != .openBrace && $0.kind != .closeBrace }
        let right = b.tokens.filter { $0.kind != .openBrace && $0.kind != .closeBrace }
        guard a.tokens.count == b.tokens.count, left.count == right.count, !a.isBeyondCaps, !b.isBeyondCaps else {
            return false
        }
        for (x, y) in zip(a.tokens, b.tokens) {
            guard x.kind == y.kind else { return false }
            switch x.kind {
            case .number:
                let (p, q) = (a.numbers[Int(x.payload)], b.numbers[Int(y.payload)])
                guard p == q else { return false }
            case .name, .word, .unknown, .accent, .currency:
                guard a.name(x) == b.name(y) else { return false }
                if x.kind == .unknown, a.name(x).isEmpty,
                    a.bytes[Int(x.start)..<Int(x.end)] != b.bytes[Int(y.start)..<Int(y.end)]
                {
                    return false
                }
            default:
                guard x.payload == y.payload else { return false }
            }
        }
        return true
    }
}
