// Rollouts out: one, pages of a listing, and the export.
import Domain
import Foundation
import GRDB

extension Ledger {
    /// A rollout by id, or nil.
    package func rollout(_ id: RolloutID) async throws -> Rollout? {
        try await read { db in
            try db.row(rolloutColumns + " WHERE r.id = ?", [id.text]).map(decodeRollout)
        }
    }

    /// One page of the rollouts that match, newest first, before the cursor of an earlier page.
    package func rollouts(
        matching filter: RolloutFilter, before cursor: Int64?, limit: Int
    ) async throws -> RolloutPage {
        try await page(RolloutCondition(filter), "r.seq < ?", cursor ?? .max, "DESC", limit)
    }

    /// One page of a listing of the rollouts that match, newest first, before the cursor of an earlier page.
    package func listRollouts(
        matching filter: RolloutFilter, before cursor: Int64?, limit: Int
    ) async throws -> RolloutListing {
        let (lines, next) = try await pageRows(
            summaryColumns, decodeSummary, RolloutCondition(filter), "r.seq < ?", cursor ?? .max, "DESC", limit)
        return RolloutListing(rollouts: lines, nextCursor: next)
    }

    /// One page of the rollouts that match, oldest first, after the cursor; 0 begins.
    package func exportRollouts(
        matching filter: RolloutFilter, from cursor: Int64, limit: Int
    ) async throws -> RolloutPage {
        try await page(RolloutCondition(filter), "r.seq > ?", cursor, "ASC", limit)
    }

    private func page(
        _ condition: RolloutCondition, _ start: String, _ cursor: Int64, _ order: String, _ limit: Int
    ) async throws -> RolloutPage {
        let (rollouts, next) = try await pageRows(
            rolloutColumns, decodeRollout, condition, start, cursor, order, limit)
        return RolloutPage(rollouts: rollouts, nextCursor: next)
    }

    private func pageRows<Line: Sendable>(
        _ columns: String, _ decode: @escaping @Sendable (Row) throws -> Line, _ condition: RolloutCondition,
        _ start: String, _ cursor: Int64, _ order: String, _ limit: Int
    ) async throws -> (lines: [Line], nextCursor: Int64?) {
        let limit = min(max(limit, 1), Limits.pageRowsMax)
        return try await read { db in
            // One row more than asked tells whether another page follows.
            let rows = try db.rows(
                columns + " WHERE \(condition.sql) AND \(start) ORDER BY r.seq \(order) LIMIT ?",
                condition.arguments + [cursor, limit + 1])
            return (try rows.prefix(limit).map(decode), rows.count > limit ? rows[limit - 1]["seq"] : nil)
        }
    }
}

/// A filter as a condition on `rollouts r`.
struct RolloutCondition: Sendable {
    /// True for the rollouts meant; never empty.
    private(set) var sql = "TRUE"
    private(set) var values: [any DatabaseValueConvertible & Sendable] = []

    /// With `rolloutIDs`, only those that are named as well.
    init(rolloutIDs: [RolloutID] = [], _ filter: RolloutFilter) {
        if !rolloutIDs.isEmpty {
            sql += " AND r.id IN (" + Array(repeating: "?", count: rolloutIDs.count).joined(separator: ", ") + ")"
            values += rolloutIDs.map(\.text)
        }
        // A group has few rollouts, a prompt some: where one is named its index is walked, and a plus sign keeps SQLite, which
        // knows no counts, from taking another.
        let other = filter.promptID == nil && filter.groupID == nil ? "" : "+"
        if let status = filter.status { add("\(other)r.status = ?", status.rawValue) }
        if let version = filter.policyVersion { add("\(other)r.policy_version = ?", version.number) }
        if let dataset = filter.dataset {
            add("\(other)r.dataset_seq = (SELECT seq FROM datasets WHERE name = ?)", dataset)
        }
        if let id = filter.promptID {
            let plus = filter.groupID == nil ? "" : "+"
            add("\(plus)r.prompt_seq = (SELECT seq FROM prompts WHERE id = ?)", id.text)
        }
        if let moment = filter.createdAfter { add("r.created_at >= ?", moment.milliseconds) }
        if let moment = filter.createdBefore { add("r.created_at < ?", moment.milliseconds) }
        if let outcome = filter.outcome { add("r.outcome = ?", outcome.rawValue) }
        if let reward = filter.minReward { add("r.reward >= ?", reward) }
        if let reward = filter.maxReward { add("r.reward <= ?", reward) }
        if let update = filter.consumedByUpdate {
            add("r.group_seq IN (SELECT seq FROM groups WHERE consumed_by_update = ?)", update)
        }
        if let generator = filter.generator {
            add("(SELECT generator FROM rollout_bodies WHERE rollout_seq = r.seq) = ?", generator)
        }
        if let id = filter.groupID { add("r.group_seq = (SELECT seq FROM groups WHERE id = ?)", id.text) }
    }

