// The learner's commits: one transaction an update, each group consumed exactly once, versions without gaps.
import Domain
import GRDB
import StrictJSON

extension Ledger {
    /// Records the policy that the cold start left, version 0, with its checkpoint. Repeating it is a no-op.
    ///
    /// Throws `LedgerError.versionGap` when it is not version 0 or a policy exists whose checkpoint is another.
    package func registerInitialPolicy(checkpoint: CheckpointManifest) async throws {
        try await write { [clock] db in
            if let row = try db.row("SELECT * FROM checkpoints WHERE version = ?", [checkpoint.version.number]),
                decodeCheckpoint(row).digest == checkpoint.digest
            {
                return
            }
            let expected = try db.nextVersion()
            guard checkpoint.version == expected, expected.number == 0 else {
                throw LedgerError.versionGap(expected: expected, got: checkpoint.version)
            }
            try db.run("INSERT INTO policies VALUES (0, ?)", [clock.now().milliseconds])
            try db.insert(checkpoint)
        }
    }

    /// Commits an update: its groups and rollouts, the new policy, the record and the checkpoint's manifest, all or none.
    ///
    /// Throws `LedgerError.versionGap` when its version is not the newest plus one, `.groupNotReady` when a group was
    /// consumed before or is not complete, and `InputError.invalidValue` for an advantage that is no number or belongs to
    /// no member.
    package func commit(update: UpdateCommit) async throws {
        try await write { db in
            let version = update.record.version
            let expected = try db.nextVersion()
            guard version == expected, version.number >= 1, update.checkpoint.version == version else {
                throw LedgerError.versionGap(expected: expected, got: version)
            }
            try db.run("INSERT INTO policies VALUES (?, ?)", [version.number, update.record.createdAt.milliseconds])
            try db.insert(update.record)
            try db.insert(update.checkpoint)
            for group in update.groups { try db.consume(group, by: version) }
            try db.insert(update.kept, of: version)
        }
    }

    /// The newest policy, or nil before the first.
    package func latestVersion() async throws -> PolicyVersion? {
        try await read { db in
            try db.integer("SELECT max(version) FROM policies").map { PolicyVersion(Int($0)) }
        }
    }

    /// Policies, newest first, before the version named.
    package func policies(limit: Int, before: PolicyVersion?) async throws -> [PolicyRecord] {
        try await read { db in
            let rows = try db.rows(
                """
                SELECT p.version, p.created_at, c.version IS NOT NULL AS has_checkpoint
                FROM policies p LEFT JOIN checkpoints c ON c.version = p.version
                WHERE p.version < ? ORDER BY p.version DESC LIMIT ?
                """, [before?.number ?? Int.max, max(0, limit)])
            return rows.map { row in
                PolicyRecord(
                    version: PolicyVersion(row["version"]), createdAt: Timestamp(milliseconds: row["created_at"]),
                    hasCheckpoint: row["has_checkpoint"])
            }
        }
    }

    /// Policies whose weights are kept, newest first.
    package func keptPolicies(limit: Int) async throws -> [PolicyRecord] {
        try await read { db in
            let rows = try db.rows(
                """
                SELECT p.version, p.created_at FROM policies p JOIN checkpoints c ON c.version = p.version
                ORDER BY p.version DESC LIMIT ?
                """, [max(0, limit)])
            return rows.map { row in
                PolicyRecord(
                    version: PolicyVersion(row["version"]), createdAt: Timestamp(milliseconds: row["created_at"]),
                    hasCheckpoint: true)
            }
        }
    }

    /// Updates, newest first, before the version named.
    package func updates(before: PolicyVersion?, limit: Int) async throws -> [UpdateRecord] {
        try await read { db in
            let rows = try db.rows(
                "SELECT * FROM updates WHERE version < ? ORDER BY version DESC LIMIT ?",
                [before?.number ?? Int.max, max(0, limit)])
            return try rows.map(decodeUpdate)
        }
    }

    /// The update that made a version, or nil.
    package func update(_ version: PolicyVersion) async throws -> UpdateRecord? {
        try await read { db in
            try db.row("SELECT * FROM updates WHERE version = ?", [version.number]).map(decodeUpdate)
        }
    }
}

