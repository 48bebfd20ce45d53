// Random test input that is the same on every run.

/// SplitMix64, for tests that need many different inputs.
struct SeededBytes: RandomNumberGenerator {
    var state: UInt64

    mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var z = state
        z = (z ^ (z >> 30)) &* 0xBF58_476D_1CE4_E5B9
        z = (z ^ (z >> 27)) &* 0x94D0_49BB_1331_11EB
        return z ^ (z >> 31)
    }

    /// Up to `limit` random bytes.
    mutating func bytes(upTo limit: Int) -> [UInt8] {
        (0..<Int.random(in: 0...limit, using: &self)).map { _ in UInt8.random(in: 0...255, using: &self) }
    }

    /// Up to `limit` random characters out of those that the splitter treats differently.
    mutating func text(upTo limit: Int) -> String {
        let alphabet = Array(
            "aZéßж東١Ⅷ09 \t\n\r\u{0B}\u{85}\u{A0}\u{3000}\u{2028}'stmdrevl.!-_<|>\u{0301}👩\u{0}".unicodeScalars)
        var text = String.UnicodeScalarView()
        for _ in 0..<Int.random(in: 0...limit, using: &self) {
            text.append(alphabet[Int.random(in: 0..<alphabet.count, using: &self)])
        }
        return String(text)
    }
}
