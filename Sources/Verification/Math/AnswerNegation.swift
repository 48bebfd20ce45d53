// Prose around an answer that takes it back: "is not", "No, that is wrong", "the correct answer is 6". Words only.

/// Looks for a denial beside an answer that was found.
struct AnswerNegation {
    let bytes: ArraySlice<UInt8>

    /// How far behind an answer a denial is looked for.
    private static let reach = 240

    /// Why the answer does not stand, or nil.
    func around(_ box: Range<Int>, holding content: Range<Int>) -> String? {
        let after = lowercased(bytes[box.upperBound...].prefix(AnswerNegation.reach))
        let said = Array(after.drop { !isLetterByte($0) })
        for phrase in AnswerNegation.behind where said.starts(with: phrase.utf8) {
            return "the text after the box takes it back (\(phrase))"
        }
        if let other = namedInstead(after, content) { return "the text after the box names another answer (\(other))" }
        let before = lowercased(bytes[..<box.lowerBound].suffix(24)).reversed().drop { !isLetterByte($0) }
            .reversed()
        for phrase in ["is not", "isn't", "not equal to", "cannot be"]
        where Array(before).suffix(phrase.utf8.count).elementsEqual(phrase.utf8) {
            return "the text before the box denies it (\(phrase))"
        }
        return nil
    }

    /// Whether an announced answer begins with a denial: "not 5", "definitely not B".
    static func begins(_ span: ArraySlice<UInt8>) -> Bool {
        let words = lowercased(span.prefix(40)).split { !isLetterByte($0) && $0 != 0x27 }.prefix(2)
        return words.contains { word in ["not", "isn't", "never", "neither"].contains { word.elementsEqual($0.utf8) } }
            && (span.first.map { isLetterByte($0) } ?? false)
    }

    /// "the correct answer is 6" behind a box that holds something else.
    private func namedInstead(_ after: [UInt8], _ content: Range<Int>) -> String? {
        guard after.count > 12 else { return nil }
        for phrase in AnswerNegation.instead {
            guard let found = lastRange(of: phrase, in: after[...]) else { continue }
            let value = after[found.upperBound...].drop {
                !isLetterByte($0) && !isDigitByte($0) && $0 != 0x2D && $0 != 0x5C
            }
            .prefix { !isSpaceByte($0) && $0 != 0x24 }
            let kept = lowercased(bytes[content])
            guard value.contains(where: { isDigitByte($0) }),
                lastRange(of: Array(trimmed(value)), in: kept[...]) == nil,
                lastRange(of: kept, in: after[found.upperBound...]) == nil
            else { continue }
            return String(decoding: phrase, as: UTF8.self)
        }
        return nil
    }

    private func trimmed(_ value: ArraySlice<UInt8>) -> ArraySlice<UInt8> {
        var value = value
        while let last = value.last, !isLetterByte(last), !isDigitByte(last) { value.removeLast() }
        return value
    }

    private static let behind = [
        "is not", "is wrong", "is incorrect", "isn't", "is false", "was wrong", "cannot be", "can't be", "no, that",
        "no, this",
        "no, it", "no that", "that is wrong", "that is incorrect", "that's wrong", "that's incorrect", "that is not",
        "this is wrong", "this is incorrect", "this is not correct", "this is not right", "would be wrong",
        "not correct",
        "is not correct", "does not work", "doesn't work", "is a wrong", "is an incorrect",
    ]

    private static let instead = [
        "correct answer is", "right answer is", "correct value is", "actual answer is", "answer should be",
        "it should be", "should have been", "true answer is", "correct result is",
    ].map { Array($0.utf8) }
}

extension AnswerExtractor {
    /// Whether a place stands in a comment: behind `<!--`, or in a line that begins with a percent sign.
    func isCommentedOut(_ place: Int) -> Bool {
        let window = bytes[max(bytes.startIndex, place - 512)..<place]
        if let open = lastRange(of: Array("<!--".utf8), in: window),
            lastRange(of: Array("-->".utf8), in: window[open.upperBound...]) == nil
        {
            return true
        }
        let line = window.lastIndex(of: 0x0A).map { window[($0 + 1)...] } ?? window
        return line.first { !isSpaceByte($0) } == 0x25
    }
}
