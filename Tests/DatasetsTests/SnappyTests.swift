// Blocks of Snappy: those of Google's library, and some that lie.
import Datasets
import Foundation
import StrictJSON
import Testing

@Suite struct SnappyTests {
    @Test func `blocks of Google's library unpack to their texts, and not when they are cut off`() throws {
        let rows = try Vectors.lines("snappy.jsonl")
        #expect(rows.count == 6)
        for row in rows {
            let packed = Array(Data(base64Encoded: row["packed"]?.string ?? "") ?? Data())
            let text = Array((row["text"]?.string ?? "").utf8)
            #expect(snappyDecompressed(packed[...], limit: text.count) == text)
            #expect(snappyDecompressed(packed.dropLast(), limit: text.count) == nil)
            if !text.isEmpty { #expect(snappyDecompressed(packed[...], limit: text.count - 1) == nil) }
        }
    }

    @Test(
        arguments: [
            // A length without bytes; four gigabytes claimed by five bytes; a literal beyond the end; a copy before the beginning;
            // a copy at distance 0; more than the length says; a length that does not end.
            [5], [0xFF, 0xFF, 0xFF, 0xFF, 0x0F], [4, 0x0C, 0x61], [4, 0x00, 0x61, 0x01, 0x02],
            [4, 0x00, 0x61, 0x01, 0x00],
            [1, 0x04, 0x61, 0x62], [0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF],
        ] as [[UInt8]])
    func `a block that lies is refused`(block: [UInt8]) {
        #expect(snappyDecompressed(block[...], limit: Int(UInt32.max)) == nil)
    }

    @Test func `a copy may overlap what it writes`() {
        // "ab", then five bytes from two before: ababa and two more.
        #expect(snappyDecompressed([7, 0x04, 0x61, 0x62, 0x05, 0x02][...], limit: 7) == Array("abababa".utf8))
    }
}
