// tokenizer.json as the Hugging Face tokenizers library writes it for Qwen2 and Qwen3, read and written.
import StrictJSON

extension Tokenizer {
    /// Reads a tokenizer.json. Throws `ModelError` `.unsupported` for any but byte-level BPE with Qwen2's split, with or
    /// without the normaliser NFC.
    package init(huggingFace bytes: [UInt8]) throws(ModelError) {
        let limits = JSONLimits(depth: 16, bytes: ModelBounds.tokenizerBytesMax, values: 4_000_000)
        let json: JSONValue
        do throws(JSONError) {
            json = try JSONValue.parse(bytes, limits: limits)
        } catch {
            throw ModelError(.invalidFile, "tokenizer.json is not JSON: \(error)")
        }
        try Self.refuseOthers(json)
        let added = try Self.addedTokens(json["added_tokens"])
        let (tokens, ids) = try Self.vocabulary(json["model"]?["vocab"])
        let merges = try Self.merges(json["model"]?["merges"], ids)
        try self.init(
            vocabulary: tokens, mergeOrder: merges, addedTokens: added,
            normalizes: json["normalizer"].map { $0 != .null } ?? false)
    }

    /// Reads the tokenizer of a model's directory, and its generation_config.json when there is one.
    package static func load(directory: String) throws(ModelError) -> Tokenizer {
        var tokenizer = try ModelFileIO.parse(
            "\(directory)/\(ModelWeights.FileName.tokenizer)", limit: ModelBounds.tokenizerBytesMax
        ) { (bytes) throws(ModelError) in try Tokenizer(huggingFace: bytes) }
        if let generation = try GenerationConfiguration.load(directory: directory) { tokenizer.generation = generation }
        return tokenizer
    }

    /// The tokens that end a response: those that `generation_config.json` names, else the end of a text and of a message.
    package var endTokens: Set<Int32> {
        guard generation.endTokens.isEmpty else { return Set(generation.endTokens) }
        return Set([Special.endOfText, Special.messageEnd].compactMap { specialToken($0) })
    }

    private static func refuseOthers(_ json: JSONValue) throws(ModelError) {
        func refuse(_ what: String) -> ModelError {
            ModelError(
                .unsupported, "tokenizer.json \(what)",
                hint: "only byte-level BPE with the split of Qwen2 and Qwen3 is implemented")
        }
        guard let model = json["model"], model["type"]?.string ?? "BPE" == "BPE",
            model["byte_fallback"]?.bool != true, model["ignore_merges"]?.bool != true,
            model["dropout"]?.number ?? 0 == 0
        else { throw refuse("is not plain BPE") }
        for name in ["continuing_subword_prefix", "end_of_word_suffix"] where !(model[name]?.string ?? "").isEmpty {
            throw refuse("sets \(name)")
        }
        if let normalizer = json["normalizer"], normalizer != .null, normalizer["type"]?.string != "NFC" {
            throw refuse("has a normaliser other than NFC")
        }
        let steps = json["pre_tokenizer"]?["pretokenizers"]?.elements ?? []
        guard steps.count == 2, steps[0]["type"]?.string == "Split",
            steps[0]["pattern"]?["Regex"]?.string == PreTokenizer.expression,
            steps[0]["behavior"]?.string == "Isolated", steps[0]["invert"]?.bool != true,
            steps[1]["type"]?.string == "ByteLevel", steps[1]["add_prefix_space"]?.bool != true,
            steps[1]["use_regex"]?.bool == false
        else { throw refuse("has another pre-tokenizer") }
        for name in ["post_processor", "decoder"] {
            guard let value = json[name], value != .null, value["type"]?.string != "ByteLevel" else { continue }
            throw refuse("has a \(name) other than ByteLevel")
        }
    }

    private static func addedTokens(_ value: JSONValue?) throws(ModelError) -> [AddedToken] {
        try (value?.elements ?? []).map { (token) throws(ModelError) in
            guard let text = token["content"]?.string, let id = token["id"]?.integer, (0..<idLimit).contains(id) else {
                throw ModelError(.invalidFile, "an added token of tokenizer.json lacks content or id")
            }
            var added = AddedToken(text: text, id: Int32(id))
            added.isSpecial = token["special"]?.bool ?? false
            added.isSingleWord = token["single_word"]?.bool ?? false
            added.stripsLeft = token["lstrip"]?.bool ?? false
            added.stripsRight = token["rstrip"]?.bool ?? false
            added.isNormalized = token["normalized"]?.bool ?? !added.isSpecial
            return added
        }
    }

