// Models in several files and in two-byte numbers: written, read back, and what a wrong or hostile directory gets.
import Glibc
import StrictJSON
import Testing

@testable import Modeling

@Suite struct ShardedModelTests {
    private static let shape = SamplerAgreementTests.shapes[0]

    private static func tensors(_ weights: ModelWeights) -> [[Float]?] {
        weights.tensors.map { weights.tensor(named: $0.name) }
    }

    @Test(arguments: [1, 2_000, 12_000]) func `a model in several files loads to the same bits`(_ limit: Int) throws {
        let weights = ModelWeights.random(Self.shape, seed: 5)
        let directory = try TemporaryDirectory()
        try weights.save(directory: directory.path, shardBytes: limit)
        let names = try directory.names("").filter { $0.hasSuffix(".safetensors") }.sorted()
        #expect(names.count > 2)
        for name in names {
            let header = try SafetensorsReader("\(directory.path)/\(name)").header
            let bytes = header.entries.values.reduce(0) { $0 + $1.count * 4 }
            #expect(bytes <= limit || header.entries.count == 1, "\(name) has \(bytes) bytes")
        }
        #expect(Self.tensors(try ModelWeights.load(directory: directory.path)) == Self.tensors(weights))
    }

    @Test func `the last model saved is the one that loads, whatever was there`() throws {
        let directory = try TemporaryDirectory()
        for (seed, limit) in [(1, nil), (2, 2_000), (3, 1), (4, 12_000), (5, nil)] as [(UInt64, Int?)] {
            let weights = ModelWeights.random(Self.shape, seed: seed)
            try weights.save(directory: directory.path, shardBytes: limit)
            #expect(Self.tensors(try ModelWeights.load(directory: directory.path)) == Self.tensors(weights))
        }
        #expect(try directory.names("").sorted() == ["config.json", "model.safetensors"])
    }

    @Test func `halves are rounded as PyTorch rounds them`() throws {
        let path = "\(TransformerVectors.directory)/types.safetensors"
        let exact = try SafetensorsFile.values(of: "exact", inFile: path)
        let f16 = exact.map { HalfPrecision.wide(float16: HalfPrecision.float16($0)).bitPattern }
        #expect(try SafetensorsFile.values(of: "exact.f16", inFile: path).map(\.bitPattern) == f16)
        let bf16 = exact.map { HalfPrecision.wide(bfloat16: HalfPrecision.bfloat16($0)).bitPattern }
        #expect(try SafetensorsFile.values(of: "exact.bf16", inFile: path).map(\.bitPattern) == bf16)
    }

    @Test(arguments: [SafetensorsFile.ElementType.bfloat16, .float16], [nil, 2_000])
    func `a model in halves reads back rounded, and says so`(
        _ type: SafetensorsFile.ElementType, _ limit: Int?
    ) throws {
        let weights = ModelWeights.random(Self.shape, seed: 5)
        let directory = try TemporaryDirectory()
        try weights.save(directory: directory.path, as: type, shardBytes: limit)
        let json = try JSONValue.parse(TensorFile.bytes("\(directory.path)/config.json"))
        #expect(json["dtype"]?.string == type.torchName && json["torch_dtype"]?.string == type.torchName)
        let read = try ModelWeights.load(directory: directory.path)
        for (new, old) in zip(Self.tensors(read), Self.tensors(weights)) {
            let bound: Float = type == .bfloat16 ? 0x1p-8 : 0x1p-11
            for (a, b) in zip(try #require(new), try #require(old)) { #expect(abs(a - b) <= bound * abs(b) + 0x1p-25) }
        }
        // Rounding what is rounded changes nothing.
        let again = try TemporaryDirectory()
        try read.save(directory: again.path, as: type, shardBytes: limit)
        for name in try directory.names("") {
            #expect(try TensorFile.bytes("\(directory.path)/\(name)") == TensorFile.bytes("\(again.path)/\(name)"))
        }
    }

    @Test func `a number that a type cannot hold is an error that names it, and the old file stays`() throws {
        let directory = try TemporaryDirectory()
        let old = ModelWeights.random(Self.shape, seed: 5)
        try old.save(directory: directory.path, as: .float16)
        for (value, type, limit) in [
            (Float(65_520), SafetensorsFile.ElementType.float16, nil), (-1e30, .float16, 2_000),
            (.greatestFiniteMagnitude, .bfloat16, nil), (.infinity, .float32, nil), (.nan, .float32, 2_000),
        ] as [(Float, SafetensorsFile.ElementType, Int?)] {
            let weights = ModelWeights.random(Self.shape, seed: 6)
            let place = weights.tensors[2]
            (weights.parameters as? FloatBuffer)?.base[place.offset + 7] = value
            let error = #expect(throws: ModelError.self) {
                try weights.save(directory: directory.path, as: type, shardBytes: limit)
            }
            let text = error?.description ?? ""
            #expect(text.contains(place.name) && text.contains("index 7") && text.contains(type.rawValue), "\(text)")
            #expect(try directory.names("").sorted() == ["config.json", "model.safetensors"])
            _ = try ModelWeights.load(directory: directory.path)
        }
        // The greatest numbers that round down are written.
        let weights = ModelWeights.random(Self.shape, seed: 6)
        (weights.parameters as? FloatBuffer)?.base[0] = 65_519.996
        try weights.save(directory: directory.path, as: .float16)
        let read = try ModelWeights.load(directory: directory.path)
        #expect(read.tensor(named: read.tensors[0].name)?.first == 65_504)
    }

