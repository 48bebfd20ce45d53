// Strings: eight bytes at a time until something needs attention, then escapes one by one.

extension JSONParser {
    /// A string; the cursor stands on its opening quote.
    mutating func parseString() throws(JSONError) -> String {
        let opening = position
        position += 1
        let start = position
        skipPlainBytes()
        guard let byte = next else { throw fault(.unexpectedEnd, "the text ends inside a string") }
        if byte == UInt8(ascii: "\"") {
            let value = try decode(UnsafeRawBufferPointer(rebasing: text[start..<position]), from: start)
            position += 1
            return value
        }
        return try parseEscapedString(opening: opening)
    }

    /// Moves to the next quote, backslash or control character.
    @inline(__always)
    private mutating func skipPlainBytes() {
        while position + 8 <= end {
            let word = text.loadUnaligned(fromByteOffset: position, as: UInt64.self)
            if hasSpecialByte(word) { break }
            position += 8
        }
        while position < end {
            let byte = text[position]
            if byte == UInt8(ascii: "\"") || byte == UInt8(ascii: "\\") || byte < 0x20 { return }
            position += 1
        }
    }

    /// A string with escapes. What it says is never longer than how it is written, so that one buffer takes it.
    private mutating func parseEscapedString(opening: Int) throws(JSONError) -> String {
        position = opening + 1
        let output = UnsafeMutableRawBufferPointer.allocate(byteCount: lengthToQuote(), alignment: 8)
        defer { output.deallocate() }
        var count = 0
        while true {
            count = copyPlainBytes(to: output, from: count)
            guard let byte = next else { throw fault(.unexpectedEnd, "the text ends inside a string") }
            switch byte {
            case UInt8(ascii: "\""):
                let value = try decode(UnsafeRawBufferPointer(rebasing: output[..<count]), from: opening + 1)
                position += 1
                return value
            case UInt8(ascii: "\\"): count = try parseEscape(into: output, from: count)
            default: throw fault(.unexpectedByte, "control character \(describe(byte)) must be escaped in a string")
            }
        }
    }

    /// Bytes from here to the closing quote, or to the end of the text.
    private func lengthToQuote() -> Int {
        var ahead = self
        while true {
            ahead.skipPlainBytes()
            guard let byte = ahead.next, byte != UInt8(ascii: "\"") else { return ahead.position - position }
            ahead.position = min(end, ahead.position + (byte == UInt8(ascii: "\\") ? 2 : 1))
        }
    }

    /// Copies up to the next quote, backslash or control character, eight bytes a step where there is room for them.
    /// - Returns: how many bytes the output then holds.
    @inline(__always)
    private mutating func copyPlainBytes(to output: UnsafeMutableRawBufferPointer, from start: Int) -> Int {
        // Locals stay in registers; the parser's own members would be written back at each step.
        let (text, end) = (text, end)
        var (cursor, count) = (position, start)
        while cursor + 8 <= end, count + 8 <= output.count {
            let word = text.loadUnaligned(fromByteOffset: cursor, as: UInt64.self)
            if hasSpecialByte(word) { break }
            output.storeBytes(of: word, toByteOffset: count, as: UInt64.self)
            cursor += 8
            count += 8
        }
        while cursor < end, count < output.count {
            let byte = text[cursor]
            if byte == UInt8(ascii: "\"") || byte == UInt8(ascii: "\\") || byte < 0x20 { break }
            output[count] = byte
            cursor += 1
            count += 1
        }
        position = cursor
        return count
    }

