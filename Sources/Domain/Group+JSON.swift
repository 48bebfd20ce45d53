// Groups as they stand on the wire.
import StrictJSON

extension GroupSubmission {
    /// Reads one group of `POST /v1/groups`.
    package init(json: JSONValue) throws(InputError) {
        let fields = try JSONFields(json, known: ["id", "prompt_id", "size"])
        self.init(
            id: try fields.optionalIdentifier("id", GroupID.self),
            promptID: try fields.identifier("prompt_id", PromptID.self),
            size: try fields.optionalInteger("size", in: 1...Limits.groupSizeMax))
    }
}

extension GroupReceipt {
    /// `{"id","size","status","created"}`.
    package var json: JSONValue {
        .members([
            "id": .string(id.text), "size": .integer(Int64(size)), "status": .string(status.rawValue),
            "created": .bool(isNew),
        ])
    }
}

extension GroupRecord {
    fileprivate var members: [JSONMember] {
        [
            JSONMember("id", .string(id.text)), JSONMember("prompt_id", .string(promptID.text)),
            JSONMember("dataset", .string(dataset)), JSONMember("size", .integer(Int64(size))),
            JSONMember("member_count", .integer(Int64(memberCount))), JSONMember("status", .string(status.rawValue)),
            JSONMember("fate", fate.map { .string($0.rawValue) } ?? .null),
            JSONMember("oldest_policy_version", .integer(Int64(oldestVersion.number))),
            JSONMember("consumed_by_update", consumedByUpdate.map { .integer(Int64($0)) } ?? .null),
            JSONMember("attempt", .integer(Int64(attempt))),
            JSONMember("lease_id", leaseID.map { .string($0.text) } ?? .null),
            JSONMember("created_at", .string(createdAt.rfc3339)),
        ]
    }

    /// A line of a listing.
    package var json: JSONValue { .object(members) }
}

extension GroupMember {
    fileprivate var json: JSONValue {
        .members([
            "id": .string(id.text), "status": .string(status.rawValue),
            "verdict": outcome.map { .string($0.rawValue) } ?? .null, "reward": reward.map { .double($0) } ?? .null,
            "advantage": advantage.map { .double($0) } ?? .null,
            "policy_version": .integer(Int64(policyVersion.number)),
        ])
    }
}

extension GroupDetail {
    /// The group with `members` and `attempts`.
    package var json: JSONValue {
        .object(
            record.members + [
                JSONMember("members", .array(members.map(\.json))),
                JSONMember("attempts", .array(attempts.map(\.json))),
            ])
    }
}
