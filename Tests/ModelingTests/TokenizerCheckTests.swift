// Encodes the texts of scripts/golden/check_tokenizer.py, which compares the ids with the tokenizers library's. Runs only
// when that script asks.
import Glibc
import StrictJSON
import Testing

@testable import Modeling

@Suite struct TokenizerCheckTests {
    /// Where the script put tokenizers and texts; nil when it is not the one that runs this.
    static let directory = getenv("ROLLOUTD_TOKENIZER_DIRECTORY").map { String(cString: $0) }

    @Test(
        .enabled(if: directory != nil, "run by scripts/golden/check_tokenizer.py, which needs Python with tokenizers"))
    func `texts are encoded for the script`() throws {
        let directory = try #require(Self.directory)
        let names = String(decoding: try TensorFile.bytes("\(directory)/tokenizers.txt"), as: UTF8.self)
        for name in names.split(separator: "\n") {
            let folder = "\(directory)/\(name)"
            let texts = try Self.texts("\(folder)/texts.bin")
            let clock = ContinuousClock()
            var tokenizer: Tokenizer?
            let loading = try clock.measure { tokenizer = try Tokenizer.load(directory: folder) }
            let loaded = try #require(tokenizer)
            var special: [[Int32]] = []
            let encoding = clock.measure { special = texts.map { loaded.encode($0, readingSpecialTokens: true) } }
            var result: [UInt8] = []
            for (text, ids) in zip(texts, special) {
                Self.append(ids, to: &result)
                Self.append(loaded.encode(text), to: &result)
                let decoded = loaded.decodeBytes(ids, showingSpecialTokens: true)
                withUnsafeBytes(of: Int32(decoded.count)) { result += $0 }
                result += decoded
            }
            try ModelFileIO.writeAtomically("\(folder)/ours.bin", bytes: result)
            let report = JSONValue.members([
                "encoding_seconds": .double(encoding / .seconds(1)), "loading_seconds": .double(loading / .seconds(1)),
            ])
            try ModelFileIO.writeAtomically("\(folder)/ours.json", bytes: report.serialized())
        }
    }

    /// Texts, each after its length in bytes (little-endian, 32 bits).
    private static func texts(_ path: String) throws -> [String] {
        let bytes = try TensorFile.bytes(path)
        var texts: [String] = []
        var place = 0
        while place + 4 <= bytes.count {
            let count = bytes[place..<place + 4].reversed().reduce(0) { $0 << 8 | Int($1) }
            texts.append(String(decoding: bytes[place + 4..<place + 4 + count], as: UTF8.self))
            place += 4 + count
        }
        return texts
    }

    private static func append(_ ids: [Int32], to result: inout [UInt8]) {
        withUnsafeBytes(of: Int32(ids.count)) { result += $0 }
        ids.withUnsafeBytes { result += $0 }
    }
}
