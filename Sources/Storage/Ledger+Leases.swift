// What holds for leases of both kinds: staying alive, giving back, and taking back from the lost.
import Domain
import GRDB

extension Ledger {
    /// Prolongs a lease to so many seconds from now and returns it with the work that is left.
    ///
    /// Throws `InputError.notFound` for an unknown lease and `.staleLease` for one that ended or expired.
    package func heartbeat(_ id: LeaseID, seconds: Double) async throws -> Lease {
        let lease = try await write { [clock] db -> (seq: Int64, lease: Lease) in
            let now = clock.now()
            let row = try db.leaseRow(id)
            let expiresAt = Timestamp(milliseconds: row["expires_at"])
            guard row["ended_at"] == nil as Int64?, expiresAt > now else {
                throw InputError(
                    .staleLease, "lease \(id) is over since \(expiresAt.rfc3339)", field: "lease_id",
                    hint: "take a new lease; finished work may still be posted")
            }
            let prolonged = now.adding(seconds: boundedLeaseSeconds(seconds))
            try db.run(
                "UPDATE leases SET expires_at = ?, seen_at = ? WHERE seq = ?",
                [prolonged.milliseconds, now.milliseconds, row["seq"] as Int64])
            let lease = Lease(
                id: id, kind: try storedCase(row["kind"], "leases.kind"), worker: row["worker"], expiresAt: prolonged,
                attempt: row["attempt"], groups: [], rollouts: [], policyVersion: PolicyVersion(row["policy_version"]))
            return (row["seq"], lease)
        }
        return try await read { db in
            var full = lease.lease
            full.groups = try db.leasedGroups(lease.seq)
            full.rollouts = try db.leasedRollouts(lease.seq)
            return full
        }
    }

    /// Gives the unfinished work of a lease back; does nothing when it is over. Throws `InputError.notFound`.
    package func release(_ id: LeaseID) async throws {
        try await write { [clock] db in
            let row = try db.leaseRow(id)
            guard row["ended_at"] == nil as Int64? else { return }
            let now = clock.now()
            try db.run("UPDATE leases SET seen_at = ? WHERE seq = ?", [now.milliseconds, row["seq"] as Int64])
            _ = try db.giveBack(row["seq"], .released, now: now)
        }
    }

    /// Takes back the work of leases whose deadline has passed; returns how many groups and rollouts.
    ///
    /// A group handed out `Limits.leaseAttemptsMax` times is discarded; a rollout that `Limits.scoringAttemptsMax` judges
    /// lost becomes undetermined with the code `interrupted`.
    @discardableResult
    package func reclaimExpired() async throws -> Int {
        try await write { [clock] db in try db.reclaimExpired(now: clock.now()) }
    }

    /// For start-up: takes back what a killed process held, whatever the deadlines say; returns how many pieces of work.
    ///
    /// That is the work of the judge inside the process. Leases of workers elsewhere live on until their deadlines: they did
    /// not die with it, and deliver to its successor.
    @discardableResult
    package func reclaimAll() async throws -> Int {
        try await write { [clock] db in
            let now = clock.now()
            let leases = try db.rows("SELECT seq FROM leases WHERE ended_at IS NULL AND is_local = 1")
            return try leases.reduce(0) { try $0 + db.giveBack($1["seq"], .reclaimed, now: now) }
        }
    }
}

extension Database {
    /// Takes back expired leases, a bounded number at a time so that one write stays short.
    @discardableResult
    func reclaimExpired(now: Timestamp) throws -> Int {
        let leases = try rows(
            "SELECT seq FROM leases WHERE ended_at IS NULL AND expires_at <= ? ORDER BY expires_at LIMIT ?",
            [now.milliseconds, Limits.upkeepRowsPerWrite])
        return try leases.reduce(0) { try $0 + giveBack($1["seq"], .expired, now: now) }
    }

    /// The row of a lease; throws `InputError.notFound`.
    func leaseRow(_ id: LeaseID) throws -> Row {
        guard let row = try row("SELECT * FROM leases WHERE id = ?", [id.text]) else {
            throw InputError(.notFound, "there is no lease \(id)", field: "lease_id")
        }
        return row
    }

    fileprivate func leasedGroups(_ leaseSeq: Int64) throws -> [LeasedGroup] {
        let groups = try rows(
            "SELECT id, prompt_seq, size - member_count AS lacking FROM groups WHERE lease_seq = ? ORDER BY seq",
            [leaseSeq])
        return try groups.compactMap { group in
            guard let row = try row(askedPromptColumns + " WHERE p.seq = ?", [group["prompt_seq"] as Int64]) else {
                return nil
            }
            return LeasedGroup(id: GroupID(group["id"]), prompt: try decodeAskedPrompt(row), rollouts: group["lacking"])
        }
    }
}
