// Ids and texts against the tokenizers library: NFC, added tokens of every kind, Unicode, long input.
import StrictJSON
import Testing

@testable import Modeling

@Suite struct TokenizerVectorTests {
    static let directory = "\(TransformerVectors.directory)/../tokenizer"

    @Test(arguments: ["plain", "awkward", "qwen3"])
    func `ids and decoded texts are those of the tokenizers library`(_ name: String) throws {
        let tokenizer = try Tokenizer.load(directory: "\(Self.directory)/\(name)")
        let samples = try JSONValue.parse(TensorFile.bytes("\(Self.directory)/\(name)/encodings.json")).elements ?? []
        #expect(samples.count > 30)
        for sample in samples {
            let text = try #require(sample["text"]?.string)
            let ids = sample["ids"]?.int32s ?? []
            #expect(tokenizer.encode(text, readingSpecialTokens: true) == ids, "\(text.debugDescription)")
            #expect(tokenizer.encode(text) == sample["plain"]?.int32s ?? ids, "\(text.debugDescription)")
            let decoded = tokenizer.decode(ids, showingSpecialTokens: true)
            #expect(decoded.utf8.elementsEqual((sample["decoded"]?.string ?? text).utf8), "\(text.debugDescription)")
        }
    }

    @Test(arguments: ["plain", "awkward", "qwen3"])
    func `a tokenizer written and read again gives the same ids`(_ name: String) throws {
        let tokenizer = try Tokenizer.load(directory: "\(Self.directory)/\(name)")
        let again = try Tokenizer(huggingFace: tokenizer.huggingFaceTokenizer())
        #expect(again.addedTokens == tokenizer.addedTokens && again.normalizes == tokenizer.normalizes)
        #expect(again.vocabularySize == tokenizer.vocabularySize)
        let samples = try JSONValue.parse(TensorFile.bytes("\(Self.directory)/\(name)/encodings.json")).elements ?? []
        for text in samples.compactMap({ $0["text"]?.string }) {
            #expect(
                again.encode(text, readingSpecialTokens: true) == tokenizer.encode(text, readingSpecialTokens: true))
        }
    }

    @Test func `only special tokens are hidden, and only they need asking for`() throws {
        let tokenizer = try Tokenizer.load(directory: "\(Self.directory)/qwen3")
        let text = "<think>a</think><|im_end|>"
        let ids = tokenizer.encode(text, readingSpecialTokens: true)
        #expect(ids.count == 4)
        #expect(tokenizer.decode(ids) == "<think>a</think>")
        #expect(tokenizer.encode(text).prefix(3) == ids.prefix(3))
        #expect(!tokenizer.encode(text).contains(try #require(ids.last)))
    }

    @Test func `a text in any form has the ids of its composed form`() throws {
        let tokenizer = try Tokenizer.load(directory: "\(Self.directory)/qwen3")
        let pairs = [
            ("e\u{301}", "é"), ("\u{212B}", "Å"), ("\u{1112}\u{1161}\u{11AB}", "한"), ("o\u{302}\u{323}", "ộ"),
            ("q\u{307}\u{323}", "q\u{323}\u{307}"), ("\u{958}", "\u{915}\u{93C}"), ("\u{FB1D}", "\u{5D9}\u{5B4}"),
            ("한\u{11AB}", "한\u{11AB}"), ("a\u{300}\u{301}", "à\u{301}"), ("\u{301}a\u{301}", "\u{301}á"),
        ]
        for (text, composed) in pairs {
            #expect(CanonicalComposition.normalized(text).utf8.elementsEqual(composed.utf8), "\(text.debugDescription)")
            #expect(tokenizer.encode("x \(text) y") == tokenizer.encode("x \(composed) y"))
        }
    }

    @Test func `composed text is not copied, and composing twice changes nothing`() {
        var random = SeededBytes(state: 6)
        let marks = Array("aeo한\u{1112}\u{1161}\u{11AB}\u{301}\u{323}\u{345}\u{334}\u{93C}q东\u{FB1D}é".unicodeScalars)
        for _ in 0..<2_000 {
            var text = String.UnicodeScalarView()
            for _ in 0..<Int.random(in: 0...12, using: &random) {
                text.append(marks[Int.random(in: 0..<marks.count, using: &random)])
            }
            var once = CanonicalComposition.normalized(String(text))
            // Swift compares strings by canonical equivalence.
            #expect(once == String(text))
            #expect(once.withUTF8 { CanonicalComposition.normalized($0) } == nil)
        }
    }

    @Test func `thousands of marks in a row take no quadratic time`() throws {
        let tokenizer = try Tokenizer.load(directory: "\(Self.directory)/qwen3")
        for unit in ["\u{301}", "\u{301}\u{323}", "a\u{323}\u{301}", "\u{1161}", "é"] {
            let ids = tokenizer.encode(String(repeating: unit, count: 20_000))
            #expect(ids.count >= 20_000)
        }
    }

    @Test func `tokens that take whitespace take no quadratic time on it`() throws {
        var (left, right) = (AddedToken(text: " ", id: 256), AddedToken(text: "\t", id: 257))
        (left.stripsLeft, right.stripsRight) = (true, true)
        let tokenizer = try Tokenizer(
            vocabulary: ByteAlphabet.order.map { [$0] }, mergeOrder: [], addedTokens: [left, right])
        for text in [" ", "\t", " \t", "\t "] {
            let ids = tokenizer.encode(String(repeating: text, count: 50_000), readingSpecialTokens: true)
            #expect(ids.count == 50_000 * text.utf8.count)
        }
    }

    @Test func `ids and texts that a file gives twice are refused by name`() throws {
        let good = String(
            decoding: try TensorFile.bytes("\(Self.directory)/qwen3/tokenizer.json"), as: UTF8.self)
        let changes = [
            ("\"content\":\"<think>\"", "\"content\":\"</think>\""), ("\"content\":\"<think>\"", "\"content\":\"\""),
            ("\"content\":\"<think>\"", "\"content\":\"a\""), ("\"id\":424", "\"id\":7"), ("\"id\":424", "\"id\":-1"),
            ("\"id\":424", "\"id\":1000000"), ("\"type\":\"NFC\"", "\"type\":\"NFKC\""),
            ("\"behavior\":\"Isolated\"", "\"behavior\":\"Removed\""), ("\"invert\":false", "\"invert\":true"),
            ("\"post_processor\":null", "\"post_processor\":{\"type\":\"TemplateProcessing\"}"),
            ("\"dropout\":null", "\"dropout\":0.1"),
            ("\"content\":\"<think>\"", "\"content\":\"\(String(repeating: "<", count: 2_000))\""),
        ]
        for (old, new) in changes {
            let parts = good.split(separator: old, maxSplits: 1, omittingEmptySubsequences: false)
            #expect(parts.count == 2, "\(old) is not in the file")
            #expect(throws: ModelError.self, "\(new)") {
                try Tokenizer(huggingFace: Array(parts.joined(separator: new).utf8))
            }
        }
    }
}
