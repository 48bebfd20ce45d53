// The printable alphabet in which byte-level tokenizers write bytes (GPT-2's bytes_to_unicode).

/// A one-to-one map between the 256 bytes and 256 printable characters.
enum ByteAlphabet {
    /// The bytes in the order of GPT-2's table: those that print as themselves, then the rest. It is also the order of
    /// the ids of a fresh tokenizer, as in Qwen's.
    static let order: [UInt8] = {
        let printable =
            (0x21...0x7E).map { UInt8($0) } + (0xA1...0xAC).map { UInt8($0) } + (0xAE...0xFF).map { UInt8($0) }
        let others = (0...255).map { UInt8($0) }.filter { !printable.contains($0) }
        return printable + others
    }()

    /// The character of each byte.
    static let characters: [Unicode.Scalar] = {
        var table = [Unicode.Scalar](repeating: " ", count: 256)
        for (index, byte) in order.enumerated() {
            // The bytes without a character of their own take those from U+0100 on.
            let value = index < 188 ? UInt32(byte) : UInt32(256 + index - 188)
            table[Int(byte)] = Unicode.Scalar(value) ?? " "
        }
        return table
    }()

    private static let bytes: [Unicode.Scalar: UInt8] = Dictionary(
        uniqueKeysWithValues: characters.enumerated().map { ($1, UInt8($0)) })

    /// Bytes written in the alphabet.
    static func text(_ bytes: some Sequence<UInt8>) -> String {
        var text = String.UnicodeScalarView()
        for byte in bytes { text.append(characters[Int(byte)]) }
        return String(text)
    }

    /// The bytes behind a text in the alphabet; nil if another character occurs.
    static func bytes(_ text: String) -> [UInt8]? {
        var result: [UInt8] = []
        for scalar in text.unicodeScalars {
            guard let byte = bytes[scalar] else { return nil }
            result.append(byte)
        }
        return result
    }
}
