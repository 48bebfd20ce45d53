// Safetensors files: what PyTorch wrote, what we write, and what somebody hostile might send.
import Glibc
import Modeling
import Testing

@Suite struct SafetensorsTests {
    /// A file of this header and so many data bytes.
    private func file(_ header: String, data: Int = 0, length: UInt64? = nil) -> [UInt8] {
        let count = length ?? UInt64(header.utf8.count)
        return (0..<8).map { UInt8(truncatingIfNeeded: count >> (8 * $0)) } + Array(header.utf8)
            + Array(repeating: 0, count: data)
    }

    private func entry(_ name: String, _ shape: String, _ begin: String, _ end: String, type: String = "F32") -> String
    {
        "\"\(name)\":{\"dtype\":\"\(type)\",\"shape\":\(shape),\"data_offsets\":[\(begin),\(end)]}"
    }

    @Test func `a well-formed file is read`() throws {
        let header =
            "{\"__metadata__\":{\"a\":\"b\"}," + entry("x", "[2,3]", "0", "24") + "," + entry("s", "[]", "24", "28")
            + "}"
        let parsed = try SafetensorsFile.parse(file(header, data: 28))
        #expect(parsed.metadata == ["a": "b"])
        #expect(parsed.entries["x"]?.shape == [2, 3])
        #expect(parsed.entries["s"]?.count == 1)
        #expect(parsed.entries["s"]?.offset == 8 + header.utf8.count + 24)
    }

    @Test func `hostile headers are refused and never crash`() {
        let max = "9223372036854775807"
        let headers = [
            "", "{", "[]", "{}x", "null", "{\"x\":1}", "{\"__metadata__\":{\"a\":1}}", "{\"__metadata__\":[]}",
            "{" + entry("x", "[2]", "0", "4") + "}", "{" + entry("x", "[2]", "0", "12") + "}",
            "{" + entry("x", "[2]", "4", "12") + "}", "{" + entry("x", "[-2]", "0", "8") + "}",
            "{" + entry("x", "[2]", "8", "0") + "}", "{" + entry("x", "[2]", "-8", "0") + "}",
            "{" + entry("x", "[\(max),\(max)]", "0", "8") + "}", "{" + entry("x", "[\(max)]", "0", "8") + "}",
            "{" + entry("x", "[2]", "\(max)", "\(max)") + "}", "{" + entry("x", "[0]", "\(max)", "\(max)") + "}",
            "{" + entry("x", "[2]", "0", "8", type: "I64") + "}", "{" + entry("x", "[2.5]", "0", "8") + "}",
            "{" + entry("x", "[2]", "0", "8") + "," + entry("y", "[2]", "0", "8") + "}",
            "{" + entry("x", "[2]", "0", "8") + "," + entry("x", "[2]", "0", "8") + "}",
            "{" + entry("x", "[1,1,1,1,1,1,1,1,2]", "0", "8") + "}",
            "{\"x\":{\"dtype\":\"F32\",\"shape\":[2]}}",
            "{\"x\":{\"dtype\":\"F32\",\"shape\":[2],\"data_offsets\":[0,8],\"extra\":1}}",
            String(repeating: "[", count: 10_000),
        ]
        for header in headers {
            #expect(throws: ModelError.self, "\(header.prefix(80))") {
                try SafetensorsFile.parse(file(header, data: 8))
            }
        }
    }

    @Test func `hostile lengths are refused and never crash`() {
        let header = "{" + entry("x", "[2]", "0", "8") + "}"
        for length in [0, 1, UInt64(header.utf8.count) - 1, 1_000, 1 << 24, 1 << 32, 1 << 62, 1 << 63, .max] {
            #expect(throws: ModelError.self, "\(length)") {
                try SafetensorsFile.parse(file(header, data: 8, length: length))
            }
        }
        #expect(throws: ModelError.self) { try SafetensorsFile.parse(file(header, data: 7)) }
        #expect(throws: ModelError.self) { try SafetensorsFile.parse(file(header, data: 9)) }
        for count in 0..<8 {
            #expect(throws: ModelError.self) { try SafetensorsFile.parse(Array(repeating: 1, count: count)) }
        }
    }

    @Test func `random damage never crashes the parser`() throws {
        let good = file("{" + entry("x", "[2]", "0", "8") + "," + entry("y", "[2,2]", "8", "24") + "}", data: 24)
        var random = SeededBytes(state: 4)
        for _ in 0..<3_000 {
            var bytes = good
            for _ in 0..<Int.random(in: 1...4, using: &random) {
                bytes[Int.random(in: 0..<bytes.count, using: &random)] = UInt8.random(in: 0...255, using: &random)
            }
            let cut = Bool.random(using: &random) ? bytes.count : Int.random(in: 0...bytes.count, using: &random)
            _ = try? SafetensorsFile.parse(Array(bytes.prefix(cut)))
            _ = try? SafetensorsFile.parse(random.bytes(upTo: 64))
        }
    }

    @Test(arguments: ["f16", "bf16"]) func `half precision widens to PyTorch's fp32`(_ type: String) throws {
        let path = "\(TransformerVectors.directory)/types.safetensors"
        let expected = try #require(try TensorFile.read(path)["\(type).as_f32"])
        let actual = try SafetensorsFile.values(of: type, inFile: path)
        #expect(actual.map(\.bitPattern) == expected.map(\.bitPattern))
    }

    @Test func `a saved model loads to the same bits, and Hugging Face names stay`() throws {
        let shape = SamplerAgreementTests.shapes[1]
        let weights = ModelWeights.random(shape, seed: 5)
        let directory = try TemporaryDirectory()
        try weights.save(directory: directory.path + "/model")
        let read = try ModelWeights.load(directory: directory.path + "/model")
        #expect(read.configuration == weights.configuration)
        for tensor in weights.tensors {
            #expect(read.tensor(named: tensor.name) == weights.tensor(named: tensor.name))
        }
        #expect(weights.tensors.map(\.name).contains("model.layers.2.self_attn.k_norm.weight"))
        #expect(weights.tensors.map(\.name).contains("lm_head.weight"))
        #expect(try directory.names("model").sorted() == ["config.json", "model.safetensors"])
    }

    @Test func `a model whose files disagree is refused`() throws {
        let directory = try TemporaryDirectory()
        try ModelWeights.random(SamplerAgreementTests.shapes[0], seed: 5).save(directory: directory.path)
        let other = try TemporaryDirectory()
        try ModelWeights.random(SamplerAgreementTests.shapes[1], seed: 5).save(directory: other.path)
        #expect(rename("\(other.path)/config.json", "\(directory.path)/config.json") == 0)
        #expect(throws: ModelError.self) { try ModelWeights.load(directory: directory.path) }
        #expect(throws: ModelError.self) { try ModelWeights.load(directory: directory.path + "/absent") }
    }
}
