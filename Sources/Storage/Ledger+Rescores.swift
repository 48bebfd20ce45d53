// Judging again with lineage: each request is kept with the verdict that it found and the one that answered it.
import Domain
import GRDB
import StrictJSON

extension Ledger {
    /// Queues stored rollouts for another judgement, behind the fresh ones; returns how many.
    ///
    /// Their present verdicts and statuses stay until a new decision arrives; the old verdicts stay as history. The request
    /// is kept under its id, or a fresh one, with the rules of judging (a JSON object by task type).
    package func requestRescore(
        matching filter: RolloutFilter, limit: Int, id: RescoreID? = nil, verifiers: JSONValue = .object([])
    ) async throws -> Int {
        let id = id ?? RescoreID(identifiers.make("rsc"))
        let seq = try await write { [clock] db in
            try db.run(
                "INSERT INTO rescores (id, filter, verifiers, created_at) VALUES (?, ?, ?, ?)",
                [id.text, filter.json.text, verifiers.text, clock.now().milliseconds])
            return db.lastInsertedRowID
        }
        var requested = 0
        var cursor: Int64 = 0
        // By pieces, so that no other write waits for a hundred thousand rows.
        while requested < limit {
            let piece = min(limit - requested, Limits.upkeepRowsPerWrite)
            let queued = try await write { [cursor] db in
                try db.queueAgain(matching: filter, after: cursor, limit: piece, rescore: seq)
            }
            requested += queued.count
            guard let last = queued.last, queued.count == piece else { break }
            cursor = last
        }
        return requested
    }

    /// How many rollouts `requestRescore` would queue now.
    package func rescorable(matching filter: RolloutFilter, limit: Int) async throws -> Int {
        try await read { db in
            let condition = RolloutCondition(filter)
            let count = try db.integer(
                "SELECT count(*) FROM (SELECT 1 FROM rollouts r WHERE \(notQueued) AND \(condition.sql) LIMIT ?)",
                condition.arguments + [limit])
            return Int(count ?? 0)
        }
    }

    /// Requests, newest first, and where the next page begins.
    package func rescores(
        before cursor: Int64?, limit: Int
    ) async throws -> (records: [RescoreRecord], nextCursor: Int64?) {
        try await read { db in
            let rows = try db.rows(
                "SELECT * FROM rescores WHERE seq < ? ORDER BY seq DESC LIMIT ?", [cursor ?? .max, max(1, limit) + 1])
            let next = rows.count > limit ? rows[limit - 1]["seq"] as Int64 : nil
            return (try rows.prefix(limit).map(decodeRescore), next)
        }
    }

    /// A request and how far it is, or nil.
    package func rescore(_ id: RescoreID) async throws -> (record: RescoreRecord, progress: RescoreProgress)? {
        try await read { db in
            guard let row = try db.row("SELECT * FROM rescores WHERE id = ?", [id.text]) else { return nil }
            let record = try decodeRescore(row)
            return (record, try db.progress(of: row["seq"], queued: record.queued))
        }
    }

    /// What the answers to a request changed, by task type, outcomes and rules.
    package func verdictChanges(by id: RescoreID) async throws -> [VerdictChange] {
        try await read { db in
            try db.rows(
                """
                SELECT n.task_type, o.outcome AS before, n.outcome AS after,
                    json_extract(o.verdict, '$.verifier') AS verifier_before,
                    json_extract(n.verdict, '$.verifier') AS verifier_after, count(*) AS rollouts,
                    sum(o.reward IS NOT NULL AND n.reward IS NOT NULL AND o.reward <> n.reward) AS rewards_changed
                FROM rescores s CROSS JOIN rescored_rollouts x ON x.rescore_seq = s.seq
                    CROSS JOIN verdicts n ON n.seq = x.new_verdict_seq LEFT JOIN verdicts o ON o.seq = x.old_verdict_seq
                WHERE s.id = ? GROUP BY 1, 2, 3, 4, 5 ORDER BY 1, 2, 3, 4, 5
                """, [id.text]
            ).map { row in
                VerdictChange(
                    taskType: row["task_type"],
                    before: try (row["before"] as String?).map { try storedCase($0, "verdicts.outcome") },
                    after: try storedCase(row["after"], "verdicts.outcome"), verifierBefore: row["verifier_before"],
                    verifierAfter: row["verifier_after"], rollouts: row["rollouts"],
                    rewardsChanged: row["rewards_changed"])
            }
        }
    }

    /// The groups of which a request changed a reward, or gave or took one; at most `limit`, in order of intake.
    package func regradedGroups(by id: RescoreID, limit: Int) async throws -> [RegradedGroup] {
        try await read { db in
            let rows = try Row.fetchCursor(
                try db.cachedStatement(sql: regradedMembers), arguments: [id.text, max(0, limit)])
            var groups: [RegradedGroup] = []
            var current: Int64?
            while let row = try rows.next() {
                let member = RegradedGroup.Member(
                    id: RolloutID(row["id"]), before: row["before"], after: row["after"])
                let seq: Int64 = row["group_seq"]
                if seq == current {
                    groups[groups.count - 1].members.append(member)
                } else {
                    current = seq
                    groups.append(RegradedGroup(id: GroupID(row["group_id"]), members: [member]))
                }
            }
            return groups
        }
    }
}

