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
    /// Whether a box command stands in them at all.
    var holdsCommand = true

    /// What kind of answer the gold is, which matters only where there is no box.
    enum Expectation: Sendable {
        case choice, words, mathematics
        /// Yes or no, true or false.
        case decision

        var isWordy: Bool { self == .words || self == .decision }
    }

    /// The answer, or nil when nothing looks like one.
    func extract(expecting expected: @autoclosure () -> Expectation) -> ExtractedAnswer? {
        if holdsCommand, let box = lastBoxes() { return box }
        if endsInsideBox { return nil }
        let expectation = expected()
        if expectation == .choice, let letter = choiceLetter() { return letter }
        if expectation == .decision, let word = decision() { return word }
        if let announced = cued() { return expectation == .mathematics ? narrowed(announced) : announced }
        if let marked = bold(isWordy: expectation.isWordy) { return marked }
        if isShortFormula { return whole() }
        return lastExpression(isWordy: expectation.isWordy) ?? (expectation.isWordy ? toldWords() : nil) ?? whole()
    }

    // MARK: Boxes

    /// The last box, and the boxes that are tied to it.
    private func lastBoxes() -> ExtractedAnswer? {
        guard var box = lastBox else { return nil }
        let last = box
        var parts = [box.content]
        var length = box.content.count
        // Beyond the cap on bytes the answer is not read, so there is no need to know all of it.
        while parts.count < Limits.mathBoxesMax, length <= Limits.mathCandidateBytesMax,
            let earlier = self.box(before: box), isTie(earlier.whole.upperBound..<box.whole.lowerBound)
        {
            if !parts.contains(where: { bytes[$0].elementsEqual(bytes[earlier.content]) }) {
                parts.append(earlier.content)
                length += earlier.content.count
            }
            box = earlier
        }
        return ExtractedAnswer(
            parts: parts.reversed(), suffix: parts.count == 1 ? suffix(after: last.whole.upperBound) : [],
            rule: parts.count == 1 ? "the last box" : "\(parts.count) boxes tied together",
            negation: AnswerNegation(bytes: bytes).around(last.whole, holding: last.content))
    }

    /// Whether a box was begun and never ended: what it would have held is unknown.
    private var endsInsideBox: Bool {
        guard holdsCommand, let start = BoxSearch.lastCommand(in: bytes.span, before: bytes.count),
            !isCommentedOut(bytes.startIndex + start)
        else { return false }
        let rest = bytes[(bytes.startIndex + start)...].dropFirst().drop { isLetterByte($0) || isSpaceByte($0) }
        return rest.first == 0x7B
    }

    /// The last whole box.
    private var lastBox: FoundBox? {
        var end = bytes.count
        // A box in a comment is no box.
        for _ in 0..<Limits.mathUnfinishedBoxesMax {
            guard let box = BoxSearch.lastBox(in: bytes.span, before: end, tries: Limits.mathUnfinishedBoxesMax) else {
                return nil
            }
            let shifted = box.shifted(by: bytes.startIndex)
            guard isCommentedOut(shifted.whole.lowerBound) else { return shifted }
            end = box.whole.lowerBound
        }
        return nil
    }

    /// The box that ends before another begins, no other command being between them.
    private func box(before other: FoundBox) -> FoundBox? {
        let end = other.whole.lowerBound - bytes.startIndex
        return BoxSearch.neighbour(in: bytes.span, from: max(0, end - Limits.mathCandidateBytesMax), before: end)
            .map { $0.shifted(by: bytes.startIndex) }
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
}

func isSpaceByte(_ byte: UInt8) -> Bool { byte == 0x20 || byte >= 0x09 && byte <= 0x0D }

/// The last place of a pattern, searched backwards.
func lastRange(of pattern: [UInt8], in bytes: ArraySlice<UInt8>) -> Range<Int>? {
    let (text, mark) = (bytes.span, pattern.span)
    guard let last = pattern.last else { return nil }
    var end = text.count
    while end >= mark.count {
        if text[end - 1] == last {
            var matched = 1
            while matched < mark.count, text[end - 1 - matched] == mark[mark.count - 1 - matched] { matched += 1 }
            if matched == mark.count { return bytes.startIndex + end - matched..<bytes.startIndex + end }
        }
        end -= 1
    }
    return nil
}
