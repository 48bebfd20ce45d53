// The content hash against Python's hashlib (Tests/Vectors/blake2b), and token blobs bit for bit.
import Domain
import Foundation
import Testing

@testable import Storage

struct ContentHashTests {
    @Test func `the digest is BLAKE2b-128`() throws {
        let path = repositoryRoot + "/Tests/Vectors/blake2b/blake2b-128.txt"
        let lines = try String(contentsOfFile: path, encoding: .utf8).split(separator: "\n")
        #expect(lines.count >= 20)
        for line in lines {
            let parts = line.split(separator: " ")
            let input: [UInt8] =
                if let count = Int(parts[0]) { (0..<count).map { UInt8(($0 * 7 + 3) % 256) } } else {
                    Array("abc".utf8)
                }
            #expect(ContentHash.of(input).hexadecimal == parts[1], "\(parts[0])")
        }
    }

    @Test(arguments: [1, 3, 64, 127, 128, 129, 500])
    func `the digest does not depend on how the bytes come in`(step: Int) {
        let input = (0..<1000).map { UInt8(truncatingIfNeeded: $0 * 31) }
        var hasher = Blake2b()
        for start in stride(from: 0, to: input.count, by: step) {
            input[start..<min(start + step, input.count)].withUnsafeBytes { hasher.absorb($0) }
        }
        #expect(ContentHash(bytes: hasher.digest()) == ContentHash.of(input))
    }

    @Test func `neighbouring fields cannot run together`() {
        func digest(_ fields: [String]) -> [UInt8] {
            var hasher = Blake2b()
            for field in fields { hasher.absorb(field: field) }
            return hasher.digest()
        }
        #expect(digest(["ab", "c"]) != digest(["a", "bc"]))
        #expect(digest(["", "x"]) != digest(["x", ""]))
        #expect(digest(["x"]) != digest(["x", ""]))
    }

    @Test func `token blobs keep every bit`() {
        let tokens: [Int32] = [0, 1, -1, .max, .min, 151_643]
        #expect(TokenBlob.tokens(TokenBlob.encode(tokens)) == tokens)
        let logprobs: [Float] = [0, -0.0, -.leastNonzeroMagnitude, -.greatestFiniteMagnitude, -0.1, -12.75]
        let back = TokenBlob.logprobs(TokenBlob.encode(logprobs))
        #expect(back.map(\.bitPattern) == logprobs.map(\.bitPattern))
        #expect(Array(TokenBlob.encode([Int32(1)])) == [1, 0, 0, 0])
        #expect(TokenBlob.encode([Int32]()).isEmpty)
    }
}
