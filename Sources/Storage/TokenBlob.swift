// Token ids and log-probabilities as bytes: four a value, little-endian, bit for bit. No compression: retention may
// compact old rows later, while intake and updates want them fast.
import Foundation

/// Arrays of four-byte values as blobs and back.
enum TokenBlob {
    /// Token ids, [T] -> 4T bytes.
    static func encode(_ tokens: [Int32]) -> Data { bytes(tokens.map(\.littleEndian)) }

    /// Log-probabilities, [T] -> 4T bytes; every bit pattern survives.
    static func encode(_ logprobs: [Float]) -> Data { bytes(logprobs.map(\.bitPattern.littleEndian)) }

    /// Token ids, 4T bytes -> [T]; bytes beyond a multiple of four cannot be stored (a CHECK) and are left out.
    static func tokens(_ data: Data) -> [Int32] { words(data).map { Int32(bitPattern: $0) } }

    /// Log-probabilities, 4T bytes -> [T].
    static func logprobs(_ data: Data) -> [Float] { words(data).map { Float(bitPattern: $0) } }

    private static func bytes<T: BitwiseCopyable>(_ values: [T]) -> Data {
        values.withUnsafeBytes { Data($0) }
    }

    private static func words(_ data: Data) -> [UInt32] {
        data.withUnsafeBytes { raw in
            (0..<raw.count / 4).map {
                UInt32(littleEndian: raw.loadUnaligned(fromByteOffset: 4 * $0, as: UInt32.self))
            }
        }
    }
}
