// What the parser accepts and what it must refuse (RFC 8259), with the place it names.
import StrictJSON
import Testing

@Suite struct ParserTests {
    @Test(arguments: [
        ("null", JSONValue.null), ("true", .bool(true)), (" false\n", .bool(false)), ("0", .integer(0)),
        ("-1", .integer(-1)), ("9223372036854775807", .integer(.max)), ("-9223372036854775808", .integer(.min)),
        ("9223372036854775808", .bigInteger("9223372036854775808")),
        ("-9223372036854775809", .bigInteger("-9223372036854775809")),
        ("[1,123456789012345678901]", .array([.integer(1), .bigInteger("123456789012345678901")])),
        ("[0.5,123456789012345678901]", .array([.double(0.5), .bigInteger("123456789012345678901")])),
        ("1.0", .double(1)), ("1e3", .double(1000)), ("1E+3", .double(1000)), ("1e-3", .double(0.001)),
        ("\"\"", .string("")), ("[]", .array([])), ("{}", .object([])), ("[1,2]", .integers([1, 2])),
        ("[1,2.5]", .doubles([1, 2.5])), ("[ 1 , \"a\" ]", .array([.integer(1), .string("a")])),
        ("[1.5,null]", .array([.double(1.5), .null])), ("[[1],[0.5]]", .array([.integers([1]), .doubles([0.5])])),
        ("{\"b\":1,\"a\":[{}]}", .object([JSONMember("b", .integer(1)), JSONMember("a", .array([.object([])]))])),
    ])
    func `values are read as they are written`(text: String, value: JSONValue) throws {
        #expect(try JSONValue.parse(text: text) == value)
    }

    @Test func `minus zero keeps its sign`() throws {
        guard case .double(let value) = try JSONValue.parse(text: "-0") else {
            Issue.record("not a double")
            return
        }
        #expect(value.sign == .minus && value == 0)
    }

    @Test func `integers beside doubles keep all their digits`() throws {
        let value = try JSONValue.parse(text: "[9007199254740993,0.5]")
        #expect(value == .array([.integer(9_007_199_254_740_993), .double(0.5)]))
        #expect(try JSONValue.parse(text: "[0.5,9007199254740993]").elements?.last == .integer(9_007_199_254_740_993))
    }

