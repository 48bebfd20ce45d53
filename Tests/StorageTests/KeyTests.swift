// API keys in the ledger: what is kept of them, how they end, and the log that says who did it.
import Domain
import Foundation
import GRDB
import Testing

@testable import Storage

/// Keys whose bytes count up from a start.
func countedKey(_ start: UInt8) -> AccessKeyText {
    AccessKeyText(SecretSource { count in (0..<count).map { UInt8(truncatingIfNeeded: Int(start) + $0) } })
}

@Suite struct KeyTests {
    private let request = KeyRequest(
        name: "vllm-a", roles: [.score, .generate],
        quotas: KeyQuotas(requestsPerSecond: 5, bodyBytesPerDay: 1_000, rolloutsWaiting: 8, weight: 3))

    @Test func `a key is kept as a hash, and nothing of its secret is in the files`() async throws {
        let fixture = try Fixture()
        let key = countedKey(0x30)
        let record = try await fixture.ledger.createKey(request, key, by: .command)
        #expect(record.id == key.id && record.roles == [.generate, .score] && record.quotas == request.quotas)
        #expect(try await fixture.ledger.keys() == [record])
        let stored = try #require(try await fixture.ledger.storedKeys().first)
        #expect(stored.hash.matches(SecretHash(of: key.secret)))
        #expect(!stored.hash.matches(SecretHash(of: countedKey(0x31).secret)))
        #expect(!stored.hash.matches(.nobodys))
        let files = try FileManager.default.contentsOfDirectory(atPath: fixture.directory.path)
        #expect(files.count >= 2)
        let secretBytes = Data((0..<32).map { UInt8(0x30 + $0) })
        for file in files {
            let data = try Data(contentsOf: URL(fileURLWithPath: fixture.directory.file(file)))
            #expect(data.range(of: Data(key.secret.utf8)) == nil, "\(file)")
            #expect(data.range(of: secretBytes) == nil, "\(file)")
        }
        #expect(try await fixture.ledger.check() == [])
        try await fixture.ledger.close()
    }

    @Test func `BLAKE2b with 32 bytes gives the digest of RFC 7693's reference code`() {
        // python3: hashlib.blake2b(b"abc", digest_size=32).hexdigest()
        let hex = SecretHash(of: "abc").bytes.map { String($0 >> 4, radix: 16) + String($0 & 15, radix: 16) }.joined()
        #expect(hex == "bddd813c634239723171ef3fee98579b94964e3bb1cb3e427262c8c068d52319")
    }

    @Test func `a revoked key stays revoked and listed, and revoking again changes nothing`() async throws {
        try await withLedger { ledger, fixture in
            let record = try await ledger.createKey(request, countedKey(1), by: .command)
            #expect(record.isLive(at: fixture.clock.wall.now()))
            let before = try await ledger.keysRevision()
            fixture.clock.advance(seconds: 5)
            let revoked = try await ledger.revokeKey(record.id, by: .loopback, requestID: "req-1")
            #expect(!revoked.isLive(at: fixture.clock.wall.now()))
            #expect(try await ledger.keysRevision() != before)
            fixture.clock.advance(seconds: 5)
            #expect(try await ledger.revokeKey(record.id, by: .command) == revoked)
            let log = try await ledger.auditEntries(before: nil, limit: 9)
            #expect(log.map(\.action) == ["key.revoke", "key.create"])
            #expect(log.first?.actor == "loopback" && log.first?.requestID == "req-1")
            await #expect(throws: InputError.self) { _ = try await ledger.revokeKey(KeyID("nobody"), by: .command) }
            for sql in ["UPDATE api_keys SET revoked_at = NULL", "DELETE FROM api_keys"] {
                await #expect(throws: DatabaseError.self) {
                    try await ledger.pool.write { db in try db.execute(sql: sql) }
                }
            }
        }
    }

    @Test func `a rotated key has a successor like it and ends when it was said to`() async throws {
        try await withLedger { ledger, fixture in
            let old = try await ledger.createKey(request, countedKey(1), by: .command)
            let new = try await ledger.rotateKey(old.id, to: countedKey(2), keepingOldFor: 600, by: .command)
            #expect(new.name == old.name && new.roles == old.roles && new.quotas == old.quotas && new.id != old.id)
            let kept = try #require(try await ledger.keys().first { $0.id == old.id })
            #expect(kept.isLive(at: fixture.clock.wall.now().adding(seconds: 599)))
            #expect(!kept.isLive(at: fixture.clock.wall.now().adding(seconds: 600)))
            fixture.clock.advance(seconds: 601)
            await #expect(throws: InputError.self) {
                _ = try await ledger.rotateKey(old.id, to: countedKey(3), keepingOldFor: 0, by: .command)
            }
            #expect(try await ledger.keys().count == 2)
        }
    }

    @Test func `the use of keys is noted and never goes back`() async throws {
        try await withLedger { ledger, _ in
            let record = try await ledger.createKey(request, countedKey(1), by: .command)
            let revision = try await ledger.keysRevision()
            try await ledger.noteKeyUse([record.seq: Timestamp(milliseconds: 900)])
            try await ledger.noteKeyUse([record.seq: Timestamp(milliseconds: 800)])
            #expect(try await ledger.keys().first?.lastUsedAt == Timestamp(milliseconds: 900))
            // Otherwise every minute would load all keys again.
            #expect(try await ledger.keysRevision() == revision)
        }
    }

    @Test func `a key out of bounds is refused by name and not stored`() async throws {
        try await withLedger { ledger, _ in
            var requests = Array(repeating: request, count: 5)
            requests[0].name = ""
            requests[1].roles = []
            requests[2].quotas.weight = 101
            requests[3].quotas.requestsPerSecond = .nan
            requests[4].quotas.rolloutsWaiting = 0
            let fields = ["name", "roles", "weight", "requests_per_second", "rollouts_waiting"]
            for (request, field) in zip(requests, fields) {
                let fault = await #expect(throws: InputError.self) {
                    _ = try await ledger.createKey(request, countedKey(1), by: .command)
                }
                #expect(fault?.field == field)
            }
            let (keys, log) = (try await ledger.keys(), try await ledger.auditEntries(before: nil, limit: 9))
            #expect(keys == [] && log == [])
        }
    }

    @Test func `the audit log is only added to, and read page by page`() async throws {
        try await withLedger { ledger, fixture in
            for index in 1...5 {
                try await ledger.append(
                    audit: AuditEntry(
                        createdAt: fixture.clock.wall.now(), actor: "command", action: "a", target: "\(index)",
                        detail: index == 5 ? String(repeating: "x", count: 5_000) : "{}"))
            }
            let first = try await ledger.auditEntries(before: nil, limit: 2)
            #expect(first.map(\.target) == ["5", "4"])
            #expect(first.first?.detail == #"{"too_long":true}"#)
            let second = try await ledger.auditEntries(before: first.last?.seq, limit: 9)
            #expect(second.map(\.target) == ["3", "2", "1"])
            for sql in ["UPDATE audit SET actor = 'x'", "DELETE FROM audit"] {
                await #expect(throws: DatabaseError.self) {
                    try await ledger.pool.write { db in try db.execute(sql: sql) }
                }
            }
        }
    }
}
