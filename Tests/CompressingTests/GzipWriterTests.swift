// gzip out, held against the reader of strangers' gzip.
import Compressing
import Testing

@Suite struct GzipWriterTests {
    private func text(_ count: Int) -> [UInt8] {
        // Digits without a pattern, as token ids are.
        var state: UInt64 = 7
        return (0..<count).map { _ in
            state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
            return UInt8(48 + (state >> 33) % 10)
        }
    }

    @Test(arguments: [0, 1, 999, 131_072, 3_000_000]) func `what is compressed in pieces reads as the whole`(
        count: Int
    ) throws {
        let whole = text(count)
        for pieceBytes in [1_000_000, 65_537, 4_096] {
            let writer = try GzipWriter()
            var packed: [UInt8] = []
            for start in stride(from: 0, to: count, by: pieceBytes) {
                packed += try writer.compress(Array(whole[start..<min(count, start + pieceBytes)]))
            }
            packed += try writer.compress([], isLast: true)
            let unpacked = try packed.withUnsafeBytes { try decompressed($0, from: .gzip, limit: 4_000_000) }
            #expect(unpacked == whole)
            if count > 10_000 { #expect(packed.count < count * 6 / 10) }
        }
    }
}
