// Bytes of other implementations come out as their text; bombs and broken bytes end early and cheaply.
import Foundation
import Testing

@testable import Compressing

@Suite struct DecompressingTests {
    /// `printf 'rollouts\n' | gzip -n9 | base64`, gzip 1.12.
    static let gzipOfLine = Data(base64Encoded: "H4sIAAAAAAACAyvKz8nJLy0p5gIAzxcL8gkAAAA=") ?? Data()

    private func text(_ data: Data, _ coding: ContentCoding, limit: Int = 1 << 20) throws -> [UInt8] {
        try data.withUnsafeBytes { try decompressed($0, from: coding, limit: limit) }
    }

    private func zstd(_ bytes: [UInt8]) throws -> Data {
        Data(try bytes.withUnsafeBytes { try zstdCompressed($0) })
    }

    @Test func `what zstd compressed comes back, whatever its length`() throws {
        for count in [0, 1, 255, 256, 257, 100_000, 1 << 20] {
            let bytes = (0..<count).map { UInt8(truncatingIfNeeded: $0 &* 31 ^ ($0 >> 7)) }
            #expect(try text(zstd(bytes), .zstd) == bytes)
        }
    }

    @Test func `members and frames in a row are one text`() throws {
        let twice = Self.gzipOfLine + Self.gzipOfLine
        #expect(try text(twice, .gzip) == Array("rollouts\nrollouts\n".utf8))
        #expect(try text(zstd([1, 2]) + zstd([3]), .zstd) == [1, 2, 3])
    }

    @Test func `a bomb is refused at the limit and not a byte later`() throws {
        let zeros = [UInt8](repeating: 0, count: 1 << 20)
        #expect(throws: CompressionFault.tooLarge(limit: 1000)) { try text(zstd(zeros), .zstd, limit: 1000) }
        #expect(try text(zstd(zeros), .zstd, limit: 1 << 20).count == 1 << 20)
        #expect(throws: CompressionFault.tooLarge(limit: 8)) { try text(Self.gzipOfLine, .gzip, limit: 8) }
        #expect(try text(Self.gzipOfLine, .gzip, limit: 9).count == 9)
    }

    @Test func `bytes cut short anywhere are a fault`() throws {
        let whole = try zstd(Array("some text that is long enough to be cut".utf8))
        for count in 0..<whole.count {
            #expect(throws: CompressionFault.malformed) { try text(whole.prefix(count), .zstd) }
        }
        for count in 0..<Self.gzipOfLine.count {
            #expect(throws: CompressionFault.malformed) { try text(Self.gzipOfLine.prefix(count), .gzip) }
        }
    }

    @Test func `bytes of another coding are a fault`() throws {
        #expect(throws: CompressionFault.malformed) { try text(Self.gzipOfLine, .zstd) }
        #expect(throws: CompressionFault.malformed) { try text(Data("{}".utf8), .gzip) }
        #expect(throws: CompressionFault.malformed) { try text(Self.gzipOfLine + Data([7]), .gzip) }
    }
}