/// An update as its row has it.
func decodeUpdate(_ row: Row) throws -> UpdateRecord {
    var provenance: UpdateProvenance?
    if let settings = row["settings"] as String? {
        provenance = UpdateProvenance(
            settings: settings, checkpointDigest: row["checkpoint_digest"], judgedThrough: row["judged_through"])
    }
    return UpdateRecord(
        version: PolicyVersion(row["version"]), createdAt: Timestamp(milliseconds: row["created_at"]),
        objective: row["objective"], metrics: try decodeMetrics(row["metrics"]), provenance: provenance)
}

extension Database {
    fileprivate func nextVersion() throws -> PolicyVersion {
        PolicyVersion(Int(try integer("SELECT coalesce(max(version), -1) + 1 FROM policies") ?? 0))
    }

    fileprivate func insert(_ record: UpdateRecord) throws {
        let metrics = JSONValue.array(record.metrics.map { .array([.string($0.name), encodeMetric($0.value)]) })
        try run(
            """
            INSERT INTO updates (version, objective, metrics, created_at, settings, checkpoint_digest, judged_through)
            VALUES (?, ?, ?, ?, ?, ?, ?)
            """,
            [
                record.version.number, record.objective, metrics.text, record.createdAt.milliseconds,
                record.provenance?.settings, record.provenance?.checkpointDigest, record.provenance?.judgedThrough,
            ])
    }

    fileprivate func insert(_ checkpoint: CheckpointManifest) throws {
        try run(
            "INSERT INTO checkpoints VALUES (?, ?, ?, ?, ?)",
            [
                checkpoint.version.number, checkpoint.path, checkpoint.bytes, checkpoint.digest,
                checkpoint.learnerState,
            ])
    }

    fileprivate func consume(_ group: ConsumedGroup, by version: PolicyVersion) throws {
        guard let row = try row("SELECT seq, status FROM groups WHERE id = ?", [group.id.text]) else {
            throw LedgerError.groupNotReady(group.id, status: "unknown")
        }
        let seq: Int64 = row["seq"]
        let status: String = row["status"]
        if group.fate == .stale {
            guard status != "consumed" else { throw LedgerError.groupNotReady(group.id, status: status) }
            try run("UPDATE groups SET status = 'stale', fate = 'stale', lease_seq = NULL WHERE seq = ?", [seq])
            return try retireRollouts(ofGroup: seq)
        }
        guard status == "ready" else { throw LedgerError.groupNotReady(group.id, status: status) }
        try run(
            "UPDATE groups SET status = 'consumed', fate = ?, consumed_by_update = ? WHERE seq = ?",
            [group.fate.rawValue, version.number, seq])
        try run(
            "UPDATE rollouts SET status = 'consumed', consumed_by_update = ? WHERE group_seq = ?",
            [version.number, seq])
        for (id, advantage) in group.advantages {
            let changed =
                advantage.isFinite
                ? try run(
                    "UPDATE rollouts SET advantage = ? WHERE id = ? AND group_seq = ?", [advantage, id.text, seq])
                : 0
            guard changed == 1 else {
                throw InputError(
                    .invalidValue, "the advantage \(advantage) of \(id) is no number, or \(id) is not in \(group.id)",
                    field: "advantages")
            }
        }
    }
}

/// Numbers that JSON cannot say (a diverged loss) are kept as texts.
private func encodeMetric(_ value: Double) -> JSONValue { value.isFinite ? .double(value) : .string("\(value)") }

/// The numbers of an update by name, as its row has them.
func decodeMetrics(_ text: String) throws -> [UpdateRecord.Metric] {
    let pairs = try storedJSON(text, "updates.metrics").elements ?? []
    return try pairs.map { pair in
        guard let parts = pair.elements, parts.count == 2, let name = parts.first?.string, let last = parts.last,
            let value = last.number ?? last.string.flatMap(Double.init)
        else { throw LedgerError.corrupt("updates.metrics holds \(pair.kind)") }
        return UpdateRecord.Metric(name, value)
    }
}
