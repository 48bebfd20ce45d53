// Rollouts: intake, exactly once, into groups. Encoding happens before the writer is asked for.
import Domain
import Foundation
import GRDB

extension Ledger {
    /// Stores rollouts and queues them for a judge; one result each, in order, given once all are durable.
    ///
    /// The same id with the same content is a no-op that answers with the rollout as it stands. Throws
    /// `LedgerError.backlog` when new rollouts would grow the judges' queue beyond its limit, `.busy` when the writer has
    /// too much to do; then nothing was stored.
    package func submit(
        rollouts: [RolloutSubmission], admission: RolloutAdmission
    ) async throws -> [Result<RolloutReceipt, InputError>] {
        let prepared = try await onQueue(codecQueue) { rollouts.map { PreparedRollout.prepare($0, admission) } }
        let bytes = prepared.reduce(0) { $0 + ((try? $1.get().bytes) ?? 0) }
        return try await write(.intake, bytes: bytes) { [clock, identifiers, options] db in
            var intake = try Intake(
                db: db, identifiers: identifiers, now: clock.now(), groupSize: admission.groupSize,
                queueLimit: options.scoringQueueMax)
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
    /// Rollouts waiting for a judge, those of this batch included.
    var waiting: Int

    init(db: Database, identifiers: IdentifierSource, now: Timestamp, groupSize: Int, queueLimit: Int) throws {
        self.db = db
        self.identifiers = identifiers
        self.now = now
        self.groupSize = min(max(groupSize, 1), Limits.groupSizeMax)
        self.queueLimit = queueLimit
        waiting = Int(try db.integer("SELECT count FROM tallies WHERE name = 'judging/waiting'") ?? 0)
    }

    mutating func store(_ rollout: PreparedRollout) throws -> Result<RolloutReceipt, InputError> {
        if let id = rollout.id, let known = try receipt(ofKnown: id, rollout.hash) { return known }
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
        let promptSeq: Int64 = prompt["seq"]
        switch try groupFor(rollout, promptSeq) {
        case .failure(let fault): return .failure(fault)
        case .success(let group):
            let id = rollout.id ?? RolloutID(identifiers.make("rol"))
            try insert(rollout, id, promptSeq, datasetSeq: prompt["dataset_seq"], groupSeq: group.seq)
            try join(group, rollout.policyVersion)
            waiting += 1
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

    // MARK: Groups

    private struct Place {
        let seq: Int64
        let id: GroupID
        let leaseSeq: Int64?
    }

    private func groupFor(_ rollout: PreparedRollout, _ promptSeq: Int64) throws -> Result<Place, InputError> {
        if let groupID = rollout.groupID { return try namedGroup(groupID, rollout, promptSeq) }
        // Groups that were leased belong to their workers; only groups made here take rollouts that name none.
        let open = try db.row(
            """
            SELECT seq, id FROM groups
            WHERE prompt_seq = ? AND status = 'open' AND attempt = 0 AND is_named = 0 AND oldest_version = ? AND member_count < size
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
            "SELECT seq, prompt_seq, status, size, member_count, attempt, lease_seq FROM groups WHERE id = ?", [id.text]
        )
        guard let row else {
            return .failure(
                InputError(
                    .notFound, "there is no group \(id)", field: "group_id",
                    hint: "groups come from leases; leave the field out to let the server choose"))
        }
        let status: String = row["status"]
        let attempt: Int = row["attempt"]
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
                created_at)
            VALUES (?, ?, ?, ?, ?, ?, ?, 'waiting', ?)
            """,
            [
                id.text, promptSeq, datasetSeq, groupSeq, rollout.policyVersion.number,
                rollout.lastPolicyVersion?.number, Data(rollout.hash.bytes), now.milliseconds,
            ])
        try db.run(
            "INSERT INTO rollout_bodies VALUES (?, ?, ?, ?, ?, ?, ?)",
            [
                db.lastInsertedRowID, rollout.response, rollout.tokenIDs, rollout.logprobs,
                rollout.finishReason.rawValue, rollout.generator, rollout.metadata,
            ])
    }
}
