// Groups that do not come out as planned: closing at a quorum, growing to replace members, and giving prompts of stale
// groups out again. A straggler never keeps an update waiting for ever.
import Domain
import GRDB

extension Ledger {
    /// Closes leased groups that are older than the quorum's time and have a quorum of judged members, at the size they have;
    /// returns how many. A member that comes later is refused like any for a full group. Groups that nobody
    /// leased are left alone: those of the sampler in the process must be whole for a run to repeat. At most
    /// `Limits.upkeepRowsPerWrite` groups a call.
    @discardableResult
    package func closeAtQuorum(_ policy: GroupPolicy) async throws -> Int {
        guard policy.quorum > 0 else { return 0 }
        return try await write { [clock] db in
            let now = clock.now()
            let groups = try db.rows(
                """
                SELECT g.seq, g.lease_seq FROM groups g
                WHERE g.status = 'open' AND g.attempt >= 1 AND g.member_count >= ?1 AND g.member_count < g.size
                    AND g.created_at <= ?2
                    AND (SELECT count(*) FROM rollouts WHERE group_seq = g.seq AND status = 'scored') >= ?1
                    AND NOT EXISTS (
                        SELECT 1 FROM rollouts WHERE group_seq = g.seq AND status NOT IN ('scored', 'undetermined'))
                ORDER BY g.seq LIMIT ?3
                """,
                [policy.quorum, now.adding(seconds: -policy.quorumSeconds).milliseconds, Limits.upkeepRowsPerWrite])
            for group in groups {
                try db.run(
                    """
                    UPDATE groups SET asked_size = coalesce(asked_size, size), size = member_count, status = 'ready',
                        lease_seq = NULL
                    WHERE seq = ?
                    """, [group["seq"] as Int64])
                if let lease = group["lease_seq"] as Int64? { try db.endLeaseIfDone(lease, now: now) }
            }
            return groups.count
        }
    }

    /// How many groups are between a lease and an update: those that a worker holds, those being judged, and those ready
    /// for an update that takes `oldestVersion` and later within a scope. What nobody works on does not count.
    package func groupsUnderway(oldestVersion: PolicyVersion, scope: PromptScope) async throws -> Int {
        let ready = try await readyGroupCount(oldestVersion: oldestVersion, scope: scope)
        return try await read { db in
            func tally(_ name: String) throws -> Int {
                Int(try db.integer("SELECT count FROM tallies WHERE name = ?", ["groups/" + name]) ?? 0)
            }
            let judged = try tally("open") - tally("lacking")
            return try ready + judged + tally("leased")
        }
    }
}

extension Database {
    /// Lets a leased group grow by as many members as nobody could judge, so that it is handed out for them; does nothing
    /// when they were replaced already, or the group was handed out too often.
    func replaceFailedMembers(ofGroup seq: Int64) throws {
        try run(
            """
            UPDATE groups SET asked_size = coalesce(asked_size, size), size = coalesce(asked_size, size) + (
                SELECT count(*) FROM rollouts WHERE group_seq = ?1 AND status = 'undetermined')
            WHERE seq = ?1 AND status = 'open' AND member_count = size AND attempt >= 1 AND tries < ?2
                AND size < coalesce(asked_size, size) + (
                    SELECT count(*) FROM rollouts WHERE group_seq = ?1 AND status = 'undetermined')
                AND coalesce(asked_size, size) + (
                    SELECT count(*) FROM rollouts WHERE group_seq = ?1 AND status = 'undetermined') <= ?3
                AND NOT EXISTS (
                    SELECT 1 FROM rollouts WHERE group_seq = ?1 AND status NOT IN ('scored', 'undetermined'))
            """, [seq, Limits.leaseAttemptsMax, Limits.groupSizeMax])
    }

    /// Closes a group that grew for replacements which never came, at the members it has; false when it never had all that
    /// were asked for.
    func settleWithoutReplacements(_ seq: Int64) throws -> Bool {
        let changed = try run(
            """
            UPDATE groups SET size = member_count
            WHERE seq = ? AND status = 'open' AND asked_size IS NOT NULL AND member_count >= asked_size
            """, [seq])
        guard changed == 1 else { return false }
        try completeGroup(seq)
        return true
    }

    /// Opens an empty group for the prompt of one that was retired, to be handed out before new ones.
    func reopen(_ id: GroupID, insteadOf seq: Int64, version: PolicyVersion, now: Timestamp) throws {
        try run(
            """
            INSERT INTO groups (id, prompt_seq, size, oldest_version, attempt, created_at)
            SELECT ?1, prompt_seq, coalesce(asked_size, size), ?2, 1, ?3 FROM groups WHERE seq = ?4
            """, [id.text, version.number, now.milliseconds, seq])
    }
}
