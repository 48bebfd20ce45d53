// The keys and the audit log of the service in memory.
import Domain
import Service
import Storage
import Synchronization

extension ScriptedService {
    /// A key that counts from now on; its text.
    func addKey(_ roles: Set<KeyRole>, _ quotas: KeyQuotas = .init()) -> String {
        let seq = state.withLock { Int64($0.keys.count + 1) }
        let key = AccessKeyText(SecretSource { count in Array(repeating: UInt8(seq), count: count) })
        keep(key, KeyRequest(name: "k\(seq)", roles: roles, quotas: quotas))
        return key.text
    }

    @discardableResult
    private func keep(_ key: AccessKeyText, _ request: KeyRequest) -> KeyRecord {
        let (record, stored) = state.withLock { state -> (KeyRecord, [StoredKey]) in
            let record = KeyRecord(
                seq: Int64(state.keys.count + 1), id: key.id, name: request.name, roles: request.roles,
                createdAt: time, expiresAt: request.expiresAt, quotas: request.quotas)
            state.keys.append(record)
            state.storedKeys.append(StoredKey(record: record, hash: SecretHash(of: key.secret)))
            return (record, state.storedKeys)
        }
        access.replace(stored)
        return record
    }

    func createKey(_ request: KeyRequest, by caller: Caller, requestID: String?) async throws -> IssuedKey {
        try await enter()
        let key = AccessKeyText(SecretSource { Array(repeating: 7, count: $0) })
        return IssuedKey(
            text: key.text,
            record: KeyRecord(
                seq: 1, id: key.id, name: request.name, roles: request.roles, createdAt: time,
                expiresAt: request.expiresAt, quotas: request.quotas))
    }

    func keys() async throws -> [KeyRecord] {
        try await enter()
        return [KeyRecord(seq: 1, id: KeyID("3f9a0c1d2e4b"), name: "me", roles: [.admin], createdAt: time)]
    }

    func revokeKey(_ id: KeyID, by caller: Caller, requestID: String?) async throws -> KeyRecord {
        guard var record = try await keys().first(where: { $0.id == id }) else {
            throw InputError(.notFound, "there is no key \(id)")
        }
        record.revokedAt = time
        return record
    }

    func auditEntries(before: Int64?, limit: Int) async throws -> [AuditEntry] {
        try await enter()
        var entry = AuditEntry(
            createdAt: time, actor: "command", action: "key.create", target: "3f9a0c1d2e4b",
            detail: #"{"name":"me"}"#)
        entry.seq = 1
        return [entry]
    }

    func append(audit entry: AuditEntry) async throws {
        try await enter()
        state.withLock { $0.audit.append(entry) }
    }
}