/// Rollouts that no judge has or gets already.
private let notQueued = "r.judging IS NULL AND r.status NOT IN ('queued', 'scoring')"

/// All members of regraded groups: a member that the request did not judge, or judged without a decision, keeps its reward.
private let regradedMembers = """
    WITH asked AS (SELECT seq FROM rescores WHERE id = ?1),
    regraded AS (
        SELECT DISTINCT r.group_seq FROM rescored_rollouts x CROSS JOIN verdicts n ON n.seq = x.new_verdict_seq
            CROSS JOIN rollouts r ON r.seq = x.rollout_seq LEFT JOIN verdicts o ON o.seq = x.old_verdict_seq
        WHERE x.rescore_seq = (SELECT seq FROM asked) AND n.reward IS NOT NULL AND o.reward IS NOT n.reward
        ORDER BY r.group_seq LIMIT ?2)
    SELECT r.group_seq, g.id AS group_id, r.id,
        CASE WHEN x.rollout_seq IS NULL THEN r.reward ELSE o.reward END AS before,
        CASE WHEN x.rollout_seq IS NULL THEN r.reward ELSE coalesce(n.reward, o.reward) END AS after
    FROM regraded d CROSS JOIN groups g ON g.seq = d.group_seq CROSS JOIN rollouts r ON r.group_seq = g.seq
        LEFT JOIN rescored_rollouts x ON x.rescore_seq = (SELECT seq FROM asked) AND x.rollout_seq = r.seq
        LEFT JOIN verdicts o ON o.seq = x.old_verdict_seq LEFT JOIN verdicts n ON n.seq = x.new_verdict_seq
    ORDER BY r.group_seq, r.seq
    """

private func decodeRescore(_ row: Row) throws -> RescoreRecord {
    RescoreRecord(
        id: RescoreID(row["id"]), filter: try storedJSON(row["filter"], "rescores.filter"),
        verifiers: try storedJSON(row["verifiers"], "rescores.verifiers"), queued: row["queued"],
        createdAt: Timestamp(milliseconds: row["created_at"]))
}

extension Database {
    /// Queues a piece of a request and returns the row numbers, rising.
    fileprivate func queueAgain(
        matching filter: RolloutFilter, after cursor: Int64, limit: Int, rescore: Int64
    ) throws -> [Int64] {
        let condition = RolloutCondition(filter)
        let rows = try rows(
            """
            SELECT r.seq, r.verdict_seq FROM rollouts r WHERE \(notQueued) AND \(condition.sql) AND r.seq > ?
            ORDER BY r.seq LIMIT ?
            """, condition.arguments + [cursor, limit])
        for row in rows {
            let seq: Int64 = row["seq"]
            try run("UPDATE rollouts SET judging = 'again', tries = 0 WHERE seq = ?", [seq])
            try run(
                "INSERT INTO rescored_rollouts (rescore_seq, rollout_seq, old_verdict_seq) VALUES (?, ?, ?)",
                [rescore, seq, row["verdict_seq"] as Int64?])
        }
        try run("UPDATE rescores SET queued = queued + ? WHERE seq = ?", [rows.count, rescore])
        return rows.map { $0["seq"] }
    }

    fileprivate func progress(of rescore: Int64, queued: Int) throws -> RescoreProgress {
        let row = try row(
            """
            SELECT count(*) AS present, coalesce(sum(n.reward IS NOT NULL), 0) AS decided,
                coalesce(sum(n.outcome = 'undetermined'), 0) AS undetermined,
                coalesce(sum(x.new_verdict_seq IS NULL AND r.judging IS NOT NULL), 0) AS waiting
            FROM rescored_rollouts x CROSS JOIN rollouts r ON r.seq = x.rollout_seq
                LEFT JOIN verdicts n ON n.seq = x.new_verdict_seq
            WHERE x.rescore_seq = ?
            """, [rescore])
        var progress = RescoreProgress()
        let present: Int = row?["present"] ?? 0
        progress.decided = row?["decided"] ?? 0
        progress.undetermined = row?["undetermined"] ?? 0
        progress.waiting = row?["waiting"] ?? 0
        progress.dropped = present - progress.decided - progress.undetermined - progress.waiting
        progress.deleted = queued - present
        return progress
    }

    /// The request that a rollout's next verdict answers, or nil.
    func openRescore(of rollout: Int64) throws -> Int64? {
        try integer(
            """
            SELECT rescore_seq FROM rescored_rollouts WHERE rollout_seq = ? AND new_verdict_seq IS NULL
            ORDER BY rescore_seq DESC LIMIT 1
            """, [rollout])
    }

    /// Says which verdict answered a request.
    func answer(rescore: Int64?, of rollout: Int64, by verdict: Int64) throws {
        guard let rescore else { return }
        try run(
            "UPDATE rescored_rollouts SET new_verdict_seq = ? WHERE rescore_seq = ? AND rollout_seq = ?",
            [verdict, rescore, rollout])
    }
}
