// The learner's hyper-parameters and the history of their changes: both in one transaction.
import Domain
import GRDB
import StrictJSON

extension Ledger {
    /// Keeps new hyper-parameters (a JSON text) under a setting's name, and what changed; nothing changed keeps no record.
    package func change(
        setting name: String, to value: String, changes: [LearnerChangeRecord.Change],
        cause: LearnerChangeRecord.Cause
    ) async throws {
        try await write { [clock] db in
            try db.run(
                "INSERT INTO settings VALUES (?, ?) ON CONFLICT (name) DO UPDATE SET value = excluded.value",
                [name, value])
            guard !changes.isEmpty else { return }
            let record = LearnerChangeRecord(
                createdAt: clock.now(), afterVersion: nil, cause: cause, changes: changes)
            try db.run(
                """
                INSERT INTO learner_changes (created_at, after_version, cause, changes)
                VALUES (?, (SELECT max(version) FROM policies), ?, ?)
                """, [record.createdAt.milliseconds, cause.rawValue, record.changesJSON.text])
        }
    }

    /// The last changes of the hyper-parameters, newest first.
    package func learnerChanges(limit: Int) async throws -> [LearnerChangeRecord] {
        try await read { db in
            try db.rows("SELECT * FROM learner_changes ORDER BY seq DESC LIMIT ?", [max(0, limit)]).map { row in
                LearnerChangeRecord(
                    createdAt: Timestamp(milliseconds: row["created_at"]),
                    afterVersion: (row["after_version"] as Int?).map { PolicyVersion($0) },
                    cause: try storedCase(row["cause"], "learner_changes.cause"),
                    changes: try decodeChanges(row["changes"]))
            }
        }
    }
}

private func decodeChanges(_ text: String) throws -> [LearnerChangeRecord.Change] {
    guard case .object(let members) = try storedJSON(text, "learner_changes.changes") else {
        throw LedgerError.corrupt("learner_changes.changes is no object")
    }
    return try members.map { member in
        guard let pair = member.value.elements, let before = pair.first, let after = pair.last, pair.count == 2 else {
            throw LedgerError.corrupt("learner_changes.changes holds no pair for \(member.name)")
        }
        return LearnerChangeRecord.Change(name: member.name, before: before, after: after)
    }
}
