// Bytes in, bytes out: Unicode mathematics becomes LaTeX, invisible characters go. Linear, and a no-op on plain ASCII.
import Domain

/// Brings an answer into ASCII LaTeX as far as that is possible.
enum MathNormaliser {
    /// The normalised bytes; at most about sixteen times the input, which callers have capped.
    static func normalised(_ bytes: ArraySlice<UInt8>) -> [UInt8] {
        guard bytes.contains(where: { $0 >= 0x80 || $0 < 0x20 || $0 == 0x7F }) else { return Array(bytes) }
        var output: [UInt8] = []
        output.reserveCapacity(bytes.count + 16)
        var scripts = ScriptRun()
        var position = bytes.startIndex
        while position < bytes.endIndex {
            let (scalar, length) = decode(bytes, at: position)
            position += length
            if let byte = UnicodeMath.superscript(scalar) {
                scripts.append(byte, opening: 0x5E, to: &output)
                continue
            }
            if let byte = UnicodeMath.subscript(scalar) {
                scripts.append(byte, opening: 0x5F, to: &output)
                continue
            }
            scripts.close(&output)
            if let mark = UnicodeMath.combining(scalar), let digit = output.last, isDigitByte(digit) {
                output.removeLast()
                output += mark + [0x7B, digit, 0x7D]
                continue
            }
            if scalar < 0x80 {
                let byte = UInt8(scalar)
                output.append(byte < 0x20 || byte == 0x7F ? 0x20 : byte)
            } else if let latex = UnicodeMath.latex(for: scalar) {
                output.append(contentsOf: latex)
            } else {
                output.append(contentsOf: bytes[(position - length)..<position])
            }
        }
        scripts.close(&output)
        return output
    }

    /// One code point and its length; a broken sequence is one byte long and reads as U+FFFD.
    static func decode(_ bytes: ArraySlice<UInt8>, at position: Int) -> (scalar: UInt32, length: Int) {
        let lead = bytes[position]
        if lead < 0x80 { return (UInt32(lead), 1) }
        let count =
            lead >= 0xF0 && lead < 0xF8 ? 4 : lead >= 0xE0 && lead < 0xF0 ? 3 : lead >= 0xC2 && lead < 0xE0 ? 2 : 1
        guard count > 1, position + count <= bytes.endIndex else { return (0xFFFD, 1) }
        var scalar = UInt32(lead) & (0x7F >> UInt32(count))
        for offset in 1..<count {
            let byte = bytes[position + offset]
            guard byte & 0xC0 == 0x80 else { return (0xFFFD, 1) }
            scalar = scalar << 6 | UInt32(byte & 0x3F)
        }
        return (scalar, count)
    }
}

/// Collects neighbouring superscript (or subscript) characters into one braced group.
private struct ScriptRun {
    private var kind: UInt8 = 0

    mutating func append(_ byte: UInt8, opening: UInt8, to output: inout [UInt8]) {
        if kind != opening {
            close(&output)
            output.append(opening)
            output.append(0x7B)
            kind = opening
        }
        output.append(byte)
    }

    mutating func close(_ output: inout [UInt8]) {
        guard kind != 0 else { return }
        output.append(0x7D)
        kind = 0
    }
}
