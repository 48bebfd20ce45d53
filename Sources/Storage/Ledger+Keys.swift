// API keys: made, listed, revoked and rotated, each with its line in the audit log in the same transaction.
import Domain
import Foundation
import GRDB

/// A stored key and what its secret must hash to.
package struct StoredKey: Sendable, Equatable {
    package var record: KeyRecord
    package var hash: SecretHash
    package init(record: KeyRecord, hash: SecretHash) {
        self.record = record
        self.hash = hash
    }
}

extension Ledger {
    /// Stores a key; its text is nowhere in the ledger.
    ///
    /// - Throws: `InputError` when the request is out of bounds or the ledger holds `Limits.keysMax` keys.
    package func createKey(
        _ request: KeyRequest, _ key: AccessKeyText, by caller: Caller, requestID: String? = nil
    ) async throws -> KeyRecord {
        if let fault = nameFault(request.name, field: "name") ?? request.quotas.fault { throw fault }
        guard !request.roles.isEmpty else { throw InputError(.invalidValue, "a key needs a role", field: "roles") }
        return try await write { [clock] db in
            let now = clock.now()
            let record = try db.insertKey(request, key, now: now)
            let detail = #"{"name":\#(jsonText(request.name)),"roles":"\#(roleList(request.roles))"}"#
            try db.append(
                AuditEntry(
                    createdAt: now, actor: caller.actor, action: "key.create", target: key.id.text, detail: detail,
                    requestID: requestID))
            return record
        }
    }

    /// All keys, newest first, revoked ones included.
    package func keys() async throws -> [KeyRecord] { try await storedKeys().map(\.record) }

    /// All keys with their hashes, newest first.
    package func storedKeys() async throws -> [StoredKey] {
        try await read { db in try db.rows("SELECT * FROM api_keys ORDER BY seq DESC").map(storedKey) }
    }

    /// What changes whenever a key is made, revoked or given an end: compare two of them for equality.
    package func keysRevision() async throws -> [Int64] {
        try await read { db in
            let row = try db.row("SELECT count(*), total(revoked_at), total(expires_at) FROM api_keys")
            return row.map { [$0[0], Int64($0[1] as Double), Int64($0[2] as Double)] } ?? []
        }
    }

    /// Revokes a key from now on; a no-op for one that is revoked. Throws `InputError.notFound`.
    package func revokeKey(_ id: KeyID, by caller: Caller, requestID: String? = nil) async throws -> KeyRecord {
        try await write { [clock] db in
            let now = clock.now()
            let record = try db.key(id)
            guard record.revokedAt == nil else { return record }
            try db.run("UPDATE api_keys SET revoked_at = ? WHERE seq = ?", [now.milliseconds, record.seq])
            try db.append(
                AuditEntry(
                    createdAt: now, actor: caller.actor, action: "key.revoke", target: id.text, requestID: requestID))
            return try db.key(id)
        }
    }

    /// Makes a key with the name, roles, quotas and end of another, which ends after so many seconds.
    ///
    /// Throws `InputError`: `notFound` for an unknown key, `conflict` for one that is revoked or has ended.
    package func rotateKey(
        _ id: KeyID, to key: AccessKeyText, keepingOldFor seconds: Double, by caller: Caller
    ) async throws -> KeyRecord {
        try await write { [clock] db in
            let now = clock.now()
            let old = try db.key(id)
            guard old.isLive(at: now) else {
                throw InputError(.conflict, "key \(id) is revoked or has ended", hint: "make a new one")
            }
            let request = KeyRequest(name: old.name, roles: old.roles, expiresAt: old.expiresAt, quotas: old.quotas)
            let record = try db.insertKey(request, key, now: now)
            let end = now.adding(seconds: max(0, seconds))
            try db.run(
                "UPDATE api_keys SET expires_at = ? WHERE seq = ?",
                [min(old.expiresAt ?? end, end).milliseconds, old.seq])
            try db.append(
                AuditEntry(
                    createdAt: now, actor: caller.actor, action: "key.rotate", target: id.text,
                    detail: #"{"to":"\#(key.id.text)"}"#))
            return record
        }
    }

    /// Notes when keys were last used, by row number.
    package func noteKeyUse(_ uses: [Int64: Timestamp]) async throws {
        try await write { db in
            for (seq, moment) in uses {
                try db.run(
                    "UPDATE api_keys SET last_used_at = max(coalesce(last_used_at, 0), ?) WHERE seq = ?",
                    [moment.milliseconds, seq])
            }
        }
    }

    /// Whose rollouts these are; unknown ones are left out.
    package func lanes(of ids: [RolloutID]) async throws -> [RolloutID: Int64] {
        try await read { db in
            var lanes: [RolloutID: Int64] = [:]
            for id in ids { lanes[id] = try db.integer("SELECT key_seq FROM rollouts WHERE id = ?", [id.text]) }
            return lanes
        }
    }
}

extension Database {
    fileprivate func insertKey(_ request: KeyRequest, _ key: AccessKeyText, now: Timestamp) throws -> KeyRecord {
        guard try integer("SELECT count(*) FROM api_keys") ?? 0 < Int64(Limits.keysMax) else {
            throw InputError(
                .tooLarge, "the ledger holds \(Limits.keysMax) keys", hint: "use the keys that are there")
        }
        let quotas = request.quotas
        try run(
            """
            INSERT INTO api_keys (id, name, secret_hash, roles, created_at, expires_at, requests_per_second,
                body_bytes_per_day, rollouts_waiting, scoring_seconds_per_hour, weight)
            VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
            """,
            [
                key.id.text, request.name, Data(SecretHash(of: key.secret).bytes), roleList(request.roles),
                now.milliseconds, request.expiresAt?.milliseconds, quotas.requestsPerSecond, quotas.bodyBytesPerDay,
                quotas.rolloutsWaiting, quotas.scoringSecondsPerHour, quotas.weight,
            ])
        return try self.key(key.id)
    }

    fileprivate func key(_ id: KeyID) throws -> KeyRecord {
        guard let row = try row("SELECT * FROM api_keys WHERE id = ?", [id.text]) else {
            throw InputError(
                .notFound, "there is no key \(id)", field: "id", hint: "rolloutd keys list, or GET /admin/keys")
        }
        return try storedKey(row).record
    }
}

private func storedKey(_ row: Row) throws -> StoredKey {
    func time(_ column: String) -> Timestamp? { (row[column] as Int64?).map { Timestamp(milliseconds: $0) } }
    guard let hash = SecretHash(stored: Array(row["secret_hash"] as Data)) else {
        throw LedgerError.corrupt("api_keys.secret_hash is no hash")
    }
    let roles: [KeyRole] = try (row["roles"] as String).split(separator: ",").map {
        try storedCase(String($0), "api_keys.roles")
    }
    let record = KeyRecord(
        seq: row["seq"], id: KeyID(row["id"]), name: row["name"], roles: Set(roles),
        createdAt: Timestamp(milliseconds: row["created_at"]), expiresAt: time("expires_at"),
        revokedAt: time("revoked_at"), lastUsedAt: time("last_used_at"),
        quotas: KeyQuotas(
            requestsPerSecond: row["requests_per_second"], bodyBytesPerDay: row["body_bytes_per_day"],
            rolloutsWaiting: row["rollouts_waiting"], scoringSecondsPerHour: row["scoring_seconds_per_hour"],
            weight: row["weight"]))
    return StoredKey(record: record, hash: hash)
}

private func roleList(_ roles: Set<KeyRole>) -> String {
    KeyRole.allCases.filter(roles.contains).map(\.rawValue).joined(separator: ",")
}
