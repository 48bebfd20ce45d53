// Answers without a box: announced by a phrase, in bold, the last formula, the last number, or a lone letter.
import Domain

extension AnswerExtractor {
    /// The end of the text, where unboxed answers are looked for.
    var tail: ArraySlice<UInt8> { bytes.suffix(Limits.mathTailBytesMax) }

    private static let cues = [
        "final answer is", "the answer is", "answer is", "answer:", "answer\u{FF1A}", "answers are", "####", "<answer>",
        "答案是", "答案为",
        "答案：", "答案:", "答案", "answer would be", "answer =", "réponse est", "réponse :", "réponse:", "respuesta es",
        "respuesta final es", "respuesta:", "antwort ist", "antwort lautet",
        "antwort:", "ответ:", "ответ", "risposta è", "risposta:", "resposta é", "resposta:", "答えは", "答え:", "答え：", "정답은",
        "정답:", "답은", "답:", "故选", "应选", "result is", "answer is:",
    ].map { Array($0.utf8) }

    /// The cues that end with a byte, longest first, by that byte.
    private static let cuesByLastByte: [[[UInt8]]] = {
        var table = [[[UInt8]]](repeating: [], count: 256)
        for cue in cues.sorted(by: { $0.count > $1.count }) {
            if let last = cue.last { table[Int(last)].append(cue) }
        }
        return table
    }()

    /// What follows the last cue phrase, to the end of its line or sentence.
    func cued() -> ExtractedAnswer? {
        guard let best = lastCue() else { return nil }
        var start = best.upperBound
        while start < bytes.endIndex, isSpaceByte(bytes[start]) || [0x3A, 0x2A, 0x3D].contains(bytes[start]) {
            start += 1
        }
        let parts = answerSpans(from: start)
        guard let range = parts.first else { return nil }
        var answer = ExtractedAnswer(
            parts: parts, rule: "after \"\(String(decoding: bytes[best], as: UTF8.self))\"")
        if AnswerNegation.begins(bytes[range]) { answer.negation = "the text denies it" }
        return answer
    }

    /// The formulas that begin here and are tied by "or", "and" or a comma; or one span of text.
    private func answerSpans(from start: Int) -> [Range<Int>] {
        guard let first = answerSpan(from: start) else { return [] }
        var spans = [first]
        var end = first.upperBound
        while spans.count < 16, first.lowerBound > start {
            let gap = bytes[end...].drop { $0 == 0x24 }.prefix(24)
            guard let next = gap.firstIndex(of: 0x24), isJoint(gap[..<next]), let span = answerSpan(from: next) else {
                break
            }
            spans.append(span)
            end = span.upperBound
        }
        return spans
    }

    /// Nothing but a comma and a word that joins.
    private func isJoint(_ gap: ArraySlice<UInt8>) -> Bool {
        let word = lowercased(gap.filter { !isSpaceByte($0) && $0 != 0x2C })
        let isBare = word.isEmpty && gap.contains(0x2C)
        return isBare || ["or", "and", "和", "或", "及"].contains { word.elementsEqual($0.utf8) }
    }

    /// The last cue in the tail, in any case: one pass from the end, so that the last one stops it.
    private func lastCue() -> Range<Int>? {
        let base = tail.startIndex
        let text = tail.span
        for end in stride(from: text.count, to: 0, by: -1) {
            let cues = AnswerExtractor.cuesByLastByte[Int(lowered(text[end - 1]))]
            for cue in cues where cue.count <= end {
                var matched = 1
                while matched < cue.count, lowered(text[end - 1 - matched]) == cue[cue.count - 1 - matched] {
                    matched += 1
                }
                if matched == cue.count { return base + end - matched..<base + end }
            }
        }
        return nil
    }

    private func lowered(_ byte: UInt8) -> UInt8 { byte >= 0x41 && byte <= 0x5A ? byte | 0x20 : byte }

    /// The formula that begins here, or the text to the end of the sentence.
    private func answerSpan(from start: Int) -> Range<Int>? {
        guard start < bytes.endIndex else { return nil }
        for (open, close) in AnswerExtractor.delimiters where bytes[start...].starts(with: open) {
            let inner = bytes[(start + open.count)...]
            guard let end = firstIndex(of: close, in: inner) else { continue }
            return start + open.count..<end
        }
        var index = start
        var last = start
        while index < bytes.endIndex, index - start < 512 {
            let byte = bytes[index]
            if byte == 0x0A || byte == 0x3C && bytes[index...].starts(with: "</".utf8) { break }
            if byte == 0x2E, index + 1 >= bytes.endIndex || isSpaceByte(bytes[index + 1]) { break }
            if byte == 0x2C || byte == 0x28,
                AnswerExtractor.asides.contains(where: { bytes[index...].starts(with: $0) })
            {
                break
            }
            if byte == 0x2A, index + 1 < bytes.endIndex, bytes[index + 1] == 0x2A { break }
            if byte == 0xE3, bytes[index...].starts(with: "。".utf8) { break }
            if !isSpaceByte(byte) { last = index + 1 }
            index += 1
        }
        return last > start ? start..<last : nil
    }

