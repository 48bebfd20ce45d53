// New tokenizers: from a list of merges, or learned from texts. Same input, same tokenizer.

extension Tokenizer {
    /// A tokenizer of the 256 bytes, these merges in this order, and the special tokens at the end.
    ///
    /// Each half of a merge must be a byte's text or an earlier merge's; both are plain text here, not the alphabet of
    /// tokenizer.json.
    package static func byteLevel(
        merges: [(String, String)], specialTokens: [String] = Special.all
    ) throws(ModelError) -> Tokenizer {
        var tokens = ByteAlphabet.order.map { [$0] }
        var ids = Dictionary(uniqueKeysWithValues: tokens.enumerated().map { ($1, Int32($0)) })
        var order: [Pair] = []
        for (left, right) in merges {
            guard let leftID = ids[Array(left.utf8)], let rightID = ids[Array(right.utf8)] else {
                throw ModelError(
                    .invalidInput, "the merge of \"\(left)\" and \"\(right)\" uses a token that is not there yet",
                    hint: "list the merges that make its halves first")
            }
            order.append(Pair(left: leftID, right: rightID))
            let joined = Array(left.utf8) + Array(right.utf8)
            guard ids[joined] == nil else { continue }
            ids[joined] = Int32(tokens.count)
            tokens.append(joined)
        }
        return try assembled(tokens, order, specialTokens)
    }

    private static func assembled(
        _ tokens: [[UInt8]], _ order: [Pair], _ specialTokens: [String]
    ) throws(ModelError) -> Tokenizer {
        try Tokenizer(
            vocabulary: tokens, mergeOrder: order,
            addedTokens: specialTokens.enumerated().map { index, text in
                AddedToken(text: text, id: Int32(tokens.count + index))
            })
    }

    /// Learns merges from texts until the vocabulary, special tokens included, has `vocabularySize` entries or no pair
    /// occurs `minimumCount` times. Among equally frequent pairs the one with the lower ids wins.
    ///
    /// Numbers never merge: the split makes each a piece of its own. Meant for small vocabularies: time grows with
    /// merges times distinct pieces.
    package static func train(
        texts: [String], vocabularySize: Int, minimumCount: Int = 2, specialTokens: [String] = Special.all
    ) throws(ModelError) -> Tokenizer {
        guard vocabularySize >= 256 + specialTokens.count, vocabularySize <= ModelBounds.vocabularySizeMax else {
            throw ModelError(
                .invalidInput, "a vocabulary of \(vocabularySize)",
                hint:
                    "at least 256 bytes and the special tokens, at most \(ModelBounds.vocabularySizeMax)"
            )
        }
        var tokens = ByteAlphabet.order.map { [$0] }
        var known = Set(tokens)
        var order: [Pair] = []
        var pieces = countedPieces(texts)
        while tokens.count + specialTokens.count < vocabularySize {
            guard let pair = mostFrequentPair(pieces, minimumCount) else { break }
            let joined = tokens[Int(pair.left)] + tokens[Int(pair.right)]
            // Two ways to the same bytes would be two ids for one text; such a pair stays apart for good.
            guard known.insert(joined).inserted else {
                apply(pair, as: -1, to: &pieces)
                continue
            }
            apply(pair, as: Int32(tokens.count), to: &pieces)
            order.append(pair)
            tokens.append(joined)
        }
        return try assembled(tokens, order, specialTokens)
    }

    /// A distinct piece of the texts as ids, and how often it occurs. An id of -1 is a wall that nothing merges over.
    private struct CountedPiece {
        var ids: [Int32]
        let count: Int
    }

    private static func countedPieces(_ texts: [String]) -> [CountedPiece] {
        var idOfByte = [Int32](repeating: 0, count: 256)
        for (id, byte) in ByteAlphabet.order.enumerated() { idOfByte[Int(byte)] = Int32(id) }
        var counts: [[UInt8]: Int] = [:]
        for var text in texts {
            text.withUTF8 { utf8 in
                PreTokenizer.forEachPiece(utf8) { counts[Array(utf8[$0]), default: 0] += 1 }
            }
        }
        return counts.map { CountedPiece(ids: $0.key.map { idOfByte[Int($0)] }, count: $0.value) }
    }

    private static func mostFrequentPair(_ pieces: [CountedPiece], _ minimumCount: Int) -> Pair? {
        var counts: [Pair: Int] = [:]
        for piece in pieces where piece.ids.count > 1 {
            for index in 1..<piece.ids.count where piece.ids[index - 1] >= 0 && piece.ids[index] >= 0 {
                counts[Pair(left: piece.ids[index - 1], right: piece.ids[index]), default: 0] += piece.count
            }
        }
        let best = counts.max { a, b in
            (a.value, b.key.left, b.key.right) < (b.value, a.key.left, a.key.right)
        }
        guard let best, best.value >= max(minimumCount, 1) else { return nil }
        return best.key
    }

    /// Replaces every occurrence of the pair, from the left; -1 puts a wall between its halves instead.
    private static func apply(_ pair: Pair, as result: Int32, to pieces: inout [CountedPiece]) {
        for place in pieces.indices {
            let old = pieces[place].ids
            guard old.count > 1 else { continue }
            var new: [Int32] = []
            var index = 0
            while index < old.count {
                if index + 1 < old.count, old[index] == pair.left, old[index + 1] == pair.right {
                    new += result >= 0 ? [result] : [pair.left, -1, pair.right]
                    index += 2
                } else {
                    new.append(old[index])
                    index += 1
                }
            }
            if new.count != old.count { pieces[place].ids = new }
        }
    }
}