    @Test(arguments: [Float.nan, .infinity, -.infinity])
    func `a weight that is no number is refused with its place`(_ value: Float) throws {
        let directory = try TemporaryDirectory()
        try ModelWeights.random(Self.shape, seed: 5).save(directory: directory.path)
        let path = "\(directory.path)/model.safetensors"
        let entry = try #require(try SafetensorsReader(path).header.entries["model.norm.weight"])
        var bytes = try TensorFile.bytes(path)
        for shift in 0..<4 {
            bytes[entry.offset + 12 + shift] = UInt8(truncatingIfNeeded: value.bitPattern >> (8 * shift))
        }
        try ModelFileIO.writeAtomically(path, bytes: bytes)
        let error = #expect(throws: ModelError.self) { try ModelWeights.load(directory: directory.path) }
        let text = error?.description ?? ""
        #expect(text.contains("model.norm.weight") && text.contains("index 3") && text.contains(path), "\(text)")
    }

    /// A sharded model whose index is rewritten by `change` before it is loaded; the error's words.
    private func complaint(_ change: (String) -> String) throws -> String {
        let directory = try TemporaryDirectory()
        try ModelWeights.random(Self.shape, seed: 5).save(directory: directory.path, shardBytes: 12_000)
        let path = "\(directory.path)/model.safetensors.index.json"
        let text = String(decoding: try TensorFile.bytes(path), as: UTF8.self)
        let changed = change(text)
        #expect(changed != text)
        try ModelFileIO.writeAtomically(path, bytes: Array(changed.utf8))
        return (#expect(throws: ModelError.self) { try ModelWeights.load(directory: directory.path) })?.description
            ?? ""
    }

    private static func replace(_ old: String, _ new: String) -> (String) -> String {
        { $0.split(separator: old, maxSplits: 1, omittingEmptySubsequences: false).joined(separator: new) }
    }

    @Test(arguments: [
        ("\"model-00001-of", "\"../model-00001-of", "beside the index"),
        ("\"model-00001-of", "\"/etc/model-00001-of", "beside the index"),
        ("\"model-00001-of", "\"\\u0000model-00001-of", "beside the index"),
        ("-of-00003.safetensors\"", "-of-00003.bin\"", "beside the index"),
        ("\"model-00001-of-00003", "\"model-00009-of-00003", "No such file"),
        ("\"model-00001-of-00003", "\"model-00002-of-00003", "lacks it"),
        ("\"model.norm.weight\"", "\"model.norm.weights\"", "lacks it"),
        (",\"model.norm.weight\":\"model-00003-of-00003.safetensors\"", "", "not in weight_map"),
        ("\"total_size\":", "\"total_size\":1", "total_size"), ("\"total_size\":", "\"total_size\":-", "total_size"),
        ("\"weight_map\":{", "\"weight_map\":[{", "not JSON"), ("\"weight_map\"", "\"weights\"", "weight_map"),
        ("\"model-00001-of-00003.safetensors\"", "7", "is an integer"),
    ])
    func `an index that lies is refused with a reason`(_ old: String, _ new: String, _ word: String) throws {
        let text = try complaint(Self.replace(old, new))
        #expect(text.contains(word), "\(text)")
        #expect(text.contains("model.safetensors.index.json") || word == "No such file", "\(text)")
    }

    @Test func `an index without a size is taken, and links are followed`() throws {
        let directory = try TemporaryDirectory()
        let weights = ModelWeights.random(Self.shape, seed: 5)
        try weights.save(directory: directory.path, shardBytes: 12_000)
        let path = "\(directory.path)/model.safetensors.index.json"
        let text = String(decoding: try TensorFile.bytes(path), as: UTF8.self)
        let start = try #require(text.firstIndex(of: "w"))
        try ModelFileIO.writeAtomically(path, bytes: Array("{\"\(text[start...])".utf8))
        let shard = "\(directory.path)/model-00001-of-00003.safetensors"
        #expect(rename(shard, "\(directory.path)/blob") == 0 && symlink("blob", shard) == 0)
        #expect(Self.tensors(try ModelWeights.load(directory: directory.path)) == Self.tensors(weights))
    }

    @Test func `a tensor in two files is refused`() throws {
        let directory = try TemporaryDirectory()
        try ModelWeights.random(Self.shape, seed: 5).save(directory: directory.path, shardBytes: 12_000)
        let prefix = "\(directory.path)/model-0000"
        try ModelFileIO.writeAtomically(
            "\(prefix)1-of-00003.safetensors", bytes: TensorFile.bytes("\(prefix)2-of-00003.safetensors"))
        let error = #expect(throws: ModelError.self) { try ModelWeights.load(directory: directory.path) }
        #expect(
            error?.code == .wrongTensor && error?.message.contains("model-00001") == true, "\(error.debugDescription)")
    }

