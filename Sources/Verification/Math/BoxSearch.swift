// Backward search in raw bytes for the few marks that tell where an answer is: box commands and `</think>`. It reads no
// mathematics, copies nothing, and touches only the bytes between the end of the text and what it finds.

/// A box with its command, and what stands in it; both as offsets into the searched bytes.
struct FoundBox: Sendable, Equatable {
    var whole: Range<Int>
    var content: Range<Int>
    /// Whether the braces balance; without that the text ended inside, behind an escaped brace.
    var isBalanced = true

    /// The same box in a slice that begins at an index.
    func shifted(by base: Int) -> FoundBox {
        FoundBox(
            whole: whole.lowerBound + base..<whole.upperBound + base,
            content: content.lowerBound + base..<content.upperBound + base, isBalanced: isBalanced)
    }
}

/// The searches. Offsets are into the span; every one is linear in what it passes over.
enum BoxSearch {
    /// The last `\boxed`, `\fbox` or `\framebox` whose name lies in `floor..<end`, or nil.
    static func lastCommand(in bytes: Span<UInt8>, from floor: Int = 0, before end: Int) -> Int? {
        var position = end - 5
        while position >= floor {
            if bytes[position] != 0x5C {
                guard let found = previousBackslash(in: bytes, from: floor, through: position) else { return nil }
                position = found
            }
            if isCommand(in: bytes, at: position, before: end) { return position }
            position -= 1
        }
        return nil
    }

    /// The last whole box whose command stands in `floor..<end`; at most so many unfinished ones are passed over.
    ///
    /// An unfinished box leaves a brace open, so no box before it closes behind that brace, and each is scanned only up to
    /// the next: all of them together cost one pass.
    static func lastBox(in bytes: Span<UInt8>, from floor: Int = 0, before end: Int, tries: Int) -> FoundBox? {
        var limit = end
        var stop = bytes.count
        for _ in 0..<tries {
            guard let start = lastCommand(in: bytes, from: floor, before: limit) else { return nil }
            if let box = box(in: bytes, at: start, before: end, upTo: stop) { return box }
            limit = start
            let brace = argument(in: bytes, at: start)
            if brace < stop, bytes[brace] == 0x7B { stop = brace }
        }
        return nil
    }

    /// The box of the nearest command in `floor..<end`, if it ends there.
    static func neighbour(in bytes: Span<UInt8>, from floor: Int, before end: Int) -> FoundBox? {
        guard let start = lastCommand(in: bytes, from: floor, before: end) else { return nil }
        return box(in: bytes, at: start, before: end, upTo: end).flatMap { $0.whole.upperBound <= end ? $0 : nil }
    }

    /// Where the argument of a command begins: behind its name and white space.
    private static func argument(in bytes: Span<UInt8>, at start: Int) -> Int {
        var position = start + 1
        while position < bytes.count, isLetterByte(bytes[position]) { position += 1 }
        while position < bytes.count, isSpaceByte(bytes[position]) { position += 1 }
        return position
    }

    /// The box whose command stands at a place: braces must balance before `stop`, except that the text may end behind
    /// `\}`, which then closes it if it stands before `end`.
    private static func box(in bytes: Span<UInt8>, at start: Int, before end: Int, upTo stop: Int) -> FoundBox? {
        let position = argument(in: bytes, at: start)
        guard position < bytes.count else { return nil }
        guard bytes[position] == 0x7B else {
            var stop = position
            while stop < bytes.count, isDigitByte(bytes[stop]) || isLetterByte(bytes[stop]) { stop += 1 }
            return stop > position ? FoundBox(whole: start..<stop, content: position..<stop) : nil
        }
        var depth = 0
        var index = position
        var lastEscaped: Int?
        while index < stop {
            switch bytes[index] {
            case 0x5C:
                if index + 1 < stop, bytes[index + 1] == 0x7D { lastEscaped = index }
                index += 1
            case 0x7B: depth += 1
            case 0x7D:
                depth -= 1
                if depth == 0 { return FoundBox(whole: start..<index + 1, content: position + 1..<index) }
            default: break
            }
            index += 1
        }
        // `\boxed{185\}`: a stray backslash before the brace that closes.
        if let lastEscaped, depth == 1, stop == bytes.count, lastEscaped > position, lastEscaped < end {
            return FoundBox(
                whole: start..<lastEscaped + 2, content: position + 1..<lastEscaped, isBalanced: false)
        }
        return nil
    }

    /// The last `</think>` that lies in `floor..<end`, or nil: Horspool's search from the right, eight bytes a step.
    static func lastThinkEnd(in bytes: Span<UInt8>, from floor: Int, before end: Int) -> Range<Int>? {
        var start = end - 8
        while start >= floor {
            let step: Int
            switch bytes[start] {
            case 0x3C:
                if isThinkEnd(in: bytes, at: start) { return start..<start + 8 }
                step = 8
            case 0x2F: step = 1
            case 0x74: step = 2
            case 0x68: step = 3
            case 0x69: step = 4
            case 0x6E: step = 5
            case 0x6B: step = 6
            case 0x3E: step = 7
            default: step = 8
            }
            start -= step
        }
        return nil
    }

    private static func isThinkEnd(in bytes: Span<UInt8>, at start: Int) -> Bool {
        let mark: StaticString = "</think>"
        return matches(mark, in: bytes, at: start)
    }

    private static func isCommand(in bytes: Span<UInt8>, at start: Int, before end: Int) -> Bool {
        // The third letter first: `\begin` and `\frac` are everywhere.
        switch (bytes[start + 1], bytes[start + 2]) {
        case (0x62, 0x6F): end - start >= 6 && matches("\\boxed", in: bytes, at: start)
        case (0x66, 0x62): end - start >= 5 && matches("\\fbox", in: bytes, at: start)
        case (0x66, 0x72): end - start >= 9 && matches("\\framebox", in: bytes, at: start)
        default: false
        }
    }

    /// Whether an ASCII word stands at a place; the caller has checked that it fits.
    private static func matches(_ word: StaticString, in bytes: Span<UInt8>, at start: Int) -> Bool {
        word.withUTF8Buffer { word in
            for offset in 0..<word.count where bytes[start + offset] != word[offset] { return false }
            return true
        }
    }

    /// The last backslash in `floor...last`, eight bytes a step.
    private static func previousBackslash(in bytes: Span<UInt8>, from floor: Int, through last: Int) -> Int? {
        let words = bytes.bytes
        var end = last + 1
        while end - floor >= 8 {
            let word = words.unsafeLoadUnaligned(fromByteOffset: end - 8, as: UInt64.self) ^ 0x5C5C_5C5C_5C5C_5C5C
            // The classic test for a zero byte; which one it is, is looked up below.
            if (word &- 0x0101_0101_0101_0101) & ~word & 0x8080_8080_8080_8080 != 0 { break }
            end -= 8
        }
        while end > floor {
            if bytes[end - 1] == 0x5C { return end - 1 }
            end -= 1
        }
        return nil
    }
}
