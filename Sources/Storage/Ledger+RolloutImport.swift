// Rollouts of another ledger: in with their ids, groups, verdicts and history. They can be read, judged again and exported;
// the learner passes them by, because the policies they name are not this ledger's.
import Domain
import Foundation
import GRDB
import StrictJSON

extension Ledger {
    /// Stores rollouts that another ledger exported; for each whether it was new, in order, once all are durable.
    ///
    /// The same line again is a no-op. A rollout with a decision becomes `scored`, one that nobody could judge
    /// `undetermined`, and one without a verdict is queued. Prompts must be there already or come along.
    package func importRollouts(_ rollouts: [ImportedRollout]) async throws -> [Result<Bool, InputError>] {
        let prepared = try await onQueue(codecQueue) { try rollouts.map { try PreparedImport.prepare($0) } }
        let bytes = prepared.reduce(0) { $0 + ((try? $1.get().rollout.bytes) ?? 0) }
        return try await write(bytes: bytes) { [clock] db in
            var groups = Set<Int64>()
            let results = try prepared.map { item -> Result<Bool, InputError> in
                switch item {
                case .failure(let fault): return .failure(fault)
                case .success(let item):
                    // A fault may come after the prompt was stored; it must leave nothing.
                    var result: Result<Bool, InputError> = .success(false)
                    try db.inSavepoint {
                        result = try db.store(item, touching: &groups, now: clock.now())
                        if case .failure = result { return .rollback }
                        return .commit
                    }
                    return result
                }
            }
            for group in groups.sorted() { try db.completeGroup(group) }
            return results
        }
    }
}

/// An imported rollout, checked and encoded.
private struct PreparedImport: Sendable {
    let source: ImportedRollout
    /// With its group named, as a generator with a lease posts it.
    let rollout: PreparedRollout
    /// The hash that it had if it was posted without a group.
    let hashWithoutGroup: ContentHash
    let prompt: PreparedPrompt?

    static func prepare(_ source: ImportedRollout) throws -> Result<PreparedImport, InputError> {
        let anyVersion = RolloutAdmission(currentVersion: PolicyVersion(.max), groupSize: 1)
        var ungrouped = source.submission
        ungrouped.groupID = nil
        do {
            let rollout = try PreparedRollout.prepare(source.submission, anyVersion).get()
            let hash = try PreparedRollout.prepare(ungrouped, anyVersion).get().hash
            var prompt: PreparedPrompt?
            if let submission = source.prompt { prompt = try PreparedPrompt.prepare(submission).get() }
            return .success(
                PreparedImport(source: source, rollout: rollout, hashWithoutGroup: hash, prompt: prompt))
        } catch let error as InputError {
            return .failure(error)
        }
    }
}

extension Database {
    fileprivate func store(
        _ item: PreparedImport, touching groups: inout Set<Int64>, now: Timestamp
    ) throws -> Result<Bool, InputError> {
        let id = item.rollout.id ?? RolloutID("")
        if let known = try known(id, item) { return known }
        if let prompt = item.prompt {
            let created = item.source.promptCreatedAt ?? now
            if case .failure(let fault) = try prompt.store(in: self, id: { PromptID("") }, now: created) {
                return .failure(fault.inside("prompt"))
            }
        }
        let found = try row(
            "SELECT seq, dataset_seq, task_type FROM prompts WHERE id = ?", [item.rollout.promptID.text])
        guard let found else {
            return .failure(
                InputError(
                    .notFound, "there is no prompt \(item.rollout.promptID)", field: "prompt_id",
                    hint: "import the prompts first, or export with include=prompt"))
        }
        switch try importedGroup(item, prompt: found["seq"], now: now) {
        case .failure(let fault): return .failure(fault)
        case .success(let group):
            groups.insert(group)
            let seq = try insert(item, prompt: found, group: group)
            try insertJudgements(item.source.judgements, of: seq, taskType: found["task_type"])
            return .success(true)
        }
    }

    /// A rollout that is here, or was: the same is a no-op, another one a conflict.
    private func known(_ id: RolloutID, _ item: PreparedImport) throws -> Result<Bool, InputError>? {
        if try deletedRollout(id.text) != nil {
            return .failure(
                InputError(
                    .conflict, "rollout \(id) was here and was deleted by retention", field: "id",
                    hint: "import it into another ledger"))
        }
        guard let row = try row("SELECT content_hash FROM rollouts WHERE id = ?", [id.text]) else { return nil }
        let old = ContentHash(bytes: Array(row["content_hash"] as Data))
        guard old == item.rollout.hash || old == item.hashWithoutGroup else {
            return .failure(conflictFault("rollout", id.text, stored: old, sent: item.rollout.hash))
        }
        return .success(false)
    }

