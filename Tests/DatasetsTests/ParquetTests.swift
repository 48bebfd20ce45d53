// Parquet files against pyarrow's own reading of them.
import Datasets
import Domain
import StrictJSON
import Testing

@Suite struct ParquetTests {
    @Test(
        arguments: [
            ("verl-none", "verl"), ("verl-snappy", "verl"), ("verl-gzip", "verl"), ("verl-zstd", "verl"),
            ("nested-dictionary", "nested"), ("nested-plain", "nested"), ("nested-v2", "nested"), ("delta", "delta"),
            ("empty", "empty"),
        ])
    func `rows are those that pyarrow reads`(file: String, rows: String) throws {
        let reader = try ParquetRows(FileBytes(try Vectors.bytes(file + ".parquet")))
        let expected = try Vectors.lines(rows + ".jsonl")
        #expect(reader.count == expected.count)
        let found = try allRows(reader).map { try $0.get() }
        #expect(found.count == expected.count)
        for (index, pair) in zip(found, expected).enumerated() {
            #expect(pair.0 == pair.1, "row \(index + 1): \(pair.0.text) is not \(pair.1.text)")
        }
    }

    @Test func `columns that nobody wants are not read`() throws {
        let bytes = try Vectors.bytes("nested-plain.parquet")
        var read = 0
        let counted = FileBytes(count: bytes.count) { offset, count in
            read += count
            return Array(bytes[offset..<min(bytes.count, offset + count)])
        }
        let rows = try allRows(try ParquetRows(counted, keeping: ["id", "map"])).map { try $0.get() }
        let expected = try Vectors.lines("nested.jsonl")
        for (row, whole) in zip(rows, expected) {
            #expect(row == .members(["id": whole["id"] ?? .null, "map": whole["map"] ?? .null]))
        }
        #expect(rows.count == expected.count)
        #expect(read < bytes.count * 2)
    }

    @Test(
        arguments: [
            ("refused-brotli", "BROTLI"), ("refused-decimal", "price is of type DECIMAL"),
            ("refused-encoding", "encoding 9"),
        ])
    func `what is not read is refused by its name`(file: String, reason: String) throws {
        let bytes = try Vectors.bytes(file + ".parquet")
        let fault = #expect(throws: DatasetFault.self) { try allRows(try ParquetRows(FileBytes(bytes))) }
        #expect(fault?.description.contains(reason) == true, "\(fault?.description ?? "")")
    }

    @Test func `a row whose text is not UTF-8 is a fault of its own`() throws {
        let rows = try allRows(try ParquetRows(FileBytes(try Vectors.bytes("not-utf8.parquet"))))
        #expect(try rows.first?.get() == .members(["x": .string("good")]))
        #expect(try rows.last?.get() == .members(["x": .string("also")]))
        #expect(throws: InputError(.invalidValue, "text that is not UTF-8", field: "x")) { try rows[1].get() }
    }

    @Test func `a file that was cut off is refused, wherever`() throws {
        let bytes = try Vectors.bytes("verl-snappy.parquet")
        for length in stride(from: 0, to: bytes.count, by: 97) {
            #expect(throws: DatasetFault.self) { try ParquetRows(FileBytes(Array(bytes.prefix(length)))) }
        }
    }

    @Test func `a damaged page is refused, not read as something else`() throws {
        var bytes = try Vectors.bytes("verl-zstd.parquet")
        for place in 40..<80 { bytes[place] ^= 0x55 }
        #expect(throws: DatasetFault.self) { try allRows(try ParquetRows(FileBytes(bytes))) }
    }
}
