// What operators do to work: hand it out again, take it out, end a lease. In pieces, so that no other write waits long.
import Domain
import GRDB

/// Groups that one write changes: each has up to `Limits.groupSizeMax` rollouts.
private let groupsPerWrite = max(1, Limits.upkeepRowsPerWrite / Limits.groupSizeMax)

extension Ledger {
    /// Opens discarded groups again, with their tries forgotten, and sends undetermined rollouts back to the judges;
    /// returns how many. Work that has become too old meanwhile is retired again at the learner's next look.
    package func requeue(_ selection: WorkSelection, newest: PolicyVersion) async throws -> SteeredWork {
        var done = SteeredWork()
        let condition = GroupCondition(selection)
        while done.groups < selection.limit {
            let piece = min(selection.limit - done.groups, groupsPerWrite)
            let changed = try await write { db in
                let groups = try db.rows(
                    "SELECT g.seq \(condition.sql) AND g.status = 'discarded' ORDER BY g.seq LIMIT ?",
                    condition.arguments + [piece])
                return SteeredWork(
                    groups: groups.count,
                    rollouts: try groups.reduce(0) { try $0 + db.reopenDiscarded($1["seq"], newest: newest) })
            }
            done += changed
            if changed.groups < piece { break }
        }
        var requeued = 0
        while requeued < selection.limit {
            let piece = min(selection.limit - requeued, Limits.upkeepRowsPerWrite)
            let changed = try await write { db in
                let condition = RolloutCondition(selection)
                return try db.run(
                    """
                    UPDATE rollouts SET judging = 'again', tries = 0 WHERE seq IN (
                        SELECT r.seq FROM rollouts r
                        WHERE r.judging IS NULL AND r.status = 'undetermined' AND \(condition.sql)
                        ORDER BY r.seq LIMIT ?)
                    """, condition.arguments + [piece])
            }
            requeued += changed
            if changed < piece { break }
        }
        done.rollouts += requeued
        return done
    }

    /// Takes groups out with all their rollouts, leased work included; returns how many. A group is what the learner takes,
    /// so it goes as a whole when one of its rollouts is meant. What an update has consumed, or what is retired already, is
    /// left alone. Results that come later are refused by their attempt.
    package func discard(_ selection: WorkSelection) async throws -> SteeredWork {
        var done = SteeredWork()
        let condition = GroupCondition(selection)
        while done.groups < selection.limit {
            let piece = min(selection.limit - done.groups, groupsPerWrite)
            let changed = try await write { [clock] db in
                let now = clock.now()
                let groups = try db.rows(
                    "SELECT g.seq \(condition.sql) AND g.status IN ('open', 'ready') ORDER BY g.seq LIMIT ?",
                    condition.arguments + [piece])
                return SteeredWork(
                    groups: groups.count,
                    rollouts: try groups.reduce(0) { try $0 + db.withdraw(group: $1["seq"], now: now) })
            }
            done += changed
            if changed.groups < piece { break }
        }
        return done
    }

    /// Ends a lease at once and gives its work to others. What its worker sends later is refused, and its tries are not
    /// counted: the work did nothing wrong. Does nothing to a lease that is over. Throws `InputError.notFound`.
    package func revoke(_ id: LeaseID) async throws -> SteeredWork {
        try await write { [clock] db in
            let row = try db.leaseRow(id)
            guard row["ended_at"] == nil as Int64? else { return SteeredWork() }
            let seq: Int64 = row["seq"]
            try db.run(
                "UPDATE leases SET ended_at = ?, ending = 'reclaimed', is_revoked = 1 WHERE seq = ?",
                [clock.now().milliseconds, seq])
            let groups = try db.run(
                "UPDATE groups SET lease_seq = NULL, attempt = attempt + 1, tries = max(0, tries - 1) WHERE lease_seq = ?",
                [seq])
            let rollouts = try db.run(
                """
                UPDATE rollouts SET lease_seq = NULL, attempt = attempt + 1, tries = max(0, tries - 1),
                    judging = CASE status WHEN 'scoring' THEN 'waiting' ELSE 'again' END,
                    status = CASE status WHEN 'scoring' THEN 'queued' ELSE status END
                WHERE lease_seq = ?
                """, [seq])
            return SteeredWork(groups: groups, rollouts: rollouts)
        }
    }