    @Test(arguments: [
        ("", JSONError.Reason.unexpectedEnd), (" ", .unexpectedEnd), ("nul", .unexpectedEnd), ("nulL", .unexpectedByte),
        ("truefalse", .trailingBytes), ("1 2", .trailingBytes), ("{}{}", .trailingBytes), ("[1,]", .unexpectedByte),
        ("[1", .unexpectedEnd), ("[", .unexpectedEnd), ("{", .unexpectedEnd), ("{\"a\"", .unexpectedEnd),
        ("{\"a\":", .unexpectedEnd), ("{\"a\":1", .unexpectedEnd), ("{\"a\":1,}", .unexpectedByte),
        ("{a:1}", .unexpectedByte), ("{\"a\" 1}", .unexpectedByte), ("{1:2}", .unexpectedByte),
        ("[1 2]", .unexpectedByte),
        ("'a'", .unexpectedByte), ("// a\n1", .unexpectedByte), ("\u{FEFF}1", .unexpectedByte), ("]", .unexpectedByte),
        ("01", .invalidNumber), ("-", .unexpectedEnd), ("-a", .invalidNumber), ("1.", .unexpectedEnd),
        ("1.e3", .invalidNumber), (".5", .unexpectedByte), ("+1", .unexpectedByte), ("1e", .unexpectedEnd),
        ("1e+", .unexpectedEnd), ("1ex", .invalidNumber), ("1e400", .notFinite), ("-1e400", .notFinite),
        ("NaN", .notFinite), ("Infinity", .notFinite), ("-Infinity", .notFinite), ("[NaN]", .notFinite),
        ("0x10", .trailingBytes), ("012345678901234567890", .invalidNumber), ("-", .unexpectedEnd),
        ("{\"a\":1,\"a\":2}", .duplicateName),
        ("{\"a\":1,\"\\u0061\":2}", .duplicateName), ("\"a", .unexpectedEnd), ("\"\n\"", .unexpectedByte),
        ("\"\\x\"", .unexpectedByte), ("\"\\", .unexpectedEnd), ("\"\\u12", .unexpectedEnd),
        ("\"\\u12g4\"", .unexpectedByte),
        ("\"\\ud800\"", .invalidText), ("\"\\udc00\"", .invalidText), ("\"\\ud800\\u0041\"", .invalidText),
        ("\"\\ud800x\"", .invalidText),
    ])
    func `what RFC 8259 forbids is refused`(text: String, reason: JSONError.Reason) {
        #expect(throws: JSONError.self) { try JSONValue.parse(text: text) }
        do { _ = try JSONValue.parse(text: text) } catch { #expect(error.reason == reason, "\(error)") }
    }

    @Test(
        arguments: [
            [0x22, 0xFF, 0x22], [0x22, 0xC0, 0x80, 0x22], [0x22, 0xED, 0xA0, 0x80, 0x22], [0x22, 0xE2, 0x82, 0x22],
            [0x22, 0xF4, 0x90, 0x80, 0x80, 0x22], [0x22, 0x5C, 0x6E, 0x80, 0x22],
        ] as [[UInt8]])
    func `broken UTF-8 is refused`(bytes: [UInt8]) {
        do {
            let value = try JSONValue.parse(bytes)
            Issue.record("accepted as \(value)")
        } catch { #expect(error.reason == .invalidText) }
    }

    @Test func `broken UTF-8 outside a string is refused as a byte`() {
        do { _ = try JSONValue.parse([0x5B, 0xFF, 0x5D] as [UInt8]) } catch { #expect(error.reason == .unexpectedByte) }
    }

    @Test func `an error names byte, line, column and path`() {
        let text = "{\"items\": [\n  {\"task\": {}},\n  {\"task\": {\"a\": [1, 2, tru]}}]}"
        do {
            _ = try JSONValue.parse(text: text)
            Issue.record("accepted")
        } catch {
            #expect(error.path == "items[1].task.a[2]")
            #expect(error.line == 3 && error.column == 25 && error.offset == 52)
        }
    }

    @Test func `an invalid byte inside a long string is located`() {
        var bytes = Array("\"héllo wörld, and more\"".utf8)
        bytes[16] = 0xFF
        do { _ = try JSONValue.parse(bytes) } catch { #expect(error.offset == 16) }
    }

    @Test func `escapes are undone and text passes unchanged`() throws {
        let text = #""\"\\\/\b\f\n\r\t\u00e9\uD83D\uDE00 é 😀 plain text that is long enough for words""#
        let expected = "\"\\/\u{8}\u{C}\n\r\té😀 é 😀 plain text that is long enough for words"
        #expect(try JSONValue.parse(text: text) == .string(expected))
    }

    @Test func `special bytes are found at every offset of a word`() throws {
        for length in 0..<40 {
            let plain = String(repeating: "x", count: length)
            #expect(try JSONValue.parse(text: "\"\(plain)\\n\(plain)\"") == .string("\(plain)\n\(plain)"))
            #expect(throws: JSONError.self) { try JSONValue.parse(text: "\"\(plain)\u{1}\(plain)\"") }
            #expect(try JSONValue.parse(text: "[\"\(plain)\",\"\u{7F}é\"]").elements?.first == .string(plain))
        }
    }

    @Test func `depth, bytes and values are bounded`() throws {
        func nested(_ depth: Int) -> String {
            String(repeating: "[", count: depth) + String(repeating: "]", count: depth)
        }
        let limits = JSONLimits(depth: 8, bytes: 1000, values: 10)
        _ = try JSONValue.parse(text: nested(8), limits: limits)
        #expect(reason(nested(9), limits) == .tooDeep)
        #expect(reason(String(repeating: " ", count: 1001), limits) == .tooLarge)
        #expect(reason("[" + Array(repeating: "null", count: 11).joined(separator: ",") + "]", limits) == .tooLarge)
        #expect(reason("[" + Array(repeating: "1", count: 400).joined(separator: ",") + "]", limits) == nil)
    }

    @Test func `no depth of input exhausts the stack`() {
        let limits = JSONLimits(depth: .max, bytes: .max)
        #expect(limits.depth == JSONLimits.depthCeiling)
        for opening in ["[", "{\"a\":", "[[1,", "[{\"a\":["] {
            #expect(reason(String(repeating: opening, count: 200_000), limits) == .tooDeep)
        }
    }

    @Test func `duplicate names are found among many`() {
        let names = (0..<1000).map { "\"n\($0)\":0" }
        #expect(reason("{" + names.joined(separator: ",") + "}", .standard) == nil)
        #expect(reason("{" + (names + ["\"n500\":1"]).joined(separator: ",") + "}", .standard) == .duplicateName)
        #expect(
            reason("{" + (names.prefix(17) + ["\"n16\":1"]).joined(separator: ",") + "}", .standard) == .duplicateName)
    }

    @Test func `every prefix of a text is refused, none crashes`() throws {
        let text = #"{"a":[1,-2.5e3,"x\u00e9\ud83d\ude00",true,null,{"b":{}}],"c":"é"}"#
        let bytes = Array(text.utf8)
        _ = try JSONValue.parse(bytes)
        for length in 0..<bytes.count {
            #expect(throws: JSONError.self) { try JSONValue.parse(bytes[..<length]) }
        }
    }

    @Test func `changed bytes never crash, and what is accepted can be written and read again`() throws {
        let text = #"{"id":"r-1","token_ids":[1,22,333],"logprobs":[-0.5,-1e-3,0],"m":{"k":[true,"\n"]}}"#
        var state: UInt64 = 1
        func random(_ bound: Int) -> Int {
            state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
            return Int(state >> 33) % bound
        }
        for _ in 0..<20_000 {
            var bytes = Array(text.utf8)
            for _ in 0...random(3) { bytes[random(bytes.count)] = UInt8(random(256)) }
            guard let value = try? JSONValue.parse(bytes) else { continue }
            #expect(try JSONValue.parse(value.serialized()) == value)
        }
    }

    private func reason(_ text: String, _ limits: JSONLimits) -> JSONError.Reason? {
        do {
            _ = try JSONValue.parse(text: text, limits: limits)
            return nil
        } catch { return error.reason }
    }
}