    /// The row of an imported group with room for one more member; made when it is not there.
    private func importedGroup(
        _ item: PreparedImport, prompt: Int64, now: Timestamp
    ) throws -> Result<Int64, InputError> {
        let id = item.source.groupID
        let version = item.rollout.policyVersion.number
        guard try integer("SELECT 1 FROM deleted_groups WHERE id = ?", [id.text]) == nil else {
            return .failure(InputError(.conflict, "group \(id) was here and was deleted", field: "group_id"))
        }
        var row = try row("SELECT seq, prompt_seq, member_count, is_imported FROM groups WHERE id = ?", [id.text])
        if row == nil {
            try run(
                """
                INSERT INTO groups (id, prompt_seq, size, oldest_version, created_at, is_imported)
                VALUES (?, ?, 1, ?, ?, 1)
                """, [id.text, prompt, version, now.milliseconds])
            row = try self.row(
                "SELECT seq, prompt_seq, member_count, is_imported FROM groups WHERE id = ?", [id.text])
        }
        guard let row, row["is_imported"] == true, row["prompt_seq"] == prompt else {
            return .failure(
                InputError(
                    .conflict, "group \(id) is this ledger's own, or another prompt's", field: "group_id",
                    hint: "import into a ledger that does not know the group"))
        }
        guard row["member_count"] < Limits.groupSizeMax else {
            return .failure(
                InputError(.tooLarge, "group \(id) has \(Limits.groupSizeMax) rollouts", field: "group_id"))
        }
        // A member more: as large as it has members, and open until all are judged.
        try run(
            """
            UPDATE groups SET member_count = member_count + 1, size = max(size, member_count + 1), status = 'open',
                oldest_version = CASE member_count WHEN 0 THEN ?1 ELSE min(oldest_version, ?1) END
            WHERE seq = ?2
            """, [version, row["seq"] as Int64])
        return .success(row["seq"])
    }

    /// Inserts the rollout as queued; its judgements settle it.
    private func insert(_ item: PreparedImport, prompt: Row, group: Int64) throws -> Int64 {
        let rollout = item.rollout
        try run(
            """
            INSERT INTO rollouts
                (id, prompt_seq, dataset_seq, group_seq, policy_version, last_policy_version, content_hash, judging,
                created_at, origin)
            VALUES (?, ?, ?, ?, ?, ?, ?, 'waiting', ?, ?)
            """,
            [
                rollout.id?.text, prompt["seq"] as Int64, prompt["dataset_seq"] as Int64, group,
                rollout.policyVersion.number, rollout.lastPolicyVersion?.number, Data(rollout.hash.bytes),
                item.source.createdAt.milliseconds, item.source.origin?.json.text,
            ])
        let seq = lastInsertedRowID
        try run(
            "INSERT INTO rollout_bodies VALUES (?, ?, ?, ?, ?, ?, ?)",
            [
                seq, rollout.response, rollout.tokenIDs, rollout.logprobs, rollout.finishReason.rawValue,
                rollout.generator, rollout.metadata,
            ])
        return seq
    }

    private func insertJudgements(_ judgements: [JudgementRecord], of seq: Int64, taskType: String) throws {
        for judgement in judgements {
            let verdict = judgement.verdict
            try run(
                """
                INSERT INTO verdicts (rollout_seq, attempt, task_type, outcome, reward, failure_code, verdict, created_at)
                VALUES (?, ?, ?, ?, ?, ?, ?, ?)
                """,
                [
                    seq, judgement.attempt, taskType, verdict.outcome.rawValue, judgement.reward,
                    verdict.failure?.code.rawValue, verdict.json.text, judgement.createdAt.milliseconds,
                ])
            guard judgement.isCurrent else { continue }
            try run(
                """
                UPDATE rollouts SET judging = NULL, verdict_seq = ?, outcome = ?, reward = ?, status = ?
                WHERE seq = ?
                """,
                [
                    lastInsertedRowID, verdict.outcome.rawValue, judgement.reward,
                    verdict.failure == nil ? "scored" : "undetermined", seq,
                ])
        }
        let attempt = judgements.map(\.attempt).max() ?? 0
        if attempt > 0 { try run("UPDATE rollouts SET attempt = ? WHERE seq = ?", [attempt, seq]) }
    }
}