    /// Reads one escape; the output has room for it, since an escape is no shorter than what it stands for.
    /// - Returns: how many bytes the output then holds.
    private mutating func parseEscape(
        into output: UnsafeMutableRawBufferPointer, from count: Int
    ) throws(JSONError) -> Int {
        let start = position
        position += 1
        guard let byte = next else { throw fault(.unexpectedEnd, "the text ends inside an escape") }
        position += 1
        let plain: UInt8
        switch byte {
        case UInt8(ascii: "\""), UInt8(ascii: "\\"), UInt8(ascii: "/"): plain = byte
        case UInt8(ascii: "b"): plain = 0x08
        case UInt8(ascii: "f"): plain = 0x0C
        case UInt8(ascii: "n"): plain = 0x0A
        case UInt8(ascii: "r"): plain = 0x0D
        case UInt8(ascii: "t"): plain = 0x09
        case UInt8(ascii: "u"):
            var end = count
            for unit in UTF8.encode(try parseUnicodeEscape(start: start)) ?? UTF8.encodedReplacementCharacter {
                output[end] = unit
                end += 1
            }
            return end
        default: throw fault(.unexpectedByte, "\(describe(byte)) cannot follow a backslash", at: start)
        }
        output[count] = plain
        return count + 1
    }

    private mutating func parseUnicodeEscape(start: Int) throws(JSONError) -> UnicodeScalar {
        let unit = try parseFourHexDigits()
        var code = UInt32(unit)
        if (0xD800..<0xDC00).contains(unit) {
            let hasPartner =
                position + 1 < end && text[position] == UInt8(ascii: "\\") && text[position + 1] == UInt8(ascii: "u")
            guard hasPartner else {
                throw fault(.invalidText, "a high surrogate must be followed by a low one", at: start)
            }
            position += 2
            let low = try parseFourHexDigits()
            guard (0xDC00..<0xE000).contains(low) else {
                throw fault(.invalidText, "a high surrogate must be followed by a low one", at: start)
            }
            code = 0x10000 + (UInt32(unit) - 0xD800) << 10 + (UInt32(low) - 0xDC00)
        }
        guard let scalar = UnicodeScalar(code) else {
            throw fault(.invalidText, "a low surrogate without a high one", at: start)
        }
        return scalar
    }

    private mutating func parseFourHexDigits() throws(JSONError) -> UInt16 {
        guard position + 4 <= end else { throw fault(.unexpectedEnd, "the text ends inside an escape", at: end) }
        var value: UInt16 = 0
        for _ in 0..<4 {
            let digit: UInt8
            switch text[position] {
            case let byte where (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte): digit = byte - 0x30
            case let byte where (UInt8(ascii: "a")...UInt8(ascii: "f")).contains(byte): digit = byte - 0x61 + 10
            case let byte where (UInt8(ascii: "A")...UInt8(ascii: "F")).contains(byte): digit = byte - 0x41 + 10
            default: throw fault(.unexpectedByte, "\\u needs four hexadecimal digits")
            }
            value = value << 4 | UInt16(digit)
            position += 1
        }
        return value
    }

    /// UTF-8 to a string; `start` is where the bytes begin in the text, for the error (exact when nothing was escaped).
    private func decode(_ bytes: UnsafeRawBufferPointer, from start: Int) throws(JSONError) -> String {
        guard let value = String(validating: bytes.bindMemory(to: UInt8.self), as: UTF8.self) else {
            throw fault(.invalidText, "a string is not UTF-8", at: firstInvalidByte(from: start))
        }
        return value
    }

    /// The offset in the text of the first byte from `start` on that no UTF-8 can have; found by decoding prefixes one
    /// scalar at a time, which is slow and only done for an error message.
    private func firstInvalidByte(from start: Int) -> Int {
        var decoder = UTF8()
        var iterator = text[start...].makeIterator()
        var offset = start
        while true {
            switch decoder.decode(&iterator) {
            case .scalarValue(let scalar): offset += UTF8.width(scalar)
            case .emptyInput, .error: return offset
            }
        }
    }
}

/// Whether one of eight bytes is a quote, a backslash or below 0x20 (bit tricks of "Bit Twiddling Hacks", hasless and
/// haszero; a false alarm can only follow a true one in the same word).
@inline(__always)
private func hasSpecialByte(_ word: UInt64) -> Bool {
    let ones: UInt64 = 0x0101_0101_0101_0101
    let high: UInt64 = 0x8080_8080_8080_8080
    let quotes = word ^ (ones &* 0x22)
    let backslashes = word ^ (ones &* 0x5C)
    let controls = (word &- ones &* 0x20) & ~word
    return (((quotes &- ones) & ~quotes) | ((backslashes &- ones) & ~backslashes) | controls) & high != 0
}
