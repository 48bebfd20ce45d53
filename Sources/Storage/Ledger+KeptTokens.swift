// What people look at of past updates: the tokens beyond the clip range, and curves over any range of versions.
import Domain
import GRDB

extension Ledger {
    /// Recorded tokens, newest update first and in each the most telling first, of updates before the version named.
    ///
    /// Whole updates, until there are `limit` tokens or more.
    package func keptTokens(before: PolicyVersion?, limit: Int) async throws -> [KeptTokenRecord] {
        try await read { db in
            let versions = try db.rows(
                """
                SELECT DISTINCT version FROM (
                    SELECT version FROM kept_tokens WHERE version < ? ORDER BY version DESC LIMIT ?)
                """, [before?.number ?? Int.max, min(max(limit, 1), Limits.pageRowsMax)])
            guard let last = versions.map({ $0["version"] as Int }).min() else { return [] }
            return try db.rows(
                keptColumns + " WHERE k.version < ? AND k.version >= ? ORDER BY k.version DESC, k.rank",
                [before?.number ?? Int.max, last]
            ).map(decodeKept)
        }
    }

    /// The recorded tokens of one rollout, in order of their place.
    package func keptTokens(of id: RolloutID) async throws -> [KeptTokenRecord] {
        try await read { db in
            try db.rows(
                keptColumns
                    + " WHERE k.rollout_seq = (SELECT seq FROM rollouts WHERE id = ?) ORDER BY k.position LIMIT ?",
                [id.text, Limits.pageRowsMax]
            ).map(decodeKept)
        }
    }

    /// Updates from one version to another (nil: from the first, to the newest), at most `points` of them, evenly thinned.
    package func updateSeries(from: Int?, to: Int?, points: Int) async throws -> UpdateSeries {
        try await read { db in
            guard let first = try db.integer("SELECT min(version) FROM updates"),
                let last = try db.integer("SELECT max(version) FROM updates")
            else { return UpdateSeries(whole: nil, updates: []) }
            let whole = Int(first)...Int(last)
            let (low, high) = (max(from ?? whole.lowerBound, whole.lowerBound), min(to ?? .max, whole.upperBound))
            guard low <= high else { return UpdateSeries(whole: whole, updates: []) }
            // Versions have no gaps, so each point is one look into the primary key.
            let count = min(high - low + 1, max(points, 2))
            let versions = (0..<count).map { low + (count == 1 ? 0 : $0 * (high - low) / (count - 1)) }
            let updates = try versions.compactMap { version in
                try db.row(
                    "SELECT version, objective, metrics, created_at, NULL AS settings FROM updates WHERE version = ?",
                    [version])
            }
            return UpdateSeries(whole: whole, updates: try updates.map(decodeUpdate))
        }
    }

    /// The evaluations of policies from one version to another, oldest first.
    package func evaluations(from: PolicyVersion, to: PolicyVersion, limit: Int) async throws -> [EvaluationRecord] {
        try await read { db in
            try db.rows(
                "SELECT * FROM evaluations WHERE version BETWEEN ? AND ? ORDER BY version, seq LIMIT ?",
                [from.number, to.number, max(0, limit)]
            ).map(decodeEvaluation)
        }
    }
}

/// A query that gives what `decodeKept` reads; conditions on `k` are appended.
private let keptColumns = """
    SELECT k.*, r.id, g.id AS group_id, u.objective
    FROM kept_tokens k CROSS JOIN rollouts r ON r.seq = k.rollout_seq CROSS JOIN groups g ON g.seq = r.group_seq
        CROSS JOIN updates u ON u.version = k.version
    """

private func decodeKept(_ row: Row) throws -> KeptTokenRecord {
    KeptTokenRecord(
        token: KeptToken(
            rolloutID: RolloutID(row["id"]), position: row["position"], context: TokenBlob.tokens(row["context"]),
            contextPlace: row["place"], behaviour: row["behaviour"], logprob: row["logprob"], entropy: row["entropy"],
            advantage: row["advantage"], ratio: row["ratio"], gradient: row["gradient"]),
        update: PolicyVersion(row["version"]), objective: row["objective"], groupID: GroupID(row["group_id"]))
}

extension Database {
    /// Records an update's tokens in the transaction that commits it. One with a number that is none is left out: what is
    /// shown must not keep a commit from happening.
    func insert(_ tokens: [KeptToken], of version: PolicyVersion) throws {
        for (rank, token) in tokens.prefix(Limits.keptTokensPerUpdate).enumerated() where token.isStorable {
            try run(
                """
                INSERT INTO kept_tokens (version, rank, rollout_seq, position, context, place, behaviour, logprob, entropy,
                    advantage, ratio, gradient)
                SELECT ?, ?, seq, ?, ?, ?, ?, ?, ?, ?, ?, ? FROM rollouts WHERE id = ?
                """,
                [
                    version.number, rank, token.position, TokenBlob.encode(token.context), token.contextPlace,
                    token.behaviour, token.logprob, token.entropy, token.advantage, token.ratio, token.gradient,
                    token.rolloutID.text,
                ])
        }
    }
}

extension KeptToken {
    fileprivate var isStorable: Bool {
        [behaviour, logprob, entropy, advantage, ratio, gradient].allSatisfy(\.isFinite) && advantage != 0
            && context.indices.contains(contextPlace)
    }
}
