// Formulas in plain text without any marks around them: `the angle is 5π/12.`, `it factors as (x+9)*(x-4)`.

extension AnswerExtractor {
    /// The plain formula of which the last number is a part; the number's own range where it stands alone.
    ///
    /// It grows over what can only be mathematics: digits, operators, brackets, letters that stand alone, spaces beside
    /// an operator. Only what follows the last equals sign counts.
    func plainFormula(around number: Range<Int>) -> Range<Int> {
        var end = number.upperBound
        while end < bytes.endIndex, let next = plainLength(at: end) { end += next }
        while end > number.upperBound, bytes[end - 1] == 0x20 || isOperator(bytes[end - 1]) { end -= 1 }
        var start = number.lowerBound
        while start > tail.startIndex, let previous = plainLength(before: start) { start -= previous }
        if let equals = bytes[start..<number.lowerBound].lastIndex(of: 0x3D) { start = equals + 1 }
        start = withoutStrayOperator(start, before: number.lowerBound)
        // A letter behind a number that stands alone is its unit: 99m².
        if start == number.lowerBound, end > number.upperBound, isLetterByte(bytes[number.upperBound]) { return number }
        return isBalanced(start..<end) ? start..<end : number
    }

    /// Leading spaces, and an operator that prose put there: "the result - 5".
    private func withoutStrayOperator(_ start: Int, before limit: Int) -> Int {
        var start = start
        while start < limit, bytes[start] == 0x20 { start += 1 }
        while start < limit, isOperator(bytes[start]), bytes[start] != 0x2D || bytes[start + 1] == 0x20 {
            start += 1
            while start < limit, bytes[start] == 0x20 { start += 1 }
        }
        return start
    }

    /// The bytes of the piece of mathematics that begins here; nil where something else begins.
    private func plainLength(at index: Int) -> Int? {
        let byte = bytes[index]
        if byte >= 0x80 {
            let (scalar, length) = MathNormaliser.decode(bytes, at: index)
            return isPlainSymbol(scalar) ? length : nil
        }
        if byte == 0x20 { return isBesideOperator(index) ? 1 : nil }
        if isLetterByte(byte) { return isLoneLetter(index) ? 1 : nil }
        return isDigitByte(byte) || isOperator(byte) || byte == 0x28 || byte == 0x29 ? 1 : nil
    }

    /// The bytes of the piece of mathematics that ends before a place.
    private func plainLength(before end: Int) -> Int? {
        var start = end - 1
        while start > tail.startIndex, end - start < 4, bytes[start] & 0xC0 == 0x80 { start -= 1 }
        if bytes[start] == 0x3D { return 1 }
        if bytes[start] == 0x2E, start > tail.startIndex, isDigitByte(bytes[start - 1]), isDigitByte(bytes[end]) {
            return 1
        }
        return plainLength(at: start) == end - start ? end - start : nil
    }

    private func isOperator(_ byte: UInt8) -> Bool { [0x2B, 0x2D, 0x2A, 0x2F, 0x5E].contains(byte) }

    private func isPlainSymbol(_ scalar: UInt32) -> Bool {
        UnicodeMath.superscript(scalar) != nil
            || ["π", "√", "∛", "×", "·", "÷", "−", "∞", "θ", "α", "β", "λ"].contains {
                $0.unicodeScalars.first?.value == scalar
            }
    }

    /// A space between mathematics and an operator, which prose seldom has.
    private func isBesideOperator(_ space: Int) -> Bool {
        let (left, right) = (space - 1, space + 1)
        guard left >= bytes.startIndex, right < bytes.endIndex else { return false }
        if isOperator(bytes[left]) || isOperator(bytes[right]) || bytes[left] == 0x3D || bytes[right] == 0x3D {
            return true
        }
        return ["×", "·", "÷", "−"].contains {
            bytes[right...].starts(with: $0.utf8) || bytes[...left].suffix($0.utf8.count).elementsEqual($0.utf8)
        }
    }

    /// A letter with no other letter beside it.
    private func isLoneLetter(_ index: Int) -> Bool {
        (index == bytes.startIndex || !isLetterByte(bytes[index - 1]))
            && (index + 1 == bytes.endIndex || !isLetterByte(bytes[index + 1]))
    }

    private func isBalanced(_ range: Range<Int>) -> Bool {
        var depth = 0
        for byte in bytes[range] where byte == 0x28 || byte == 0x29 {
            depth += byte == 0x28 ? 1 : -1
            if depth < 0 { return false }
        }
        return depth == 0
    }
}
