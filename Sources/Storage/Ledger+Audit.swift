// The audit log: who did what, in the order in which it was done. Triggers keep it from being changed.
import Domain
import GRDB
import StrictJSON

extension Ledger {
    /// Adds a line.
    package func append(audit entry: AuditEntry) async throws { try await write { db in try db.append(entry) } }

    /// A page of the log, newest first; begin without `before`.
    package func auditEntries(before: Int64?, limit: Int) async throws -> [AuditEntry] {
        try await read { db in
            try db.rows(
                "SELECT * FROM audit WHERE seq < ? ORDER BY seq DESC LIMIT ?", [before ?? .max, max(0, limit)]
            ).map { row in
                var entry = AuditEntry(
                    createdAt: Timestamp(milliseconds: row["created_at"]), actor: row["actor"],
                    action: row["action"], target: row["target"], detail: row["detail"],
                    requestID: row["request_id"])
                entry.seq = row["seq"]
                return entry
            }
        }
    }
}

extension Database {
    /// Adds a line to the audit log inside a transaction.
    func append(_ entry: AuditEntry) throws {
        // A cut detail would be no JSON any more.
        let detail = entry.detail.utf8.count <= Limits.auditDetailBytesMax ? entry.detail : #"{"too_long":true}"#
        try run(
            "INSERT INTO audit (created_at, actor, action, target, detail, request_id) VALUES (?, ?, ?, ?, ?, ?)",
            [
                entry.createdAt.milliseconds, entry.actor, entry.action, entry.target, detail, entry.requestID,
            ])
    }
}

/// A string as JSON text.
func jsonText(_ text: String) -> String { JSONValue.string(text).text }
