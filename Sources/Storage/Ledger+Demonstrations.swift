// Demonstrations: intake by content, listing, and the pools that updates draw from.
import Domain
import Foundation
import GRDB
import StrictJSON

extension Ledger {
    /// Stores demonstrations; one result each, in order, given once all are durable.
    ///
    /// The same id with the same content is a no-op; with other content a `conflict` whose message holds both hashes.
    package func submit(
        demonstrations: [DemonstrationSubmission]
    ) async throws -> [Result<DemonstrationReceipt, InputError>] {
        let prepared = try await onQueue(codecQueue) { demonstrations.map(PreparedDemonstration.prepare) }
        let bytes = prepared.reduce(0) { $0 + ((try? $1.get().bytes) ?? 0) }
        return try await write(.intake, bytes: bytes) { [clock, identifiers] db in
            let now = clock.now()
            return try prepared.map { item in
                switch item {
                case .failure(let fault): .failure(fault)
                case .success(let demonstration):
                    try demonstration.store(in: db, id: { DemonstrationID(identifiers.make("dem")) }, now: now)
                }
            }
        }
    }

    /// Demonstrations in order of intake, after the one named; an unknown `after` throws `InputError.notFound`.
    package func demonstrations(
        dataset: String?, after: DemonstrationID?, limit: Int
    ) async throws -> [Demonstration] {
        try await read { db in
            let start = try db.row(of: "demonstration", named: after?.text)
            var sql = demonstrationColumns + " WHERE m.seq > ?"
            var arguments: StatementArguments = [start]
            if let dataset {
                sql += " AND m.dataset_seq = (SELECT seq FROM datasets WHERE name = ?)"
                arguments += [dataset]
            }
            return try db.rows(sql + " ORDER BY m.seq LIMIT ?", arguments + [max(0, limit)]).map(decodeDemonstration)
        }
    }

    /// How many demonstrations there are, of one data set or of all.
    package func demonstrationCount(dataset: String?) async throws -> Int {
        try await read { db in
            let count =
                if let dataset {
                    try db.integer(
                        """
                        SELECT count(*) FROM demonstrations
                        WHERE dataset_seq = (SELECT seq FROM datasets WHERE name = ?)
                        """, [dataset])
                } else {
                    try db.integer("SELECT count FROM tallies WHERE name = 'demonstrations'")
                }
            return Int(count ?? 0)
        }
    }

    /// What an update may draw from: all demonstrations of a data set (nil: of all), or those up to a mark.
    package func demonstrationPool(dataset: String?, through mark: Int64? = nil) async throws -> DemonstrationPool {
        try await read { db in
            var sql = "SELECT seq FROM demonstrations WHERE seq <= ?"
            var arguments: StatementArguments = [mark ?? Int64.max]
            if let dataset {
                sql += " AND dataset_seq = (SELECT seq FROM datasets WHERE name = ?)"
                arguments += [dataset]
            }
            let rows = try Int64.fetchAll(
                db.cachedStatement(sql: sql + " ORDER BY seq"), arguments: arguments)
            return DemonstrationPool(rows: rows, through: rows.last ?? 0)
        }
    }

    /// The demonstrations of a pool's rows, in the order given.
    package func demonstrations(rows: [Int64]) async throws -> [Demonstration] {
        try await read { db in
            try rows.map { seq in
                guard let row = try db.row(demonstrationColumns + " WHERE m.seq = ?", [seq]) else {
                    throw LedgerError.corrupt("demonstration \(seq) is gone")
                }
                return try decodeDemonstration(row)
            }
        }
    }
}

private let demonstrationColumns = """
    SELECT m.seq, m.id, d.name AS dataset, m.content, m.response, m.metadata, m.created_at
    FROM demonstrations m CROSS JOIN datasets d ON d.seq = m.dataset_seq
    """

private func decodeDemonstration(_ row: Row) throws -> Demonstration {
    Demonstration(
        id: DemonstrationID(row["id"]), dataset: row["dataset"],
        content: try stored(row["content"], "demonstrations.content", PromptContent.init(json:)),
        response: String(decoding: row["response"] as Data, as: UTF8.self),
        metadata: try storedJSON(row["metadata"], "demonstrations.metadata"),
        createdAt: Timestamp(milliseconds: row["created_at"]))
}

/// A demonstration in the form of its row, made before the writer is asked for.
private struct PreparedDemonstration: Sendable {
    let submission: DemonstrationSubmission
    let content: String
    let metadata: String
    let hash: ContentHash
    var bytes: Int { content.utf8.count + submission.response.utf8.count + metadata.utf8.count }

    static func prepare(_ submission: DemonstrationSubmission) -> Result<PreparedDemonstration, InputError> {
        if let id = submission.id, let fault = identifierFault(id.text, field: "id") { return .failure(fault) }
        if let fault = nameFault(submission.dataset, field: "dataset") { return .failure(fault) }
        guard (1...Limits.responseBytesMax).contains(submission.response.utf8.count) else {
            return .failure(
                InputError(
                    .tooLarge, "a response has 1 to \(Limits.responseBytesMax) bytes", field: "response"))
        }
        let contentJSON = submission.content.json
        do {
            // What could not be read back must not be stored.
            _ = try PromptContent(json: contentJSON)
        } catch {
            return .failure(error)
        }
        let content = contentJSON.text
        let metadata = submission.metadata.text
        var hasher = Blake2b()
        for field in [submission.dataset, content, submission.response, metadata] { hasher.absorb(field: field) }
        return .success(
            PreparedDemonstration(
                submission: submission, content: content, metadata: metadata,
                hash: ContentHash(bytes: hasher.digest())))
    }

    func store(
        in db: Database, id makeID: () -> DemonstrationID, now: Timestamp
    ) throws -> Result<DemonstrationReceipt, InputError> {
        if let id = submission.id, let known = try db.known("demonstration", id.text, hash) {
            return known.map { DemonstrationReceipt(id: id, isNew: false) }
        }
        let id = submission.id ?? makeID()
        try db.addDataset(submission.dataset)
        try db.run(
            """
            INSERT INTO demonstrations (id, dataset_seq, content_hash, created_at, content, response, metadata)
            VALUES (?, (SELECT seq FROM datasets WHERE name = ?), ?, ?, ?, ?, ?)
            """,
            [
                id.text, submission.dataset, Data(hash.bytes), now.milliseconds, content,
                Data(submission.response.utf8),
                metadata,
            ])
        return .success(DemonstrationReceipt(id: id, isNew: true))
    }
}
