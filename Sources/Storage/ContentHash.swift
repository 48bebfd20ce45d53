// BLAKE2b (RFC 7693), unkeyed: with 16 bytes, what tells a repeated submission from a different one under the same id; with
// 32, what is kept of an API key's secret. Chosen over SHA-256 for its speed in portable code; not for passwords.

/// The BLAKE2b-128 digest of some content.
struct ContentHash: Hashable, Sendable {
    /// 16 bytes.
    let bytes: [UInt8]

    /// As two lower-case hexadecimal digits a byte.
    var hexadecimal: String {
        let digits = Array("0123456789abcdef".unicodeScalars)
        var text = String.UnicodeScalarView()
        for byte in bytes {
            text.append(digits[Int(byte >> 4)])
            text.append(digits[Int(byte & 15)])
        }
        return String(text)
    }

    /// The digest of a sequence of bytes.
    static func of(_ content: some Sequence<UInt8>) -> ContentHash {
        var hasher = Blake2b()
        let bytes = Array(content)
        bytes.withUnsafeBytes { hasher.absorb($0) }
        return ContentHash(bytes: hasher.digest())
    }
}

/// The compression function and its state (RFC 7693, section 3). Feed it, then take the digest once.
struct Blake2b {
    private var state: [UInt64]
    private var block = [UInt8](repeating: 0, count: 128)
    private var filled = 0
    private var length: UInt64 = 0
    private let digestBytes: Int

    /// A hasher whose digest has so many bytes, 1 to 64.
    init(digestBytes: Int = 16) {
        self.digestBytes = digestBytes
        state = Blake2b.initialVector
        // Parameter block: digest length, no key, fanout 1, depth 1.
        state[0] ^= 0x0101_0000 ^ UInt64(digestBytes)
    }

    /// Adds bytes, as if all calls' bytes stood in one row.
    mutating func absorb(_ bytes: UnsafeRawBufferPointer) {
        var offset = 0
        while offset < bytes.count {
            // A full block is compressed only when more follows: the last one is flagged.
            if filled == 128 {
                length &+= 128
                block.withUnsafeBytes { compress($0, isLast: false, length, &state) }
                filled = 0
            }
            let count = min(128 - filled, bytes.count - offset)
            block.withUnsafeMutableBytes { target in
                UnsafeMutableRawBufferPointer(rebasing: target[filled..<(filled + count)])
                    .copyMemory(from: UnsafeRawBufferPointer(rebasing: bytes[offset..<(offset + count)]))
            }
            filled += count
            offset += count
        }
    }

    /// Adds a field so that neighbours cannot run together: its length as eight bytes, then its bytes.
    mutating func absorb(field bytes: UnsafeRawBufferPointer) {
        var count = UInt64(bytes.count).littleEndian
        withUnsafeBytes(of: &count) { absorb($0) }
        absorb(bytes)
    }

    /// Adds a text as a field.
    mutating func absorb(field text: String) {
        var text = text
        text.withUTF8 { absorb(field: UnsafeRawBufferPointer($0)) }
    }

    /// The digest, of the size asked for.
    mutating func digest() -> [UInt8] {
        length &+= UInt64(filled)
        for index in filled..<128 { block[index] = 0 }
        block.withUnsafeBytes { compress($0, isLast: true, length, &state) }
        return (0..<digestBytes).map { UInt8(truncatingIfNeeded: state[$0 / 8] >> (8 * UInt64($0 % 8))) }
    }

    /// The fractional parts of the square roots of the first eight primes, as in SHA-512.
    fileprivate static let initialVector: [UInt64] = [
        0x6a09_e667_f3bc_c908, 0xbb67_ae85_84ca_a73b, 0x3c6e_f372_fe94_f82b, 0xa54f_f53a_5f1d_36f1,
        0x510e_527f_ade6_82d1, 0x9b05_688c_2b3e_6c1f, 0x1f83_d9ab_fb41_bd6b, 0x5be0_cd19_137e_2179,
    ]
}

/// The message schedule: which word of the block each step takes, by round modulo 10.
private let schedule: [UInt8] = [
    0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15,
    14, 10, 4, 8, 9, 15, 13, 6, 1, 12, 0, 2, 11, 7, 5, 3,
    11, 8, 12, 0, 5, 2, 15, 13, 10, 14, 3, 6, 7, 1, 9, 4,
    7, 9, 3, 1, 13, 12, 11, 14, 2, 6, 5, 10, 4, 0, 15, 8,
    9, 0, 5, 7, 2, 4, 10, 15, 14, 1, 11, 12, 6, 8, 3, 13,
    2, 12, 6, 10, 0, 11, 8, 3, 4, 13, 7, 5, 15, 14, 1, 9,
    12, 5, 1, 15, 14, 13, 4, 10, 0, 7, 6, 3, 9, 2, 8, 11,
    13, 11, 7, 14, 12, 1, 3, 9, 5, 0, 15, 4, 8, 6, 2, 10,
    6, 15, 14, 9, 11, 3, 0, 8, 12, 2, 13, 7, 1, 4, 10, 5,
    10, 2, 8, 4, 7, 6, 1, 5, 15, 11, 9, 14, 3, 12, 13, 0,
]

/// Mixes one block of 128 bytes into the state of eight words; `length` counts all bytes so far.
private func compress(_ block: UnsafeRawBufferPointer, isLast: Bool, _ length: UInt64, _ state: inout [UInt64]) {
    withUnsafeTemporaryAllocation(of: UInt64.self, capacity: 32) { words in
        for index in 0..<16 {
            words[index] = UInt64(littleEndian: block.loadUnaligned(fromByteOffset: 8 * index, as: UInt64.self))
        }
        for index in 0..<8 {
            words[16 + index] = state[index]
            words[24 + index] = Blake2b.initialVector[index]
        }
        words[16 + 12] ^= length
        if isLast { words[16 + 14] = ~words[16 + 14] }
        schedule.withUnsafeBufferPointer { schedule in
            for round in 0..<12 {
                let row = 16 * (round % 10)
                for step in 0..<8 {
                    let x = words[Int(schedule[row + 2 * step])]
                    let y = words[Int(schedule[row + 2 * step + 1])]
                    let column = step & 3
                    // Steps 0 to 3 mix columns, 4 to 7 diagonals.
                    let shift = step < 4 ? 0 : 1
                    mix(
                        words, 16 + column, 20 + (column + shift) & 3, 24 + (column + 2 * shift) & 3,
                        28 + (column + 3 * shift) & 3, x, y)
                }
            }
        }
        for index in 0..<8 { state[index] ^= words[16 + index] ^ words[24 + index] }
    }
}

/// The function G of RFC 7693, section 3.1, on the words at `a`, `b`, `c`, `d`.
@inline(__always)
private func mix(
    _ words: UnsafeMutableBufferPointer<UInt64>, _ a: Int, _ b: Int, _ c: Int, _ d: Int, _ x: UInt64, _ y: UInt64
) {
    words[a] = words[a] &+ words[b] &+ x
    words[d] = rotatedRight(words[d] ^ words[a], 32)
    words[c] = words[c] &+ words[d]
    words[b] = rotatedRight(words[b] ^ words[c], 24)
    words[a] = words[a] &+ words[b] &+ y
    words[d] = rotatedRight(words[d] ^ words[a], 16)
    words[c] = words[c] &+ words[d]
    words[b] = rotatedRight(words[b] ^ words[c], 63)
}

@inline(__always)
private func rotatedRight(_ value: UInt64, _ count: UInt64) -> UInt64 {
    value >> count | value << (64 - count)
}
