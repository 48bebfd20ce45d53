// Files read piece by piece: whatever packs them and however they are cut, the text is the same and the pieces are small.
import Compressing
import Testing

@Suite struct UnpackedPiecesTests {
    private func unpacked(_ file: [UInt8], step: Int) throws -> [UInt8] {
        var rest = file[...]
        let pieces = try UnpackedPieces {
            defer { rest = rest.dropFirst(step) }
            return rest.isEmpty ? nil : Array(rest.prefix(step))
        }
        var text: [UInt8] = []
        while let piece = try pieces.next() {
            #expect(!piece.isEmpty && piece.count <= 131_072)
            text += piece
        }
        return text
    }

    @Test(arguments: [1_001, 65_536, 10_000_000]) func `plain, gzip and Zstandard give the same text`(step: Int) throws
    {
        let text = (0..<60_000).map { UInt8(truncatingIfNeeded: $0 &* $0 >> 7) } + [UInt8](repeating: 7, count: 600_000)
        let frame = try text.withUnsafeBytes { try zstdCompressed($0) }
        let member = try GzipWriter().compress(text, isLast: true)
        #expect(try unpacked(text, step: step) == text)
        #expect(try unpacked(frame, step: step) == text)
        #expect(try unpacked(member, step: step) == text)
        #expect(try unpacked(member + member, step: step) == text + text)
        #expect(try unpacked(frame + frame, step: step) == text + text)
    }

    @Test func `short files and no bytes at all are text`() throws {
        for file in [[], [1], [0x1F, 0x8B], [0x28, 0xB5, 0x2F]] as [[UInt8]] {
            #expect(try unpacked(file, step: 1) == file)
        }
    }

    @Test func `a file that ends too early, or goes on with something else, is refused`() throws {
        let text = [UInt8](repeating: 9, count: 5_000)
        let frame = try text.withUnsafeBytes { try zstdCompressed($0) }
        let member = try GzipWriter().compress(text, isLast: true)
        for file in [frame, member] {
            for broken in [Array(file.dropLast()), Array(file.prefix(8)), file + [1, 2, 3, 4, 5]] {
                #expect(throws: CompressionFault.malformed) { try unpacked(broken, step: 3) }
            }
        }
    }

    @Test func `zlib's framing is read up to a limit`() throws {
        let text = [UInt8](repeating: 5, count: 100_000)
        // gzip's deflate stream between zlib's two bytes and its own checksum (RFC 1950).
        let gzip = try GzipWriter().compress(text, isLast: true)
        var (low, high) = (UInt32(1), UInt32(0))
        for byte in text {
            low = (low + UInt32(byte)) % 65_521
            high = (high + low) % 65_521
        }
        let sum = [UInt8(high >> 8), UInt8(high & 255), UInt8(low >> 8), UInt8(low & 255)]
        let zlib = [0x78, 0x9C] + gzip.dropFirst(10).dropLast(8) + sum
        #expect(try zlib.withUnsafeBytes { try zlibDecompressed($0, limit: 100_000) } == text)
        #expect(throws: CompressionFault.tooLarge(limit: 99_999)) {
            try zlib.withUnsafeBytes { try zlibDecompressed($0, limit: 99_999) }
        }
        #expect(throws: CompressionFault.malformed) {
            try zlib.dropLast().withUnsafeBytes { try zlibDecompressed($0, limit: 200_000) }
        }
    }
}
