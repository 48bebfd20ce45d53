// Keys and the audit log, as admins use them.
import Domain
import Storage

/// A key that was just made: the only moment at which its text is known here.
package struct IssuedKey: Sendable {
    package var text: String
    package var record: KeyRecord
    package init(text: String, record: KeyRecord) {
        self.text = text
        self.record = record
    }
}

extension RolloutService {
    /// Makes a key, which counts at once; its text is not kept.
    package func createKey(_ request: KeyRequest, by caller: Caller, requestID: String?) async throws -> IssuedKey {
        try refuseWhenStopping()
        guard let secrets else {
            throw ServiceError(.conflict, "this service makes no keys", hint: "use rolloutd keys create")
        }
        let key = AccessKeyText(secrets)
        let record = try await inLedger { try await $0.createKey(request, key, by: caller, requestID: requestID) }
        access.replace(try await inLedger { try await $0.storedKeys() })
        return IssuedKey(text: key.text, record: record)
    }

    /// All keys, newest first, revoked ones included.
    package func keys() async throws -> [KeyRecord] { try await inLedger { try await $0.keys() } }

    /// Revokes a key from now on.
    package func revokeKey(_ id: KeyID, by caller: Caller, requestID: String?) async throws -> KeyRecord {
        let record = try await inLedger { try await $0.revokeKey(id, by: caller, requestID: requestID) }
        access.replace(try await inLedger { try await $0.storedKeys() })
        return record
    }

    /// A page of the audit log, newest first.
    package func auditEntries(before: Int64?, limit: Int) async throws -> [AuditEntry] {
        try await inLedger { try await $0.auditEntries(before: before, limit: limit) }
    }

    /// Adds a line to the audit log.
    package func append(audit entry: AuditEntry) async throws {
        try await inLedger { try await $0.append(audit: entry) }
    }
}
