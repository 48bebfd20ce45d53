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

    @Test func `leases of the third schema are listed, those of its own judge are taken back, and workers are known`()
        async throws
    {
        let directory = try TemporaryDirectory()
        let path = directory.file("ledger.sqlite")
        try database(
            at: path, migratedTo: 3,
            """
            INSERT INTO datasets (seq, name) VALUES (1, 'd');
            INSERT INTO prompts (seq, id, dataset_seq, task_type, content_hash, created_at)
                VALUES (1, 'p', 1, 'math', zeroblob(16), 1);
            INSERT INTO prompt_bodies VALUES (1, '{"text":"1 + 1?"}', '{"type":"math","answer":"2"}', '{}');
            INSERT INTO leases (seq, id, kind, worker, is_local, attempt, policy_version, created_at, expires_at)
                VALUES (1, 'own', 'score', 'rolloutd-judge', 0, 1, 0, 5, 9000000000000),
                    (2, 'far', 'score', 'elsewhere', 0, 1, 0, 6, 9000000000000);
            INSERT INTO groups (seq, id, prompt_seq, size, member_count, oldest_version, created_at)
                VALUES (1, 'g', 1, 2, 2, 0, 2);
            INSERT INTO rollouts (seq, id, prompt_seq, dataset_seq, group_seq, policy_version, content_hash, status,
                judging, lease_seq, attempt, tries, created_at)
                VALUES (1, 'a', 1, 1, 1, 0, zeroblob(16), 'scoring', 'leased', 1, 1, 1, 3),
                    (2, 'b', 1, 1, 1, 0, zeroblob(16), 'scoring', 'leased', 2, 1, 1, 4);
            INSERT INTO rollout_bodies VALUES (1, x'32', x'', x'', 'stop', 't', '{}'), (2, x'32', x'', x'', 'stop', 't', '{}');
            """)
        let ledger = try Ledger.open(at: path, clock: StillClock().wall, identifiers: countedIdentifiers())
        #expect(try await ledger.check() == [])
        #expect(
            try await ledger.workers(kind: .score, limit: 9).map(\.name).sorted() == ["elsewhere", "rolloutd-judge"])
        #expect(try await ledger.leaseDetail(LeaseID("far")).rollouts == [RolloutID("b")])
        #expect(try await ledger.reclaimAll() == 1)
        #expect(try await ledger.attempts(of: RolloutID("a")).map(\.outcome) == [.reclaimed])
        #expect(try await ledger.attempts(of: RolloutID("b")).map(\.outcome) == [nil])
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
}
