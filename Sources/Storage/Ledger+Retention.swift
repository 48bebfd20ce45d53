// Retention: whole groups that are settled and old enough go, with everything that hangs on them; who they were stays
// known. A group that anybody still works on is never touched.
import Domain
import Foundation
import GRDB
import Synchronization

extension Ledger {
    /// What `retain` would delete now, without deleting it; counts at most `limit` groups.
    package func retentionPreview(
        _ policy: RetentionPolicy, limit: Int = Limits.retentionGroupsMax
    ) async throws -> RetentionReport {
        try await read { [clock] db in
            var report = RetentionReport()
            var earlier: [RetentionRule] = []
            for rule in try db.rules(policy, now: clock.now()) {
                // A group may fall under several rules, and is counted under the first.
                let groups = try db.expiredGroups(
                    rule, exceptBy: earlier, bytesGone: report.bytes, groupsMax: limit - report.groups + 1)
                report.hasMore = groups.count > limit - report.groups
                for group in groups.prefix(limit - report.groups) { report.add(group.report) }
                if report.hasMore { break }
                earlier.append(rule)
            }
            return report
        }
    }

    /// Deletes some of the groups that a policy no longer keeps, oldest first; call it until it deletes none.
    ///
    /// One write of about `Limits.retentionRowsPerWrite` rollouts, in whole groups, at most `limit` of them. Prompts, updates,
    /// policies and checkpoints stay; a deleted rollout that is posted again is known by its tombstone.
    package func retain(
        _ policy: RetentionPolicy, limit: Int = Limits.retentionRowsPerWrite
    ) async throws -> RetentionReport {
        guard policy.deletes else { return RetentionReport() }
        return try await write { [clock] db in
            let now = clock.now()
            var report = RetentionReport()
            for rule in try db.rules(policy, now: now) {
                let groups = try db.expiredGroups(
                    rule, exceptBy: [], bytesGone: report.bytes,
                    groupsMax: min(limit, Limits.retentionRowsPerWrite) - report.groups,
                    rolloutsMax: Limits.retentionRowsPerWrite - report.rollouts)
                for group in groups {
                    try db.delete(group.seq, now: now)
                    report.add(group.report)
                }
            }
            if let days = policy.days {
                try db.deleteLeases(endedBefore: now.adding(seconds: -days * 86_400))
            }
            return report
        }
    }

    /// How many groups of an update were deleted since.
    package func deletedGroupCount(consumedBy version: PolicyVersion) async throws -> Int {
        try await read { db in
            Int(
                try db.integer(
                    "SELECT count(*) FROM deleted_groups WHERE consumed_by_update = ?", [version.number]) ?? 0)
        }
    }

    /// Refuses new rollouts from now on because the database holds so many bytes of a budget; nil ends that.
    package func refuseIntake(_ excess: BudgetExcess?) { intakeBarrier.withLock { $0 = excess } }
}

/// How much a database holds, and how much it may.
package struct BudgetExcess: Sendable, Equatable {
    package var bytes: Int64
    package var budget: Int64
    package init(bytes: Int64, budget: Int64) {
        self.bytes = bytes
        self.budget = budget
    }
}

/// One bound of a policy as a condition on `groups g`.
private struct RetentionRule {
    var condition: String
    /// The condition's argument.
    var value: Int64
    var order: String
    /// Bytes that must go before the rule is content; nil takes all that meet the condition.
    var excess: Int?
}

/// A group that may go, and what goes with it.
private struct ExpiredGroup {
    var seq: Int64
    var report: RetentionReport
}

/// Settled groups on whose members nobody works. The newest group and the newest verdict stay, because their numbers would be
/// given again.
private let deletable = """
    (g.status IN ('consumed', 'stale', 'discarded') OR g.is_imported = 1)
        AND g.seq < (SELECT max(seq) FROM groups)
        AND NOT EXISTS (
            SELECT 1 FROM rollouts m WHERE m.group_seq = g.seq
                AND (m.judging IS NOT NULL OR m.verdict_seq = (SELECT max(seq) FROM verdicts)))
    """

extension Database {
    fileprivate func rules(_ policy: RetentionPolicy, now: Timestamp) throws -> [RetentionRule] {
        var rules: [RetentionRule] = []
        if let days = policy.days {
            rules.append(
                RetentionRule(
                    condition: "g.created_at < ?", value: now.adding(seconds: -days * 86_400).milliseconds,
                    order: "g.created_at"))
        }
        if let updates = policy.updates {
            let newest = try integer("SELECT max(version) FROM policies") ?? 0
            rules.append(
                RetentionRule(
                    condition: "g.consumed_by_update < ?", value: newest - Int64(updates),
                    order: "g.consumed_by_update, g.seq"))
        }
        if let bytes = policy.bytes {
            let excess = Int(try size().usedBytes) - bytes
            if excess > 0 {
                rules.append(
                    RetentionRule(
                        condition: "g.created_at <= ?", value: .max, order: "g.created_at",
                        excess: excess))
            }
        }
        return rules
    }

