// The invariants of a ledger as queries that must find nothing. For `rolloutd check` and the tests.
import Domain
import GRDB

/// Each query names the rows that break the rule. What a CHECK or a foreign key says is not repeated here.
private let invariants: [(rule: String, sql: String)] = [
    (
        "a verdict that counts belongs to its rollout and agrees with it",
        """
        SELECT r.id FROM rollouts r JOIN verdicts v ON v.seq = r.verdict_seq
        WHERE v.rollout_seq <> r.seq OR v.outcome <> r.outcome OR v.reward IS NOT r.reward
        """
    ),
    (
        "a rollout has its prompt's data set and its group's prompt",
        """
        SELECT r.id FROM rollouts r JOIN prompts p ON p.seq = r.prompt_seq JOIN groups g ON g.seq = r.group_seq
        WHERE r.dataset_seq <> p.dataset_seq OR g.prompt_seq <> r.prompt_seq
        """
    ),
    (
        "a rollout has a body",
        "SELECT id FROM rollouts WHERE seq NOT IN (SELECT rollout_seq FROM rollout_bodies)"
    ),
    (
        "a packed body has left its place",
        """
        SELECT r.id FROM packed_bodies k JOIN rollouts r ON r.seq = k.rollout_seq
            JOIN rollout_bodies b ON b.rollout_seq = r.seq
        WHERE r.compacted = 0 OR length(b.response) > 0 OR length(b.token_ids) > 0
        """
    ),
    (
        "a deleted group is gone, and its deleted rollouts with it",
        """
        SELECT d.id FROM deleted_groups d WHERE d.seq IN (SELECT seq FROM groups)
            OR d.seq IN (SELECT group_seq FROM rollouts)
        """
    ),
    (
        "a judgement for a request belongs to a rollout of that request",
        """
        SELECT x.rollout_seq FROM rescored_rollouts x WHERE x.new_verdict_seq IS NOT NULL AND NOT EXISTS (
            SELECT 1 FROM verdicts v WHERE v.seq = x.new_verdict_seq AND v.rollout_seq = x.rollout_seq
                AND v.rescore_seq = x.rescore_seq)
        """
    ),
    (
        "a group of trajectories has a body, and a batch groups",
        """
        SELECT seq FROM trajectory_groups WHERE seq NOT IN (SELECT group_seq FROM trajectory_bodies)
        UNION ALL SELECT seq FROM trajectory_batches WHERE seq NOT IN (
            SELECT batch_seq FROM trajectory_groups WHERE batch_seq IS NOT NULL)
        """
    ),
    (
        "a sample of an evaluation has a body, and the evaluation counts it",
        """
        SELECT seq FROM evaluation_samples WHERE seq NOT IN (SELECT sample_seq FROM evaluation_bodies)
        UNION ALL SELECT r.seq FROM evaluation_runs r WHERE r.sampled <> (
                SELECT count(*) FROM evaluation_samples s WHERE s.run_seq = r.seq)
            OR r.judged <> (SELECT count(s.outcome) FROM evaluation_samples s WHERE s.run_seq = r.seq)
            OR r.undetermined <> (
                SELECT count(*) FROM evaluation_samples s WHERE s.run_seq = r.seq AND s.outcome = 'undetermined')
        """
    ),
    (
        "a packed task is the only one of its prompt",
        """
        SELECT p.id FROM prompts p JOIN prompt_bodies b ON b.prompt_seq = p.seq LEFT JOIN packed_tasks t ON t.prompt_seq = p.seq
        WHERE (b.task = 'null') <> (t.prompt_seq IS NOT NULL)
        """
    ),
    ("a prompt has a body", "SELECT id FROM prompts WHERE seq NOT IN (SELECT prompt_seq FROM prompt_bodies)"),
    (
        "a group counts its members and their oldest policy",
        """
        SELECT g.id FROM groups g LEFT JOIN rollouts r ON r.group_seq = g.seq GROUP BY g.seq
        HAVING count(r.seq) <> g.member_count OR min(r.policy_version) <> g.oldest_version
        """
    ),
    (
        "a ready group waits for no verdict",
        """
        SELECT g.id FROM groups g JOIN rollouts r ON r.group_seq = g.seq
        WHERE g.status = 'ready' AND r.status NOT IN ('scored', 'undetermined')
        """
    ),
    (
        "a complete and judged group is ready",
        """
        SELECT g.id FROM groups g WHERE g.status = 'open' AND g.member_count = g.size AND NOT EXISTS (
            SELECT 1 FROM rollouts r WHERE r.group_seq = g.seq AND r.status NOT IN ('scored', 'undetermined'))
        """
    ),
    (
        "a rollout was consumed by the update that consumed its group, and by no other",
        """
        SELECT r.id FROM rollouts r JOIN groups g ON g.seq = r.group_seq
        WHERE r.consumed_by_update IS NOT g.consumed_by_update
        """
    ),
    (
        "a retired group and its rollouts share their status",
        """
        SELECT r.id FROM rollouts r JOIN groups g ON g.seq = r.group_seq
        WHERE (g.status IN ('stale', 'discarded') OR r.status IN ('stale', 'discarded')) AND g.status <> r.status
        """
    ),
    (
        "policy versions have no gap",
        "SELECT version FROM policies WHERE version > 0 AND version - 1 NOT IN (SELECT version FROM policies)"
    ),
    (
        "every policy after the first has its update",
        "SELECT version FROM policies WHERE version > 0 AND version NOT IN (SELECT version FROM updates)"
    ),
    (
        "the newest policy has its checkpoint",
        """
        SELECT version FROM policies WHERE version = (SELECT max(version) FROM policies)
            AND version NOT IN (SELECT version FROM checkpoints)
        """
    ),
    (
        "work is held by leases that are alive",
        """
        SELECT l.id FROM leases l WHERE l.ended_at IS NOT NULL AND (
            EXISTS (SELECT 1 FROM groups WHERE lease_seq = l.seq)
            OR EXISTS (SELECT 1 FROM rollouts WHERE lease_seq = l.seq))
        """
    ),
    (
        "a lease's list of work agrees with who holds what",
        """
        SELECT l.id FROM lease_items i JOIN leases l ON l.seq = i.lease_seq WHERE i.outcome IS NULL AND NOT EXISTS (
            SELECT 1 FROM rollouts r WHERE l.kind = 'score' AND r.seq = i.item_seq AND r.lease_seq = l.seq
            UNION ALL SELECT 1 FROM groups g WHERE l.kind = 'generate' AND g.seq = i.item_seq AND g.lease_seq = l.seq)
        UNION ALL SELECT r.id FROM rollouts r WHERE r.lease_seq IS NOT NULL AND NOT EXISTS (
            SELECT 1 FROM lease_items WHERE lease_seq = r.lease_seq AND item_seq = r.seq AND outcome IS NULL)
        UNION ALL SELECT g.id FROM groups g WHERE g.lease_seq IS NOT NULL AND NOT EXISTS (
            SELECT 1 FROM lease_items WHERE lease_seq = g.lease_seq AND item_seq = g.seq AND outcome IS NULL)
        """
    ),
    (
        "a worker counts its living leases",
        """
        SELECT name FROM workers w WHERE alive <> (
            SELECT count(*) FROM leases WHERE worker = w.name AND kind = w.kind AND ended_at IS NULL)
        """
    ),
    (
        "a tally counts its rows",
        """
        WITH counted (name, count) AS (
            SELECT 'rollouts/' || status, count(*) FROM rollouts GROUP BY status
            UNION ALL SELECT 'judging/' || judging, count(*) FROM rollouts WHERE judging IS NOT NULL GROUP BY judging
            UNION ALL SELECT 'demonstrations', count(*) FROM demonstrations
            UNION ALL SELECT 'packed', count(*) FROM packed_bodies
            UNION ALL SELECT 'deleted', count(*) FROM deleted_rollouts
            UNION ALL SELECT 'groups/' || status, count(*) FROM groups GROUP BY status
            UNION ALL SELECT 'trajectories/' || status, count(*) FROM trajectory_groups GROUP BY status
            UNION ALL SELECT 'trajectories/bytes', coalesce(sum(bytes), 0) FROM trajectory_groups
            UNION ALL SELECT 'groups/leased', count(*) FROM groups WHERE lease_seq IS NOT NULL
            UNION ALL SELECT 'groups/lacking', count(*) FROM groups WHERE status = 'open' AND member_count < size
            UNION ALL SELECT 'verdicts/' || v.task_type || '/' || v.outcome, count(*)
                FROM rollouts r JOIN verdicts v ON v.seq = r.verdict_seq GROUP BY v.task_type, v.outcome
            UNION ALL SELECT 'failures/' || v.failure_code, count(*) FROM rollouts r JOIN verdicts v
                ON v.seq = r.verdict_seq WHERE v.failure_code IS NOT NULL GROUP BY v.failure_code
        )
        SELECT name FROM counted WHERE count <> coalesce((SELECT t.count FROM tallies t WHERE t.name = counted.name), 0)
        UNION ALL SELECT t.name FROM tallies t WHERE t.count <> 0 AND t.name NOT IN (SELECT name FROM counted)
        """
    ),
    (
        "a lane counts its waiting rollouts, and is a key's",
        """
        SELECT key_seq FROM scoring_lanes l WHERE waiting <> (
            SELECT count(*) FROM rollouts r WHERE r.key_seq = l.key_seq AND r.judging = 'waiting')
        UNION ALL SELECT DISTINCT key_seq FROM rollouts
            WHERE key_seq > 0 AND key_seq NOT IN (SELECT seq FROM api_keys)
            OR judging = 'waiting' AND key_seq NOT IN (SELECT l.key_seq FROM scoring_lanes l)
        """
    ),
    (
        "a prompt counts its groups, a data set its prompts",
        """
        SELECT id FROM prompts p WHERE group_count <> (SELECT count(*) FROM groups WHERE prompt_seq = p.seq)
            + (SELECT count(*) FROM deleted_groups WHERE prompt_seq = p.seq)
        UNION ALL SELECT name FROM datasets d
            WHERE prompt_count <> (SELECT count(*) FROM prompts WHERE dataset_seq = d.seq)
        """
    ),
]

