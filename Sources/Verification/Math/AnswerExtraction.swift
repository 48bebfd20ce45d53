// Where in a response the answer is: a backward search over raw bytes. Nothing here reads mathematics.
import Domain

/// An answer found in a response.
struct ExtractedAnswer: Sendable {
    /// The ranges that make up the answer: one, or several boxes that are one list.
    var parts: [Range<Int>]
    /// What to append, as a percent sign or a base behind the box.
    var suffix: [UInt8] = []
    /// How it was found, for people.
    var rule: String
    /// Set when prose around the answer takes it back.
    var negation: String?
}

/// Finds the answer of one response.
struct AnswerExtractor {
    let bytes: ArraySlice<UInt8>

    /// The part after the last `</think>`, if anything but white space stands there; else everything.
    static func finalPart(of bytes: [UInt8]) -> ArraySlice<UInt8> {
        let mark = Array("</think>".utf8)
        guard let found = lastRange(of: mark, in: bytes[...]) else { return bytes[...] }
        let rest = bytes[found.upperBound...]
        return rest.contains { !isSpaceByte($0) } ? rest : bytes[..<found.lowerBound]
    }

    /// What kind of answer the gold is, which matters only where there is no box.
    enum Expectation: Sendable { case choice, words, mathematics }

    /// The answer, or nil when nothing looks like one.
    func extract(expecting expectation: Expectation) -> ExtractedAnswer? {
        if let box = lastBoxes() { return box }
        if endsInsideBox { return nil }
        if expectation == .choice, let letter = choiceLetter() { return letter }
        if let announced = cued() { return expectation == .mathematics ? narrowed(announced) : announced }
        if let marked = bold() { return marked }
        if isShortFormula { return whole() }
        return lastExpression(isWordy: expectation == .words) ?? whole()
    }

    // MARK: Boxes

    /// The last box, and the boxes that are tied to it.
    private func lastBoxes() -> ExtractedAnswer? {
        guard var box = previousBox(before: bytes.endIndex) else { return nil }
        let last = box
        var parts = [box.content]
        while parts.count < Limits.mathItemsMax,
            let earlier = previousBox(
                before: box.whole.lowerBound, within: Limits.mathCandidateBytesMax)
        {
            guard earlier.whole.upperBound <= box.whole.lowerBound,
                isTie(earlier.whole.upperBound..<box.whole.lowerBound)
            else { break }
            if !parts.contains(where: { bytes[$0].elementsEqual(bytes[earlier.content]) }) {
                parts.append(earlier.content)
            }
            box = earlier
        }
        return ExtractedAnswer(
            parts: parts.reversed(), suffix: parts.count == 1 ? suffix(after: last.whole.upperBound) : [],
            rule: parts.count == 1 ? "the last box" : "\(parts.count) boxes tied together",
            negation: negation(around: last.whole))
    }

    /// Whether a box was begun and never ended: what it would have held is unknown.
    private var endsInsideBox: Bool {
        guard let start = lastCommand(before: bytes.endIndex) else { return false }
        let rest = bytes[start...].dropFirst().drop { isLetterByte($0) || isSpaceByte($0) }
        return rest.first == 0x7B
    }

    /// The last complete box that begins before a place.
    private func previousBox(before end: Int, within reach: Int = .max) -> (whole: Range<Int>, content: Range<Int>)? {
        var limit = end
        // Each unfinished box costs a scan to the end of the text, so only a few are tried.
        for _ in 0..<Limits.mathUnfinishedBoxesMax {
            guard let start = lastCommand(before: limit, within: reach) else { return nil }
            if let box = box(at: start, before: end) { return box }
            limit = start
        }
        return nil
    }

    /// The last `\boxed` or `\fbox` before a place.
    private func lastCommand(before end: Int, within reach: Int = .max) -> Int? {
        let floor = reach == .max ? bytes.startIndex : max(bytes.startIndex, end - reach)
        let names = [Array("\\boxed".utf8), Array("\\fbox".utf8), Array("\\framebox".utf8)]
        var position = end - 5
        while position >= floor {
            if bytes[position] == 0x5C, bytes[position + 1] == 0x62 || bytes[position + 1] == 0x66 {
                for name in names where bytes[position..<end].starts(with: name) { return position }
            }
            position -= 1
        }
        return nil
    }

