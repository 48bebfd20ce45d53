// Cuts text into the pieces inside which byte pairs may merge. A scanner by hand for the expression of Qwen2 and Qwen3.

/// The split of Qwen2's tokenizer, without a regular expression engine, in time linear in the text:
///
///     (?i:'s|'t|'re|'ve|'m|'ll|'d) | [^\r\n\p{L}\p{N}]?\p{L}+ | \p{N} | ?[^\s\p{L}\p{N}]+[\r\n]*
///     | \s*[\r\n]+ | \s+(?!\S) | \s+
///
/// Each number character is a piece of its own, so digits never merge with anything.
struct PreTokenizer {
    /// The expression itself, as it stands in tokenizer.json.
    static let expression =
        #"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}| ?[^\s\p{L}\p{N}]+[\r\n]*"#
        + #"|\s*[\r\n]+|\s+(?!\S)|\s+"#

    private typealias Kind = CharacterKind

    private let text: UnsafeBufferPointer<UInt8>
    private let kinds = CharacterKinds.table
    private var position = 0

    private init(_ text: UnsafeBufferPointer<UInt8>) { self.text = text }

    /// Calls `body` with the range of bytes of every piece of valid UTF-8, in order; the pieces cover the text.
    static func forEachPiece(_ text: UnsafeBufferPointer<UInt8>, _ body: (Range<Int>) -> Void) {
        var scanner = PreTokenizer(text)
        while scanner.position < text.count {
            let start = scanner.position
            scanner.position = scanner.pieceEnd(start)
            body(start..<scanner.position)
        }
    }

    /// Where the piece that begins at `start` ends. The alternatives in the order of the expression.
    private func pieceEnd(_ start: Int) -> Int {
        let (kind, next) = scalar(start)
        if let end = contractionEnd(start) { return end }
        switch kind {
        case .letter: return end(of: .letter, from: next)
        case .number: return next
        case .newline: return whitespaceEnd(start)
        case .space:
            if next < text.count {
                let (following, afterwards) = scalar(next)
                if following == .letter { return end(of: .letter, from: afterwards) }
                if following == .other, text[start] == 0x20 { return newlinesEnd(end(of: .other, from: afterwards)) }
            }
            return whitespaceEnd(start)
        case .other:
            if next < text.count, scalar(next).kind == .letter { return end(of: .letter, from: next) }
            return newlinesEnd(end(of: .other, from: next))
        }
    }

    /// Whitespace that no word or punctuation took: up to the last line break if there is one, else all of it at the
    /// end of the text, else all but the last character, which the next piece may want.
    private func whitespaceEnd(_ start: Int) -> Int {
        var end = start
        var last = start
        var afterNewline: Int?
        while end < text.count {
            let (kind, next) = scalar(end)
            guard kind == .space || kind == .newline else { break }
            last = end
            end = next
            if kind == .newline { afterNewline = next }
        }
        if let afterNewline { return afterNewline }
        return end == text.count || last == start ? end : last
    }

    private func newlinesEnd(_ start: Int) -> Int {
        var end = start
        while end < text.count, text[end] == 0x0A || text[end] == 0x0D { end += 1 }
        return end
    }

    private func end(of kind: Kind, from start: Int) -> Int {
        var end = start
        while end < text.count {
            let (found, next) = scalar(end)
            guard found == kind else { break }
            end = next
        }
        return end
    }

    /// The end of 's, 't, 're, 've, 'm, 'll or 'd in either case; `ſ` is an s to a case-insensitive match.
    private func contractionEnd(_ start: Int) -> Int? {
        guard text[start] == 0x27, start + 1 < text.count else { return nil }
        let first = text[start + 1] | 0x20
        switch first {
        case UInt8(ascii: "s"), UInt8(ascii: "t"), UInt8(ascii: "m"), UInt8(ascii: "d"): return start + 2
        case UInt8(ascii: "r"), UInt8(ascii: "v"), UInt8(ascii: "l"):
            let second = first == UInt8(ascii: "l") ? UInt8(ascii: "l") : UInt8(ascii: "e")
            return start + 2 < text.count && text[start + 2] | 0x20 == second ? start + 3 : nil
        default:
            return start + 2 < text.count && text[start + 1] == 0xC5 && text[start + 2] == 0xBF ? start + 3 : nil
        }
    }

    /// The kind of the character at `start` and where the next one begins.
    private func scalar(_ start: Int) -> (kind: Kind, next: Int) {
        let (value, next) = UTF8Scalar.decode(text, start)
        return (value < UInt32(kinds.count) ? kinds[Int(value)] : .other, next)
    }
}
