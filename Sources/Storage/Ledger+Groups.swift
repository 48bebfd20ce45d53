// Groups for the learner: those ready for an update, and retiring those that came too late for one.
import Domain
import GRDB

extension Ledger {
    /// Groups that are complete and of which every member is judged, oldest first, with no member older than
    /// `oldestVersion`; up to `limit`. Reading takes nothing: a group is consumed by `commit(update:)` alone.
    package func readyGroups(
        oldestVersion: PolicyVersion, limit: Int, scope: PromptScope = PromptScope()
    ) async throws -> TrainingBatch {
        try await read { db in
            let condition = ScopeCondition(scope)
            let groups = try db.rows(
                "SELECT g.seq, g.id, g.prompt_seq " + readyInScope + condition.sql + " ORDER BY g.seq LIMIT ?",
                [oldestVersion.number] + condition.arguments + [max(0, limit)])
            return TrainingBatch(
                groups: try groups.map { group in try db.trainingGroup(group) { try db.members(ofGroup: $0) } },
                judgedThrough: try db.integer("SELECT coalesce(max(seq), 0) FROM verdicts") ?? 0)
        }
    }

    /// The groups that an update consumed, oldest first, with the verdicts that counted when it read them: what an
    /// update is made again from. Empty for an unknown update.
    package func consumedGroups(
        by version: PolicyVersion, judgedThrough: Int64
    ) async throws -> [TrainingGroup] {
        try await read { db in
            let groups = try db.rows(
                "SELECT seq, id, prompt_seq FROM groups WHERE consumed_by_update = ? ORDER BY seq", [version.number])
            return try groups.map { group in
                try db.trainingGroup(group) { try db.members(ofGroup: $0, judgedThrough: judgedThrough) }
            }
        }
    }

    /// How many groups `readyGroups` would give without a limit.
    package func readyGroupCount(
        oldestVersion: PolicyVersion, scope: PromptScope = PromptScope()
    ) async throws -> Int {
        try await read { db in
            let condition = ScopeCondition(scope)
            let count = try db.integer(
                "SELECT count(*) " + readyInScope + condition.sql, [oldestVersion.number] + condition.arguments)
            return Int(count ?? 0)
        }
    }

    /// Retires open and ready groups with a member older than `version`, and their rollouts; returns how many groups.
    ///
    /// An empty group that a worker holds is left alone: its rollouts are not there yet. Rollouts that wait for a judge
    /// are still judged, but after all fresh ones. At most `Limits.upkeepRowsPerWrite` groups a call.
    ///
    /// - Parameters:
    ///   - choice: `withhold` retires nothing; `requeue` opens a new group for the prompt of each that has members.
    ///   - newest: The newest version, which the new groups begin with.
    @discardableResult
    package func retireStale(
        olderThan version: PolicyVersion, choice: StaleGroupChoice = .drop, newest: PolicyVersion? = nil
    ) async throws -> Int {
        guard choice != .withhold else { return 0 }
        return try await write { [clock, identifiers] db in
            let groups = try db.rows(
                """
                SELECT seq, member_count FROM groups WHERE status IN ('open', 'ready') AND oldest_version < ?
                    AND is_imported = 0 AND NOT (member_count = 0 AND lease_seq IS NOT NULL) LIMIT ?
                """, [version.number, Limits.upkeepRowsPerWrite])
            for group in groups {
                let seq: Int64 = group["seq"]
                if choice == .requeue, group["member_count"] == 0 {
                    // Nothing of it is old but its date.
                    try db.run(
                        "UPDATE groups SET oldest_version = ? WHERE seq = ?", [(newest ?? version).number, seq])
                    continue
                }
                if choice == .requeue {
                    try db.reopen(
                        GroupID(identifiers.make("grp")), insteadOf: seq, version: newest ?? version, now: clock.now())
                }
                try db.run("UPDATE groups SET status = 'stale', fate = 'stale', lease_seq = NULL WHERE seq = ?", [seq])
                try db.retireRollouts(ofGroup: seq)
            }
            return groups.count
        }
    }
}

/// Groups that wait for an update, with their prompts; a scope's condition is appended.
private let readyInScope = """
    FROM groups g CROSS JOIN prompts p ON p.seq = g.prompt_seq WHERE g.status = 'ready' AND g.is_imported = 0
        AND g.oldest_version >= ?
    """

extension Database {
    fileprivate func trainingGroup(_ group: Row, members: (Int64) throws -> [Rollout]) throws -> TrainingGroup {
        guard let prompt = try row(askedPromptColumns + " WHERE p.seq = ?", [group["prompt_seq"] as Int64]) else {
            throw LedgerError.corrupt("group \(group["id"] as String) has no prompt")
        }
        return TrainingGroup(
            id: GroupID(group["id"]), prompt: try decodeAskedPrompt(prompt), rollouts: try members(group["seq"]))
    }

    fileprivate func members(ofGroup seq: Int64) throws -> [Rollout] {
        try rows(rolloutColumns + " WHERE r.group_seq = ? ORDER BY r.seq", [seq]).map(decodeRollout)
    }

    /// The members with their verdicts and rewards as they were when `mark` was the newest verdict: the last decision
    /// up to it, or the last judgement that decided nothing.
    fileprivate func members(ofGroup seq: Int64, judgedThrough mark: Int64) throws -> [Rollout] {
        try members(ofGroup: seq).map { member in
            let verdict = try row(
                """
                SELECT v.verdict, v.reward FROM rollouts r CROSS JOIN verdicts v ON v.rollout_seq = r.seq
                WHERE r.id = ? AND v.seq <= ? ORDER BY v.outcome = 'undetermined', v.seq DESC LIMIT 1
                """, [member.id.text, mark])
            var member = member
            member.verdict = try verdict.map { try stored($0["verdict"], "verdicts.verdict", Verdict.init(json:)) }
            member.reward = verdict?["reward"]
            member.status = member.verdict?.outcome == .undetermined ? .undetermined : .scored
            return member
        }
    }

    /// Marks the rollouts of a retired group.
    func retireRollouts(ofGroup seq: Int64) throws {
        try run(
            """
            UPDATE rollouts SET status = 'stale', judging = CASE judging WHEN 'waiting' THEN 'again' ELSE judging END
            WHERE group_seq = ?
            """, [seq])
    }
}
