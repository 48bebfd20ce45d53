// Rollouts: intake, exactly once, into groups. Encoding happens before the writer is asked for.
import Domain
import Foundation
import GRDB
import Synchronization

extension Ledger {
    /// Stores rollouts and queues them for a judge; one result each, in order, given once all are durable.
    ///
    /// The same id with the same content is a no-op that answers with the rollout as it stands. Throws
    /// `LedgerError.backlog` when new rollouts would grow the judges' queue beyond its limit, `.keyBacklog` when those of
    /// one key would, `.busy` when the writer has too much to do; then nothing was stored.
    ///
    /// - Parameters:
    ///   - lane: Whose rollouts they are: a key's row, or one of `KeyLane`.
    ///   - laneMax: Rollouts of the lane that may wait; nil means as many as the queue takes.
    package func submit(
        rollouts: [RolloutSubmission], admission: RolloutAdmission, lane: Int64 = KeyLane.unnamed, laneMax: Int? = nil
    ) async throws -> [Result<RolloutReceipt, InputError>] {
        let prepared = try await onQueue(codecQueue) { rollouts.map { PreparedRollout.prepare($0, admission) } }
        let bytes = prepared.reduce(0) { $0 + ((try? $1.get().bytes) ?? 0) }
        let excess = intakeBarrier.withLock { $0 }
        return try await write(.intake, bytes: bytes) { [clock, identifiers, options] db in
            var intake = try Intake(
                db: db, identifiers: identifiers, now: clock.now(), groupSize: admission.groupSize,
                queueLimit: options.scoringQueueMax, lane: lane, laneMax: laneMax, excess: excess)
            return try prepared.map { item in
                switch item {
                case .failure(let fault): .failure(fault)
                case .success(let rollout): try intake.store(rollout)
                }
            }
        }
    }
}

/// One batch of rollouts inside the writer's transaction.
private struct Intake {
    let db: Database
    let identifiers: IdentifierSource
    let now: Timestamp
    let groupSize: Int
    let queueLimit: Int
    /// Set while the database is beyond its budget and retention can delete nothing.
    let excess: BudgetExcess?
    /// Rollouts waiting for a judge, those of this batch included.
    var waiting: Int
    let lane: Int64
    /// As `queueLimit` and `waiting`, of the lane alone.
    let laneMax: Int?
    var laneWaiting = 0

    init(
        db: Database, identifiers: IdentifierSource, now: Timestamp, groupSize: Int, queueLimit: Int, lane: Int64,
        laneMax: Int?, excess: BudgetExcess?
    ) throws {
        self.excess = excess
        self.db = db
        self.identifiers = identifiers
        self.now = now
        self.groupSize = min(max(groupSize, 1), Limits.groupSizeMax)
        self.queueLimit = queueLimit
        waiting = Int(try db.integer("SELECT count FROM tallies WHERE name = 'judging/waiting'") ?? 0)
        self.lane = lane
        self.laneMax = laneMax
        if laneMax != nil { laneWaiting = try db.waitingRollouts(inLane: lane) }
    }

    mutating func store(_ rollout: PreparedRollout) throws -> Result<RolloutReceipt, InputError> {
        if let id = rollout.id {
            if let known = try receipt(ofKnown: id, rollout.hash) { return known }
            if let deleted = try receipt(ofDeleted: id, rollout.hash) { return deleted }
        }
        guard
            let prompt = try db.row("SELECT seq, dataset_seq FROM prompts WHERE id = ?", [rollout.promptID.text])
        else {
            return .failure(
                InputError(
                    .notFound, "there is no prompt \(rollout.promptID)", field: "prompt_id",
                    hint: "submit the prompt first"))
        }
        guard waiting < queueLimit else {
            throw LedgerError.backlog(queued: waiting, limit: queueLimit, retryAfterSeconds: 5)
        }
        if let excess {
            throw LedgerError.overBudget(
                bytes: excess.bytes, budget: excess.budget, retryAfterSeconds: Limits.retentionRetrySeconds)
        }
        if let laneMax, laneWaiting >= laneMax {
            throw LedgerError.keyBacklog(queued: laneWaiting, limit: laneMax, retryAfterSeconds: 5)
        }
        let promptSeq: Int64 = prompt["seq"]
        switch try groupFor(rollout, promptSeq) {
        case .failure(let fault): return .failure(fault)
        case .success(let group):
            let id = rollout.id ?? RolloutID(identifiers.make("rol"))
            try insert(rollout, id, promptSeq, datasetSeq: prompt["dataset_seq"], groupSeq: group.seq)
            try join(group, rollout.policyVersion)
            waiting += 1
            laneWaiting += 1
            return .success(RolloutReceipt(id: id, groupID: group.id, status: .queued, isNew: true))
        }
    }

