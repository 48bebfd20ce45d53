// The letter of a multiple choice in prose without a box: announced, at the beginning, behind a verb, or the last alone.
import Domain

extension AnswerExtractor {
    /// The letter of a choice in prose without a box: "I think it's B", "(C)", "D. ...".
    func choiceLetter() -> ExtractedAnswer? {
        if let announced = cued(), let first = soleLetter(in: announced.parts[0]) {
            return ExtractedAnswer(parts: [first], rule: announced.rule, negation: announced.negation)
        }
        let range = trimmed(bytes.startIndex..<bytes.endIndex)
        if let first = soleLetter(in: range.lowerBound..<min(range.lowerBound + 6, range.upperBound)),
            first.lowerBound < range.lowerBound + 2,
            isLabel(first)
        {
            return ExtractedAnswer(parts: [first], rule: "the letter at the beginning")
        }
        for phrase in ["it's ", "it is ", "est ", "is ", "choose ", "option "] {
            guard let found = lastRange(of: Array(phrase.utf8), in: tail),
                let letter = soleLetter(in: found.upperBound..<min(found.upperBound + 6, bytes.endIndex)),
                letter.lowerBound < found.upperBound + 3
            else { continue }
            return ExtractedAnswer(parts: [letter], rule: "the letter after \"\(phrase)\"")
        }
        var end = tail.endIndex
        while end > tail.startIndex {
            let candidate = end - 1..<end
            if isChoice(bytes[end - 1]), isAlone(candidate) {
                if isRivalled(end - 1) { return nil }
                return ExtractedAnswer(parts: [candidate], rule: "the last lone letter")
            }
            end -= 1
        }
        return nil
    }

    /// Whether "A and" or "A or" stands before a letter.
    private func isRivalled(_ index: Int) -> Bool {
        let words = bytes[max(tail.startIndex, index - 12)..<index].split { !isLetterByte($0) }.suffix(2)
        guard words.count == 2, let last = words.last, let first = words.first else { return false }
        let joins = last.elementsEqual("and".utf8) || last.elementsEqual("or".utf8)
        return joins && first.count == 1 && isChoice(first[first.startIndex])
    }

    /// The first lone capital letter in a range.
    private func soleLetter(in range: Range<Int>) -> Range<Int>? {
        for index in range where isChoice(bytes[index]) && isAlone(index..<index + 1) { return index..<index + 1 }
        return nil
    }

    /// Whether a letter is followed as a label is: by punctuation, another script or the end.
    private func isLabel(_ letter: Range<Int>) -> Bool {
        guard letter.upperBound < bytes.endIndex else { return true }
        let next = bytes[letter.upperBound]
        return next >= 0x80 || [0x29, 0x2E, 0x3A, 0x2C, 0x5D, 0x0A, 0x2A].contains(next)
    }

    private func isChoice(_ byte: UInt8) -> Bool { (0x41...0x48).contains(byte) }

    private func isAlone(_ range: Range<Int>) -> Bool {
        func breaks(_ index: Int) -> Bool {
            guard index >= bytes.startIndex, index < bytes.endIndex else { return true }
            let byte = bytes[index]
            return !isLetterByte(byte) && !isDigitByte(byte) && byte != 0x27 && byte != 0x5F && byte != 0x5E
        }
        return breaks(range.lowerBound - 1) && breaks(range.upperBound)
    }
}
