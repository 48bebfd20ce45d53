// Other ledgers, looked into while their owners write them, or long after: nothing of theirs changes by it.
import Domain
import Foundation
import GRDB
import SchemaMigrations
import Testing

@testable import Storage

struct LedgerFileTests {
    /// The names in a directory, each file's size and its bytes' hash.
    private func contents(of directory: String) throws -> [String: String] {
        try FileManager.default.contentsOfDirectory(atPath: directory).reduce(into: [:]) { found, name in
            let data = FileManager.default.contents(atPath: directory + "/" + name) ?? Data()
            found[name] = "\(data.count) \(ContentHash.of(data).hexadecimal)"
        }
    }

    private func learned(_ fixture: Fixture, updates: Int) async throws {
        try await fixture.ledger.registerInitialPolicy(checkpoint: checkpoint(0))
        for version in 1...updates {
            try await fixture.ledger.commit(
                update: updateCommit(version, [], metrics: [.init("loss", 1 / Double(version)), .init("nan", .nan)]))
        }
        try await fixture.ledger.record(evaluations: [evaluation(0, "all", 0.25), evaluation(updates, "all", 0.75)])
        try await fixture.ledger.record(evaluations: [evaluation(updates, "fractions", 0.5)])
    }

    private func evaluation(_ version: Int, _ kind: String, _ accuracy: Double) -> EvaluationRecord {
        EvaluationRecord(
            version: PolicyVersion(version), kind: kind, prompts: 4, samples: 0, greedyAccuracy: accuracy,
            averageAccuracy: nil, passAtK: nil, undetermined: 0, learningSeconds: 0,
            createdAt: Timestamp(milliseconds: 5))
    }

    @Test func `a run that has ended is read without a file beside it being made or changed`() async throws {
        let fixture = try Fixture()
        try await learned(fixture, updates: 9)
        try await fixture.ledger.close()
        let before = try contents(of: fixture.directory.path)
        let file = LedgerFile(path: fixture.path)
        let outline = try await file.outline()
        #expect(outline.whole == 1...9 && outline.schema == Ledger.schemaNumber)
        #expect(outline.metrics == ["loss", "nan"] && outline.newest?.version == PolicyVersion(9))
        #expect(outline.evaluations.map(\.greedyAccuracy) == [0.25, 0.75])
        let updates = try await file.updates(at: [3, 5, 77])
        #expect(updates.map(\.version.number) == [3, 5] && updates.first?["loss"] == 1.0 / 3)
        #expect(try contents(of: fixture.directory.path) == before)
    }

    @Test func `a ledger is read while its owner writes, who is neither held up nor sees anything of it`() async throws
    {
        try await withLedger { ledger, fixture in
            try await ledger.registerInitialPolicy(checkpoint: checkpoint(0))
            let file = LedgerFile(path: fixture.path)
            let writing = Task {
                for version in 1...40 {
                    try await ledger.commit(update: updateCommit(version, [], metrics: [.init("loss", 1)]))
                }
            }
            var last = 0
            while last < 40 {
                let seen = try await file.outline().whole?.upperBound ?? 0
                #expect(seen >= last, "a run went backwards")
                last = max(last, seen)
                let updates = try await file.updates(at: Array(1...max(last, 1)))
                #expect(updates.count >= last)
            }
            try await writing.value
            // What is committed and not yet in the database file is there as well, and a change shows in the stamp.
            let before = file.stamp
            try await ledger.commit(update: updateCommit(41, []))
            #expect(file.stamp != before)
            #expect(try await file.outline().whole == 1...41)
        }
    }

    @Test func `what a killed owner left in its log is read as well`() async throws {
        try await withLedger { ledger, fixture in
            try await ledger.registerInitialPolicy(checkpoint: checkpoint(0))
            for version in 1...5 { try await ledger.commit(update: updateCommit(version, [])) }
            // The files as they are now, as after kill -9: the log is not folded in.
            let copy = fixture.directory.file("killed.sqlite")
            for ending in ["", "-wal"] {
                try FileManager.default.copyItem(atPath: fixture.path + ending, toPath: copy + ending)
            }
            #expect(LedgerFile(path: copy).stamp?.logBytes ?? 0 > 0)
            #expect(try await LedgerFile(path: copy).outline().whole == 1...5)
        }
    }

