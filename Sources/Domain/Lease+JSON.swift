// Leases as they stand on the wire.
import StrictJSON

extension Lease {
    /// The work with `lease_id`, `expires_at` and `attempt`; groups for `generate`, rollouts for `score`.
    package var json: JSONValue {
        var members = [
            JSONMember("lease_id", .string(id.text)), JSONMember("kind", .string(kind.rawValue)),
            JSONMember("worker", .string(worker)), JSONMember("expires_at", .string(expiresAt.rfc3339)),
            JSONMember("attempt", .integer(Int64(attempt))),
            JSONMember("policy_version", .integer(Int64(policyVersion.number))),
        ]
        switch kind {
        case .generate: members.append(JSONMember("groups", .array(groups.map(\.json))))
        case .score: members.append(JSONMember("rollouts", .array(rollouts.map(\.json))))
        }
        return .object(members)
    }
}

extension LeasedGroup {
    fileprivate var json: JSONValue {
        .members([
            "group_id": .string(id.text), "prompt": prompt.json, "rollouts": .integer(Int64(rollouts)),
        ])
    }
}

extension ScoringWork {
    fileprivate var json: JSONValue {
        .members([
            "rollout_id": .string(rolloutID.text), "response": .string(response), "task": task.json,
            "attempt": .integer(Int64(attempt)),
        ])
    }
}
