// Pages of an export: rollouts with their prompts and judgements where they are asked for.
import Domain
import GRDB

extension Ledger {
    /// One page of the rollouts that match, oldest first, after the cursor (0 begins), with what the shape needs.
    package func exportPage(
        matching filter: RolloutFilter, from cursor: Int64, limit: Int, shape: ExportShape
    ) async throws -> ExportPage {
        let page = try await exportRollouts(matching: filter, from: cursor, limit: limit)
        guard shape.needsPrompts || shape.needsJudgements else {
            return ExportPage(rows: page.rollouts.map { ExportedRollout(rollout: $0) }, nextCursor: page.nextCursor)
        }
        return try await read { db in
            var prompts: [PromptID: Prompt] = [:]
            let rows = try page.rollouts.map { rollout in
                var row = ExportedRollout(rollout: rollout)
                if shape.needsPrompts {
                    if prompts[rollout.promptID] == nil {
                        prompts[rollout.promptID] = try db.row(
                            promptColumns + " WHERE p.id = ?", [rollout.promptID.text]
                        ).map(decodePrompt)
                    }
                    row.prompt = prompts[rollout.promptID]
                }
                if shape.needsJudgements { row.judgements = try db.judgements(of: rollout.id) }
                return row
            }
            return ExportPage(rows: rows, nextCursor: page.nextCursor)
        }
    }

    /// How many rollouts match; reads all that do.
    package func rolloutCount(matching filter: RolloutFilter) async throws -> Int {
        try await read { db in
            let condition = RolloutCondition(filter)
            return Int(
                try db.integer("SELECT count(*) FROM rollouts r WHERE \(condition.sql)", condition.arguments) ?? 0)
        }
    }
}

extension Database {
    /// All judgements of a rollout, oldest first.
    func judgements(of id: RolloutID) throws -> [JudgementRecord] {
        let rows = try rows(
            """
            SELECT v.verdict, v.reward, v.attempt, v.created_at, v.seq IS r.verdict_seq AS is_current, s.id AS rescore_id
            FROM rollouts r CROSS JOIN verdicts v ON v.rollout_seq = r.seq LEFT JOIN rescores s ON s.seq = v.rescore_seq
            WHERE r.id = ? ORDER BY v.seq
            """, [id.text])
        return try rows.map { row in
            JudgementRecord(
                verdict: try stored(row["verdict"], "verdicts.verdict", Verdict.init(json:)), reward: row["reward"],
                attempt: row["attempt"], createdAt: Timestamp(milliseconds: row["created_at"]),
                isCurrent: row["is_current"], rescoreID: (row["rescore_id"] as String?).map { RescoreID($0) })
        }
    }
}
