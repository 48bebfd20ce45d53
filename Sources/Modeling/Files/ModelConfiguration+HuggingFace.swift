// config.json as Hugging Face transformers writes it for Qwen3ForCausalLM, read and written.
import StrictJSON

extension ModelConfiguration {
    /// Reads a config.json. Members that do not change the computation are passed over; those that would, and that this
    /// implementation lacks, throw `ModelError` `.unsupported`.
    package init(huggingFace bytes: [UInt8]) throws(ModelError) {
        let json: JSONValue
        do throws(JSONError) {
            json = try JSONValue.parse(bytes, limits: JSONLimits(depth: 16, bytes: ModelBounds.configurationBytesMax))
        } catch {
            throw ModelError(.invalidFile, "config.json is not JSON: \(error)")
        }
        try Self.refuseOthers(json)
        let hidden = try Self.integer(json, "hidden_size")
        let heads = try Self.integer(json, "num_attention_heads")
        let positions = try Self.integer(json, "max_position_embeddings", default: 32_768)
        let rotary = try RotaryScaling.read(huggingFace: json, maximumPositions: positions)
        try self.init(
            vocabularySize: Self.integer(json, "vocab_size"), hiddenSize: hidden,
            layerCount: Self.integer(json, "num_hidden_layers"), headCount: heads,
            keyValueHeadCount: Self.integer(json, "num_key_value_heads", default: heads),
            headDimension: Self.integer(json, "head_dim", default: 128),
            feedForwardSize: Self.integer(json, "intermediate_size"), ropeTheta: rotary.theta,
            normEpsilon: Float(Self.number(json, "rms_norm_eps", default: 1e-6)),
            tiesEmbeddings: json["tie_word_embeddings"]?.bool ?? false,
            maximumPositions: positions, rotaryScaling: rotary.scaling)
    }

    /// What would compute something else than this module does.
    private static func refuseOthers(_ json: JSONValue) throws(ModelError) {
        guard case .object = json else { throw ModelError(.invalidFile, "config.json is \(json.kind), not an object") }
        let type = json["model_type"]?.string ?? ""
        guard type == "qwen3" else {
            throw ModelError(
                .unsupported, "model_type is \"\(type.prefix(40))\"", hint: "only dense Qwen3 models are implemented")
        }
        if let activation = json["hidden_act"], activation.string != "silu" {
            throw ModelError(.unsupported, "hidden_act is not silu", hint: "only the gate of Qwen3 is implemented")
        }
        if json["attention_bias"]?.bool == true {
            throw ModelError(.unsupported, "attention_bias is true", hint: "Qwen3 models have no such bias")
        }
        if json["use_sliding_window"]?.bool == true {
            throw ModelError(.unsupported, "use_sliding_window is true", hint: "only full attention is implemented")
        }
        let kinds = (json["layer_types"]?.elements ?? []).compactMap(\.string)
        if kinds.contains(where: { $0 != "full_attention" }) {
            throw ModelError(.unsupported, "layer_types is not all full_attention")
        }
    }

    private static func integer(
        _ json: JSONValue, _ name: String, default fallback: Int? = nil
    ) throws(ModelError) -> Int {
        switch json[name] {
        case .integer(let value): return Int(value)
        case nil, .null:
            if let fallback { return fallback }
            throw ModelError(.invalidConfiguration, "config.json has no \(name)")
        case .some(let other):
            throw ModelError(.invalidConfiguration, "\(name) in config.json is \(other.kind), not a whole number")
        }
    }

    private static func number(
        _ json: JSONValue, _ name: String, default fallback: Double
    ) throws(ModelError) -> Double {
        guard let value = json[name], value != .null else { return fallback }
        guard let number = value.number else {
            throw ModelError(.invalidConfiguration, "\(name) in config.json is \(value.kind), not a number")
        }
        return number
    }

    /// The bytes of a config.json that transformers, versions 4 and 5, and vLLM read. `type` is that of the
    /// weights beside it.
    package func huggingFaceConfiguration(elements type: SafetensorsFile.ElementType = .float32) -> [UInt8] {
        let dtype = JSONValue.string(type.torchName)
        let members: [JSONMember] =
            [
                JSONMember("architectures", .array([.string("Qwen3ForCausalLM")])),
                JSONMember("attention_bias", .bool(false)),
                JSONMember("attention_dropout", .double(0)),
                JSONMember("dtype", dtype),
                JSONMember("head_dim", .integer(Int64(headDimension))),
                JSONMember("hidden_act", .string("silu")),
                JSONMember("hidden_size", .integer(Int64(hiddenSize))),
                JSONMember("initializer_range", .double(0.02)),
                JSONMember("intermediate_size", .integer(Int64(feedForwardSize))),
                JSONMember("max_position_embeddings", .integer(Int64(maximumPositions))),
                JSONMember("max_window_layers", .integer(Int64(layerCount))),
                JSONMember("model_type", .string("qwen3")),
                JSONMember("num_attention_heads", .integer(Int64(headCount))),
                JSONMember("num_hidden_layers", .integer(Int64(layerCount))),
                JSONMember("num_key_value_heads", .integer(Int64(keyValueHeadCount))),
                // The shortest decimal of the fp32 number, so that reading gives the same number back.
                JSONMember("rms_norm_eps", .double(Double(normEpsilon.description) ?? Double(normEpsilon))),
            ] + rotaryScaling.huggingFaceMembers(theta: ropeTheta) + [
                JSONMember("sliding_window", .null),
                JSONMember("tie_word_embeddings", .bool(tiesEmbeddings)),
                JSONMember("torch_dtype", dtype),
                JSONMember("use_cache", .bool(true)),
                JSONMember("use_sliding_window", .bool(false)),
                JSONMember("vocab_size", .integer(Int64(vocabularySize))),
            ]
        return JSONValue.object(members).serialized() + [UInt8(ascii: "\n")]
    }
}
