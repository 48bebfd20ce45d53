// Model files from strangers, damaged: each parser may refuse, it may not crash or linger, and what it takes must hold.
import Foundation
import Modeling
import TestSupport
import Testing

@Suite(.serialized) struct ModelFileFuzzTests {
    private static func safetensors(_ header: String, data: Int) -> [UInt8] {
        withUnsafeBytes(of: UInt64(header.utf8.count).littleEndian) { Array($0) } + Array(header.utf8)
            + [UInt8](repeating: 7, count: data)
    }

    @Test func `tensors of a safetensors file that is taken lie inside it and do not overlap`() {
        let corpus = [
            Self.safetensors(
                #"{"__metadata__":{"format":"pt"},"a":{"dtype":"F32","shape":[2,3],"data_offsets":[0,24]}}"#, data: 24),
            Self.safetensors(
                #"{"a":{"dtype":"BF16","shape":[2],"data_offsets":[0,4]},"b":{"dtype":"F16","shape":[],"data_offsets":[4,6]}}"#,
                data: 6),
            Self.safetensors("{}", data: 0),
        ]
        let count = FuzzTime.feed(seed: 21, corpus: corpus) { bytes in
            guard let file = try? SafetensorsFile.parse(bytes) else { return }
            var total = 0
            for entry in file.entries.values {
                let size = entry.count * entry.type.size
                #expect(entry.count >= 0 && entry.offset >= 8 && entry.offset + size <= bytes.count)
                total += size
            }
            #expect(total <= bytes.count - 8)
        }
        #expect(count > 100)
    }

    @Test func `the files of an index that is taken are names in its own directory`() {
        let corpus = [
            #"{"metadata":{"total_size":28},"weight_map":{"a":"model-00001-of-00002.safetensors","b":"x.safetensors"}}"#,
            #"{"weight_map":{"../a":"..safetensors","/":"C:\\x.safetensors"}}"#,
        ]
        let count = FuzzTime.feed(seed: 22, corpus: corpus.map { Array($0.utf8) }) { bytes in
            guard let index = try? SafetensorsIndex(bytes) else { return }
            #expect(!index.fileOfTensor.isEmpty && index.totalSize ?? 0 >= 0)
            for file in index.files {
                #expect(file.hasSuffix(".safetensors"))
                #expect(!file.utf8.contains(UInt8(ascii: "/")) && !file.utf8.contains(0))
            }
        }
        #expect(count > 100)
    }

    @Test func `a config that is taken writes back to the same config`() throws {
        var yarn = YarnScaling(factor: 4, originalMaximumPositions: 1_024)
        (yarn.attentionFactor, yarn.mscale, yarn.truncates) = (1.5, 0.7, false)
        let corpus = try [RotaryScaling.none, .linear(factor: 2.5), .yarn(yarn)].map { scaling in
            try ModelConfiguration(
                vocabularySize: 259, hiddenSize: 16, layerCount: 1, headCount: 2, keyValueHeadCount: 1,
                headDimension: 8, feedForwardSize: 32, rotaryScaling: scaling
            ).huggingFaceConfiguration()
        }
        let count = FuzzTime.feed(seed: 23, corpus: corpus) { bytes in
            guard let configuration = try? ModelConfiguration(huggingFace: bytes) else { return }
            #expect(configuration.parameterCount > 0)
            let again = try? ModelConfiguration(huggingFace: configuration.huggingFaceConfiguration())
            #expect(again == configuration)
        }
        #expect(count > 100)
    }

    @Test func `generation settings that are taken write back to the same settings`() {
        let corpus = [
            #"{"bos_token_id":1,"do_sample":true,"eos_token_id":[2,1],"pad_token_id":1,"temperature":0.6,"top_k":20,"top_p":0.95}"#,
            #"{"eos_token_id":7,"max_new_tokens":3,"min_p":0.1,"repetition_penalty":1.1}"#, "{}",
        ]
        let count = FuzzTime.feed(seed: 24, corpus: corpus.map { Array($0.utf8) }) { bytes in
            guard let settings = try? GenerationConfiguration(huggingFace: bytes) else { return }
            #expect(settings.temperature ?? 0 >= 0 && settings.topP ?? 1 > 0 && settings.maximumNewTokens ?? 1 > 0)
            let again = try? GenerationConfiguration(huggingFace: settings.huggingFaceConfiguration())
            #expect(again == settings)
        }
        #expect(count > 100)
    }

    @Test func `a tokenizer that is taken encodes any text to its own ids, and writes back to the same`() throws {
        let file = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
            .appendingPathComponent("Vectors/tokenizer/awkward/tokenizer.json")
        let corpus = [
            try Tokenizer.byteLevel(merges: [("a", "b"), ("ab", "c")]).huggingFaceTokenizer(),
            Array(try Data(contentsOf: file)),
        ]
        let texts = [
            "abc 123\r\n <think>e\u{323}\u{301} 한국\u{1112}\u{1161} \u{10FFFF}",
            "<left> <right>  <both>word <|endoftext|>",
        ]
        let count = FuzzTime.feed(seed: 25, corpus: corpus) { bytes in
            guard let tokenizer = try? Tokenizer(huggingFace: bytes) else { return }
            for text in texts + [String(decoding: bytes.prefix(2_000), as: UTF8.self)] {
                let ids = tokenizer.encode(text, readingSpecialTokens: true) + tokenizer.encode(text)
                #expect(ids.allSatisfy { (0..<Int32(tokenizer.vocabularySize)).contains($0) })
                _ = tokenizer.decode(ids)
            }
            let again = try? Tokenizer(huggingFace: tokenizer.huggingFaceTokenizer())
            #expect(
                again?.addedTokens == tokenizer.addedTokens && again?.encode(texts[0]) == tokenizer.encode(texts[0]))
        }
        #expect(count > 10)
    }

    @Test func `a model's directory with one damaged file is refused or loaded, never crashed on`() throws {
        let directory = FileManager.default.temporaryDirectory.appendingPathComponent("rolloutd-fuzz-\(UUID())").path
        defer { try? FileManager.default.removeItem(atPath: directory) }
        let configuration = try ModelConfiguration(
            vocabularySize: 12, hiddenSize: 4, layerCount: 1, headCount: 1, keyValueHeadCount: 1, headDimension: 4,
            feedForwardSize: 4, maximumPositions: 16)
        try ModelWeights.random(configuration, seed: 1).save(directory: directory, shardBytes: 300)
        let names = try FileManager.default.contentsOfDirectory(atPath: directory).sorted()
        #expect(names.count > 3)
        let files = names.map { "\(directory)/\($0)" }
        let good = try files.map { Array(try Data(contentsOf: URL(fileURLWithPath: $0))) }
        var turn = 0
        let count = try FuzzTime.feed(seed: 26, corpus: good) { bytes in
            turn = (turn + 1) % files.count
            let file = URL(fileURLWithPath: files[turn])
            try Data(bytes).write(to: file)
            if let weights = try? ModelWeights.load(directory: directory) {
                #expect(weights.tensors.allSatisfy { weights.tensor(named: $0.name)?.allSatisfy(\.isFinite) == true })
            }
            try Data(good[turn]).write(to: file)
        }
        #expect(count > 10)
        _ = try ModelWeights.load(directory: directory)
    }
}
