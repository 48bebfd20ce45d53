// Handing out rollouts to judges: fresh ones first, by turns among the keys that sent them and in order of intake within a
// key, then those to be judged again.
import Domain
import GRDB
import Synchronization

extension Ledger {
    /// Hands out up to `max` rollouts to a judge for so many seconds; nil when none waits. Texts of one lease stay below
    /// `Limits.leaseWorkBytesMax`, but for the first rollout's.
    ///
    /// - Parameters:
    ///   - isLocal: Whether the judge lives in this process and dies with it.
    ///   - longest: Bytes of task and response that a judge elsewhere can take; longer ones wait for a judge of this process.
    ///   - together: Bytes of the packed tasks that a judge of this process holds at once, but for the first.
    package func leaseScoring(
        worker: String, max: Int, seconds: Double, isLocal: Bool = false,
        longest: Int = Limits.leasePieceBytesMax, together: Int = Limits.datasetTaskBytesMax
    ) async throws -> Lease? {
        if let fault = nameFault(worker, field: "worker") { throw fault }
        let count = Swift.min(Swift.max(max, 0), Limits.leaseItemsMax)
        let claimed = try await write { [self] db -> (seq: Int64, lease: Lease)? in
            let now = clock.now()
            try db.reclaimExpired(now: now)
            let lanes = try db.waitingLanes()
            let shares = turns.withLock { $0.take(count, from: lanes) }
            return try db.claimScoring(
                id: LeaseID(identifiers.make("lse")), worker: worker, isLocal: isLocal, shares: shares, limit: count,
                now: now, seconds: seconds
            ) { db, work in
                isLocal ? try db.withinPackedTasks(work, together) : try db.withinBytes(work, longest: longest)
            }
        }
        guard let claimed else { return nil }
        return try await read { db in
            var lease = claimed.lease
            lease.rollouts = try db.leasedRollouts(claimed.seq)
            return lease
        }
    }
}

extension Database {
    fileprivate func claimScoring(
        id: LeaseID, worker: String, isLocal: Bool, shares: [LaneShare], limit: Int, now: Timestamp, seconds: Double,
        fitting: (Database, [Row]) throws -> [Row]
    ) throws -> (seq: Int64, lease: Lease)? {
        var work = try shares.flatMap { try waitingRollouts(of: $0) }
        if work.count < limit { work += try rolloutsToJudgeAgain(limit - work.count) }
        work = try fitting(self, work)
        guard let highest = work.map({ $0["attempt"] as Int }).max() else { return nil }
        let version = PolicyVersion(Int(try integer("SELECT max(version) FROM policies") ?? 0))
        let (leaseSeq, expiresAt) = try insertLease(
            id: id, kind: .score, worker: worker, isLocal: isLocal, attempt: highest + 1, policyVersion: version,
            now: now, seconds: seconds)
        for row in work {
            try run(
                """
                UPDATE rollouts SET judging = 'leased', lease_seq = ?, attempt = attempt + 1, tries = tries + 1,
                    status = CASE status WHEN 'queued' THEN 'scoring' ELSE status END
                WHERE seq = ?
                """, [leaseSeq, row["seq"] as Int64])
        }
        let lease = Lease(
            id: id, kind: .score, worker: worker, expiresAt: expiresAt, attempt: highest + 1, groups: [], rollouts: [],
            policyVersion: version)
        return (leaseSeq, lease)
    }

    /// The oldest of a lane; the index has exactly those that wait, so a long queue costs nothing.
    private func waitingRollouts(of share: LaneShare) throws -> [Row] {
        try rows(
            """
            SELECT seq, attempt FROM rollouts INDEXED BY rollouts_by_lane
            WHERE judging = 'waiting' AND key_seq = ? ORDER BY seq LIMIT ?
            """, [share.lane, share.count])
    }

    private func rolloutsToJudgeAgain(_ limit: Int) throws -> [Row] {
        try rows("SELECT seq, attempt FROM rollouts WHERE judging = 'again' ORDER BY seq LIMIT ?", [limit])
    }