    private static let idLimit = Int64(ModelBounds.vocabularySizeMax)

    private static func vocabulary(
        _ value: JSONValue?
    ) throws(ModelError) -> (tokens: [[UInt8]], ids: [String: Int32]) {
        guard case .object(let members) = value else {
            throw ModelError(.invalidFile, "tokenizer.json has no vocabulary")
        }
        var tokens: [[UInt8]] = []
        var ids: [String: Int32] = [:]
        for member in members {
            guard let id = member.value.integer, (0..<idLimit).contains(id) else {
                throw ModelError(.invalidFile, "a token of tokenizer.json has no usable id")
            }
            if Int(id) >= tokens.count { tokens += Array(repeating: [], count: Int(id) + 1 - tokens.count) }
            guard tokens[Int(id)].isEmpty else {
                throw ModelError(.invalidFile, "id \(id) of tokenizer.json stands for two tokens")
            }
            // Tokens outside the alphabet are added tokens listed twice; those are filled in by the caller.
            tokens[Int(id)] = ByteAlphabet.bytes(member.name) ?? []
            ids[member.name] = Int32(id)
        }
        return (tokens, ids)
    }

    /// Merges are `["a", "b"]` in newer files and `"a b"` in older ones.
    private static func merges(_ value: JSONValue?, _ ids: [String: Int32]) throws(ModelError) -> [Pair] {
        try (value?.elements ?? []).map { (merge) throws(ModelError) in
            let halves =
                merge.string.map { $0.split(separator: " ", omittingEmptySubsequences: false).map { String($0) } }
                ?? (merge.elements ?? []).compactMap(\.string)
            guard halves.count == 2, let left = ids[halves[0]], let right = ids[halves[1]] else {
                throw ModelError(.invalidFile, "a merge of tokenizer.json is not a pair of tokens")
            }
            return Pair(left: left, right: right)
        }
    }

    /// The bytes of a tokenizer.json that the Hugging Face library reads to the same effect.
    package func huggingFaceTokenizer() -> [UInt8] {
        let vocabulary = vocabulary.enumerated().compactMap { id, token in
            token.isEmpty ? nil : JSONMember(ByteAlphabet.text(token), .integer(Int64(id)))
        }
        let merges = mergeOrder.map { pair in
            JSONValue.array([pair.left, pair.right].map { .string(ByteAlphabet.text(self.vocabulary[Int($0)])) })
        }
        let added = addedTokens.map { token in
            JSONValue.members([
                "id": .integer(Int64(token.id)), "content": .string(token.text),
                "single_word": .bool(token.isSingleWord), "lstrip": .bool(token.stripsLeft),
                "rstrip": .bool(token.stripsRight), "normalized": .bool(token.isNormalized),
                "special": .bool(token.isSpecial),
            ])
        }
        let byteLevel: JSONValue = .members([
            "type": .string("ByteLevel"), "add_prefix_space": .bool(false), "trim_offsets": .bool(false),
            "use_regex": .bool(false),
        ])
        let split: JSONValue = .members([
            "type": .string("Split"), "pattern": .members(["Regex": .string(PreTokenizer.expression)]),
            "behavior": .string("Isolated"), "invert": .bool(false),
        ])
        let json = JSONValue.members([
            "version": .string("1.0"), "truncation": .null, "padding": .null, "added_tokens": .array(added),
            "normalizer": normalizes ? .members(["type": .string("NFC")]) : .null,
            "pre_tokenizer": .members(["type": .string("Sequence"), "pretokenizers": .array([split, byteLevel])]),
            "post_processor": .null, "decoder": byteLevel,
            "model": .members([
                "type": .string("BPE"), "dropout": .null, "unk_token": .null, "continuing_subword_prefix": .null,
                "end_of_word_suffix": .null, "fuse_unk": .bool(false), "byte_fallback": .bool(false),
                "ignore_merges": .bool(false), "vocab": .object(vocabulary), "merges": .array(merges),
            ]),
        ])
        return json.serialized() + [UInt8(ascii: "\n")]
    }

    /// Writes tokenizer.json and generation_config.json into a model's directory, made if absent.
    package func save(directory: String) throws(ModelError) {
        try ModelFileIO.makeDirectory(directory)
        try ModelFileIO.writeAtomically(
            "\(directory)/\(ModelWeights.FileName.tokenizer)", bytes: huggingFaceTokenizer())
        var generation = generation
        // Without this Hugging Face's generate would not know where a text ends.
        generation.endTokens = endTokens.sorted()
        try generation.save(directory: directory)
    }
}
