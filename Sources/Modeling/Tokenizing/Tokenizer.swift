// A byte-level BPE tokenizer: its tables, and text to ids and back. Files, training and the chat format lie beside it.

/// An immutable byte-level byte-pair tokenizer with the split of Qwen2 and Qwen3.
package struct Tokenizer: Sendable {
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

    /// The bytes of each id of the vocabulary; empty for an id that is not in it.
    let vocabulary: [[UInt8]]
    /// The bytes of each id, added tokens included; empty for an id that stands for nothing.
    let bytes: [[UInt8]]
    /// The merges in the order of their rank.
    let mergeOrder: [Pair]
    private let merges: MergeTable
    /// The id of each single byte.
    private let byteIDs: [Int32]
    /// In the order of their ids.
    package let addedTokens: [AddedToken]
    /// Whether text is brought into NFC first, as Qwen's own files want.
    package let normalizes: Bool
    /// How the makers of the model want it sampled, and where its texts end; it travels with the tokenizer.
    package var generation = GenerationConfiguration()
    private let specialIDs: Set<Int32>
    private let rawFinder: AddedTokenFinder
    private let normalizedFinder: AddedTokenFinder

    /// Checks that every byte has an id, that every merge exists as a token, and that ids agree.
    init(
        vocabulary: [[UInt8]], mergeOrder: [Pair], addedTokens: [AddedToken], normalizes: Bool = false
    ) throws(ModelError) {
        let idOfBytes = try Self.idOfBytes(vocabulary)
        byteIDs = try (0...255).map { (byte) throws(ModelError) in
            guard let id = idOfBytes[[UInt8(byte)]] else {
                throw ModelError(
                    .unsupported, "the tokenizer has no token for byte \(byte)",
                    hint: "only byte-level tokenizers, as Qwen's, are implemented")
            }
            return id
        }
        var merges: [(pair: Pair, result: Int32)] = []
        merges.reserveCapacity(mergeOrder.count)
        for (rank, pair) in mergeOrder.enumerated() {
            guard vocabulary.indices.contains(Int(pair.left)), vocabulary.indices.contains(Int(pair.right)),
                let result = idOfBytes[vocabulary[Int(pair.left)] + vocabulary[Int(pair.right)]]
            else { throw ModelError(.invalidFile, "merge \(rank) of the tokenizer makes no token of its vocabulary") }
            merges.append((pair, result))
        }
        var found = addedTokens
        if normalizes {
            for index in found.indices where found[index].isNormalized {
                found[index].text = CanonicalComposition.normalized(found[index].text)
            }
        }
        bytes = try Self.overlay(found, on: vocabulary, idOfBytes)
        self.vocabulary = vocabulary
        self.mergeOrder = mergeOrder
        self.merges = MergeTable(merges)
        self.addedTokens = addedTokens.sorted { $0.id < $1.id }
        self.normalizes = normalizes
        specialIDs = Set(addedTokens.filter(\.isSpecial).map(\.id))
        rawFinder = AddedTokenFinder(found.filter { !$0.isNormalized })
        normalizedFinder = AddedTokenFinder(found.filter(\.isNormalized))
    }

    private static func idOfBytes(_ vocabulary: [[UInt8]]) throws(ModelError) -> [[UInt8]: Int32] {
        var ids: [[UInt8]: Int32] = [:]
        ids.reserveCapacity(vocabulary.count)
        for (id, token) in vocabulary.enumerated() where !token.isEmpty {
            guard let other = ids.updateValue(Int32(id), forKey: token) else { continue }
            throw ModelError(.invalidFile, "ids \(other) and \(id) of the tokenizer stand for the same bytes")
        }
        return ids
    }

    /// The bytes of all ids. An added token may be in the vocabulary too, under the same id.
    private static func overlay(
        _ added: [AddedToken], on vocabulary: [[UInt8]], _ idOfBytes: [[UInt8]: Int32]
    ) throws(ModelError) -> [[UInt8]] {
        guard added.reduce(0, { $0 + $1.text.utf8.count }) <= AddedTokenFinder.totalBytesMax else {
            throw ModelError(
                .invalidFile, "the added tokens of the tokenizer have more than \(AddedTokenFinder.totalBytesMax) bytes"
            )
        }
        var result = vocabulary
        var (ids, texts): (Set<Int32>, Set<String>) = ([], [])
        for token in added {
            let text = Array(token.text.utf8)
            let shown = "added token \"\(token.text.prefix(100))\" of the tokenizer"
            guard (1...AddedTokenFinder.textBytesMax).contains(text.count) else {
                throw ModelError(
                    .invalidFile, "\(shown) has \(text.count) bytes",
                    hint: "from 1 to \(AddedTokenFinder.textBytesMax) are allowed")
            }
            guard token.id >= 0, token.id < ModelBounds.vocabularySizeMax, ids.insert(token.id).inserted,
                texts.insert(token.text).inserted
            else { throw ModelError(.invalidFile, "\(shown) is there twice, or its id \(token.id) is") }
            let id = Int(token.id)
            if id >= result.count { result += Array(repeating: [], count: id + 1 - result.count) }
            // The library compares with the vocabulary as it is spelled in the alphabet of bytes.
            let spelled = ByteAlphabet.bytes(token.text)
            guard result[id].isEmpty || result[id] == spelled,
                spelled.flatMap({ idOfBytes[$0] }).map({ $0 == token.id }) ?? true
            else { throw ModelError(.invalidFile, "\(shown) has id \(id), which its vocabulary says otherwise") }
            if result[id].isEmpty { result[id] = text }
        }
        return result
    }

    /// One more than the greatest id: the least `vocabularySize` a model must have.
    package var vocabularySize: Int { bytes.count }

    /// Whether an id is a special token's.
    func isSpecial(_ id: Int32) -> Bool { specialIDs.contains(id) }

    /// The added tokens that text alone never becomes, in the order of their ids.
    package var specialTokens: [AddedToken] { addedTokens.filter(\.isSpecial) }

    /// The id of an added token by its text; nil if there is none.
    package func specialToken(_ text: String) -> Int32? { addedTokens.first { $0.text == text }?.id }

    /// The ids of a text. Nothing in the text becomes a special token unless `readingSpecialTokens`, so that what a
    /// client writes cannot end a message or begin one; added tokens that are not special are found in any case. Time is
    /// O(n log n) for any text.
    package func encode(_ text: String, readingSpecialTokens: Bool = false) -> [Int32] {
        var text = text
        return text.withUTF8 { utf8 in
            var encoding = Encoding(tokenizer: self, readingSpecialTokens: readingSpecialTokens)
            encoding.ids.reserveCapacity(utf8.count / 3)
            encoding.append(utf8)
            return encoding.ids
        }
    }

    /// One text on its way to ids.
    private struct Encoding {
        let tokenizer: Tokenizer
        let readingSpecialTokens: Bool
        var ids: [Int32] = []
        private var merger = BytePairMerger()
        private var piece: [Int32] = []

        init(tokenizer: Tokenizer, readingSpecialTokens: Bool) {
            self.tokenizer = tokenizer
            self.readingSpecialTokens = readingSpecialTokens
        }

        /// Added tokens of the raw text, then normalisation, then added tokens of the normalised text, then pieces.
        mutating func append(_ text: UnsafeBufferPointer<UInt8>) {
            tokenizer.rawFinder.forEachPart(text, readingSpecialTokens: readingSpecialTokens) { range, token in
                if let token { return ids.append(token.id) }
                let part = UnsafeBufferPointer(rebasing: text[range])
                if tokenizer.normalizes, let normalized = CanonicalComposition.normalized(part) {
                    normalized.withUnsafeBufferPointer { appendNormalized($0) }
                } else {
                    appendNormalized(part)
                }
            }
        }

        private mutating func appendNormalized(_ text: UnsafeBufferPointer<UInt8>) {
            guard !tokenizer.normalizedFinder.isEmpty else { return appendPlain(text) }
            tokenizer.normalizedFinder.forEachPart(text, readingSpecialTokens: readingSpecialTokens) { range, token in
                if let token { return ids.append(token.id) }
                appendPlain(UnsafeBufferPointer(rebasing: text[range]))
            }
        }

        private mutating func appendPlain(_ text: UnsafeBufferPointer<UInt8>) {
            PreTokenizer.forEachPiece(text) { range in
                piece.removeAll(keepingCapacity: true)
                for index in range { piece.append(tokenizer.byteIDs[Int(text[index])]) }
                merger.merge(piece, with: tokenizer.merges, into: &ids)
            }
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