extension Ledger {
    /// Verifies the whole file and every invariant; returns a sentence for each fault, none when all is well.
    ///
    /// Reads everything, beside the writer: seconds a gigabyte.
    package func check() async throws -> [String] {
        try await read { db in
            var faults: [String] = []
            for row in try Row.fetchAll(db, sql: "PRAGMA integrity_check(20)") {
                let finding: String = row[0]
                if finding != "ok" { faults.append("the file is damaged: \(finding)") }
            }
            for row in try Row.fetchAll(db, sql: "PRAGMA foreign_key_check").prefix(20) {
                faults.append(
                    "\(row[0] as String) row \(row[1] as Int64? ?? 0) refers to nothing in \(row[2] as String)")
            }
            for (rule, sql) in invariants {
                let culprits = try Row.fetchAll(db, sql: "SELECT * FROM (\(sql)) LIMIT 4").map { row in
                    let name: DatabaseValue = row[0]
                    return String.fromDatabaseValue(name) ?? name.description
                }
                if !culprits.isEmpty {
                    faults.append("not true that \(rule): \(culprits.joined(separator: ", "))")
                }
            }
            faults += try db.unreadableBodies().prefix(4).map { "the packed body of rollout \($0) cannot be read" }
            return faults
        }
    }
}

extension Database {
    /// Rollouts whose packed bodies do not unpack to the lengths that stand beside them.
    fileprivate func unreadableBodies() throws -> [String] {
        let rows = try Row.fetchCursor(
            self,
            sql: """
                SELECT r.id, \(packedBodyColumns) FROM packed_bodies k JOIN rollouts r ON r.seq = k.rollout_seq
                """)
        var unreadable: [String] = []
        while let row = try rows.next() {
            if (try? PackedBody(row)?.unpacked()) == nil { unreadable.append(row["id"]) }
        }
        return unreadable
    }
}