    @Test func `a configuration that claims far more than the file has takes no memory for it`() throws {
        let directory = try TemporaryDirectory()
        try ModelWeights.random(Self.shape, seed: 5).save(directory: directory.path)
        let huge = try ModelConfiguration(
            vocabularySize: 1_000_000, hiddenSize: 7_000, layerCount: 2, headCount: 64, keyValueHeadCount: 8,
            headDimension: 128, feedForwardSize: 16_384)
        try ModelFileIO.writeAtomically(
            "\(directory.path)/config.json", bytes: huge.huggingFaceConfiguration())
        let error = #expect(throws: ModelError.self) { try ModelWeights.load(directory: directory.path) }
        #expect(error?.message.contains("the configuration wants [1000000, 7000]") == true, "\(error.debugDescription)")
    }

    @Test func `a directory, a pipe or a cut file in place of the weights is an error that names it`() throws {
        let directory = try TemporaryDirectory()
        try ModelWeights.random(Self.shape, seed: 5).save(directory: directory.path)
        let path = "\(directory.path)/model.safetensors"
        let bytes = try TensorFile.bytes(path)
        let breaks: [() throws -> Void] = [
            { try ModelFileIO.writeAtomically(path, bytes: Array(bytes.dropLast())) },
            { try ModelFileIO.writeAtomically(path, bytes: Array(bytes.prefix(100))) },
            { try ModelFileIO.writeAtomically(path, bytes: []) }, { #expect(unlink(path) == 0) },
            { #expect(mkdir(path, 0o755) == 0) }, { #expect(rmdir(path) == 0 && mkfifo(path, 0o644) == 0) },
        ]
        for (index, breaking) in breaks.enumerated() {
            try breaking()
            let error = #expect(throws: ModelError.self) { try ModelWeights.load(directory: directory.path) }
            #expect(error?.description.contains(path) == true, "\(index): \(error.debugDescription)")
        }
    }
}