    @Test func `a ledger of an older schema is read as it is and not migrated`() async throws {
        let directory = try TemporaryDirectory()
        let path = directory.file("old.sqlite")
        let queue = try DatabaseQueue(path: path)
        try await queue.writeWithoutTransaction { db in
            try Ledger.migrate(db, now: Timestamp(milliseconds: 7), migrations: allMigrations.filter { $0.number <= 1 })
            try db.execute(
                sql: """
                    INSERT INTO policies VALUES (0, 5), (1, 6);
                    INSERT INTO updates VALUES (1, 'gppo', '[["loss",0.5]]', 6);
                    """)
        }
        try queue.close()
        let before = try contents(of: directory.path)
        let file = LedgerFile(path: path)
        #expect(try await file.outline().schema == 1)
        #expect(try await file.updates(at: [1]).first?["loss"] == 0.5)
        #expect(try contents(of: directory.path) == before)
    }

    @Test func `what is no ledger, newer, damaged, or no file is refused with its reason`() async throws {
        let directory = try TemporaryDirectory()
        func reason(_ name: String) async -> String {
            do {
                let outline = try await LedgerFile(path: directory.file(name)).outline()
                return "read: \(outline)"
            } catch { return "\((error as? LedgerError)?.description ?? "\(error)")" }
        }
        let manager = FileManager.default
        #expect(manager.createFile(atPath: directory.file("text.sqlite"), contents: Data(repeating: 65, count: 9_000)))
        #expect(await reason("text.sqlite").contains("damaged"))
        #expect(manager.createFile(atPath: directory.file("empty.sqlite"), contents: nil))
        #expect(await reason("empty.sqlite").contains("no ledger"))
        try manager.createDirectory(atPath: directory.file("folder.sqlite"), withIntermediateDirectories: false)
        #expect(await reason("folder.sqlite").contains("gone"))
        #expect(mkfifo(directory.file("pipe.sqlite"), 0o600) == 0)
        #expect(await reason("pipe.sqlite").contains("gone"), "a pipe that nobody writes was waited for")
        for (name, sql) in [
            ("other.sqlite", "CREATE TABLE updates (version)"),
            (
                "newer.sqlite",
                """
                PRAGMA application_id = \(ledgerApplicationID); PRAGMA user_version = 9999;
                CREATE TABLE updates (version); CREATE TABLE evaluations (version)
                """
            ),
            (
                "endless.sqlite",
                """
                PRAGMA application_id = \(ledgerApplicationID); PRAGMA user_version = 1;
                CREATE TABLE evaluations (version);
                CREATE VIEW updates AS WITH RECURSIVE n(version) AS (VALUES(1) UNION ALL SELECT version + 1 FROM n)
                    SELECT * FROM n
                """
            ),
            (
                "odd?#%41;.sqlite",
                """
                PRAGMA application_id = \(ledgerApplicationID); PRAGMA user_version = 1;
                CREATE TABLE updates (version, objective, metrics, created_at); CREATE TABLE evaluations (version);
                INSERT INTO updates VALUES (1, 'x', x'00ff', 'yesterday')
                """
            ),
        ] {
            let queue = try DatabaseQueue(path: directory.file(name))
            try await queue.writeWithoutTransaction { db in try db.execute(sql: sql) }
            try queue.close()
        }
        #expect(await reason("endless.sqlite").contains("no tables"))
        #expect(await reason("other.sqlite").contains("no ledger"))
        #expect(await reason("newer.sqlite").contains("schema 9999"))
        #expect(await reason("odd?#%41;.sqlite").contains("created_at holds"))
    }
}
