// What a ledger has of evaluations, read beside the process that writes it.
import GRDB

/// The samples in a ledger whose problems are `p1`, `p2`, ..., as the endpoint of these tests names them: `1 + 1? 0`.
func storedSamples(_ database: String) async throws -> Set<String> {
    let queue = try DatabaseQueue(path: database)
    let keys = try await queue.read { db in
        try Row.fetchAll(
            db, sql: "SELECT p.id, s.sample FROM evaluation_samples s JOIN prompts p ON p.seq = s.prompt_seq"
        ).map { row -> String in
            let id: String = row["id"]
            let sample: Int = row["sample"]
            return "\(id.dropFirst()) + 1? \(sample)"
        }
    }
    try queue.close()
    return Set(keys)
}
