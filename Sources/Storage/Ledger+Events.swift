// The events that the ledger keeps. Triggers write most of them (migrations/); this file adds those that are no change of a
// row, reads them back with what their rows say, and forgets the old.
import Domain
import GRDB
import StrictJSON

extension Ledger {
    /// Keeps events that are no change of a row, as the learner's state.
    package func record(events: [(type: EventType, data: JSONValue)]) async throws {
        try await write { [clock] db in
            for event in events {
                try db.run(
                    "INSERT INTO events (type, at, detail) VALUES (?, ?, ?)",
                    [event.type.rawValue, clock.now().milliseconds, event.data.text])
            }
        }
    }

    /// Kept events of some types after `sequence` and up to `last`, oldest first, of at most `limit` events of any type;
    /// with the number up to which it looked.
    package func events(
        after sequence: Int64, through last: Int64, types: Set<EventType>, limit: Int
    ) async throws -> (events: [LedgerEvent], through: Int64) {
        try await read { db in
            let rows = try db.rows(
                "SELECT * FROM events WHERE seq > ? AND seq <= ? ORDER BY seq LIMIT ?", [sequence, last, limit])
            let wanted = rows.filter { row in EventType(rawValue: row["type"]).map(types.contains) ?? false }
            let through = rows.count < limit ? last : rows.last?["seq"] as Int64? ?? last
            return (try db.ledgerEvents(wanted), max(sequence, through))
        }
    }

    /// The number of the newest event that was ever kept; 0 before the first.
    package func newestEvent() async throws -> Int64 {
        try await read { db in try db.integer("SELECT seq FROM sqlite_sequence WHERE name = 'events'") ?? 0 }
    }

    /// The types of which events after `sequence` are no longer kept.
    package func trimmedEventTypes(after sequence: Int64) async throws -> Set<EventType> {
        try await read { db in
            let rows = try db.rows("SELECT type FROM event_trims WHERE through > ?", [sequence])
            return Set(rows.compactMap { EventType(rawValue: $0["type"]) })
        }
    }

    /// Forgets events beyond the newest `kept` of each type; returns how many.
    @discardableResult
    package func trimEvents(kept: Int = Limits.eventsKeptPerType) async throws -> Int {
        try await write { db in
            var forgotten = 0
            for type in EventType.allCases where type.isDurable {
                let last = try db.integer(
                    "SELECT seq FROM events WHERE type = ? ORDER BY seq DESC LIMIT 1 OFFSET ?", [type.rawValue, kept])
                guard let last else { continue }
                forgotten += try db.run("DELETE FROM events WHERE type = ? AND seq <= ?", [type.rawValue, last])
                try db.run(
                    "INSERT INTO event_trims VALUES (?1, ?2) ON CONFLICT (type) DO UPDATE SET through = ?2",
                    [type.rawValue, last])
            }
            return forgotten
        }
    }
}

extension Database {
    /// Rows of `events` with what they are about; types that this binary does not know are left out.
    func ledgerEvents(_ rows: [Row]) throws -> [LedgerEvent] {
        try rows.compactMap { row in
            guard let type = EventType(rawValue: row["type"]) else { return nil }
            return LedgerEvent(
                sequence: row["seq"], type: type, at: Timestamp(milliseconds: row["at"]),
                data: try eventData(type, row))
        }
    }

    /// What an event says. A row that retention took leaves its name.
    private func eventData(_ type: EventType, _ row: Row) throws -> [JSONMember] {
        guard let ref = row["ref"] as Int64? else {
            let detail = try storedJSON(row["detail"], "events.detail")
            guard case .object(let members) = detail else { throw LedgerError.corrupt("events.detail is no object") }
            return members
        }
        let subject: String? = row["subject"]
        switch type {
        case .groupReady: return try groupData(ref, subject)
        case .leaseEnded: return try leaseData(ref, subject)
        case .updateCommitted: return try updateData(ref)
        case .policyPublished: return [JSONMember("version", .integer(ref))]
        case .evaluationFinished:
            guard let evaluation = try self.row("SELECT * FROM evaluations WHERE seq = ?", [ref]),
                case .object(let members) = decodeEvaluation(evaluation).json
            else { return [] }
            return members
        case .rolloutAccepted, .rolloutJudged, .evaluationStarted, .evaluationProgress, .learnerState, .alarm,
            .limitReached:
            return []
        }
    }

    private func groupData(_ ref: Int64, _ id: String?) throws -> [JSONMember] {
        let row = try self.row(
            "SELECT g.size, p.id FROM groups g CROSS JOIN prompts p ON p.seq = g.prompt_seq WHERE g.seq = ?", [ref])
        return [
            JSONMember("group_id", .string(id ?? "")), JSONMember("prompt_id", row.map { .string($0["id"]) } ?? .null),
            JSONMember("rollouts", row.map { .integer($0["size"]) } ?? .null),
        ]
    }

    private func leaseData(_ ref: Int64, _ id: String?) throws -> [JSONMember] {
        var members = [JSONMember("lease_id", .string(id ?? ""))]
        guard let row = try self.row("SELECT * FROM leases WHERE seq = ?", [ref]) else { return members }
        let held = (row["ended_at"] as Int64? ?? row["created_at"]) - (row["created_at"] as Int64)
        members += [
            JSONMember("kind", .string(row["kind"])), JSONMember("worker", .string(row["worker"])),
            JSONMember("attempt", .integer(row["attempt"])), JSONMember("ending", .string(row["ending"] ?? "")),
            JSONMember("held_seconds", .double(Double(max(0, held)) / 1000)),
        ]
        return members
    }

    private func updateData(_ version: Int64) throws -> [JSONMember] {
        guard let row = try self.row("SELECT * FROM updates WHERE version = ?", [version]) else { return [] }
        let update = try decodeUpdate(row)
        let metrics = mainMetrics.compactMap { name in update[name].map { JSONMember(name, .finite($0)) } }
        return [
            JSONMember("version", .integer(version)), JSONMember("objective", .string(update.objective)),
            JSONMember("metrics", .object(metrics)),
        ]
    }
}

/// The metrics that an event tells; GET /v1/updates has all.
private let mainMetrics = [
    "reward_mean", "loss", "entropy", "kl_behaviour", "gradient_norm", "groups_trained", "tokens", "demonstrations",
    "rolled_back_to", "seconds_sampling", "seconds_scoring", "seconds_training", "learning_seconds",
]
