// BLAKE2b (RFC 7693), unkeyed: with 16 bytes, what tells a repeated submission from a different one under the same id; with
// 32, what is kept of an API key's secret. Chosen over SHA-256 for its speed in portable code; not for passwords.

/// The BLAKE2b-128 digest of some content.
package struct ContentHash: Hashable, Sendable {
    /// 16 bytes.
    package let bytes: [UInt8]

    package init(bytes: [UInt8]) { self.bytes = bytes }

    /// As two lower-case hexadecimal digits a byte.
    package var hexadecimal: String {
        let digits = Array("0123456789abcdef".unicodeScalars)
        var text = String.UnicodeScalarView()
        for byte in bytes {
            text.append(digits[Int(byte >> 4)])
            text.append(digits[Int(byte & 15)])
        }
        return String(text)
    }

    /// The digest of a sequence of bytes.
    package static func of(_ content: some Sequence<UInt8>) -> ContentHash {
        var hasher = Blake2b()
        let bytes = Array(content)
        bytes.withUnsafeBytes { hasher.absorb($0) }
        return ContentHash(bytes: hasher.digest())
    }
}

/// The compression function and its state (RFC 7693, section 3). Feed it, then take the digest once.
package struct Blake2b {
    private var state: State
    private var block = [UInt8](repeating: 0, count: 128)
    private var filled = 0
    private var length: UInt64 = 0
    private let digestBytes: Int

    /// A hasher whose digest has so many bytes, 1 to 64.
    package init(digestBytes: Int = 16) {
        self.digestBytes = digestBytes
        state = initialVector
        // Parameter block: digest length, no key, fanout 1, depth 1.
        state.0 ^= 0x0101_0000 ^ UInt64(digestBytes)
    }

    /// Adds bytes, as if all calls' bytes stood in one row.
    package mutating func absorb(_ bytes: UnsafeRawBufferPointer) {
        var offset = 0
        while offset < bytes.count {
            // A full block is compressed only when more follows: the last one is flagged.
            if filled == 128 {
                length &+= 128
                block.withUnsafeBytes { compress($0, isLast: false, length, &state) }
                filled = 0
            }
            if filled == 0, bytes.count - offset > 128 {
                length &+= 128
                compress(
                    UnsafeRawBufferPointer(rebasing: bytes[offset..<(offset + 128)]), isLast: false, length, &state)
                offset += 128
                continue
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
    package mutating func absorb(field bytes: UnsafeRawBufferPointer) {
        var count = UInt64(bytes.count).littleEndian
        withUnsafeBytes(of: &count) { absorb($0) }
        absorb(bytes)
    }

    /// Adds a text as a field.
    package mutating func absorb(field text: String) {
        var text = text
        text.withUTF8 { absorb(field: UnsafeRawBufferPointer($0)) }
    }

    /// The digest, of the size asked for.
    package mutating func digest() -> [UInt8] {
        length &+= UInt64(filled)
        for index in filled..<128 { block[index] = 0 }
        block.withUnsafeBytes { compress($0, isLast: true, length, &state) }
        let words = [state.0, state.1, state.2, state.3, state.4, state.5, state.6, state.7]
        return (0..<digestBytes).map { UInt8(truncatingIfNeeded: words[$0 / 8] >> (8 * UInt64($0 % 8))) }
    }
}

/// Eight words.
private typealias State = (UInt64, UInt64, UInt64, UInt64, UInt64, UInt64, UInt64, UInt64)

/// The fractional parts of the square roots of the first eight primes, as in SHA-512.
private let initialVector: State = (
    0x6a09_e667_f3bc_c908, 0xbb67_ae85_84ca_a73b, 0x3c6e_f372_fe94_f82b, 0xa54f_f53a_5f1d_36f1,
    0x510e_527f_ade6_82d1, 0x9b05_688c_2b3e_6c1f, 0x1f83_d9ab_fb41_bd6b, 0x5be0_cd19_137e_2179
)

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

/// Mixes one block of 128 bytes into the state; `length` counts all bytes so far. The sixteen words are locals, so that they
/// stay in registers: in an array each step would wait for the store of the one before.
private func compress(_ block: UnsafeRawBufferPointer, isLast: Bool, _ length: UInt64, _ state: inout State) {
    var (v0, v1, v2, v3, v4, v5, v6, v7) = state
    var (v8, v9, v10, v11, v12, v13, v14, v15) = initialVector
    v12 ^= length
    if isLast { v14 = ~v14 }
    schedule.withUnsafeBufferPointer { schedule in
        for round in 0..<12 {
            let row = 16 * (round < 10 ? round : round - 10)
            func word(_ step: Int) -> UInt64 {
                UInt64(
                    littleEndian: block.loadUnaligned(fromByteOffset: 8 * Int(schedule[row + step]), as: UInt64.self))
            }
            mix(&v0, &v4, &v8, &v12, word(0), word(1))
            mix(&v1, &v5, &v9, &v13, word(2), word(3))
            mix(&v2, &v6, &v10, &v14, word(4), word(5))
            mix(&v3, &v7, &v11, &v15, word(6), word(7))
            mix(&v0, &v5, &v10, &v15, word(8), word(9))
            mix(&v1, &v6, &v11, &v12, word(10), word(11))
            mix(&v2, &v7, &v8, &v13, word(12), word(13))
            mix(&v3, &v4, &v9, &v14, word(14), word(15))
        }
    }
    state.0 ^= v0 ^ v8
    state.1 ^= v1 ^ v9
    state.2 ^= v2 ^ v10
    state.3 ^= v3 ^ v11
    state.4 ^= v4 ^ v12
    state.5 ^= v5 ^ v13
    state.6 ^= v6 ^ v14
    state.7 ^= v7 ^ v15
}

/// The function G of RFC 7693, section 3.1.
@inline(__always)
private func mix(_ a: inout UInt64, _ b: inout UInt64, _ c: inout UInt64, _ d: inout UInt64, _ x: UInt64, _ y: UInt64) {
    a = a &+ b &+ x
    d = rotatedRight(d ^ a, 32)
    c = c &+ d
    b = rotatedRight(b ^ c, 24)
    a = a &+ b &+ y
    d = rotatedRight(d ^ a, 16)
    c = c &+ d
    b = rotatedRight(b ^ c, 63)
}

@inline(__always)
private func rotatedRight(_ value: UInt64, _ count: UInt64) -> UInt64 {
    value >> count | value << (64 - count)
}