    /// The lanes with waiting work and their weights.
    fileprivate func waitingLanes() throws -> [WaitingLane] {
        try rows(
            """
            SELECT l.key_seq, l.waiting, coalesce(k.weight, 1) AS weight
            FROM scoring_lanes l LEFT JOIN api_keys k ON k.seq = l.key_seq WHERE l.waiting > 0 ORDER BY l.key_seq
            """
        ).map { WaitingLane(lane: $0["key_seq"], waiting: $0["waiting"], weight: $0["weight"]) }
    }

    /// How many rollouts of a lane wait for their first verdict.
    func waitingRollouts(inLane lane: Int64) throws -> Int {
        Int(try integer("SELECT waiting FROM scoring_lanes WHERE key_seq = ?", [lane]) ?? 0)
    }

    /// As many of the rollouts as a judge of this process may hold the tasks of, at least one.
    fileprivate func withinPackedTasks(_ work: [Row], _ most: Int) throws -> [Row] {
        guard try integer("SELECT EXISTS (SELECT 1 FROM packed_tasks)") == 1 else { return work }
        var prompts: Set<Int64> = []
        var bytes = 0
        var fitting: [Row] = []
        for row in work {
            let task = try self.row(
                """
                SELECT r.prompt_seq, t.task_bytes FROM rollouts r JOIN packed_tasks t ON t.prompt_seq = r.prompt_seq
                WHERE r.seq = ?
                """, [row["seq"] as Int64])
            // The rollouts of a group share their task.
            if let task, prompts.insert(task["prompt_seq"]).inserted {
                bytes += task["task_bytes"] as Int
                if !fitting.isEmpty, bytes > most { break }
            }
            fitting.append(row)
        }
        return fitting
    }

    /// As many of the rollouts as one answer can carry, at least one, without those that are longer than `longest`.
    fileprivate func withinBytes(_ work: [Row], longest: Int) throws -> [Row] {
        var bytes = 0
        var fitting: [Row] = []
        for row in work {
            let size = try integer(
                """
                SELECT coalesce((SELECT response_bytes FROM packed_bodies WHERE rollout_seq = r.seq), length(b.response))
                    + coalesce(t.task_bytes, length(CAST(p.task AS BLOB)))
                FROM rollouts r CROSS JOIN rollout_bodies b ON b.rollout_seq = r.seq
                    CROSS JOIN prompt_bodies p ON p.prompt_seq = r.prompt_seq
                    LEFT JOIN packed_tasks t ON t.prompt_seq = r.prompt_seq WHERE r.seq = ?
                """, [row["seq"] as Int64])
            guard Int(size ?? 0) <= longest else { continue }
            bytes += Int(size ?? 0)
            if !fitting.isEmpty, bytes > Limits.leaseWorkBytesMax { break }
            fitting.append(row)
        }
        return fitting
    }

    /// The rollouts that a lease still holds, with what a judge needs.
    func leasedRollouts(_ leaseSeq: Int64) throws -> [ScoringWork] {
        let work = try rows(
            """
            SELECT r.id, r.attempt, r.key_seq, r.prompt_seq, b.response, b.token_ids, b.logprobs, \(packedBodyColumns)
            FROM rollouts r CROSS JOIN rollout_bodies b ON b.rollout_seq = r.seq \(packedBodyJoin)
            WHERE r.lease_seq = ? ORDER BY r.seq
            """, [leaseSeq])
        // The rollouts of a group have one task.
        var tasks: [Int64: VerificationTask] = [:]
        return try work.map { row in
            let prompt: Int64 = row["prompt_seq"]
            let task = try tasks[prompt] ?? self.task(ofPrompt: prompt)
            tasks[prompt] = task
            return ScoringWork(
                rolloutID: RolloutID(row["id"]), response: storedText(try StoredBody(row).response), task: task,
                attempt: row["attempt"], lane: row["key_seq"])
        }
    }
}