    private func receipt(
        ofKnown id: RolloutID, _ hash: ContentHash
    ) throws -> Result<RolloutReceipt, InputError>? {
        guard
            let row = try db.row(
                """
                SELECT r.content_hash, r.status, g.id AS group_id
                FROM rollouts r CROSS JOIN groups g ON g.seq = r.group_seq WHERE r.id = ?
                """, [id.text])
        else { return nil }
        let old = ContentHash(bytes: Array(row["content_hash"] as Data))
        guard old == hash else { return .failure(conflictFault("rollout", id.text, stored: old, sent: hash)) }
        return .success(
            RolloutReceipt(
                id: id, groupID: GroupID(row["group_id"]), status: try storedCase(row["status"], "rollouts.status"),
                isNew: false))
    }

    /// A rollout that retention deleted is not new: the same one again is a no-op, another one a conflict.
    private func receipt(
        ofDeleted id: RolloutID, _ hash: ContentHash
    ) throws -> Result<RolloutReceipt, InputError>? {
        guard let row = try db.deletedRollout(id.text) else { return nil }
        let old = ContentHash(bytes: Array(row["content_hash"] as Data))
        guard old == hash else { return .failure(conflictFault("rollout", id.text, stored: old, sent: hash)) }
        return .success(
            RolloutReceipt(
                id: id, groupID: GroupID(row["group_id"]),
                status: try storedCase(row["status"], "deleted_groups.status"), isNew: false))
    }

    // MARK: Groups

    private struct Place {
        let seq: Int64
        let id: GroupID
        let leaseSeq: Int64?
    }

    private func groupFor(_ rollout: PreparedRollout, _ promptSeq: Int64) throws -> Result<Place, InputError> {
        if let groupID = rollout.groupID { return try namedGroup(groupID, rollout, promptSeq) }
        // Groups that were leased belong to their workers, groups that a client opened to it: only groups made here take
        // rollouts that name none.
        let open = try db.row(
            """
            SELECT seq, id FROM groups
            WHERE prompt_seq = ? AND status = 'open' AND attempt = 0 AND is_named = 0 AND oldest_version = ?
                AND member_count < size
            ORDER BY seq LIMIT 1
            """, [promptSeq, rollout.policyVersion.number])
        if let open { return .success(Place(seq: open["seq"], id: GroupID(open["id"]), leaseSeq: nil)) }
        let id = GroupID(identifiers.make("grp"))
        try db.run(
            "INSERT INTO groups (id, prompt_seq, size, oldest_version, created_at) VALUES (?, ?, ?, ?, ?)",
            [id.text, promptSeq, groupSize, rollout.policyVersion.number, now.milliseconds])
        return .success(Place(seq: db.lastInsertedRowID, id: id, leaseSeq: nil))
    }

