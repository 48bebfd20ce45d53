// Token ids and log-probabilities as bytes: four a value, little-endian, bit for bit. No compression: retention may
// compact old rows later, while intake and updates want them fast.
import Foundation

/// Arrays of four-byte values as blobs and back. Plain loops over memory: key paths cost a hundred times as much here.
enum TokenBlob {
    /// Token ids, [T] -> 4T bytes.
    static func encode(_ tokens: [Int32]) -> Data { bytes(tokens) { UInt32(bitPattern: $0) } }

    /// Log-probabilities, [T] -> 4T bytes; every bit pattern survives.
    static func encode(_ logprobs: [Float]) -> Data { bytes(logprobs) { $0.bitPattern } }

    /// Token ids, 4T bytes -> [T]; the schema allows no other length.
    static func tokens(_ data: Data) -> [Int32] { values(data) { Int32(bitPattern: $0) } }

    /// Log-probabilities, 4T bytes -> [T].
    static func logprobs(_ data: Data) -> [Float] { values(data) { Float(bitPattern: $0) } }

    private static func bytes<T>(_ values: [T], _ pattern: (T) -> UInt32) -> Data {
        var data = Data(count: 4 * values.count)
        data.withUnsafeMutableBytes { raw in
            for (index, value) in values.enumerated() {
                raw.storeBytes(of: pattern(value).littleEndian, toByteOffset: 4 * index, as: UInt32.self)
            }
        }
        return data
    }

    private static func values<T>(_ data: Data, _ value: (UInt32) -> T) -> [T] {
        data.withUnsafeBytes { raw in
            [T](unsafeUninitializedCapacity: raw.count / 4) { buffer, count in
                for index in 0..<raw.count / 4 {
                    let word = raw.loadUnaligned(fromByteOffset: 4 * index, as: UInt32.self)
                    buffer.initializeElement(at: index, to: value(UInt32(littleEndian: word)))
                }
                count = raw.count / 4
            }
        }
    }
}
