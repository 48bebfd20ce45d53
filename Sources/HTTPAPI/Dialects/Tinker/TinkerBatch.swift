// What Tinker's forward and forward_backward are given: data, the name of a loss, and its constants.
import Domain
import Service
import StrictJSON

/// Reads `ForwardBackwardInput`.
func readBatch(_ fields: JSONFields, _ name: String) throws(InputError) -> ClientBatch {
    try fields.nested(name) { json throws(InputError) in
        let fields = try JSONFields(ofAny: json)
        let loss = try readLoss(fields)
        let data = try fields.array("data", count: 1...Limits.clientSequencesMax)
        var sequences: [ClientSequence] = []
        sequences.reserveCapacity(data.count)
        for (index, datum) in data.enumerated() {
            do throws(InputError) {
                sequences.append(try readDatum(JSONFields(ofAny: datum), loss))
            } catch { throw error.inside("data[\(index)]") }
        }
        return ClientBatch(sequences: sequences, loss: loss)
    }
}

/// `model_input` and the targets after each of its tokens make one text.
private func readDatum(_ fields: JSONFields, _ loss: ClientLoss) throws(InputError) -> ClientSequence {
    let input = try fields.nested("model_input", readModelInput)
    let tensors = try fields.nested("loss_fn_inputs") { json throws(InputError) in try JSONFields(ofAny: json) }
    func inside<Value>(_ read: () throws(InputError) -> Value) throws(InputError) -> Value {
        do throws(InputError) { return try read() } catch { throw error.inside("loss_fn_inputs") }
    }
    let targets = try inside { () throws(InputError) in try readTargets(tensors, after: input) }
    var sequence = ClientSequence(tokens: input + targets.suffix(1))
    func numbers(_ name: String) throws(InputError) -> [Float] {
        try inside { () throws(InputError) in try readFloats(tensors, name, count: input.count) }
    }
    if loss == .crossEntropy {
        sequence.weights = try tensors.has("weights") ? numbers("weights") : input.map { _ in 1 }
    } else {
        sequence.behaviour = try numbers("logprobs")
        sequence.advantages = try numbers("advantages")
    }
    return sequence
}

/// Reads `ModelInput`: chunks of tokens, one after the other.
func readModelInput(_ json: JSONValue) throws(InputError) -> [Int32] {
    let chunks = try JSONFields(ofAny: json).array("chunks", count: 1...Limits.tokensMax)
    var tokens: [Int32] = []
    for (index, chunk) in chunks.enumerated() {
        do throws(InputError) {
            let fields = try JSONFields(ofAny: chunk)
            let type = try fields.optionalString("type", bytes: 1...64) ?? "encoded_text"
            guard type == "encoded_text" else {
                throw InputError(.invalidValue, "\(type) is not read", field: "type", hint: "only encoded_text is")
            }
            tokens += try fields.nested("tokens", readTokens)
        } catch { throw error.inside("chunks[\(index)]") }
    }
    guard (1...Limits.tokensMax).contains(tokens.count) else {
        throw InputError(
            .tooLarge, "\(tokens.count) tokens", field: "chunks", hint: "send 1 to \(Limits.tokensMax)")
    }
    return tokens
}

private func readTokens(_ value: JSONValue) throws(InputError) -> [Int32] {
    guard let count = value.elementCount else {
        throw InputError(.wrongType, "expected an array of token ids, found \(value.kind)")
    }
    guard count > 0 else { return [] }
    guard case .integers(let numbers) = value else {
        throw InputError(.wrongType, "expected an array of token ids")
    }
    let tokens = numbers.map { Int32(clamping: $0) }
    if let bad = tokens.firstInvalidTokenID {
        throw InputError(
            .invalidValue, "\(numbers[bad]) at position \(bad) is no token id", hint: "0 to \(Limits.tokenIDMax)")
    }
    return tokens
}

/// The targets, which must be the input's own next tokens: the model scores what it reads.
private func readTargets(_ tensors: JSONFields, after input: [Int32]) throws(InputError) -> [Int32] {
    let targets = try tensors.nested("target_tokens") { json throws(InputError) in
        let tensor = try JSONFields(ofAny: json)
        try checkShape(tensor, count: input.count)
        return try tensor.nested("data", readTokens)
    }
    guard targets.count == input.count else {
        throw InputError(
            .lengthMismatch, "\(targets.count) targets for \(input.count) tokens", field: "target_tokens",
            hint: "one for each token of model_input")
    }
    if let bad = zip(targets, input.dropFirst()).enumerated().first(where: { $1.0 != $1.1 })?.offset {
        throw InputError(
            .invalidValue, "target \(bad) is \(targets[bad]), but the next token of model_input is \(input[bad + 1])",
            field: "target_tokens", hint: "send tokens[:-1] as model_input and tokens[1:] as target_tokens")
    }
    return targets
}

