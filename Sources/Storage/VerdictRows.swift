// The rows of verdicts, and what a verdict does to its rollout and group; steps inside a transaction of the writer.
import Domain
import GRDB
import StrictJSON

/// What must be known of a rollout to settle it.
struct JudgedRow {
    let seq: Int64
    let groupSeq: Int64
    let status: RolloutStatus
    let attempt: Int
    let tries: Int
    /// The outcome that counts so far.
    let outcome: String?
    let taskType: String
    /// Whether an undetermined verdict is the last word, whatever its class.
    var isFinal = false

    /// From a row with `seq, group_seq, status, attempt, tries, outcome, task_type`.
    init(_ row: Row) throws {
        seq = row["seq"]
        groupSeq = row["group_seq"]
        status = try storedCase(row["status"], "rollouts.status")
        attempt = row["attempt"]
        tries = row["tries"]
        outcome = row["outcome"]
        taskType = row["task_type"]
    }
}

extension Database {
    /// Puts a rollout back before the judges. Its fencing number stays: the late judge may deliver until it rises.
    func requeue(_ rollout: JudgedRow, tries: Int) throws {
        try run(
            """
            UPDATE rollouts SET lease_seq = NULL, tries = ?,
                judging = CASE status WHEN 'scoring' THEN 'waiting' WHEN 'queued' THEN 'waiting' ELSE 'again' END,
                status = CASE status WHEN 'scoring' THEN 'queued' ELSE status END
            WHERE seq = ?
            """, [tries, rollout.seq])
    }

    /// Stores a verdict and gives the rollout the status that follows; returns that status.
    ///
    /// A decision always counts. An undetermined verdict is retried while its class and the attempts allow, counts when
    /// they do not, and never replaces an earlier decision: failing to judge again is not a reason to forget.
    ///
    /// - Parameter replacesFailed: Whether the group is handed out again for members that nobody could judge.
    func settle(
        _ rollout: JudgedRow, _ verdict: Verdict, reward: Double?, now: Timestamp, replacesFailed: Bool = false
    ) throws -> RolloutStatus {
        let rescore = try openRescore(of: rollout.seq)
        try run(
            """
            INSERT INTO verdicts
                (rollout_seq, attempt, task_type, outcome, reward, failure_code, verdict, created_at, rescore_seq)
            VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)
            """,
            [
                rollout.seq, rollout.attempt, rollout.taskType, verdict.outcome.rawValue, reward,
                verdict.failure?.code.rawValue, verdict.json.text, now.milliseconds, rescore,
            ])
        let verdictSeq = lastInsertedRowID
        if let failure = verdict.failure {
            let maySucceed = failure.isRetryable && rollout.tries < Limits.scoringAttemptsMax
            if maySucceed, !rollout.isFinal {
                try requeue(rollout, tries: rollout.tries)
                return rollout.status == .scoring ? .queued : rollout.status
            }
            try answer(rescore: rescore, of: rollout.seq, by: verdictSeq)
            if rollout.outcome == "passed" || rollout.outcome == "failed" {
                try run("UPDATE rollouts SET judging = NULL, lease_seq = NULL WHERE seq = ?", [rollout.seq])
                return rollout.status
            }
        }
        try answer(rescore: rescore, of: rollout.seq, by: verdictSeq)
        let status = statusAfter(rollout.status, isDecided: verdict.failure == nil)
        try run(
            """
            UPDATE rollouts SET judging = NULL, lease_seq = NULL, verdict_seq = ?, outcome = ?, reward = ?, status = ?
            WHERE seq = ?
            """, [verdictSeq, verdict.outcome.rawValue, reward, status.rawValue, rollout.seq])
        if replacesFailed { try replaceFailedMembers(ofGroup: rollout.groupSeq) }
        try completeGroup(rollout.groupSeq)
        return status
    }

    /// Makes a group ready for an update when it has all its members and each is settled.
    func completeGroup(_ seq: Int64) throws {
        try run(
            """
            UPDATE groups SET status = 'ready' WHERE seq = ?1 AND status = 'open' AND member_count = size
                AND NOT EXISTS (
                    SELECT 1 FROM rollouts WHERE group_seq = ?1 AND status NOT IN ('scored', 'undetermined'))
            """, [seq])
    }
}

private func statusAfter(_ status: RolloutStatus, isDecided: Bool) -> RolloutStatus {
    switch status {
    case .queued, .scoring, .scored, .undetermined: isDecided ? .scored : .undetermined
    // What has left the learner's path keeps its status and gains a verdict.
    case .consumed, .stale, .discarded: status
    }
}
