// Keys on the wire: the request for one, and the record, which has no secret.
import StrictJSON

extension KeyRequest {
    /// Reads `{"name","roles","expires_in_days","quotas"}`.
    package init(json: JSONValue, now: Timestamp) throws(InputError) {
        let fields = try JSONFields(json, known: ["name", "roles", "expires_in_days", "quotas"])
        self.init(
            name: try fields.name("name"), roles: try readRoles(fields))
        if let days = try fields.optionalNumber("expires_in_days", in: 0.001...Limits.keyDaysMax) {
            expiresAt = now.adding(seconds: days * 86_400)
        }
        if fields.has("quotas") { quotas = try fields.nested("quotas", KeyQuotas.init(json:)) }
    }
}

private func readRoles(_ fields: JSONFields) throws(InputError) -> Set<KeyRole> {
    var roles: Set<KeyRole> = []
    for (index, element) in try fields.array("roles", count: 1...KeyRole.allCases.count).enumerated() {
        guard let role = element.string.flatMap({ KeyRole(rawValue: $0) }) else {
            throw InputError(
                .invalidValue, "none of the roles", field: "roles[\(index)]",
                hint: "one of " + KeyRole.allCases.map(\.rawValue).joined(separator: ", "))
        }
        roles.insert(role)
    }
    return roles
}

extension KeyQuotas {
    /// Reads the object `quotas`; what is left out has no bound.
    package init(json: JSONValue) throws(InputError) {
        let fields = try JSONFields(
            json,
            known: [
                "requests_per_second", "body_bytes_per_day", "rollouts_waiting", "scoring_seconds_per_hour", "weight",
            ])
        self.init(
            requestsPerSecond: try fields.optionalNumber("requests_per_second", in: 0...Limits.quotaMax),
            bodyBytesPerDay: try fields.optionalInteger("body_bytes_per_day", in: 1...Int.max),
            rolloutsWaiting: try fields.optionalInteger("rollouts_waiting", in: 1...Limits.scoringQueueMax),
            scoringSecondsPerHour: try fields.optionalNumber("scoring_seconds_per_hour", in: 0...Limits.quotaMax),
            weight: try fields.optionalInteger("weight", in: 1...Limits.keyWeightMax) ?? 1)
        if let fault { throw fault }
    }

    /// The bounds that are set.
    package var json: JSONValue {
        var members: [JSONMember] = []
        if let requestsPerSecond { members.append(JSONMember("requests_per_second", .double(requestsPerSecond))) }
        if let bodyBytesPerDay { members.append(JSONMember("body_bytes_per_day", .integer(Int64(bodyBytesPerDay)))) }
        if let rolloutsWaiting { members.append(JSONMember("rollouts_waiting", .integer(Int64(rolloutsWaiting)))) }
        if let scoringSecondsPerHour {
            members.append(JSONMember("scoring_seconds_per_hour", .double(scoringSecondsPerHour)))
        }
        members.append(JSONMember("weight", .integer(Int64(weight))))
        return .object(members)
    }
}

extension KeyRecord {
    /// Everything but the secret, which nobody has.
    package var json: JSONValue {
        func time(_ moment: Timestamp?) -> JSONValue { moment.map { .string($0.rfc3339) } ?? .null }
        return .members([
            "id": .string(id.text), "name": .string(name),
            "roles": .array(KeyRole.allCases.filter(roles.contains).map { .string($0.rawValue) }),
            "created_at": .string(createdAt.rfc3339), "expires_at": time(expiresAt), "revoked_at": time(revokedAt),
            "last_used_at": time(lastUsedAt), "quotas": quotas.json,
        ])
    }
}
