// Where checkpoints lie, what was measured of them, and the settings that survive restarts.
import Domain
import GRDB

extension Ledger {
    /// The newest checkpoint, or nil before the first.
    package func latestCheckpoint() async throws -> CheckpointManifest? {
        try await read { db in
            try db.row("SELECT * FROM checkpoints ORDER BY version DESC LIMIT 1").map(decodeCheckpoint)
        }
    }

    /// All checkpoints that are kept, oldest first.
    package func checkpoints() async throws -> [CheckpointManifest] {
        try await read { db in try db.rows("SELECT * FROM checkpoints ORDER BY version").map(decodeCheckpoint) }
    }

    /// Forgets the checkpoints of these versions, before their files are deleted; the newest is never forgotten.
    package func forgetCheckpoints(versions: [PolicyVersion]) async throws {
        try await write { db in
            for version in versions {
                try db.run(
                    "DELETE FROM checkpoints WHERE version = ? AND version < (SELECT max(version) FROM checkpoints)",
                    [version.number])
            }
        }
    }

    /// Stores measurements on held-out prompts.
    package func record(evaluations: [EvaluationRecord]) async throws {
        try await write { db in
            for evaluation in evaluations {
                try db.run(
                    """
                    INSERT INTO evaluations (version, kind, prompts, samples, greedy_accuracy, average_accuracy,
                        pass_at_k, undetermined, learning_seconds, created_at)
                    VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
                    """,
                    [
                        evaluation.version.number, evaluation.kind, evaluation.prompts, evaluation.samples,
                        evaluation.greedyAccuracy, evaluation.averageAccuracy, evaluation.passAtK,
                        evaluation.undetermined, evaluation.learningSeconds, evaluation.createdAt.milliseconds,
                    ])
            }
        }
    }

    /// Measurements, newest first.
    package func evaluations(limit: Int) async throws -> [EvaluationRecord] {
        try await read { db in
            try db.rows("SELECT * FROM evaluations ORDER BY seq DESC LIMIT ?", [max(0, limit)]).map(decodeEvaluation)
        }
    }

    /// A setting by name, or nil when it was never set.
    package func setting(_ name: String) async throws -> String? {
        try await read { db in try db.string("SELECT value FROM settings WHERE name = ?", [name]) }
    }

    /// Sets a setting; nil removes it.
    package func set(_ name: String, to value: String?) async throws {
        try await write { db in
            guard let value else {
                try db.run("DELETE FROM settings WHERE name = ?", [name])
                return
            }
            try db.run(
                "INSERT INTO settings VALUES (?, ?) ON CONFLICT (name) DO UPDATE SET value = excluded.value",
                [name, value])
        }
    }
}

/// A manifest from a row of `checkpoints`.
func decodeCheckpoint(_ row: Row) -> CheckpointManifest {
    CheckpointManifest(
        version: PolicyVersion(row["version"]), path: row["path"], bytes: row["bytes"], digest: row["digest"],
        learnerState: row["learner_state"])
}

/// An evaluation as its row has it.
func decodeEvaluation(_ row: Row) -> EvaluationRecord {
    EvaluationRecord(
        version: PolicyVersion(row["version"]), kind: row["kind"], prompts: row["prompts"], samples: row["samples"],
        greedyAccuracy: row["greedy_accuracy"], averageAccuracy: row["average_accuracy"], passAtK: row["pass_at_k"],
        undetermined: row["undetermined"], learningSeconds: row["learning_seconds"],
        createdAt: Timestamp(milliseconds: row["created_at"]))
}
