// Opening and migrating: what is refused, and that the refusal says what to do.
import Domain
import Foundation
import GRDB
import SchemaMigrations
import StrictJSON
import Testing

@testable import Storage

struct OpeningTests {
    private func open(_ path: String) throws -> Ledger {
        try Ledger.open(at: path, clock: StillClock().wall, identifiers: countedIdentifiers())
    }

    @Test func `the pragmas that durability needs are set on the writer`() async throws {
        try await withLedger { ledger, _ in
            let found = try await ledger.pool.write { db in
                try ["synchronous", "journal_mode", "foreign_keys", "wal_autocheckpoint", "application_id"]
                    .map { name in try String.fetchOne(db, sql: "PRAGMA \(name)") }
            }
            #expect(found == ["2", "wal", "1", "0", String(ledgerApplicationID)])
        }
    }

    @Test func `readers enforce foreign keys and cannot write`() async throws {
        try await withLedger { ledger, _ in
            let isEnforced = try await ledger.pool.read { db in try Int.fetchOne(db, sql: "PRAGMA foreign_keys") }
            #expect(isEnforced == 1)
            await #expect(throws: DatabaseError.self) {
                try await ledger.pool.read { db in try db.execute(sql: "DELETE FROM settings") }
            }
        }
    }

    @Test(arguments: ["", ":memory:", "file:x?mode=memory"])
    func `only real files are opened`(path: String) {
        #expect(throws: LedgerError.self) { try open(path) }
    }

    @Test func `a missing directory is named with the command that makes it`() throws {
        let directory = try TemporaryDirectory()
        let error = #expect(throws: LedgerError.self) { try open(directory.file("absent/ledger.sqlite")) }
        #expect(error?.description.contains("mkdir -p") == true)
        #expect(!FileManager.default.fileExists(atPath: directory.file("absent")))
    }

    @Test func `a directory is no database`() throws {
        let directory = try TemporaryDirectory()
        let error = #expect(throws: LedgerError.self) { try open(directory.path) }
        #expect(error?.description.contains("is a directory") == true)
    }

    @Test func `a file of another kind is refused and left as it was`() throws {
        let directory = try TemporaryDirectory()
        let path = directory.file("notes.txt")
        let text = String(repeating: "no database\n", count: 400)
        try text.write(toFile: path, atomically: true, encoding: .utf8)
        let error = #expect(throws: LedgerError.self) { try open(path) }
        guard case .corrupt = error else {
            Issue.record("\(String(describing: error))")
            return
        }
        #expect(try String(contentsOfFile: path, encoding: .utf8) == text)
    }

    @Test func `another program's database is refused and left as it was`() throws {
        let directory = try TemporaryDirectory()
        let path = directory.file("other.sqlite")
        let other = try DatabaseQueue(path: path)
        try other.write { db in try db.execute(sql: "CREATE TABLE theirs (x)") }
        let error = #expect(throws: LedgerError.self) { try open(path) }
        #expect(error?.description.contains("another program") == true)
        let names = try other.read { db in try String.fetchAll(db, sql: "SELECT name FROM sqlite_schema") }
        #expect(names == ["theirs"])
    }

    @Test func `a database that a newer binary migrated is refused with advice`() async throws {
        let fixture = try Fixture()
        try await fixture.ledger.close()
        let raw = try DatabaseQueue(path: fixture.path)
        try await raw.write { db in try db.execute(sql: "PRAGMA user_version = 99") }
        try raw.close()
        let error = #expect(throws: LedgerError.self) { try fixture.reopened() }
        #expect(error == .newerSchema(found: 99, known: allMigrations.count))
        #expect(error?.description.contains("upgrade rolloutd or restore a backup") == true)
    }

    @Test func `a database whose applied migration differs is refused`() async throws {
        let fixture = try Fixture()
        try await fixture.ledger.close()
        let raw = try DatabaseQueue(path: fixture.path)
        try await raw.write { db in try db.execute(sql: "UPDATE schema_migrations SET digest = 'other'") }
        try raw.close()
        #expect(throws: LedgerError.changedMigration("m0001_init")) { try fixture.reopened() }
    }

    @Test func `opening again applies nothing twice and keeps the data`() async throws {
        let fixture = try Fixture()
        try await fixture.ledger.addPrompt(mathPrompt("p"))
        try await fixture.ledger.close()
        let again = try fixture.reopened()
        #expect(try await again.prompt(PromptID("p"))?.dataset == "arithmetic")
        #expect(try await again.check() == [])
        try await again.close()
    }

    @Test func `a closed ledger refuses work instead of hanging`() async throws {
        let fixture = try Fixture()
        try await fixture.ledger.close()
        await #expect(throws: LedgerError.closed) { try await fixture.ledger.addPrompt(mathPrompt("p")) }
        await #expect(throws: (any Error).self) { try await fixture.ledger.counts() }
    }

    @Test func `every error says something and never mentions SQL`() {
        let errors: [LedgerError] = [
            .busy(retryAfterSeconds: 1), .backlog(queued: 3, limit: 2, retryAfterSeconds: 5), .diskFull, .readOnly,
            .corrupt("page 3"), .locked, .inputOutput("short read"), .cannotOpen("no"),
            .newerSchema(found: 2, known: 1), .changedMigration("m0001_init"),
            .groupNotReady(GroupID("g"), status: "x"),
            .versionGap(expected: PolicyVersion(1), got: PolicyVersion(3)), .invariant("x"), .closed,
        ]
        for error in errors {
            #expect(!error.description.isEmpty)
            #expect(!error.description.contains("SELECT"))
        }
        #expect(LedgerError.busy(retryAfterSeconds: 1).retryAfterSeconds == 1)
        #expect(LedgerError.corrupt("x").retryAfterSeconds == nil)
    }
}
