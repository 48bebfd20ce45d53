// Leases out: pages of them, what one still holds, the attempts at one piece of work, and the workers behind them.
import Domain
import GRDB

extension Ledger {
    /// One page of the leases that match, newest first, before the cursor of an earlier page.
    package func leases(matching filter: LeaseFilter, before cursor: Int64?, limit: Int) async throws -> LeasePage {
        let limit = min(max(limit, 1), Limits.pageRowsMax)
        return try await read { db in
            var condition = "l.seq < ?"
            var arguments: StatementArguments = [cursor ?? .max]
            if let kind = filter.kind {
                condition += " AND l.kind = ?"
                arguments += [kind.rawValue]
            }
            if let worker = filter.worker {
                condition += " AND l.worker = ?"
                arguments += [worker]
            }
            if let isAlive = filter.isAlive { condition += " AND l.ended_at IS \(isAlive ? "" : "NOT ")NULL" }
            let rows = try db.rows(
                leaseColumns + " WHERE \(condition) ORDER BY l.seq DESC LIMIT ?", arguments + [limit + 1])
            return LeasePage(
                leases: try rows.prefix(limit).map(decodeLease),
                nextCursor: rows.count > limit ? rows[limit - 1]["seq"] as Int64 : nil)
        }
    }

    /// A lease with the work that it still holds. Throws `InputError.notFound`.
    package func leaseDetail(_ id: LeaseID) async throws -> LeaseDetail {
        try await read { db in
            guard let row = try db.row(leaseColumns + " WHERE l.id = ?", [id.text]) else {
                throw InputError(.notFound, "there is no lease \(id)", field: "lease_id")
            }
            let seq: Int64 = row["seq"]
            let groups = try db.rows("SELECT id FROM groups WHERE lease_seq = ? ORDER BY seq", [seq])
            let rollouts = try db.rows("SELECT id FROM rollouts WHERE lease_seq = ? ORDER BY seq", [seq])
            return LeaseDetail(
                record: try decodeLease(row), groups: groups.map { GroupID($0["id"]) },
                rollouts: rollouts.map { RolloutID($0["id"]) })
        }
    }

    /// The times that a rollout was handed to a judge, oldest first; empty when it never was.
    package func attempts(of id: RolloutID) async throws -> [WorkAttempt] {
        try await read { db in
            guard let seq = try db.integer("SELECT seq FROM rollouts WHERE id = ?", [id.text]) else { return [] }
            return try db.attempts(seq, kind: .score)
        }
    }

    /// Workers of a kind (nil: of any), the last seen first.
    package func workers(kind: LeaseKind?, limit: Int) async throws -> [WorkerRecord] {
        try await read { db in
            let rows = try db.rows(
                """
                SELECT * FROM workers WHERE kind = ?1 OR ?1 IS NULL ORDER BY last_seen DESC, name LIMIT ?2
                """, [kind?.rawValue, min(max(limit, 1), Limits.pageRowsMax)])
            return try rows.map { row in
                WorkerRecord(
                    name: row["name"], kind: try storedCase(row["kind"], "workers.kind"), aliveLeases: row["alive"],
                    leases: row["leases"], done: row["done"], lost: row["lost"],
                    firstSeen: Timestamp(milliseconds: row["first_seen"]),
                    lastSeen: Timestamp(milliseconds: row["last_seen"]))
            }
        }
    }
}

/// A query that gives what `decodeLease` reads; conditions on `l` are appended.
private let leaseColumns = """
    SELECT l.*, (SELECT count(*) FROM lease_items WHERE lease_seq = l.seq) AS taken,
        (SELECT count(*) FROM rollouts WHERE lease_seq = l.seq) + (SELECT count(*) FROM groups WHERE lease_seq = l.seq)
            AS held
    FROM leases l
    """

private func decodeLease(_ row: Row) throws -> LeaseRecord {
    let ending: LeaseEnding? = try (row["ending"] as String?).map { try storedCase($0, "leases.ending") }
    return LeaseRecord(
        id: LeaseID(row["id"]), kind: try storedCase(row["kind"], "leases.kind"), worker: row["worker"],
        attempt: row["attempt"], createdAt: Timestamp(milliseconds: row["created_at"]),
        expiresAt: Timestamp(milliseconds: row["expires_at"]),
        endedAt: (row["ended_at"] as Int64?).map { Timestamp(milliseconds: $0) },
        ending: row["is_revoked"] ? .revoked : ending, taken: row["taken"], held: row["held"])
}

extension Database {
    /// The times that a piece of work was handed out, oldest first. A verdict says when an attempt at a rollout was done.
    func attempts(_ itemSeq: Int64, kind: LeaseKind) throws -> [WorkAttempt] {
        let rows = try rows(
            """
            SELECT l.id, l.worker, i.attempt, l.created_at, i.outcome, l.ended_at, (
                SELECT max(created_at) FROM verdicts
                WHERE ?2 = 'score' AND rollout_seq = i.item_seq AND attempt = i.attempt
                    AND i.outcome IN ('done', 'retried')) AS judged_at
            FROM lease_items i CROSS JOIN leases l ON l.seq = i.lease_seq
            WHERE i.item_seq = ?1 AND l.kind = ?2 ORDER BY i.lease_seq LIMIT ?3
            """, [itemSeq, kind.rawValue, Limits.pageRowsMax])
        return try rows.map { row in
            let outcome: WorkOutcome? = try (row["outcome"] as String?).map {
                try storedCase($0, "lease_items.outcome")
            }
            let endedAt = (row["judged_at"] as Int64?) ?? (row["ended_at"] as Int64?)
            return WorkAttempt(
                leaseID: LeaseID(row["id"]), worker: row["worker"], attempt: row["attempt"],
                takenAt: Timestamp(milliseconds: row["created_at"]),
                endedAt: outcome == nil ? nil : endedAt.map { Timestamp(milliseconds: $0) }, outcome: outcome)
        }
    }
}
