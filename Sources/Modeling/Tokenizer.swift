// A byte-level BPE tokenizer: its tables, and text to ids and back. Files, training and the chat format lie beside it.

/// An immutable byte-level byte-pair tokenizer with the split of Qwen2 and Qwen3.
package struct Tokenizer: Sendable {
    /// A token that text alone never becomes: `encode` makes it only when asked to read special tokens.
    package struct SpecialToken: Sendable, Equatable {
        package let text: String
        package let id: Int32
    }

    /// Qwen's names of the three tokens that every tokenizer of ours has.
    package enum Special {
        package static let endOfText = "<|endoftext|>"
        package static let messageStart = "<|im_start|>"
        package static let messageEnd = "<|im_end|>"
        package static let all = [endOfText, messageStart, messageEnd]
    }

    /// A pair of ids that becomes one.
    struct Pair: Hashable, Sendable {
        let left: Int32
        let right: Int32
    }

    /// What a pair becomes, and how early: the lowest rank merges first.
    struct Merge: Sendable {
        let rank: Int32
        let result: Int32
    }

    /// The bytes of each id; empty for an id that stands for nothing.
    let bytes: [[UInt8]]
    /// The merges in the order of their rank.
    let mergeOrder: [Pair]
    let merges: [Pair: Merge]
    /// The id of each single byte.
    let byteIDs: [Int32]
    /// In the order of their ids.
    package let specialTokens: [SpecialToken]
    private let specialIDs: Set<Int32>

    /// Checks that every byte has an id and every merge exists as a token, and that ids agree.
    init(bytes: [[UInt8]], mergeOrder: [Pair], specialTokens: [SpecialToken]) throws(ModelError) {
        var idOfBytes: [[UInt8]: Int32] = [:]
        let special = Set(specialTokens.map(\.id))
        for (id, token) in bytes.enumerated() where !token.isEmpty && !special.contains(Int32(id)) {
            guard idOfBytes.updateValue(Int32(id), forKey: token) == nil else {
                throw ModelError(.invalidFile, "two ids of the tokenizer stand for the same bytes, one is \(id)")
            }
        }
        byteIDs = try (0...255).map { (byte) throws(ModelError) in
            guard let id = idOfBytes[[UInt8(byte)]] else {
                throw ModelError(
                    .unsupported, "the tokenizer has no token for byte \(byte)",
                    hint: "only byte-level tokenizers, as Qwen's, are implemented")
            }
            return id
        }
        var merges: [Pair: Merge] = [:]
        for (rank, pair) in mergeOrder.enumerated() {
            guard bytes.indices.contains(Int(pair.left)), bytes.indices.contains(Int(pair.right)),
                let result = idOfBytes[bytes[Int(pair.left)] + bytes[Int(pair.right)]]
            else { throw ModelError(.invalidFile, "merge \(rank) of the tokenizer makes no token") }
            if merges[pair] == nil { merges[pair] = Merge(rank: Int32(rank), result: result) }
        }
        guard special.count == specialTokens.count, Set(specialTokens.map(\.text)).count == specialTokens.count,
            specialTokens.allSatisfy({ !$0.text.isEmpty && bytes.indices.contains(Int($0.id)) })
        else { throw ModelError(.invalidFile, "special tokens of the tokenizer are empty, double or out of range") }
        self.bytes = bytes
        self.mergeOrder = mergeOrder
        self.merges = merges
        self.specialTokens = specialTokens.sorted { $0.id < $1.id }
        specialIDs = special
    }

    /// One more than the greatest id: the least `vocabularySize` a model must have.
    package var vocabularySize: Int { bytes.count }

    /// Whether an id is a special token's.
    func isSpecial(_ id: Int32) -> Bool { specialIDs.contains(id) }

    /// The id of a special token by its text; nil if there is none.
    package func specialToken(_ text: String) -> Int32? { specialTokens.first { $0.text == text }?.id }

    /// The ids of a text. Nothing in the text becomes a special token unless `readingSpecialTokens`, so that what a
    /// client writes cannot end a message or begin one. Time is O(n log n) for any text.
    package func encode(_ text: String, readingSpecialTokens: Bool = false) -> [Int32] {
        var ids: [Int32] = []
        var text = text
        text.withUTF8 { utf8 in
            var start = 0
            if readingSpecialTokens {
                var index = 0
                while index < utf8.count {
                    if let special = special(at: index, utf8) {
                        encode(UnsafeBufferPointer(rebasing: utf8[start..<index]), into: &ids)
                        ids.append(special.id)
                        index += special.text.utf8.count
                        start = index
                    } else {
                        index += 1
                    }
                }
            }
            encode(UnsafeBufferPointer(rebasing: utf8[start...]), into: &ids)
        }
        return ids
    }

    /// The longest special token that begins at `index`.
    private func special(at index: Int, _ text: UnsafeBufferPointer<UInt8>) -> SpecialToken? {
        var best: SpecialToken?
        for token in specialTokens where token.text.utf8.first == text[index] {
            guard text.count - index >= token.text.utf8.count, text[index...].starts(with: token.text.utf8) else {
                continue
            }
            if best.map({ $0.text.utf8.count < token.text.utf8.count }) ?? true { best = token }
        }
        return best
    }

    private func encode(_ text: UnsafeBufferPointer<UInt8>, into ids: inout [Int32]) {
        PreTokenizer.forEachPiece(text) { range in
            BytePairMerger.merge(text[range].map { byteIDs[Int($0)] }, with: merges, into: &ids)
        }
    }

    /// The bytes behind ids. Special tokens are left out unless `showingSpecialTokens`; an id that the tokenizer does
    /// not have gives the replacement character.
    package func decodeBytes(_ ids: some Sequence<Int32>, showingSpecialTokens: Bool = false) -> [UInt8] {
        var result: [UInt8] = []
        for id in ids {
            if specialIDs.contains(id), !showingSpecialTokens { continue }
            if id >= 0, Int(id) < bytes.count, !bytes[Int(id)].isEmpty {
                result.append(contentsOf: bytes[Int(id)])
            } else {
                result.append(contentsOf: "\u{FFFD}".utf8)
            }
        }
        return result
    }

    /// The text behind ids; bytes that are not UTF-8 become U+FFFD.
    package func decode(_ ids: some Sequence<Int32>, showingSpecialTokens: Bool = false) -> String {
        String(decoding: decodeBytes(ids, showingSpecialTokens: showingSpecialTokens), as: UTF8.self)
    }
}
