// Backup while running, and that the check finds what was made wrong behind the ledger's back.
import Domain
import Foundation
import GRDB
import Testing

@testable import Storage

struct BackupTests {
    @Test func `a backup made under load opens and holds what was acknowledged before it`() async throws {
        try await withLedger { ledger, fixture in
            try await ledger.addPrompt(mathPrompt("p"))
            for index in 0..<20 { try await ledger.addRollout(rollout("before\(index)", of: "p")) }
            let path = fixture.directory.file("backup.sqlite")
            try await withThrowingTaskGroup(of: Void.self) { group in
                group.addTask {
                    for index in 0..<50 { try await ledger.addRollout(rollout("during\(index)", of: "p")) }
                }
                group.addTask { try await ledger.backup(to: path) }
                try await group.waitForAll()
            }
            #expect(!FileManager.default.fileExists(atPath: path + "-wal"))
            #expect(!FileManager.default.fileExists(atPath: path + ".partial"))
            let copy = try Ledger.open(at: path, clock: fixture.clock.wall, identifiers: fixture.identifiers)
            for index in 0..<20 { #expect(try await copy.rollout(RolloutID("before\(index)")) != nil) }
            #expect(try await copy.check() == [])
            // The copy lives: it takes writes of its own.
            try await copy.addRollout(rollout("new", of: "p"))
            try await copy.close()
        }
    }

    @Test func `a backup never overwrites and never leaves half a file`() async throws {
        try await withLedger { ledger, fixture in
            let path = fixture.directory.file("kept.txt")
            try "precious".write(toFile: path, atomically: true, encoding: .utf8)
            await #expect(throws: LedgerError.self) { try await ledger.backup(to: path) }
            #expect(try String(contentsOfFile: path, encoding: .utf8) == "precious")
            let nowhere = fixture.directory.file("absent/backup.sqlite")
            await #expect(throws: LedgerError.self) { try await ledger.backup(to: nowhere) }
            let files = try FileManager.default.contentsOfDirectory(atPath: fixture.directory.path)
            #expect(!files.contains { $0.contains("partial") })
        }
    }

    /// Each change is one that no CHECK sees.
    @Test(arguments: [
        ("UPDATE rollouts SET reward = 0.25 WHERE status = 'scored'", "a verdict that counts"),
        ("UPDATE groups SET oldest_version = oldest_version + 1 WHERE member_count > 0", "a group counts its members"),
        ("UPDATE groups SET status = 'open' WHERE status = 'ready'", "complete and judged"),
        ("UPDATE tallies SET count = count + 1 WHERE name = 'rollouts/scored'", "a tally counts"),
        ("INSERT INTO tallies VALUES ('rollouts/dreamt', 2)", "a tally counts"),
        ("UPDATE datasets SET prompt_count = 9", "a data set its prompts"),
        ("DELETE FROM rollout_bodies WHERE rollout_seq = 1", "has a body"),
        ("INSERT INTO policies VALUES (0, 0); INSERT INTO policies VALUES (1, 0)", "has its update"),
        ("INSERT INTO policies VALUES (0, 0)", "has its checkpoint"),
        ("UPDATE rollouts SET status = 'discarded'", "share their status"),
    ])
    func `the check names the broken rule`(sql: String, rule: String) async throws {
        let fixture = try Fixture()
        try await fixture.ledger.addPrompt(mathPrompt("p"))
        try await fixture.ledger.addRollout(rollout("a", of: "p"))
        try await fixture.ledger.addRollout(rollout("b", of: "p"))
        try await fixture.ledger.passAll()
        #expect(try await fixture.ledger.check() == [])
        try await fixture.ledger.pool.write { db in try db.execute(sql: sql) }
        let faults = try await fixture.ledger.check()
        #expect(faults.contains { $0.contains(rule) }, "\(faults)")
        try await fixture.ledger.close()
    }

    @Test func `the counts agree with the rows`() async throws {
        try await withLedger { ledger, _ in
            let empty = try await ledger.counts()
            #expect(empty.prompts == 0 && empty.queueLength == 0 && empty.openGroups == 0)
            #expect(empty.rollouts.count == RolloutStatus.allCases.count)
            #expect(empty.verdicts.keys.sorted() == ["code", "math"])
            try await ledger.addPrompt(mathPrompt("p"))
            try await ledger.addPrompt(codePrompt("c"))
            try await ledger.addRollout(rollout("a", of: "p"))
            try await ledger.addRollout(rollout("b", of: "c"))
            _ = try await ledger.leaseGroups(
                worker: "w", max: 1, groupSize: 2, policyVersion: PolicyVersion(0), scope: PromptScope(), seconds: 60)
            try await ledger.passAll()
            let counts = try await ledger.counts()
            #expect(counts.prompts == 2)
            #expect(counts.rollouts[.scored] == 2)
            #expect(counts.verdicts["code"]?[.passed] == 1)
            #expect(counts.openGroups == 2)
            #expect(counts.leasedGroups == 1)
        }
    }
}