    /// The box whose command stands at a place: braces must balance, except that the text may end inside.
    private func box(at start: Int, before end: Int) -> (whole: Range<Int>, content: Range<Int>)? {
        var position = start + 1
        while position < bytes.endIndex, isLetterByte(bytes[position]) { position += 1 }
        while position < bytes.endIndex, isSpaceByte(bytes[position]) { position += 1 }
        guard position < bytes.endIndex else { return nil }
        guard bytes[position] == 0x7B else {
            var stop = position
            while stop < bytes.endIndex, isDigitByte(bytes[stop]) || isLetterByte(bytes[stop]) { stop += 1 }
            return stop > position ? (start..<stop, position..<stop) : nil
        }
        var depth = 0
        var index = position
        var lastEscaped: Int?
        while index < bytes.endIndex {
            switch bytes[index] {
            case 0x5C:
                if index + 1 < bytes.endIndex, bytes[index + 1] == 0x7D { lastEscaped = index }
                index += 1
            case 0x7B: depth += 1
            case 0x7D:
                depth -= 1
                if depth == 0 { return (start..<index + 1, position + 1..<index) }
            default: break
            }
            index += 1
        }
        // `\boxed{185\}`: a stray backslash before the brace that closes.
        if let lastEscaped, depth == 1, lastEscaped > position, lastEscaped < end {
            return (start..<lastEscaped + 2, position + 1..<lastEscaped)
        }
        return nil
    }

    /// Whether what stands between two boxes makes them one list: nothing, a comma, "and", "or", with a few words.
    private func isTie(_ gap: Range<Int>) -> Bool {
        guard gap.count <= 60 else { return false }
        var words: [[UInt8]] = []
        var endsInConnective = true
        var index = gap.lowerBound
        while index < gap.upperBound {
            let byte = bytes[index]
            if byte == 0x5C {
                index += 1
                let start = index
                while index < gap.upperBound, isLetterByte(bytes[index]) { index += 1 }
                if index == start { index += 1 }
                continue
            }
            if isLetterByte(byte) {
                let start = index
                while index < gap.upperBound, isLetterByte(bytes[index]) { index += 1 }
                let word = lowercased(Array(bytes[start..<index]))
                words.append(word)
                endsInConnective =
                    word == Array("and".utf8) || word == Array("or".utf8) || word.count == 1 && endsInConnective
                continue
            }
            if byte == 0x2E || byte == 0x3A || byte == 0x21 || byte == 0x3F { return false }
            if byte == 0x2C || byte == 0x3B { endsInConnective = true }
            index += 1
        }
        let doubts = ["no", "not", "wait", "actually", "but", "thus", "instead", "rather", "hence", "so", "then"]
        return endsInConnective && words.count <= 6
            && !words.contains { word in doubts.contains { Array($0.utf8) == word } }
    }

    /// A percent sign, a base or a degree sign directly behind the box.
    private func suffix(after end: Int) -> [UInt8] {
        var index = end
        while index < bytes.endIndex, index < end + 6, isSpaceByte(bytes[index]) || bytes[index] == 0x24 { index += 1 }
        let rest = bytes[index...].prefix(12)
        for mark in ["\\%", "%", "percent", "pct"] where rest.starts(with: mark.utf8) { return Array("\\%".utf8) }
        if index == end, rest.first == 0x5F {
            let tail = rest.prefix { $0 != 0x7D && $0 != 0x20 && $0 != 0x24 && $0 != 0x2E && $0 != 0x2C }
            return Array(tail) + (rest.contains(0x7B) ? [0x7D] : [])
        }
        return []
    }

    /// Prose that takes the answer back: "is not", "is wrong".
    private func negation(around box: Range<Int>) -> String? {
        let after = lowercased(Array(bytes[box.upperBound...].prefix(40))).drop { !isLetterByte($0) }
        for phrase in ["is not", "is wrong", "is incorrect", "isn't", "is false", "was wrong", "cannot be", "can't be"]
        where after.starts(with: phrase.utf8) {
            return "the text after the box takes it back (\(phrase))"
        }
        let before = lowercased(Array(bytes[..<box.lowerBound].suffix(24))).reversed().drop { !isLetterByte($0) }
            .reversed()
        for phrase in ["is not", "isn't", "not equal to"]
        where Array(before).suffix(phrase.utf8.count).elementsEqual(phrase.utf8) {
            return "the text before the box denies it (\(phrase))"
        }
        return nil
    }
}

func isSpaceByte(_ byte: UInt8) -> Bool { byte == 0x20 || byte >= 0x09 && byte <= 0x0D }

/// The last place of a pattern, searched backwards.
func lastRange(of pattern: [UInt8], in bytes: ArraySlice<UInt8>) -> Range<Int>? {
    guard let last = pattern.last, bytes.count >= pattern.count else { return nil }
    var end = bytes.endIndex
    while end - pattern.count >= bytes.startIndex {
        if bytes[end - 1] == last, bytes[(end - pattern.count)..<end].elementsEqual(pattern) {
            return end - pattern.count..<end
        }
        end -= 1
    }
    return nil
}
