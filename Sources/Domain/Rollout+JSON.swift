// Rollouts as they stand on the wire: as posted, as acknowledged, as stored.
import StrictJSON

extension RolloutSubmission {
    private static let headerNames = [
        "id", "prompt_id", "group_id", "group_size", "response", "policy_version", "last_policy_version",
        "finish_reason", "generator", "metadata", "attempt",
    ]
    /// The generator of rollouts that name none.
    private static let defaultGenerator = "external"

    /// Reads one rollout of `POST /v1/rollouts`.
    package init(json: JSONValue) throws(InputError) {
        let fields = try JSONFields(json, known: RolloutSubmission.headerNames + ["token_ids", "logprobs"])
        let tokenIDs = try fields.value("token_ids").map { (value) throws(InputError) in try readTokenIDs(value) } ?? []
        let logprobs = try fields.value("logprobs").map { (value) throws(InputError) in try readLogprobs(value) } ?? []
        guard tokenIDs.count == logprobs.count else {
            throw InputError(
                .lengthMismatch, "\(tokenIDs.count) token_ids but \(logprobs.count) logprobs", field: "logprobs",
                hint: "send one log-probability for each sampled token")
        }
        try self.init(fields, tokenIDs, logprobs)
    }

    /// Reads one rollout whose tokens came in binary; the object holds all other fields.
    init(header: JSONValue, tokenIDs: [Int32], logprobs: [Float]) throws(InputError) {
        let fields = try JSONFields(header, known: RolloutSubmission.headerNames)
        if let bad = tokenIDs.firstInvalidTokenID {
            throw invalidTokenID(Int64(tokenIDs[bad]), at: bad)
        }
        try checkLogprobs(logprobs)
        try self.init(fields, tokenIDs, logprobs)
    }

    private init(_ fields: JSONFields, _ tokenIDs: [Int32], _ logprobs: [Float]) throws(InputError) {
        let groupID = try fields.optionalIdentifier("group_id", GroupID.self)
        let groupSize = try fields.optionalInteger("group_size", in: 1...Limits.groupSizeMax)
        guard groupSize == nil || groupID != nil else {
            throw InputError(
                .missingField, "group_size without group_id", field: "group_id",
                hint: "name the group that is to have so many rollouts, or leave group_size out")
        }
        self.init(
            id: try fields.optionalIdentifier("id", RolloutID.self),
            promptID: try fields.identifier("prompt_id", PromptID.self), groupID: groupID,
            response: try fields.string("response", bytes: 0...Limits.responseBytesMax),
            tokenIDs: tokenIDs, logprobs: logprobs,
            policyVersion: PolicyVersion(try fields.integer("policy_version", in: 0...Int(Int32.max))),
            finishReason: try fields.optionalChoice("finish_reason", FinishReason.self) ?? .stop,
            generator: try fields.optionalName("generator")
                ?? RolloutSubmission.defaultGenerator,
            metadata: try fields.metadata(),
            attempt: try fields.optionalInteger("attempt", in: 1...Int(Int32.max)),
            lastPolicyVersion: try fields.optionalInteger("last_policy_version", in: 0...Int(Int32.max)).map {
                PolicyVersion($0)
            }, groupSize: groupSize)
    }
}

extension RolloutReceipt {
    /// `{"id","group_id","status","created"}`.
    package var json: JSONValue {
        .members([
            "id": .string(id.text), "group_id": .string(groupID.text), "status": .string(status.rawValue),
            "created": .bool(isNew),
        ])
    }
}

extension Rollout {
    /// Everything that is known of a rollout; log-probabilities in the decimals of a 32-bit float.
    package var json: JSONValue {
        .object(
            summary.members + [
                JSONMember("response", .string(response)), JSONMember("token_ids", .integers32(tokenIDs)),
                JSONMember("logprobs", .floats(logprobs)), JSONMember("metadata", metadata),
            ] + summary.originMembers)
    }

    /// Everything but tokens and log-probabilities: what stands before them in the binary form.
    var headerJSON: JSONValue {
        .object(
            summary.members + [JSONMember("response", .string(response)), JSONMember("metadata", metadata)])
    }