    /// How much work is between a worker and its end: what waits for a judge, what a judge holds, what a generator holds.
    package func workUnderway() async throws -> (waiting: Int, judging: Int, leasedGroups: Int) {
        try await read { db in
            func tally(_ name: String) throws -> Int {
                Int(try db.integer("SELECT count FROM tallies WHERE name = ?", [name]) ?? 0)
            }
            return (
                try tally("judging/waiting") + tally("judging/again"), try tally("judging/leased"),
                try tally("groups/leased")
            )
        }
    }
}

/// An operator's selection as `FROM groups g ... WHERE ...`.
private struct GroupCondition: Sendable {
    let sql: String
    private let values: [any DatabaseValueConvertible & Sendable]
    var arguments: StatementArguments { StatementArguments(values) }

    init(_ selection: WorkSelection) {
        var sql = "FROM groups g CROSS JOIN prompts p ON p.seq = g.prompt_seq WHERE TRUE"
        var values: [any DatabaseValueConvertible & Sendable] = []
        let filter = selection.filter
        if let dataset = filter.dataset {
            sql += " AND p.dataset_seq = (SELECT seq FROM datasets WHERE name = ?)"
            values.append(dataset)
        }
        if let id = filter.promptID {
            sql += " AND p.id = ?"
            values.append(id.text)
        }
        if let id = filter.groupID {
            sql += " AND g.id = ?"
            values.append(id.text)
        }
        if !selection.rolloutIDs.isEmpty || filter.status != nil || filter.policyVersion != nil {
            let member = RolloutCondition(
                rolloutIDs: selection.rolloutIDs,
                RolloutFilter(status: filter.status, policyVersion: filter.policyVersion))
            sql += " AND g.seq IN (SELECT r.group_seq FROM rollouts r WHERE \(member.sql))"
            values += member.values
        }
        self.sql = sql
        self.values = values
    }
}

extension RolloutCondition {
    /// An operator's selection.
    fileprivate init(_ selection: WorkSelection) {
        self.init(rolloutIDs: selection.rolloutIDs, selection.filter)
    }
}

extension Database {
    /// Opens a discarded group again; returns how many rollouts came back with it. Decided ones keep their verdicts, the
    /// others go to the judges.
    fileprivate func reopenDiscarded(_ seq: Int64, newest: PolicyVersion) throws -> Int {
        try run(
            """
            UPDATE groups SET status = 'open', tries = 0,
                oldest_version = CASE member_count WHEN 0 THEN max(oldest_version, ?) ELSE oldest_version END
            WHERE seq = ?
            """, [newest.number, seq])
        let count = try run(
            """
            UPDATE rollouts SET tries = 0,
                status = CASE WHEN outcome IN ('passed', 'failed') THEN 'scored'
                    WHEN outcome = 'undetermined' THEN 'undetermined'
                    WHEN judging = 'leased' THEN 'scoring' ELSE 'queued' END,
                judging = CASE WHEN judging = 'leased' OR outcome IN ('passed', 'failed') THEN judging
                    WHEN outcome = 'undetermined' THEN 'again' ELSE 'waiting' END
            WHERE group_seq = ? AND status = 'discarded'
            """, [seq])
        try completeGroup(seq)
        return count
    }

    /// Takes a group and its rollouts out of everybody's hands; returns how many rollouts.
    fileprivate func withdraw(group seq: Int64, now: Timestamp) throws -> Int {
        let leases = try rows(
            """
            SELECT lease_seq FROM groups WHERE seq = ?1 AND lease_seq IS NOT NULL
            UNION SELECT lease_seq FROM rollouts WHERE group_seq = ?1 AND lease_seq IS NOT NULL
            """, [seq])
        try run(
            """
            UPDATE groups SET status = 'discarded', attempt = attempt + (lease_seq IS NOT NULL), lease_seq = NULL
            WHERE seq = ?
            """, [seq])
        let count = try run(
            """
            UPDATE rollouts SET status = 'discarded', judging = NULL, attempt = attempt + (lease_seq IS NOT NULL),
                lease_seq = NULL
            WHERE group_seq = ?
            """, [seq])
        for lease in leases { try endLeaseIfDone(lease["lease_seq"], now: now) }
        return count
    }
}
