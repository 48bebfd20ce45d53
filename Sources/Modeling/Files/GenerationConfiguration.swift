// generation_config.json: how a model's makers want it sampled, and where its texts end. Read and written as it is.
import StrictJSON

/// The settings of a generation_config.json that this project knows; nil is a setting that the file does not have.
package struct GenerationConfiguration: Sendable, Equatable {
    /// The tokens that end a text; the file has one number or a list.
    package var endTokens: [Int32] = []
    package var beginToken: Int32?
    package var paddingToken: Int32?
    package var samples: Bool?
    /// From 0, which is the best token always.
    package var temperature: Double?
    /// The probability mass that is kept, above 0 and up to 1.
    package var topP: Double?
    /// How many tokens are kept; 0 is all.
    package var topK: Int?
    /// The least probability that is kept, relative to the best token's; 0 up to 1.
    package var minP: Double?
    /// Above 0; 1 is none.
    package var repetitionPenalty: Double?
    /// Longest response, in tokens; at least 1.
    package var maximumNewTokens: Int?

    package init() {}
}

extension GenerationConfiguration {
    /// Reads the text of a generation_config.json. Members that are not in this type are passed over; a member of another
    /// kind or outside its range is an error that names it.
    package init(huggingFace bytes: [UInt8]) throws(ModelError) {
        let name = ModelWeights.FileName.generation
        let limits = JSONLimits(depth: 16, bytes: ModelBounds.configurationBytesMax, values: 10_000)
        let json: JSONValue
        do throws(JSONError) { json = try JSONValue.parse(bytes, limits: limits) } catch {
            throw ModelError(.invalidFile, "\(name) is not JSON: \(error)")
        }
        guard case .object = json else { throw ModelError(.invalidFile, "\(name) is \(json.kind), not an object") }
        let tokens = 0...ModelBounds.vocabularySizeMax - 1
        endTokens = try Self.endTokens(json["eos_token_id"], tokens)
        beginToken = try Self.integer(json, "bos_token_id", tokens).map { Int32($0) }
        paddingToken = try Self.integer(json, "pad_token_id", tokens).map { Int32($0) }
        samples = try Self.value(json, "do_sample", "a boolean") { $0.bool }
        let positive = Double.leastNonzeroMagnitude
        temperature = try Self.number(json, "temperature", 0...1e6)
        topP = try Self.number(json, "top_p", positive...1)
        topK = try Self.integer(json, "top_k", 0...Int(Int32.max))
        minP = try Self.number(json, "min_p", 0...1)
        repetitionPenalty = try Self.number(json, "repetition_penalty", positive...1e6)
        maximumNewTokens = try Self.integer(json, "max_new_tokens", 1...Int(Int32.max))
    }

    /// Reads the settings of a model's directory; nil when it has no such file.
    package static func load(directory: String) throws(ModelError) -> GenerationConfiguration? {
        let path = "\(directory)/\(ModelWeights.FileName.generation)"
        guard ModelFileIO.exists(path) else { return nil }
        return try ModelFileIO.parse(path, limit: ModelBounds.configurationBytesMax) { (bytes) throws(ModelError) in
            try GenerationConfiguration(huggingFace: bytes)
        }
    }

    private static func endTokens(
        _ value: JSONValue?, _ range: ClosedRange<Int>
    ) throws(ModelError) -> [Int32] {
        guard let value, value != .null else { return [] }
        let values = value.elements ?? [value]
        let tokens = values.compactMap { $0.integer }.filter { range.contains(Int($0)) }
        guard tokens.count == values.count, values.count <= 1_024 else {
            throw broken("eos_token_id", "a token id or a list of them")
        }
        return tokens.map { Int32($0) }
    }

    private static func value<Value>(
        _ json: JSONValue, _ name: String, _ expectation: String, _ read: (JSONValue) -> Value?
    ) throws(ModelError) -> Value? {
        guard let value = json[name], value != .null else { return nil }
        guard let result = read(value) else { throw broken(name, expectation) }
        return result
    }

    private static func integer(
        _ json: JSONValue, _ name: String, _ range: ClosedRange<Int>
    ) throws(ModelError) -> Int? {
        try value(json, name, "a whole number from \(range.lowerBound) to \(range.upperBound)") {
            $0.integer.map { Int($0) }.flatMap { range.contains($0) ? $0 : nil }
        }
    }

    private static func number(
        _ json: JSONValue, _ name: String, _ range: ClosedRange<Double>
    ) throws(ModelError) -> Double? {
        try value(json, name, "a number from \(range.lowerBound) to \(range.upperBound)") {
            $0.number.flatMap { range.contains($0) ? $0 : nil }
        }
    }

    private static func broken(_ name: String, _ expectation: String) -> ModelError {
        ModelError(
            .invalidConfiguration, "\(name) of \(ModelWeights.FileName.generation) is not \(expectation)")
    }

    /// The text of a generation_config.json that transformers reads.
    package func huggingFaceConfiguration() -> [UInt8] {
        func member(_ name: String, _ value: JSONValue?) -> [JSONMember] { value.map { [JSONMember(name, $0)] } ?? [] }
        func integer(_ value: some BinaryInteger) -> JSONValue { .integer(Int64(value)) }
        let ends: JSONValue? =
            endTokens.count > 1 ? .integers(endTokens.map { Int64($0) }) : endTokens.first.map { integer($0) }
        let members: [[JSONMember]] = [
            member("bos_token_id", beginToken.map { integer($0) }), member("do_sample", samples.map { .bool($0) }),
            member("eos_token_id", ends), member("max_new_tokens", maximumNewTokens.map { integer($0) }),
            member("min_p", minP.map { .double($0) }), member("pad_token_id", paddingToken.map { integer($0) }),
            member("repetition_penalty", repetitionPenalty.map { .double($0) }),
            member("temperature", temperature.map { .double($0) }), member("top_k", topK.map { integer($0) }),
            member("top_p", topP.map { .double($0) }),
        ]
        return JSONValue.object(members.flatMap { $0 }).serialized() + [UInt8(ascii: "\n")]
    }

    /// Writes the settings to a model's directory, made if absent.
    package func save(directory: String) throws(ModelError) {
        try ModelFileIO.makeDirectory(directory)
        try ModelFileIO.writeAtomically(
            "\(directory)/\(ModelWeights.FileName.generation)", bytes: huggingFaceConfiguration())
    }
}