    var arguments: StatementArguments { StatementArguments(values) }

    private mutating func add(_ condition: String, _ value: some DatabaseValueConvertible & Sendable) {
        sql += " AND " + condition
        values.append(value)
    }
}

/// A query that gives what `decodeRollout` reads; conditions on `r` are appended. The joins are fixed in this order, so
/// that pages walk the rollouts by an index and stop at their limit.
let rolloutColumns = """
    SELECT r.seq, r.id, p.id AS prompt_id, g.id AS group_id, b.response, b.token_ids, b.logprobs, r.policy_version,
        r.last_policy_version, b.finish_reason, b.generator, b.metadata, r.status, v.verdict, r.reward, r.advantage, r.consumed_by_update,
        r.created_at, r.origin, \(packedBodyColumns)
    FROM rollouts r CROSS JOIN rollout_bodies b ON b.rollout_seq = r.seq CROSS JOIN prompts p ON p.seq = r.prompt_seq
        CROSS JOIN groups g ON g.seq = r.group_seq LEFT JOIN verdicts v ON v.seq = r.verdict_seq
        \(packedBodyJoin)
    """

/// As `rolloutColumns`, for `decodeSummary`: the long parts are not read, only the length of one.
private let summaryColumns = """
    SELECT r.seq, r.id, p.id AS prompt_id, g.id AS group_id, coalesce(k.tokens, length(b.token_ids) / 4) AS tokens,
        r.policy_version, r.last_policy_version, b.finish_reason, b.generator, r.status, v.verdict, r.reward, r.advantage,
        r.consumed_by_update, r.created_at, r.origin
    FROM rollouts r CROSS JOIN rollout_bodies b ON b.rollout_seq = r.seq CROSS JOIN prompts p ON p.seq = r.prompt_seq
        CROSS JOIN groups g ON g.seq = r.group_seq LEFT JOIN verdicts v ON v.seq = r.verdict_seq
        \(packedBodyJoin)
    """

/// What a listing says of a rollout, from a row of `summaryColumns`.
@Sendable private func decodeSummary(_ row: Row) throws -> RolloutSummary {
    let verdict: String? = row["verdict"]
    return RolloutSummary(
        id: RolloutID(row["id"]), promptID: PromptID(row["prompt_id"]), groupID: GroupID(row["group_id"]),
        status: try storedCase(row["status"], "rollouts.status"), policyVersion: PolicyVersion(row["policy_version"]),
        lastPolicyVersion: (row["last_policy_version"] as Int?).map { PolicyVersion($0) },
        finishReason: try storedCase(row["finish_reason"], "rollout_bodies.finish_reason"),
        generator: row["generator"],
        verdict: try verdict.map { try stored($0, "verdicts.verdict", Verdict.init(json:)) }, reward: row["reward"],
        advantage: row["advantage"], consumedByUpdate: row["consumed_by_update"],
        createdAt: Timestamp(milliseconds: row["created_at"]), tokens: row["tokens"],
        origin: try (row["origin"] as String?).map { try stored($0, "rollouts.origin", RolloutOrigin.init(json:)) })
}

/// A rollout from a row of `rolloutColumns`.
@Sendable func decodeRollout(_ row: Row) throws -> Rollout {
    let verdict: String? = row["verdict"]
    let body = try StoredBody(row)
    return Rollout(
        id: RolloutID(row["id"]), promptID: PromptID(row["prompt_id"]), groupID: GroupID(row["group_id"]),
        response: storedText(body.response), tokenIDs: TokenBlob.tokens(body.tokenIDs),
        logprobs: TokenBlob.logprobs(body.logprobs), policyVersion: PolicyVersion(row["policy_version"]),
        finishReason: try storedCase(row["finish_reason"], "rollout_bodies.finish_reason"),
        generator: row["generator"], metadata: try storedJSON(row["metadata"], "rollout_bodies.metadata"),
        status: try storedCase(row["status"], "rollouts.status"),
        verdict: try verdict.map { try stored($0, "verdicts.verdict", Verdict.init(json:)) }, reward: row["reward"],
        advantage: row["advantage"], consumedByUpdate: row["consumed_by_update"],
        createdAt: Timestamp(milliseconds: row["created_at"]),
        lastPolicyVersion: (row["last_policy_version"] as Int?).map { PolicyVersion($0) },
        origin: try (row["origin"] as String?).map { try stored($0, "rollouts.origin", RolloutOrigin.init(json:)) })
}

/// A text that was stored as a blob of UTF-8.
func storedText(_ data: Data) -> String { String(decoding: data, as: UTF8.self) }
