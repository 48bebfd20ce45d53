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

    private mutating func parseEscapedString(opening: Int) throws(JSONError) -> String {
        position = opening + 1
        var bytes: [UInt8] = []
        while true {
            let start = position
            skipPlainBytes()
            bytes.append(contentsOf: text[start..<position])
            guard let byte = next else { throw fault(.unexpectedEnd, "the text ends inside a string") }
            switch byte {
            case UInt8(ascii: "\""):
                let value = try bytes.withUnsafeBytesResult { raw throws(JSONError) in
                    try decode(raw, from: opening + 1)
                }
                position += 1
                return value
            case UInt8(ascii: "\\"): try parseEscape(into: &bytes)
            default: throw fault(.unexpectedByte, "control character \(describe(byte)) must be escaped in a string")
            }
        }
    }

    private mutating func parseEscape(into bytes: inout [UInt8]) throws(JSONError) {
        let start = position
        position += 1
        guard let byte = next else { throw fault(.unexpectedEnd, "the text ends inside an escape") }
        position += 1
        switch byte {
        case UInt8(ascii: "\""), UInt8(ascii: "\\"), UInt8(ascii: "/"): bytes.append(byte)
        case UInt8(ascii: "b"): bytes.append(0x08)
        case UInt8(ascii: "f"): bytes.append(0x0C)
        case UInt8(ascii: "n"): bytes.append(0x0A)
        case UInt8(ascii: "r"): bytes.append(0x0D)
        case UInt8(ascii: "t"): bytes.append(0x09)
        case UInt8(ascii: "u"): try parseUnicodeEscape(start: start, into: &bytes)
        default: throw fault(.unexpectedByte, "\(describe(byte)) cannot follow a backslash", at: start)
        }
    }

    private mutating func parseUnicodeEscape(start: Int, into bytes: inout [UInt8]) throws(JSONError) {
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
        bytes.append(contentsOf: String(Character(scalar)).utf8)
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

extension [UInt8] {
    /// `withUnsafeBytes` for a body that throws one type.
    fileprivate func withUnsafeBytesResult<R>(
        _ body: (UnsafeRawBufferPointer) throws(JSONError) -> R
    ) throws(JSONError) -> R {
        try withUnsafeBytes { raw in Result { () throws(JSONError) in try body(raw) } }.get()
    }
}