    private func namedGroup(
        _ id: GroupID, _ rollout: PreparedRollout, _ promptSeq: Int64
    ) throws -> Result<Place, InputError> {
        let row = try db.row(
            """
            SELECT seq, prompt_seq, status, size, coalesce(asked_size, size) AS asked, member_count, attempt, lease_seq
            FROM groups WHERE id = ?
            """, [id.text])
        guard let row else {
            if try db.integer("SELECT 1 FROM deleted_groups WHERE id = ?", [id.text]) != nil {
                return .failure(
                    InputError(
                        .stalePolicy, "group \(id) was settled and deleted", field: "group_id",
                        hint: "take a new lease"))
            }
            guard let size = rollout.groupSize else {
                return .failure(
                    InputError(
                        .notFound, "there is no group \(id)", field: "group_id",
                        hint: "send group_size to open it; or take groups from leases; or leave group_id out"))
            }
            return .success(try openGroup(id, size: size, rollout, promptSeq))
        }
        let status: String = row["status"]
        let attempt: Int = row["attempt"]
        if let sent = rollout.groupSize, let fault = try mismatch(row, id, size: sent, rollout.promptID, promptSeq) {
            return .failure(fault)
        }
        guard row["prompt_seq"] == promptSeq else {
            return .failure(
                InputError(.invalidValue, "group \(id) belongs to another prompt", field: "group_id"))
        }
        if let sent = rollout.attempt, sent != attempt {
            return .failure(
                InputError(
                    .staleLease, "group \(id) was handed out again: attempt \(attempt), not \(sent)",
                    field: "attempt", hint: "drop this work and take a new lease"))
        }
        if status == "stale" {
            return .failure(
                InputError(
                    .stalePolicy, "group \(id) is too old for an update", field: "group_id", hint: "take a new lease"))
        }
        let size: Int = row["size"]
        guard status == "open", row["member_count"] < size else {
            return .failure(
                InputError(.conflict, "group \(id) is complete (\(size) rollouts, \(status))", field: "group_id"))
        }
        return .success(Place(seq: row["seq"], id: id, leaseSeq: row["lease_seq"]))
    }

    /// Opens a group under the client's name, as `POST /v1/groups` does.
    private func openGroup(
        _ id: GroupID, size: Int, _ rollout: PreparedRollout, _ promptSeq: Int64
    ) throws -> Place {
        try db.run(
            "INSERT INTO groups (id, prompt_seq, size, is_named, oldest_version, created_at) VALUES (?, ?, ?, 1, ?, ?)",
            [id.text, promptSeq, size, rollout.policyVersion.number, now.milliseconds])
        return Place(seq: db.lastInsertedRowID, id: id, leaseSeq: nil)
    }

    /// What a client that opens a group may not find: the same name for another prompt or size.
    private func mismatch(
        _ group: Row, _ id: GroupID, size: Int, _ prompt: PromptID, _ promptSeq: Int64
    ) throws -> InputError? {
        if group["prompt_seq"] != promptSeq {
            let other = try db.string("SELECT id FROM prompts WHERE seq = ?", [group["prompt_seq"] as Int64]) ?? ""
            return InputError(
                .conflict, "group \(id) is for prompt \(other), not \(prompt)", field: "group_id",
                hint: "give each group a name of its own")
        }
        guard group["asked"] != size else { return nil }
        return InputError(
            .conflict, "group \(id) has size \(group["asked"] as Int), not \(size)", field: "group_size",
            hint: "send the same group_size with each of its rollouts")
    }

    private func join(_ group: Place, _ version: PolicyVersion) throws {
        try db.run(
            """
            UPDATE groups SET member_count = member_count + 1,
                oldest_version = CASE member_count WHEN 0 THEN ?1 ELSE min(oldest_version, ?1) END,
                lease_seq = CASE member_count + 1 WHEN size THEN NULL ELSE lease_seq END
            WHERE seq = ?2
            """, [version.number, group.seq])
        if let leaseSeq = group.leaseSeq { try db.endLeaseIfDone(leaseSeq, now: now) }
    }

    // MARK: Rows

    private func insert(
        _ rollout: PreparedRollout, _ id: RolloutID, _ promptSeq: Int64, datasetSeq: Int64, groupSeq: Int64
    ) throws {
        try db.run(
            """
            INSERT INTO rollouts
                (id, prompt_seq, dataset_seq, group_seq, policy_version, last_policy_version, content_hash, judging,
                key_seq, created_at)
            VALUES (?, ?, ?, ?, ?, ?, ?, 'waiting', ?, ?)
            """,
            [
                id.text, promptSeq, datasetSeq, groupSeq, rollout.policyVersion.number,
                rollout.lastPolicyVersion?.number, Data(rollout.hash.bytes), lane, now.milliseconds,
            ])
        try db.run(
            "INSERT INTO rollout_bodies VALUES (?, ?, ?, ?, ?, ?, ?)",
            [
                db.lastInsertedRowID, rollout.response, rollout.tokenIDs, rollout.logprobs,
                rollout.finishReason.rawValue, rollout.generator, rollout.metadata,
            ])
    }
}
