// The rows of leases: making, ending and giving back, as steps inside a transaction of the writer.
import Domain
import GRDB

extension Database {
    /// Adds a lease and returns its row number.
    func insertLease(
        id: LeaseID, kind: LeaseKind, worker: String, isLocal: Bool, attempt: Int, policyVersion: PolicyVersion,
        now: Timestamp, seconds: Double
    ) throws -> (seq: Int64, expiresAt: Timestamp) {
        let expiresAt = now.adding(seconds: boundedLeaseSeconds(seconds))
        try run(
            """
            INSERT INTO leases (id, kind, worker, is_local, attempt, policy_version, created_at, expires_at)
            VALUES (?, ?, ?, ?, ?, ?, ?, ?)
            """,
            [
                id.text, kind.rawValue, worker, isLocal, attempt, policyVersion.number, now.milliseconds,
                expiresAt.milliseconds,
            ])
        return (lastInsertedRowID, expiresAt)
    }

    /// Ends a lease whose last piece of work is done.
    func endLeaseIfDone(_ leaseSeq: Int64, now: Timestamp) throws {
        try run(
            """
            UPDATE leases SET ended_at = ?, ending = 'completed'
            WHERE seq = ?2 AND ended_at IS NULL AND NOT EXISTS (SELECT 1 FROM groups WHERE lease_seq = ?2)
                AND NOT EXISTS (SELECT 1 FROM rollouts WHERE lease_seq = ?2)
            """, [now.milliseconds, leaseSeq])
    }

    /// Ends a lease and gives its unfinished work back; returns how many groups and rollouts that were.
    ///
    /// A voluntary release does not count against the bounded attempts; a lost worker does.
    func giveBack(_ leaseSeq: Int64, _ ending: LeaseEnding, now: Timestamp) throws -> Int {
        try run(
            "UPDATE leases SET ended_at = ?, ending = ? WHERE seq = ?", [now.milliseconds, ending.rawValue, leaseSeq])
        return try giveBackGroups(leaseSeq, ending) + giveBackRollouts(leaseSeq, ending, now: now)
    }

    private func giveBackGroups(_ leaseSeq: Int64, _ ending: LeaseEnding) throws -> Int {
        let groups = try rows("SELECT seq, tries FROM groups WHERE lease_seq = ?", [leaseSeq])
        for group in groups {
            let seq: Int64 = group["seq"]
            let isGivenUp = ending != .released && group["tries"] >= Limits.leaseAttemptsMax
            try run(
                "UPDATE groups SET lease_seq = NULL, tries = tries - ? WHERE seq = ?",
                [ending == .released ? 1 : 0, seq])
            if isGivenUp, try !settleWithoutReplacements(seq) { try discardGroup(seq) }
        }
        return groups.count
    }

    /// Gives a group up: it was handed out too often. Its rollouts leave the judges' queue.
    private func discardGroup(_ seq: Int64) throws {
        try run("UPDATE groups SET status = 'discarded' WHERE seq = ?", [seq])
        try run(
            """
            UPDATE rollouts SET status = 'discarded', judging = CASE judging WHEN 'leased' THEN judging ELSE NULL END
            WHERE group_seq = ? AND status <> 'consumed'
            """, [seq])
    }

    private func giveBackRollouts(_ leaseSeq: Int64, _ ending: LeaseEnding, now: Timestamp) throws -> Int {
        let rollouts = try rows(
            """
            SELECT r.seq, r.group_seq, r.status, r.attempt, r.tries, r.outcome, p.task_type
            FROM rollouts r CROSS JOIN prompts p ON p.seq = r.prompt_seq WHERE r.lease_seq = ?
            """, [leaseSeq])
        for row in rollouts {
            var judged = try JudgedRow(row)
            if ending == .released {
                try requeue(judged, tries: max(0, judged.tries - 1))
            } else if judged.tries < Limits.scoringAttemptsMax {
                try requeue(judged, tries: judged.tries)
            } else {
                let message = "the judge was lost \(judged.tries) times before it answered"
                let failure = InfrastructureFailure(code: .interrupted, message: message)
                judged.isFinal = true
                _ = try settle(judged, .undetermined(failure), reward: nil, now: now)
            }
        }
        return rollouts.count
    }
}

/// The time a lease may run: at least a second, at most `Limits.leaseSecondsMax`; not a number counts as the default.
func boundedLeaseSeconds(_ seconds: Double) -> Double {
    guard seconds.isFinite else { return Limits.leaseSeconds }
    return min(max(seconds, 1), Limits.leaseSecondsMax)
}