    /// Writes the same text as `json`, without a value for each number in between: a line of an export.
    package func append(to writer: inout JSONWriter) {
        writer.append(raw: "{")
        for member in summary.members {
            writer.append(member.name)
            writer.append(raw: ":")
            writer.append(member.value)
            writer.append(raw: ",")
        }
        writer.append(raw: "\"response\":")
        writer.append(response)
        writer.append(raw: ",\"token_ids\":")
        writer.append(tokenIDs)
        writer.append(raw: ",\"logprobs\":")
        writer.append(logprobs)
        writer.append(raw: ",\"metadata\":")
        writer.append(metadata)
        if let origin {
            writer.append(raw: ",\"origin\":")
            writer.append(origin.json)
        }
        writer.append(raw: "}")
    }
}

extension RolloutOrigin {
    /// `{"status","consumed_by_update","advantage"}`; the last two only when there are any.
    package var json: JSONValue {
        var members = [JSONMember("status", .string(status.rawValue))]
        if let consumedByUpdate { members.append(JSONMember("consumed_by_update", .integer(Int64(consumedByUpdate)))) }
        if let advantage { members.append(JSONMember("advantage", .double(advantage))) }
        return .object(members)
    }

    /// Reads what `json` writes.
    package init(json: JSONValue) throws(InputError) {
        let fields = try JSONFields(json, known: ["status", "consumed_by_update", "advantage"])
        self.init(
            status: try fields.choice("status", RolloutStatus.self),
            consumedByUpdate: try fields.optionalInteger("consumed_by_update", in: 1...Int(Int32.max)),
            advantage: try fields.optionalNumber("advantage", in: -1e9...1e9))
    }
}

extension JSONValue {
    /// An array of 32-bit integers, [N].
    package static func integers32(_ values: [Int32]) -> JSONValue {
        values.isEmpty ? .array([]) : .integers(values.map { Int64($0) })
    }

    /// An array of 32-bit floats, [N], each as the double whose shortest decimal is the float's own: `-0.1`, not
    /// `-0.10000000149011612`. It reads back to the same float.
    package static func floats(_ values: [Float]) -> JSONValue {
        values.isEmpty ? .array([]) : .doubles(values.map { Double($0.description) ?? Double($0) })
    }
}

private func readTokenIDs(_ value: JSONValue) throws(InputError) -> [Int32] {
    try checkCount(value, field: "token_ids")
    guard case .integers(let numbers) = value else {
        if value.elementCount == 0 { return [] }
        throw InputError(.wrongType, "expected an array of integers", field: "token_ids")
    }
    // What does not fit 32 bits becomes an end of their range, and neither is a token id.
    let ids = numbers.map { Int32(clamping: $0) }
    if let bad = ids.firstInvalidTokenID { throw invalidTokenID(numbers[bad], at: bad) }
    return ids
}

private func readLogprobs(_ value: JSONValue) throws(InputError) -> [Float] {
    try checkCount(value, field: "logprobs")
    let logprobs: [Float]
    switch value {
    case .doubles(let numbers): logprobs = numbers.map { Float($0) }
    case .integers(let numbers): logprobs = numbers.map { Float($0) }
    case .array(let elements) where elements.isEmpty: logprobs = []
    default: throw InputError(.wrongType, "expected an array of numbers", field: "logprobs")
    }
    try checkLogprobs(logprobs)
    return logprobs
}

private func checkLogprobs(_ logprobs: [Float]) throws(InputError) {
    guard let bad = logprobs.firstInvalidLogprob else { return }
    throw InputError(
        .invalidValue, "\(logprobs[bad]) at position \(bad) is no log-probability", field: "logprobs",
        hint: "a log-probability is finite and at most 0")
}

private func invalidTokenID(_ value: Int64, at position: Int) -> InputError {
    InputError(
        .invalidValue, "\(value) at position \(position) is no token id", field: "token_ids",
        hint: "from 0 to \(Limits.tokenIDMax)")
}

private func checkCount(_ value: JSONValue, field: String) throws(InputError) {
    guard let count = value.elementCount else {
        throw InputError(.wrongType, "expected an array of numbers, found \(value.kind)", field: field)
    }
    guard count <= Limits.tokensMax else {
        throw InputError(.tooLarge, "\(count) tokens", field: field, hint: "the limit is \(Limits.tokensMax) tokens")
    }
}