    /// What follows an answer in its sentence without being part of it.
    private static let asides = [
        ", not ", ", which ", ", because ", ", since ", ", as ", ", rather ", ", so ", "(see ", "(since ", "(because ",
        "(as ", "(in step", "(from ",
    ].map {
        Array($0.utf8)
    }

    private static let delimiters: [(open: [UInt8], close: [UInt8])] = [
        ("$$", "$$"), ("$", "$"), ("\\(", "\\)"), ("\\[", "\\]"), ("**", "**"),
    ].map { (Array($0.0.utf8), Array($0.1.utf8)) }

    /// The last `**...**` that is short enough to be an answer.
    func bold(isWordy: Bool) -> ExtractedAnswer? {
        let mark: [UInt8] = [0x2A, 0x2A]
        var end = tail.endIndex
        for _ in 0..<8 {
            guard let close = lastRange(of: mark, in: tail[..<end]),
                let open = lastRange(of: mark, in: tail[..<close.lowerBound])
            else { return nil }
            end = open.lowerBound
            let range = open.upperBound..<close.lowerBound
            guard range.count <= 200, !range.isEmpty, bytes[close.lowerBound - 1] != 0x3A else { continue }
            let isValue = bytes[range].contains { isDigitByte($0) || $0 == 0x5C } || range.count <= 4
            guard isValue || isWordy && range.count <= 60 else { continue }
            return ExtractedAnswer(parts: [range], rule: "the last words in bold")
        }
        return nil
    }

    /// The last formula between dollar signs or brackets.
    func lastMathematics() -> ExtractedAnswer? {
        var best: Range<Int>?
        for (open, close) in AnswerExtractor.delimiters.dropLast() {
            guard let end = lastRange(of: close, in: tail),
                let start = lastRange(of: open, in: tail[..<end.lowerBound])
            else { continue }
            let range = start.upperBound..<end.lowerBound
            guard bytes[range].contains(where: { !isSpaceByte($0) }),
                best.map({ range.upperBound > $0.upperBound }) ?? true
            else { continue }
            best = range
        }
        guard let range = best else { return nil }
        var answer = ExtractedAnswer(parts: [range], rule: "the last formula")
        let after = bytes[range.upperBound...].drop { $0 == 0x24 || $0 == 0x20 || $0 == 0x5C || $0 == 0x29 }.prefix(10)
        if ["%", "percent", "pct"].contains(where: { after.starts(with: $0.utf8) }) {
            answer.suffix = Array("\\%".utf8)
        }
        return answer
    }

    /// A short text is the answer as a whole.
    func whole() -> ExtractedAnswer? {
        let range = trimmed(bytes.startIndex..<bytes.endIndex)
        guard !range.isEmpty, range.count <= 400 else { return nil }
        return ExtractedAnswer(parts: [range], rule: "the whole text")
    }

    /// Whether the text is short and has no prose in it.
    var isShortFormula: Bool {
        let range = trimmed(bytes.startIndex..<bytes.endIndex)
        guard range.count <= 120, !bytes[range].contains(0x0A) else { return false }
        let isOneWord = !bytes[range].contains { isSpaceByte($0) } && !bytes[range].contains { $0 >= 0xE3 }
        return isOneWord || unknownWords(range) == 0 && !isProse(range)
    }

    /// The word of a decision: "Yes, because ..."; at the beginning, else the last one, if all say the same.
    func decision() -> ExtractedAnswer? {
        let words = ["yes", "no", "true", "false"]
        let range = trimmed(bytes.startIndex..<bytes.endIndex)
        func word(at start: Int) -> Range<Int>? {
            let run = bytes[start..<range.upperBound].prefix(6).prefix(while: isLetterByte)
            let lower = lowercased(Array(run))
            return words.contains { lower.elementsEqual($0.utf8) } ? run.startIndex..<run.endIndex : nil
        }
        guard !range.isEmpty, let first = word(at: range.lowerBound) else { return nil }
        let next = first.upperBound < range.upperBound ? bytes[first.upperBound] : 0x2E
        guard [0x2E, 0x2C, 0x21, 0x3B, 0x0A, 0x3A].contains(next) else { return nil }
        return ExtractedAnswer(parts: [first], rule: "the word at the beginning")
    }

