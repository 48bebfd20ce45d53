// What the writer writes, byte for byte.
import StrictJSON
import Testing

@Suite struct WriterTests {
    @Test(arguments: [
        (JSONValue.null, "null"), (.bool(true), "true"), (.integer(.min), "-9223372036854775808"), (.integer(0), "0"),
        (.array([.bigInteger("-123456789012345678901")]), "[-123456789012345678901]"),
        (.integer(1_000_000), "1000000"), (.double(0.1), "0.1"), (.double(1), "1.0"), (.double(1e300), "1e+300"),
        (.double(-0.0), "-0.0"),
        (.string("a\"\\/\u{8}\u{C}\n\r\t\u{1}\u{1F}é😀\u{7F}"), #""a\"\\/\b\f\n\r\t\u0001\u001fé😀"# + "\u{7F}\""),
        (.array([]), "[]"), (.integers([1, -2, 30]), "[1,-2,30]"), (.doubles([0.5, -1]), "[0.5,-1.0]"),
        (.members(["b": .array([.null, .string("x")]), "a": .object([])]), #"{"b":[null,"x"],"a":{}}"#),
    ])
    func `values are written compactly`(value: JSONValue, text: String) {
        #expect(value.text == text)
    }

    @Test func `no text without meaning is ever written`() {
        #expect(JSONValue.double(.nan).text == "null")
        #expect(JSONValue.doubles([1, .infinity]).text == "[1.0,null]")
    }

    @Test func `floats are written in the shortest form of their own width`() throws {
        var writer = JSONWriter()
        let values: [Float] = [-0.1, -0.6931472, 1e-30, 0, -16.118095]
        writer.append(values)
        let bytes = writer.take()
        #expect(String(decoding: bytes, as: UTF8.self) == "[-0.1,-0.6931472,1e-30,0.0,-16.118095]")
        guard case .doubles(let back) = try JSONValue.parse(bytes) else {
            Issue.record("not an array of doubles")
            return
        }
        #expect(back.map { Float($0) } == values)
    }

    @Test func `lines are appended one after another`() {
        var writer = JSONWriter(reserving: 64)
        writer.appendLine(.integer(1))
        writer.appendLine(.string("two\nlines"))
        #expect(String(decoding: writer.take(), as: UTF8.self) == "1\n\"two\\nlines\"\n")
        #expect(writer.bytes.isEmpty)
    }

    @Test func `objects keep their order and are found by name`() throws {
        let value = try JSONValue.parse(text: #"{"z":1,"a":{"k":[1.5]}}"#)
        #expect(value["a"]?["k"]?.elements == [.double(1.5)])
        #expect(value["b"] == nil && value["z"]?["k"] == nil)
        #expect(value.text == #"{"z":1,"a":{"k":[1.5]}}"#)
    }
}
