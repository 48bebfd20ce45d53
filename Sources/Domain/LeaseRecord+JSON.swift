// Leases, attempts and workers as they stand on the wire.
import StrictJSON

extension LeaseRecord {
    /// The members of a line of a listing.
    fileprivate var members: [JSONMember] {
        [
            JSONMember("lease_id", .string(id.text)), JSONMember("kind", .string(kind.rawValue)),
            JSONMember("worker", .string(worker)), JSONMember("attempt", .integer(Int64(attempt))),
            JSONMember("state", .string(ending == nil ? "alive" : "ended")),
            JSONMember("created_at", .string(createdAt.rfc3339)), JSONMember("expires_at", .string(expiresAt.rfc3339)),
            JSONMember("ended_at", endedAt.map { .string($0.rfc3339) } ?? .null),
            JSONMember("ending", ending.map { .string($0.rawValue) } ?? .null),
            JSONMember("taken", .integer(Int64(taken))), JSONMember("held", .integer(Int64(held))),
        ]
    }

    /// A line of a listing.
    package var json: JSONValue { .object(members) }
}

extension LeaseDetail {
    /// The lease with the ids of `groups` or `rollouts` that it still holds.
    package var json: JSONValue {
        let held: JSONMember =
            switch record.kind {
            case .generate: JSONMember("groups", .array(groups.map { .string($0.text) }))
            case .score: JSONMember("rollouts", .array(rollouts.map { .string($0.text) }))
            }
        return .object(record.members + [held])
    }
}

extension WorkAttempt {
    /// `{"lease_id","worker","attempt","taken_at","ended_at","outcome"}`; the last two are null while it is held.
    package var json: JSONValue {
        .members([
            "lease_id": .string(leaseID.text), "worker": .string(worker), "attempt": .integer(Int64(attempt)),
            "taken_at": .string(takenAt.rfc3339), "ended_at": endedAt.map { .string($0.rfc3339) } ?? .null,
            "outcome": outcome.map { .string($0.rawValue) } ?? .null,
        ])
    }
}

extension WorkerRecord {
    /// `{"worker","kind","alive_leases","leases","done","lost","first_seen","last_seen"}`.
    package var json: JSONValue {
        .members([
            "worker": .string(name), "kind": .string(kind.rawValue), "alive_leases": .integer(Int64(aliveLeases)),
            "leases": .integer(Int64(leases)), "done": .integer(Int64(done)), "lost": .integer(Int64(lost)),
            "first_seen": .string(firstSeen.rfc3339), "last_seen": .string(lastSeen.rfc3339),
        ])
    }
}