private func readFloats(_ tensors: JSONFields, _ name: String, count: Int) throws(InputError) -> [Float] {
    try tensors.nested(name) { json throws(InputError) in
        let tensor = try JSONFields(ofAny: json)
        try checkShape(tensor, count: count)
        let values: [Float]
        switch try tensor.required("data") {
        case .doubles(let numbers): values = numbers.map { Float($0) }
        case .integers(let numbers): values = numbers.map { Float($0) }
        case .array(let elements) where elements.isEmpty: values = []
        default: throw InputError(.wrongType, "expected an array of numbers", field: "data")
        }
        guard values.count == count else {
            throw InputError(.lengthMismatch, "\(values.count) numbers for \(count) tokens", field: "data")
        }
        if let bad = values.firstIndex(where: { !$0.isFinite }) {
            throw InputError(.invalidValue, "the number at position \(bad) is not finite", field: "data")
        }
        return values
    }
}

/// Refuses tensors that are not one dense row.
private func checkShape(_ tensor: JSONFields, count: Int) throws(InputError) {
    if tensor.has("sparse_crow_indices") {
        throw InputError(.invalidValue, "sparse tensors are not read", field: "sparse_crow_indices")
    }
    guard let shape = tensor.value("shape") else { return }
    guard shape == .integers([Int64(count)]) else {
        throw InputError(
            .invalidValue, "expected the shape [\(count)]", field: "shape",
            hint: "one number for each token; several targets a position are not read")
    }
}

// MARK: Losses

/// The loss of a name with its constants; Tinker's defaults where they are left out.
private func readLoss(_ fields: JSONFields) throws(InputError) -> ClientLoss {
    let name = try fields.string("loss_fn", bytes: 1...64)
    switch name {
    case "cross_entropy":
        _ = try readConstants(fields, [])
        return .crossEntropy
    case "importance_sampling":
        _ = try readConstants(fields, [])
        return .importanceSampling
    case "ppo":
        let constants = try readConstants(fields, thresholds + gppoConstants)
        return try gppoConstants.contains(where: constants.has) ? readGPPO(constants) : readClip(constants)
    case "cispo":
        let (low, high) = try readRange(try readConstants(fields, thresholds), low: 0, high: 4)
        return .cispo(low: low, high: high)
    case "dro":
        let constants = try readConstants(fields, ["beta"])
        return .directReward(beta: try constants.optionalNumber("beta", in: 0...1e6) ?? 0.1)
    default:
        throw InputError(
            .invalidValue, "there is no loss \(name)", field: "loss_fn",
            hint: "cross_entropy, importance_sampling, ppo, cispo or dro; GPPO is ppo with gppo_beta1 and gppo_beta2")
    }
}

private let thresholds = ["clip_low_threshold", "clip_high_threshold"]
/// The SDK's list of losses has no name for GPPO, but constants are free: any of these makes PPO into it.
private let gppoConstants = ["gppo_beta1", "gppo_beta2", "gppo_dual_clip"]

/// `loss_fn_config`. Constants that the loss does not have are refused: a trainer that believes in one would learn something else.
private func readConstants(_ fields: JSONFields, _ known: [String]) throws(InputError) -> JSONFields {
    guard fields.has("loss_fn_config") else { return try JSONFields(ofAny: .object([])) }
    return try fields.nested("loss_fn_config") { json throws(InputError) in try JSONFields(json, known: known) }
}

/// The range of the ratio.
private func readRange(
    _ constants: JSONFields, low: Double, high: Double
) throws(InputError) -> (low: Double, high: Double) {
    do throws(InputError) {
        return (
            try constants.optionalNumber("clip_low_threshold", in: 0...1) ?? low,
            try constants.optionalNumber("clip_high_threshold", in: 1...1_001) ?? high
        )
    } catch { throw error.inside("loss_fn_config") }
}

private func readClip(_ constants: JSONFields) throws(InputError) -> ClientLoss {
    let (low, high) = try readRange(constants, low: 0.8, high: 1.2)
    return .clipped(low: low, high: high)
}

/// The released code's constants where they are left out; 0 as the dual clip is none, the paper's form.
private func readGPPO(_ constants: JSONFields) throws(InputError) -> ClientLoss {
    let (low, high) = try readRange(constants, low: 0.8, high: 1.28)
    do throws(InputError) {
        let dualClip = try constants.optionalNumber("gppo_dual_clip", in: 0...1e6) ?? 10
        guard dualClip == 0 || dualClip >= 1 else {
            throw InputError(
                .invalidValue, "\(dualClip) is below 1", field: "gppo_dual_clip", hint: "0 for none, or from 1 on")
        }
        return .gppo(
            low: low, high: high, beta1: try constants.optionalNumber("gppo_beta1", in: 0...100) ?? 1,
            beta2: try constants.optionalNumber("gppo_beta2", in: 0...100) ?? 1,
            dualClip: dualClip == 0 ? nil : dualClip)
    } catch { throw error.inside("loss_fn_config") }
}
