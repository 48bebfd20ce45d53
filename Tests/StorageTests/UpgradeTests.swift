// Databases of earlier schemas, with data in them, opened by this binary.
import Domain
import GRDB
import SchemaMigrations
@testable import Storage
import Testing

struct UpgradeTests {
    /// A database as the binary of migration `number` left it.
    private func database(at path: String, migratedTo number: Int, _ sql: String) throws {
        let queue = try DatabaseQueue(path: path)
        try queue.writeWithoutTransaction { db in
            try Ledger.migrate(
                db, now: Timestamp(milliseconds: 7), migrations: allMigrations.filter { $0.number <= number })
            try db.execute(sql: sql)
        }
        try queue.close()
    }

    @Test func `updates of the first schema are kept, and say nothing of how to make them again`() async throws {
        let directory = try TemporaryDirectory()
        let path = directory.file("ledger.sqlite")
        try database(
            at: path, migratedTo: 1,
            """
            INSERT INTO policies VALUES (0, 5), (1, 6);
            INSERT INTO updates VALUES (1, 'gppo', '[["loss",0.5]]', 6);
            """)
        let ledger = try Ledger.open(at: path, clock: StillClock().wall, identifiers: countedIdentifiers())
        let update = try #require(try await ledger.update(PolicyVersion(1)))
        #expect(update["loss"] == 0.5)
        #expect(update.provenance == nil)
        try await ledger.commit(update: updateCommit(2, []))
        #expect(try await ledger.updates(before: nil, limit: 9).count == 2)
        #expect(try await ledger.check() == [])
        try await ledger.close()
    }

    @Test func `an update is recorded with all of its provenance or none`() async throws {
        let fixture = try Fixture()
        try await fixture.ledger.registerInitialPolicy(checkpoint: checkpoint(0))
        try await fixture.ledger.commit(update: updateCommit(1, []))
        try await fixture.ledger.close()
        let raw = try DatabaseQueue(path: fixture.path)
        try await raw.write { db in
            _ = #expect(throws: DatabaseError.self) { try db.execute(sql: "UPDATE updates SET settings = '{}'") }
        }
        try raw.close()
    }

    @Test func `a ledger from before events tells of what happens from now on`() async throws {
        let directory = try TemporaryDirectory()
        let path = directory.file("ledger.sqlite")
        try database(
            at: path, migratedTo: 3,
            """
            INSERT INTO policies VALUES (0, 5), (1, 6);
            INSERT INTO updates (version, objective, metrics, created_at) VALUES (1, 'gppo', '[["loss",0.5]]', 6);
            INSERT INTO leases VALUES (1, 'old', 'generate', 'w', 0, 1, 1, 5, 9, NULL, NULL);
            """)
        let ledger = try Ledger.open(at: path, clock: StillClock().wall, identifiers: countedIdentifiers())
        #expect(try await ledger.newestEvent() == 0)
        try await ledger.commit(update: updateCommit(2, []))
        try await ledger.release(LeaseID("old"))
        let page = try await ledger.events(after: 0, through: .max, types: Set(EventType.allCases), limit: 9)
        #expect(page.events.map(\.type) == [.updateCommitted, .policyPublished, .leaseEnded])
        #expect(try await ledger.check() == [])
        try await ledger.close()
    }
}
