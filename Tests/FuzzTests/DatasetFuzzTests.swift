// Files of data sets from strangers, damaged: each reader may refuse, it may not crash or linger, and what it takes must hold.
import Compressing
import Datasets
import Domain
import Foundation
import StrictJSON
import TestSupport
import Testing

@Suite(.serialized) struct DatasetFuzzTests {
    private static let folder = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
        .appendingPathComponent("Vectors/datasets")

    private static func vectors(_ ending: String) throws -> [[UInt8]] {
        try FileManager.default.contentsOfDirectory(atPath: folder.path).filter { $0.hasSuffix(ending) }.sorted().map {
            Array(try Data(contentsOf: folder.appendingPathComponent($0)))
        }
    }

    @Test func `rows of a Parquet file that is taken are as many as it says, and are JSON`() throws {
        var taken = 0
        let count = FuzzTime.feed(seed: 61, corpus: try Self.vectors(".parquet")) { bytes in
            guard let rows = try? ParquetRows(FileBytes(bytes)) else { return }
            taken += 1
            var read = 0
            // A damaged count of rows can be millions of nulls; the first ones show what can go wrong.
            while read < 2_000, let row = try? rows.next() {
                read += 1
                guard case .success(let value) = row.content else { continue }
                #expect((try? JSONValue.parse(value.serialized())) == value)
            }
            #expect(read <= rows.count)
        }
        #expect(count > 100 && taken > 10)
    }

    @Test func `a block of Snappy that is taken has the length it says`() throws {
        let corpus = try Self.vectors("snappy.jsonl").flatMap { try self.lines($0) }.compactMap { row in
            Data(base64Encoded: row["packed"]?.string ?? "").map(Array.init)
        }
        let count = FuzzTime.feed(seed: 65, corpus: corpus) { bytes in
            guard let text = snappyDecompressed(bytes[...], limit: 100_000) else { return }
            #expect(text.count <= min(100_000, 64 * bytes.count))
        }
        #expect(count > 100)
    }

    @Test func `a pickle that is taken is JSON within its bound`() throws {
        let corpus = try Self.vectors("pickles.jsonl").flatMap { try self.lines($0) }.compactMap { row in
            Data(base64Encoded: row["pickle"]?.string ?? "").map(Array.init)
        }
        let count = FuzzTime.feed(seed: 62, corpus: corpus) { bytes in
            guard let value = try? unpickled(bytes, byteLimit: 100_000) else { return }
            let text = value.serialized()
            // A byte of text is at most six in JSON; numbers and brackets come from the pickle's own length.
            #expect(text.count <= 600_000 + 32 * bytes.count)
            #expect((try? JSONValue.parse(text)) == value)
        }
        #expect(count > 100)
    }

    @Test func `a row of any format that is taken can be stored`() throws {
        let texts =
            try Self.vectors("livecodebench.jsonl") + [
                Array(
                    #"{"question":"Q","input_output":"{\"fn_name\":\"f\",\"inputs\":[[1]],\"outputs\":[[2]]}","difficulty":"x","url":"http://a/b"}"#
                        .utf8),
                Array(
                    #"{"name":"n","description":"D","public_tests":{"input":["1"],"output":["2"]},"private_tests":null,"source":2,"difficulty":9,"time_limit":{"seconds":1,"nanos":5}}"#
                        .utf8),
                Array(
                    #"{"prompt":[{"role":"user","content":"c"}],"reward_model":{"ground_truth":"[\"1\"]"},"extra_info":{"index":1}}"#
                        .utf8),
                Array(#"{"problem":"P","answer":12,"subject":"S","level":1,"unique_id":"a/b"}"#.utf8),
                Array("{\"question\":\"P\",\"answer\":\"#### 1,2\"}".utf8),
                Array(
                    #"{"messages":[{"role":"user","content":"a"},{"role":"assistant","content":"b"}],"meta":{"solution":"1"}}"#
                        .utf8),
            ]
        let count = FuzzTime.feed(seed: 63, corpus: try texts.flatMap { try self.lines($0).map { $0.serialized() } }) {
            bytes in
            guard let row = try? JSONValue.parse(bytes), let format = DatasetFormat.recognising(row) else { return }
            guard case .prompt(let prompt)? = try? format.record(of: row, ImportWishes()) else { return }
            #expect((try? PromptSubmission(json: prompt.json)) == prompt)
        }
        #expect(count > 100)
    }

    @Test func `packed tests and packed lines end, whatever they hold`() throws {
        let packed = try Self.vectors("livecodebench.jsonl").flatMap { try self.lines($0) }.compactMap {
            $0["private_test_cases"]?.string.map { Array($0.utf8) }
        }
        let zipped = try GzipWriter().compress(Array("{\"a\":1}\n[2]\n".utf8), isLast: true)
        let frame = try Array("{\"a\":1}\n[2]\n".utf8).withUnsafeBytes { try zstdCompressed($0) }
        let count = FuzzTime.feed(seed: 64, corpus: packed + [zipped, frame]) { bytes in
            _ = try? unpackedTests(String(decoding: bytes, as: UTF8.self), field: "t")
            var rest: [UInt8]? = bytes
            guard
                let rows = try? LineRows(read: {
                    defer { rest = nil }; return rest
                })
            else { return }
            while (try? rows.next()) != nil {}
        }
        #expect(count > 100)
    }

    private func lines(_ bytes: [UInt8]) throws -> [JSONValue] {
        try String(decoding: bytes, as: UTF8.self).split(separator: "\n").map { try JSONValue.parse(text: String($0)) }
    }
}