    /// What the last sentence says something is: "the winner is Alice".
    func toldWords() -> ExtractedAnswer? {
        let range = trimmed(tail.startIndex..<tail.endIndex)
        var end = range.upperBound
        while end > range.lowerBound, [0x2E, 0x21, 0x2A].contains(bytes[end - 1]) { end -= 1 }
        let sentence = bytes[range.lowerBound..<end]
        guard
            let found = [" is ", " are ", " was "].compactMap({ lastRange(of: Array($0.utf8), in: sentence) }).max(by: {
                $0.upperBound < $1.upperBound
            }), end - found.upperBound <= 60
        else { return nil }
        let rest = bytes[found.upperBound..<end]
        guard !rest.contains(0x0A), !AnswerNegation.begins(rest) else { return nil }
        return ExtractedAnswer(parts: [found.upperBound..<end], rule: "what the last sentence says")
    }

    /// The last formula or the last number, whichever comes later.
    func lastExpression(isWordy: Bool) -> ExtractedAnswer? {
        let formula = lastMathematics().flatMap { isWordy || !isProse($0.parts[0]) ? $0 : nil }
        guard !isWordy, let number = lastNumber() else { return formula }
        guard let formula else { return number }
        return number.parts[0].lowerBound > formula.parts[0].upperBound ? number : formula
    }

    /// An announced sentence without its prose: the formula or number that it tells.
    func narrowed(_ announced: ExtractedAnswer) -> ExtractedAnswer {
        guard let range = announced.parts.first, isProse(range) else { return announced }
        var inner = AnswerExtractor(bytes: bytes[range])
        for verb in [" is ", " are ", "是"] {
            guard let found = lastRange(of: Array(verb.utf8), in: bytes[range]) else { continue }
            let rest = found.upperBound..<range.upperBound
            if !isProse(rest) {
                return ExtractedAnswer(parts: [unwrapped(rest)], rule: announced.rule, negation: announced.negation)
            }
            inner = AnswerExtractor(bytes: bytes[rest])
        }
        guard let told = inner.lastExpression(isWordy: false) else { return announced }
        return ExtractedAnswer(
            parts: told.parts, suffix: told.suffix, rule: announced.rule + ", " + told.rule,
            negation: announced.negation)
    }

    /// A range without dollar signs around it.
    private func unwrapped(_ range: Range<Int>) -> Range<Int> { answerSpan(from: range.lowerBound) ?? range }

    /// Two words or more that mean nothing in mathematics, or letters of another script.
    func isProse(_ range: Range<Int>) -> Bool {
        for (index, byte) in zip(range, bytes[range]) where (0xD0...0xDF).contains(byte) || (0xE3...0xED).contains(byte)
        {
            // The comma of enumerations, as in 2、3、5.
            if byte == 0xE3, bytes[index...].starts(with: "、".utf8) { continue }
            return true
        }
        return unknownWords(range) >= 2
    }

    /// Words that mean nothing in mathematics.
    private func unknownWords(_ range: Range<Int>) -> Int {
        var unknown = 0
        for word in bytes[range].split(whereSeparator: { !isLetterByte($0) }) where word.count > 1 {
            let command = CommandTable.command(word)
            let isKnown =
                command != nil && command != .negated || CommandTable.word(word) != nil || UnitTable.isUnit(word)
            let isEnvironment =
                word.suffix(6).elementsEqual("matrix".utf8)
                || ["array", "cases", "align", "aligned"].contains { word.elementsEqual($0.utf8) }
            if !isKnown && !isEnvironment && !LetterRun.isProduct(word) { unknown += 1 }
        }
        return unknown
    }

    /// The last number of a prose text.
    func lastNumber() -> ExtractedAnswer? {
        guard let (begin, end) = numberSpan() else { return nil }
        var start = begin
        while start < end,
            [0x2C, 0x2F].contains(bytes[start]) || bytes[start] == 0x2E && !isDigitByte(bytes[start + 1])
        { start += 1 }
        if let tuple = tuple(around: start..<end) { return ExtractedAnswer(parts: [tuple], rule: "the last tuple") }
        if let fraction = fractionCommand(around: start..<end) {
            return ExtractedAnswer(parts: [fraction], rule: "the last fraction")
        }
        let number = scientificSpan(start..<end)
        let whole = plainFormula(around: number)
        var answer = ExtractedAnswer(
            parts: [whole], rule: whole == number ? "the last number" : "the last formula in plain text")
        let after = bytes[whole.upperBound...].drop { $0 == 0x20 }.prefix(10)
        if let scale = ["万亿", "亿", "千万", "百万", "万"].first(where: { after.starts(with: $0.utf8) }) {
            answer.suffix = Array(scale.utf8)
        }
        if ["%", "\\%", "percent", "pct"].contains(where: { after.starts(with: $0.utf8) }) {
            answer.suffix = Array("\\%".utf8)
        }
        return answer
    }

