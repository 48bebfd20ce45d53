// The rotary settings of config.json: rope_theta, rope_parameters (transformers 5) and rope_scaling (transformers 4).
import StrictJSON

extension RotaryScaling {
    /// What a config.json says about rotary positions.
    ///
    /// Both names of the dictionary are read; when a file has both, and when it gives `rope_theta` twice, they must
    /// agree. Throws `ModelError` `.unsupported` for a `rope_type` other than default, linear and yarn.
    static func read(
        huggingFace json: JSONValue, maximumPositions: Int
    ) throws(ModelError) -> (theta: Double, scaling: RotaryScaling) {
        var thetas = [try number(json, "rope_theta", in: "config.json")].compactMap { $0 }
        var found: RotaryScaling?
        try refusePartial(json, "config.json")
        for name in ["rope_parameters", "rope_scaling"] {
            guard let settings = json[name], settings != .null, settings != .object([]) else { continue }
            guard case .object(let members) = settings else {
                throw ModelError(.invalidConfiguration, "\(name) in config.json is \(settings.kind), not an object")
            }
            if let nested = members.first(where: { if case .object = $0.value { true } else { false } }) {
                throw ModelError(
                    .unsupported, "\(name) in config.json has settings of its own for \(nested.name.prefix(40))",
                    hint: "only one rotary embedding for all layers is implemented")
            }
            try refusePartial(settings, name)
            if let theta = try number(settings, "rope_theta", in: name) { thetas.append(theta) }
            let scaling = try read(settings, name, json, maximumPositions)
            guard found == nil || found == scaling else {
                throw ModelError(
                    .invalidConfiguration, "rope_parameters and rope_scaling in config.json disagree",
                    hint: "keep one of them")
            }
            found = scaling
        }
        guard Set(thetas).count <= 1 else {
            throw ModelError(
                .invalidConfiguration, "config.json gives several values of rope_theta: \(thetas)", hint: "keep one")
        }
        return (thetas.first ?? 10_000, found ?? .none)
    }

    private static func read(
        _ settings: JSONValue, _ name: String, _ json: JSONValue, _ maximumPositions: Int
    ) throws(ModelError) -> RotaryScaling {
        let kind = (settings["rope_type"] ?? settings["type"]).map { $0.string ?? $0.kind } ?? "default"
        switch kind {
        case "default": return .none
        case "linear":
            guard let factor = try number(settings, "factor", in: name) else {
                throw ModelError(.invalidConfiguration, "\(name) in config.json is linear without a factor")
            }
            return .linear(factor: factor)
        case "yarn": return .yarn(try yarn(settings, name, json, maximumPositions))
        default:
            throw ModelError(
                .unsupported, "\(name) in config.json has rope_type \"\(kind.prefix(40))\"",
                hint: "rotary positions are implemented unscaled, linear and as YaRN")
        }
    }

    private static func yarn(
        _ settings: JSONValue, _ name: String, _ json: JSONValue, _ maximumPositions: Int
    ) throws(ModelError) -> YarnScaling {
        let key = "original_max_position_embeddings"
        // As transformers 5: the member beside the dictionary goes first, the model's own length is the default.
        let (beside, inside) = (try number(json, key, in: "config.json"), try number(settings, key, in: name))
        let original = beside ?? inside ?? Double(maximumPositions)
        guard let positions = Int(exactly: original) else {
            throw ModelError(.invalidConfiguration, "\(key) is \(original), not a whole number")
        }
        // A factor of null is one thing, none at all another, also there.
        guard settings["factor"] != nil else {
            throw ModelError(.invalidConfiguration, "\(name) in config.json is yarn without a factor")
        }
        let factor = try number(settings, "factor", in: name) ?? Double(maximumPositions) / original
        var yarn = YarnScaling(factor: factor, originalMaximumPositions: positions)
        // There, zero counts as unset.
        if let beta = try number(settings, "beta_fast", in: name), beta != 0 { yarn.betaFast = beta }
        if let beta = try number(settings, "beta_slow", in: name), beta != 0 { yarn.betaSlow = beta }
        yarn.attentionFactor = try number(settings, "attention_factor", in: name)
        yarn.mscale = try number(settings, "mscale", in: name)
        yarn.mscaleAllDimensions = try number(settings, "mscale_all_dim", in: name)
        if let truncate = settings["truncate"], truncate != .null {
            guard let value = truncate.bool else {
                throw ModelError(.invalidConfiguration, "truncate of \(name) is \(truncate.kind), not a boolean")
            }
            yarn.truncates = value
        }
        return yarn
    }

    private static func refusePartial(_ json: JSONValue, _ name: String) throws(ModelError) {
        if let part = try number(json, "partial_rotary_factor", in: name), part != 1 {
            throw ModelError(
                .unsupported, "partial_rotary_factor of \(name) is \(part)",
                hint: "only heads that are rotated whole are implemented")
        }
    }

    private static func number(
        _ json: JSONValue, _ name: String, in place: String
    ) throws(ModelError) -> Double? {
        guard let value = json[name], value != .null else { return nil }
        guard let number = value.number else {
            throw ModelError(.invalidConfiguration, "\(name) of \(place) is \(value.kind), not a number")
        }
        return number
    }

    /// The members of config.json that versions 4 and 5 of transformers read, `rope_theta` among them.
    ///
    /// Version 4 does not read YaRN's `factor`: it takes `max_position_embeddings` over the original length instead.
    func huggingFaceMembers(theta: Double) -> [JSONMember] {
        var members: [JSONMember] = []
        switch self {
        case .none: members.append(JSONMember("rope_type", .string("default")))
        case .linear(let factor):
            members += [JSONMember("factor", .double(factor)), JSONMember("rope_type", .string("linear"))]
        case .yarn(let yarn): members += yarn.huggingFaceMembers + [JSONMember("rope_type", .string("yarn"))]
        }
        let whole = [JSONMember("rope_theta", .double(theta))]
        let parameters = JSONMember("rope_parameters", .object(whole + members))
        if self == .none { return [parameters] + whole }
        return [parameters, JSONMember("rope_scaling", .object(members))] + whole
    }
}

extension YarnScaling {
    fileprivate var huggingFaceMembers: [JSONMember] {
        var members = [
            JSONMember("beta_fast", .double(betaFast)), JSONMember("beta_slow", .double(betaSlow)),
            JSONMember("factor", .double(factor)),
            JSONMember("original_max_position_embeddings", .integer(Int64(originalMaximumPositions))),
        ]
        if let attentionFactor { members.append(JSONMember("attention_factor", .double(attentionFactor))) }
        if let mscale { members.append(JSONMember("mscale", .double(mscale))) }
        if let mscaleAllDimensions { members.append(JSONMember("mscale_all_dim", .double(mscaleAllDimensions))) }
        if !truncates { members.append(JSONMember("truncate", .bool(false))) }
        return members
    }
}
