// Verdicts in: from judges under a lease, again on request, and their history.
import Domain
import GRDB

extension Ledger {
    /// Stores judgements; one result each, in order, with the rollout's status after it.
    ///
    /// A result is accepted by its attempt: the newest one for the work counts, also when its lease is over but nobody took
    /// the work since. An older attempt and a second answer are `staleLease`; nothing is stored twice. Throws
    /// `InputError.notFound` for an unknown lease.
    ///
    /// - Parameter replacesFailed: Whether groups are handed out again for members that stay undetermined.
    package func record(
        results: [ScoringResult], lease: LeaseID?, replacesFailed: Bool = false
    ) async throws -> [Result<RolloutStatus, InputError>] {
        try await write { [clock] db in
            let now = clock.now()
            if let lease {
                let row = try db.leaseRow(lease)
                try db.run("UPDATE leases SET seen_at = ? WHERE seq = ?", [now.milliseconds, row["seq"] as Int64])
            }
            var leases = Set<Int64>()
            let statuses = try results.map { result -> Result<RolloutStatus, InputError> in
                if let fault = fault(of: result) { return .failure(fault) }
                return try db.record(result, touching: &leases, now: now, replacesFailed: replacesFailed)
            }
            for leaseSeq in leases.sorted() { try db.endLeaseIfDone(leaseSeq, now: now) }
            return statuses
        }
    }

    /// What a verdict's reward and its counters need of its rollout; unknown ids are left out.
    package func judgedTexts(
        of ids: [RolloutID]
    ) async throws -> [RolloutID: (taskType: String, response: String)] {
        try await read { db in
            var found: [RolloutID: (taskType: String, response: String)] = [:]
            for id in Set(ids) {
                let row = try db.row(
                    """
                    SELECT p.task_type, b.response, b.token_ids, b.logprobs, \(packedBodyColumns)
                    FROM rollouts r CROSS JOIN rollout_bodies b ON b.rollout_seq = r.seq
                        CROSS JOIN prompts p ON p.seq = r.prompt_seq \(packedBodyJoin) WHERE r.id = ?
                    """, [id.text])
                if let row { found[id] = (row["task_type"], storedText(try StoredBody(row).response)) }
            }
            return found
        }
    }

    /// All judgements of a rollout, oldest first, those included that decided nothing; empty for an unknown rollout.
    package func verdictHistory(of id: RolloutID) async throws -> [JudgementRecord] {
        try await read { db in try db.judgements(of: id) }
    }
}

extension Database {
    fileprivate func record(
        _ result: ScoringResult, touching leases: inout Set<Int64>, now: Timestamp, replacesFailed: Bool
    ) throws -> Result<RolloutStatus, InputError> {
        let row = try row(
            """
            SELECT r.seq, r.group_seq, r.status, r.attempt, r.tries, r.outcome, r.judging, r.lease_seq, p.task_type
            FROM rollouts r CROSS JOIN prompts p ON p.seq = r.prompt_seq WHERE r.id = ?
            """, [result.rolloutID.text])
        guard let row else {
            return .failure(InputError(.notFound, "there is no rollout \(result.rolloutID)", field: "rollout_id"))
        }
        let rollout = try JudgedRow(row)
        if rollout.status == .discarded, row["judging"] == nil as String? {
            return .failure(
                InputError(
                    .staleLease, "rollout \(result.rolloutID) was discarded", field: "rollout_id",
                    hint: "drop this result"))
        }
        guard rollout.attempt == result.attempt else {
            return .failure(
                InputError(
                    .staleLease,
                    "rollout \(result.rolloutID) was handed out again: attempt \(rollout.attempt), not \(result.attempt)",
                    field: "attempt", hint: "drop this result"))
        }
        guard row["judging"] != nil as String? else {
            return .failure(
                InputError(
                    .staleLease, "attempt \(result.attempt) of rollout \(result.rolloutID) has its verdict already",
                    field: "attempt", hint: "drop this result"))
        }
        if let leaseSeq = row["lease_seq"] as Int64? {
            leases.insert(leaseSeq)
        } else {
            // Late, but nobody took the work since: what counted as lost is done after all.
            try run(
                """
                UPDATE lease_items SET outcome = 'done' WHERE item_seq = ?1 AND attempt = ?2
                    AND lease_seq IN (SELECT seq FROM leases WHERE kind = 'score')
                """, [rollout.seq, rollout.attempt])
        }
        return .success(
            try settle(rollout, result.verdict, reward: result.reward, now: now, replacesFailed: replacesFailed))
    }
}

/// What cannot be stored: a reward that does not match its verdict, and a verdict that could not be read back.
private func fault(of result: ScoringResult) -> InputError? {
    guard (result.reward == nil) == (result.verdict.outcome == .undetermined) else {
        return InputError(
            .invalidValue, "an undetermined verdict has no reward, any other has one", field: "reward")
    }
    if let reward = result.reward, !reward.isFinite {
        return InputError(.invalidValue, "a reward is a finite number", field: "reward")
    }
    do {
        _ = try Verdict(json: result.verdict.json)
        return nil
    } catch {
        return error.inside("verdict")
    }
}