    /// The groups that a rule lets go, oldest first, without those that earlier rules do; stops once the rule is content,
    /// or at the group that brings the rollouts to `rolloutsMax`.
    fileprivate func expiredGroups(
        _ rule: RetentionRule, exceptBy earlier: [RetentionRule], bytesGone: Int, groupsMax: Int,
        rolloutsMax: Int = .max
    ) throws -> [ExpiredGroup] {
        guard groupsMax > 0, rolloutsMax > 0 else { return [] }
        let others = earlier.map { " AND NOT coalesce(\($0.condition), FALSE)" }.joined()
        let statement = try cachedStatement(
            sql: """
                SELECT g.seq, g.created_at FROM groups g WHERE \(deletable) AND \(rule.condition)\(others)
                ORDER BY \(rule.order) LIMIT ?
                """)
        let rows = try Row.fetchCursor(
            statement, arguments: StatementArguments([rule.value] + earlier.map(\.value) + [Int64(groupsMax)]))
        var groups: [ExpiredGroup] = []
        var bytes = bytesGone
        var rollouts = 0
        while bytes < rule.excess ?? .max, rollouts < rolloutsMax, let row = try rows.next() {
            let seq: Int64 = row["seq"]
            let report = try contents(of: seq, createdAt: Timestamp(milliseconds: row["created_at"]))
            groups.append(ExpiredGroup(seq: seq, report: report))
            bytes += report.bytes
            rollouts += report.rollouts
        }
        return groups
    }

    /// Lengths of blobs stand in a row's head, so that no body is read.
    private func contents(of group: Int64, createdAt: Timestamp) throws -> RetentionReport {
        let row = try row(
            """
            SELECT count(*) AS rollouts, coalesce(sum(
                length(b.response) + length(b.token_ids) + length(b.logprobs)
                + coalesce(length(k.response) + length(k.token_ids) + length(k.logprobs), 0)), 0) AS bytes
            FROM rollouts r CROSS JOIN rollout_bodies b ON b.rollout_seq = r.seq \(packedBodyJoin)
            WHERE r.group_seq = ?
            """, [group])
        var report = RetentionReport()
        report.groups = 1
        report.rollouts = row?["rollouts"] ?? 0
        report.bytes = (row?["bytes"] ?? 0) + report.rollouts * rowBytes
        report.oldest = createdAt
        report.newest = createdAt
        return report
    }

    /// Deletes a group and all that hangs on it, and remembers its name and those of its rollouts.
    fileprivate func delete(_ group: Int64, now: Timestamp) throws {
        let members = try rows("SELECT id, content_hash FROM rollouts WHERE group_seq = ?", [group])
        // Imported ones are settled by this; their verdicts could not go before.
        try run("UPDATE groups SET status = 'discarded' WHERE seq = ? AND status IN ('open', 'ready')", [group])
        try run(
            """
            UPDATE rollouts SET status = CASE status WHEN 'consumed' THEN status WHEN 'stale' THEN status
                ELSE 'discarded' END, verdict_seq = NULL, outcome = NULL, reward = NULL
            WHERE group_seq = ?
            """, [group])
        try run(
            """
            INSERT INTO deleted_groups
            SELECT seq, id, prompt_seq, status, consumed_by_update, ? FROM groups WHERE seq = ?
            """, [now.milliseconds, group])
        for member in members {
            let hash = ContentHash.of((member["id"] as String).utf8)
            try run(
                "INSERT INTO deleted_rollouts VALUES (?, ?, ?)",
                [Data(hash.bytes), member["content_hash"] as Data, group])
        }
        for (kind, items) in [("score", "SELECT seq FROM rollouts WHERE group_seq = ?1"), ("generate", "SELECT ?1")] {
            try run(
                """
                DELETE FROM lease_items WHERE item_seq IN (\(items))
                    AND (SELECT kind FROM leases WHERE seq = lease_seq) = ?2
                """, [group, kind])
        }
        for table in ["kept_tokens", "rescored_rollouts", "verdicts", "packed_bodies", "rollout_bodies"] {
            try run(
                "DELETE FROM \(table) WHERE rollout_seq IN (SELECT seq FROM rollouts WHERE group_seq = ?)", [group])
        }
        try run("DELETE FROM rollouts WHERE group_seq = ?", [group])
        try run("DELETE FROM groups WHERE seq = ?", [group])
    }

    /// Deletes leases that ended before a moment, of the oldest few.
    fileprivate func deleteLeases(endedBefore moment: Timestamp) throws {
        try run(
            """
            DELETE FROM leases WHERE seq IN (
                SELECT seq FROM (SELECT seq, ended_at FROM leases ORDER BY seq LIMIT ?) WHERE ended_at < ?)
            """, [Limits.retentionRowsPerWrite, moment.milliseconds])
    }

    /// The group and status of a deleted rollout, and the hash of its content; nil when none of this id was deleted.
    func deletedRollout(_ id: String) throws -> Row? {
        try row(
            """
            SELECT d.content_hash, g.id AS group_id, g.status FROM deleted_rollouts d
                CROSS JOIN deleted_groups g ON g.seq = d.group_seq WHERE d.id_hash = ?
            """, [Data(ContentHash.of(id.utf8).bytes)])
    }
}

/// About what the rows of a rollout, its verdict and their index entries take beside its body.
private let rowBytes = 900
