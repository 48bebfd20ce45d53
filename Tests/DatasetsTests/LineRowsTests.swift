// Lines of a text file: packed or not, whole or broken, one array or many values.
import Compressing
import Datasets
import Domain
import StrictJSON
import Testing

@Suite struct LineRowsTests {
    @Test(arguments: [1, 3, 1_000]) func `broken lines are faults with their number, the others are read`(step: Int)
        throws
    {
        let text = "{\"a\":1}\n\n{\"a\":\nnot json\n  {\"a\":2}  \r\n{\"a\":3}"
        let rows = try lineRows(Array(text.utf8), step: step)
        var good: [Int] = []
        var bad: [Int] = []
        while let row = try rows.next() {
            switch row.content {
            case .success: good.append(row.number)
            case .failure: bad.append(row.number)
            }
        }
        #expect(good == [1, 5, 6] && bad == [3, 4] && rows.unit == "line")
    }

    @Test func `a file that is one array counts by its elements`() throws {
        let rows = try lineRows(Array("  [{\"a\":1},\n {\"a\":2}\n]\n".utf8))
        #expect(try allRows(rows).count == 2)
        #expect(rows.unit == "row")
        #expect(throws: DatasetFault.self) { try allRows(try lineRows(Array("[1, 2\n".utf8))) }
    }

    @Test(arguments: [1, 2, 5, 1_000]) func `elements are cut where they end, whatever is in their strings`(step: Int)
        throws
    {
        let texts = [
            #"{"a":"],[}{\"","b":[[1],{"c":"\\"}]}"#, #""x,]""#, "[1,[2]]", "-1.5e3", "null", #"{"é😀":"\u005d"}"#,
        ]
        let values = try texts.map { try JSONValue.parse(text: $0) }
        for joined in [
            texts.joined(separator: ","), texts.joined(separator: " ,\r\n\t"), texts.joined(separator: ",") + ",",
        ] {
            let bytes = Array("\u{FEFF} \n[\n\(joined)\n] \n".utf8)
            let rows = try lineRows(bytes, step: step)
            #expect(try allRows(rows).map { try $0.get() } == values)
        }
        for empty in ["[]", " [ ]\n"] { #expect(try allRows(try lineRows(Array(empty.utf8), step: step)).isEmpty) }
    }

    @Test func `a broken element is a fault with its number, and so is what follows the array`() throws {
        let rows = try lineRows(Array(#"[{"a":1}, {"a":nope}, , {"a":2}] x"#.utf8))
        var good: [Int] = []
        var bad: [Int] = []
        #expect(throws: DatasetFault.self) {
            while let row = try rows.next() {
                if case .success = row.content { good.append(row.number) } else { bad.append(row.number) }
            }
        }
        #expect(good == [1, 4] && bad == [2, 3])
    }

    @Test func `an array may be longer than a row may be`() throws {
        let element = Array("{\"a\":\"\(String(repeating: "x", count: 1 << 20))\"}".utf8)
        let count = Limits.datasetRowBytesMax / element.count + 2
        var sent = 0
        let rows = try LineRows {
            defer { sent += 1 }
            if sent > count { return nil }
            return (sent == 0 ? [UInt8(ascii: "[")] : [UInt8(ascii: ",")]) + (sent == count ? [0x31, 0x5D] : element)
        }
        var seen = 0
        while let row = try rows.next() {
            _ = try row.content.get()
            seen += 1
        }
        #expect(seen == count + 1)
    }

    @Test func `gzip and Zstandard are read as what they hold`() throws {
        let text = (0..<3_000).map { "{\"number\":\($0)}\n" }.joined()
        let bytes = Array(text.utf8)
        let packed = try bytes.withUnsafeBytes { try zstdCompressed($0) }
        let zipped = try GzipWriter().compress(bytes, isLast: true)
        for file in [bytes, packed, zipped, zipped + zipped, packed + packed] {
            let rows = try allRows(try lineRows(file, step: 1_000)).map { try $0.get() }
            #expect(rows.count % 3_000 == 0 && rows.last == .members(["number": .integer(2_999)]))
        }
        for file in [packed, zipped] {
            let rows = try lineRows(Array(file.dropLast(20)), step: 1_000)
            #expect(throws: DatasetFault.self) { try allRows(rows) }
        }
    }

    @Test func `a line beyond the limit is passed over, however well it is packed`() throws {
        let writer = try GzipWriter()
        var file = try writer.compress(Array("{\"a\":1}\n".utf8))
        let block = [UInt8](repeating: 0x61, count: 1 << 20)
        for _ in 0..<(Limits.datasetRowBytesMax / block.count + 1) { file += try writer.compress(block) }
        file += try writer.compress(Array("\n{\"a\":2}\n".utf8), isLast: true)
        #expect(file.count < 2_000_000)
        let rows = try allRows(try lineRows(file, step: 65_536))
        #expect(rows.count == 3)
        #expect(try rows.last?.get() == .members(["a": .integer(2)]))
        guard case .failure(let fault) = rows[1] else { throw fault(rows[1]) }
        #expect(fault.code == .tooLarge)
    }

    private func fault(_ row: Result<JSONValue, InputError>) -> InputError {
        InputError(.invalidValue, "the long line was taken: \(row)")
    }

    @Test func `rows that were looked at still come`() throws {
        let rows = PeekedRows(try lineRows(Array("1\n2\n3\n".utf8)))
        #expect(try rows.peek(2).count == 2)
        #expect(try rows.peek(1).map(\.number).prefix(1) == [1])
        #expect(try allRows(rows).map { try $0.get() } == [.integer(1), .integer(2), .integer(3)])
    }
}
