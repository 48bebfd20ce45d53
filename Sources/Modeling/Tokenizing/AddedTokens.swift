// Tokens beside the vocabulary, and where they stand in a text: as the Hugging Face tokenizers library finds them.

/// A token that is found as a whole in a text instead of being put together from bytes.
package struct AddedToken: Sendable, Equatable {
    package var text: String
    package var id: Int32
    /// Whether it steers the model: text alone never becomes such a token, and decoding leaves it out.
    package var isSpecial = true
    /// Whether it is only found where no letter, digit, mark or underscore stands beside it.
    package var isSingleWord = false
    /// Whether it takes the whitespace before it.
    package var stripsLeft = false
    /// Whether it takes the whitespace after it.
    package var stripsRight = false
    /// Whether it is looked for in the normalised text.
    package var isNormalized = false

    package init(text: String, id: Int32) {
        self.text = text
        self.id = id
    }
}

/// Finds some added tokens in text: the leftmost, and the longest of those that begin there.
struct AddedTokenFinder: Sendable {
    /// One byte further on; children by byte.
    private struct Node {
        var children: [UInt8: Int] = [:]
        var token: Int?
    }

    private let tokens: [AddedToken]
    private var nodes = [Node()]
    private var begins = [Bool](repeating: false, count: 256)

    /// Looks for the texts of these tokens; at most `textBytesMax` bytes each.
    init(_ tokens: [AddedToken]) {
        self.tokens = tokens
        for (index, token) in tokens.enumerated() where !token.text.isEmpty {
            var node = 0
            for byte in token.text.utf8 {
                if node == 0 { begins[Int(byte)] = true }
                if let child = nodes[node].children[byte] {
                    node = child
                } else {
                    nodes.append(Node())
                    nodes[node].children[byte] = nodes.count - 1
                    node = nodes.count - 1
                }
            }
            nodes[node].token = index
        }
    }

    /// Longest text of an added token; it bounds the work at each place of a text.
    static let textBytesMax = 1_024
    /// All texts together; they bound the memory. Qwen3's have 400 bytes.
    static let totalBytesMax = 262_144

    var isEmpty: Bool { tokens.isEmpty }

    /// Calls `body` for each part of the text in order: a range of plain text, or a token with the range it takes.
    ///
    /// Special tokens count as plain text unless `readingSpecialTokens`.
    func forEachPart(
        _ text: UnsafeBufferPointer<UInt8>, readingSpecialTokens: Bool, _ body: (Range<Int>, AddedToken?) -> Void
    ) {
        var (done, spaceEnd) = (0, 0)
        var position = 0
        while position < text.count {
            guard begins[Int(text[position])], let (token, end) = longest(text, position) else {
                position += 1
                continue
            }
            var (start, stop) = (position, end)
            position = end
            if token.isSpecial, !readingSpecialTokens { continue }
            if token.isSingleWord, WordCharacter.ends(text, start) || WordCharacter.begins(text, stop) { continue }
            if token.stripsLeft { start = WordCharacter.spaceStart(text, start, notBefore: done) }
            if token.stripsRight {
                // Whitespace that an earlier token took need not be looked at again.
                stop = stop < spaceEnd ? spaceEnd : WordCharacter.spaceEnd(text, stop)
                spaceEnd = stop
            }
            if done < start { body(done..<start, nil) }
            body(start..<stop, token)
            done = stop
        }
        if done < text.count { body(done..<text.count, nil) }
    }

    private func longest(_ text: UnsafeBufferPointer<UInt8>, _ start: Int) -> (AddedToken, end: Int)? {
        var (node, position) = (0, start)
        var found: (AddedToken, Int)?
        while position < text.count, let child = nodes[node].children[text[position]] {
            node = child
            position += 1
            if let index = nodes[node].token { found = (tokens[index], position) }
        }
        return found
    }
}

/// What stands beside an added token: the `\w` and `\s` of Rust's regex crate.
private enum WordCharacter {
    /// Whether the text up to `end` ends with a word character.
    static func ends(_ text: UnsafeBufferPointer<UInt8>, _ end: Int) -> Bool {
        end > 0 && isWord(UTF8Scalar.decode(text, before(text, end)).value)
    }

    /// Whether a word character begins at `start`.
    static func begins(_ text: UnsafeBufferPointer<UInt8>, _ start: Int) -> Bool {
        start < text.count && isWord(UTF8Scalar.decode(text, start).value)
    }

    /// Where the whitespace that ends at `end` begins, from `limit` on.
    static func spaceStart(_ text: UnsafeBufferPointer<UInt8>, _ end: Int, notBefore limit: Int) -> Int {
        var start = end
        while start > limit {
            let previous = before(text, start)
            guard isSpace(UTF8Scalar.decode(text, previous).value) else { break }
            start = previous
        }
        return start
    }

    /// Where the whitespace that begins at `start` ends.
    static func spaceEnd(_ text: UnsafeBufferPointer<UInt8>, _ start: Int) -> Int {
        var end = start
        while end < text.count {
            let (character, next) = UTF8Scalar.decode(text, end)
            guard isSpace(character) else { break }
            end = next
        }
        return end
    }

    private static func before(_ text: UnsafeBufferPointer<UInt8>, _ end: Int) -> Int {
        var start = end - 1
        while start > 0, text[start] & 0xC0 == 0x80 { start -= 1 }
        return start
    }

    private static func isSpace(_ value: UInt32) -> Bool {
        Unicode.Scalar(value)?.properties.isWhitespace ?? false
    }

    private static func isWord(_ value: UInt32) -> Bool {
        guard let properties = Unicode.Scalar(value)?.properties else { return false }
        switch properties.generalCategory {
        case .nonspacingMark, .spacingMark, .enclosingMark, .decimalNumber, .connectorPunctuation: return true
        default: return properties.isAlphabetic || properties.isJoinControl
        }
    }
}