    /// A power of ten with what it multiplies: `8.85 × 10⁻¹²`.
    private func scientificSpan(_ ten: Range<Int>) -> Range<Int> {
        guard bytes[ten].elementsEqual("10".utf8) else { return ten }
        var end = ten.upperBound
        if end < bytes.endIndex, bytes[end] == 0x5E {
            end += 1
            while end < bytes.endIndex, isDigitByte(bytes[end]) || [0x7B, 0x7D, 0x2D].contains(bytes[end]) { end += 1 }
        } else {
            while end < bytes.endIndex {
                let (scalar, length) = MathNormaliser.decode(bytes, at: end)
                guard UnicodeMath.superscript(scalar) != nil else { break }
                end += length
            }
        }
        guard end > ten.upperBound else { return ten }
        var start = ten.lowerBound
        while start > tail.startIndex, isSpaceByte(bytes[start - 1]) { start -= 1 }
        let signs = ["×", "\\times", "*", "·", "x", "\\cdot"].map { Array($0.utf8) }
        guard let sign = signs.first(where: { bytes[tail.startIndex..<start].suffix($0.count).elementsEqual($0) })
        else {
            return ten.lowerBound..<end
        }
        start -= sign.count
        while start > tail.startIndex, isSpaceByte(bytes[start - 1]) { start -= 1 }
        let digits = start
        while start > tail.startIndex, isNumberByte(bytes[start - 1]) { start -= 1 }
        return (start < digits ? start : ten.lowerBound)..<end
    }

    /// The last run of digits that is no exponent, index or part of a word.
    private func numberSpan() -> (start: Int, end: Int)? {
        var end = tail.endIndex
        while true {
            while end > tail.startIndex, !isDigitByte(bytes[end - 1]) { end -= 1 }
            guard end > tail.startIndex else { return nil }
            var start = end
            while start > tail.startIndex, isNumberByte(bytes[start - 1]) { start -= 1 }
            let before = start > tail.startIndex ? bytes[start - 1] : 0x20
            if before != 0x5E, before != 0x5F, !isLetterByte(before) { return (start, end) }
            end = start
        }
    }

    private func isNumberByte(_ byte: UInt8) -> Bool {
        isDigitByte(byte) || byte == 0x2E || byte == 0x2C || byte == 0x2F || byte == 0x2D
    }

    /// `(3, 4)` whose last number was found: brackets around numbers and commas and nothing else.
    private func tuple(around range: Range<Int>) -> Range<Int>? {
        func isPart(_ byte: UInt8) -> Bool { isNumberByte(byte) || byte == 0x20 }
        var end = range.upperBound
        while end < bytes.endIndex, isPart(bytes[end]) { end += 1 }
        var start = range.lowerBound
        while start > tail.startIndex, isPart(bytes[start - 1]) { start -= 1 }
        guard end < bytes.endIndex, bytes[end] == 0x29 || bytes[end] == 0x5D, start > tail.startIndex,
            bytes[start - 1] == 0x28 || bytes[start - 1] == 0x5B, bytes[start..<end].contains(0x2C)
        else { return nil }
        if start > tail.startIndex + 1, isLetterByte(bytes[start - 2]) { return nil }
        return start - 1..<end + 1
    }

    /// `\frac{2}{5}` whose last digit was found.
    private func fractionCommand(around range: Range<Int>) -> Range<Int>? {
        let window = bytes[max(bytes.startIndex, range.lowerBound - 60)..<range.lowerBound]
        guard let found = lastRange(of: Array("frac{".utf8), in: window), range.upperBound < bytes.endIndex,
            bytes[range.upperBound] == 0x7D,
            !bytes[found.upperBound..<range.lowerBound].contains(where: { isSpaceByte($0) })
        else { return nil }
        var start = found.lowerBound
        while start > bytes.startIndex, bytes[start] != 0x5C { start -= 1 }
        return start..<range.upperBound + 1
    }

    func trimmed(_ range: Range<Int>) -> Range<Int> {
        var (low, high) = (range.lowerBound, range.upperBound)
        while low < high, isSpaceByte(bytes[low]) { low += 1 }
        while high > low, isSpaceByte(bytes[high - 1]) { high -= 1 }
        return low..<high
    }

    private func firstIndex(of pattern: [UInt8], in slice: ArraySlice<UInt8>) -> Int? {
        guard let first = pattern.first else { return nil }
        var index = slice.startIndex
        let limit = min(slice.endIndex, slice.startIndex + 2_048)
        while index + pattern.count <= limit {
            if slice[index] == first, slice[index...].starts(with: pattern) { return index }
            index += 1
        }
        return nil
    }
}
