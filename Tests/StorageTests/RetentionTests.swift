// Deletion: whole settled groups and nothing else, by age, by size and by use; what was deleted stays known.
import Domain
import Foundation
import GRDB
import Testing

@testable import Storage

struct RetentionTests {
    private let day = 86_400.0

    @Test func `groups go by age with all that hangs on them, and records stay`() async throws {
        try await withLedger { ledger, fixture in
            let sent = try await consumedGroup(ledger, "old", members: 3, tokens: 40)
            _ = try await ledger.compact(createdBefore: Timestamp(milliseconds: .max / 2))
            fixture.clock.advance(seconds: 10 * day)
            try await consumedGroup(ledger, "new", members: 3, tokens: 40)
            try await consumedGroup(ledger, "newest", members: 1, tokens: 40)
            let policy = RetentionPolicy(days: 7)
            let preview = try await ledger.retentionPreview(policy)
            #expect(preview.groups == 1 && preview.rollouts == 3 && !preview.hasMore)
            #expect(preview.bytes > 3 * 2 * 160 && preview.oldest == Timestamp(milliseconds: 1_700_000_000_000))
            #expect(try await ledger.rollout(RolloutID("old/0")) != nil)
            let report = try await ledger.retain(policy)
            #expect(report == preview)
            #expect(try await ledger.retain(policy).groups == 0)
            #expect(try await ledger.rollout(RolloutID("old/0")) == nil)
            #expect(try await ledger.rollout(RolloutID("new/0")) != nil)
            #expect(try await ledger.verdictHistory(of: RolloutID("old/0")) == [])
            #expect(try await ledger.prompt(PromptID("old")) != nil)
            #expect(try await ledger.update(PolicyVersion(1)) != nil)
            #expect(try await ledger.checkpoints().count == 4)
            let counts = try await ledger.counts()
            #expect(counts.rollouts[.consumed] == 4 && counts.deleted == 3)
            #expect(counts.verdicts["math"]?[.passed] == 4)
            #expect(try await ledger.deletedGroupCount(consumedBy: PolicyVersion(1)) == 1)
            #expect(try await ledger.consumedGroups(by: PolicyVersion(1), judgedThrough: .max) == [])
            #expect(sent.count == 3)
        }
    }

    @Test func `a deleted rollout that is posted again is answered as before and not stored again`() async throws {
        try await withLedger { ledger, fixture in
            let sent = try await consumedGroup(ledger, "old", members: 2, tokens: 40)
            let before = try await ledger.addRollout(sent[0])
            try await consumedGroup(ledger, "new", members: 1, tokens: 40)
            fixture.clock.advance(seconds: 10 * day)
            #expect(try await ledger.retain(RetentionPolicy(days: 7)).rollouts == 2)
            let again = try await ledger.addRollout(sent[0])
            #expect(again == before && !again.isNew && again.status == .consumed)
            var other = sent[0]
            other.response += "!"
            let fault = try #require(try await ledger.refusal(of: other))
            #expect(fault.code == .conflict)
            #expect(try await ledger.rollout(RolloutID("old/0")) == nil)
            // Late work for the deleted group is told why, and a new rollout of the prompt is welcome.
            let late = rollout("late", of: "old", group: before.groupID.text)
            #expect(try await ledger.refusal(of: late)?.code == .stalePolicy)
            #expect(try await ledger.addRollout(rollout("fresh", of: "old")).isNew)
            // Its name stays taken: a second group of it could not be deleted beside the first.
            let named = GroupSubmission(id: before.groupID, promptID: PromptID("old"), size: 1)
            let opened = try await ledger.open(groups: [named], groupSize: 1, version: PolicyVersion(1))
            let taken = #expect(throws: InputError.self) { try opened[0].get() }
            #expect(taken?.code == .conflict)
        }
    }

    @Test func `what waits for a judge or an update, or is held, is never deleted, however old`() async throws {
        try await withLedger { ledger, fixture in
            try await consumedGroup(ledger, "again", members: 2, tokens: 10)
            for name in ["queued", "scoring", "ready", "leased"] { try await ledger.addPrompt(mathPrompt(name)) }
            for index in 0..<2 { try await ledger.addRollout(rollout("ready/\(index)", of: "ready")) }
            try await ledger.passAll()
            _ = try await ledger.requestRescore(matching: RolloutFilter(status: .consumed), limit: 1)
            try await ledger.addRollout(rollout("scoring/0", of: "scoring"))
            _ = try await ledger.leaseScoring(worker: "j", max: 1, seconds: 3_600)
            try await ledger.addRollout(rollout("queued/0", of: "queued"))
            _ = try await ledger.leaseGroups(
                worker: "w", max: 1, groupSize: 2, policyVersion: PolicyVersion(0), scope: PromptScope(), seconds: 3_600
            )
            fixture.clock.advance(seconds: 400 * day)
            let everything = RetentionPolicy(days: 0, bytes: 0, updates: 0)
            #expect(try await ledger.retentionPreview(everything).groups == 0)
            #expect(try await ledger.retain(everything).groups == 0)
            #expect(try await ledger.counts().rollouts.values.reduce(0, +) == 6)
        }
    }

    @Test func `by use the groups of old updates go, by size the oldest until the rest fits`() async throws {
        try await withLedger { ledger, fixture in
            for index in 1...6 {
                try await consumedGroup(ledger, "u\(index)", members: 2, tokens: 2_000)
                fixture.clock.advance(seconds: 60)
            }
            try await consumedGroup(ledger, "last", members: 1, tokens: 10)
            // The newest policy is 7; updates 1 and 2 are more than four updates back.
            let byUse = RetentionPolicy(updates: 4)
            #expect(try await ledger.retentionPreview(byUse).groups == 2)
            #expect(try await ledger.retain(byUse).rollouts == 4)
            #expect(try await ledger.rollout(RolloutID("u2/0")) == nil)
            #expect(try await ledger.rollout(RolloutID("u3/0")) != nil)
            let size = try await ledger.size()
            let bySize = RetentionPolicy(bytes: Int(size.usedBytes) - 40_000)
            let preview = try await ledger.retentionPreview(bySize)
            #expect(preview.groups == 1 && preview.oldest == Timestamp(milliseconds: 1_700_000_120_000))
            while try await ledger.retain(bySize).groups > 0 {}
            #expect(try await ledger.rollout(RolloutID("u3/0")) == nil)
            #expect(try await ledger.rollout(RolloutID("u5/0")) != nil)
            #expect(try await ledger.size().usedBytes <= size.usedBytes - 40_000)
            #expect(try await ledger.size().fileBytes == size.fileBytes)
            // A limit on groups cuts the work, and says so.
            let rest = RetentionPolicy(updates: 0)
            #expect(try await ledger.retentionPreview(rest, limit: 1).hasMore)
            #expect(try await ledger.retain(rest, limit: 1).groups == 1)
        }
    }

    @Test func `beyond the budget new rollouts are refused, and those known are still answered`() async throws {
        try await withLedger { ledger, _ in
            try await ledger.addPrompt(mathPrompt("p"))
            try await ledger.addRollout(rollout("a", of: "p"))
            ledger.refuseIntake(BudgetExcess(bytes: 10, budget: 5))
            #expect(try await ledger.addRollout(rollout("a", of: "p")).isNew == false)
            await #expect(
                throws: LedgerError.overBudget(bytes: 10, budget: 5, retryAfterSeconds: Limits.retentionRetrySeconds)
            ) { _ = try await ledger.submit(rollouts: [rollout("b", of: "p")], admission: admission()) }
            #expect(try await ledger.rollout(RolloutID("b")) == nil)
            ledger.refuseIntake(nil)
            #expect(try await ledger.addRollout(rollout("b", of: "p")).isNew)
        }
    }

    @Test func `retention finds its groups by an index, and a deletion scans no table`() async throws {
        try await withLedger { ledger, _ in
            let plans = try await ledger.pool.read { db in
                try [
                    """
                    SELECT g.seq FROM groups g WHERE (g.status IN ('consumed', 'stale', 'discarded') OR g.is_imported = 1)
                        AND g.created_at < 5 ORDER BY g.created_at LIMIT 9
                    """,
                    """
                    SELECT r.seq FROM rollouts r INDEXED BY rollouts_to_compact WHERE r.compacted = 0 AND r.status IN ('consumed', 'stale', 'discarded')
                        AND r.created_at < 5 ORDER BY r.created_at LIMIT 9
                    """, "SELECT 1 FROM rollouts WHERE verdict_seq = 5",
                ].map { sql in
                    try Row.fetchAll(db, sql: "EXPLAIN QUERY PLAN " + sql).map { $0["detail"] as String }.joined()
                }
            }
            for (plan, index) in zip(plans, ["groups_settled", "rollouts_to_compact", "rollouts_by_verdict"]) {
                #expect(plan.contains(index) && !plan.contains("TEMP B-TREE"), "\(plan)")
            }
        }
    }

    @Test func `rows can be deleted only once they are settled and remembered`() async throws {
        try await withLedger { ledger, _ in
            try await consumedGroup(ledger, members: 1, tokens: 5)
            for sql in [
                "DELETE FROM groups", "DELETE FROM rollouts", "DELETE FROM verdicts",
                "DELETE FROM rollout_bodies WHERE rollout_seq = 9; DELETE FROM rollouts",
            ] {
                await #expect(throws: DatabaseError.self) {
                    try await ledger.pool.write { db in try db.execute(sql: sql) }
                }
            }
        }
    }

    @Test func `what is securely deleted cannot be found in the file`() async throws {
        let options = LedgerOptions(securelyDeletes: true)
        try await withLedger(options: options) { ledger, fixture in
            try await ledger.registerInitialPolicy(checkpoint: checkpoint(0))
            try await ledger.addPrompt(mathPrompt("p"))
            let secret = "the-password-is-swordfish"
            let group = try await ledger.addRollout(
                rollout("r", of: "p", response: secret), admission(groupSize: 1)
            ).groupID
            try await ledger.passAll()
            try await ledger.commit(
                update: updateCommit(1, [ConsumedGroup(id: group, fate: .trained, advantages: [:])]))
            try await consumedGroup(ledger, "other", members: 1, tokens: 5)
            try await checkpointLog(ledger)
            #expect(try Data(contentsOf: URL(fileURLWithPath: fixture.path)).range(of: Data(secret.utf8)) != nil)
            #expect(try await ledger.retain(RetentionPolicy(updates: 0)).groups == 1)
            try await checkpointLog(ledger)
            #expect(try Data(contentsOf: URL(fileURLWithPath: fixture.path)).range(of: Data(secret.utf8)) == nil)
        }
    }

    private func checkpointLog(_ ledger: Ledger) async throws {
        _ = try await ledger.pool.writeWithoutTransaction { db in try db.checkpoint(.truncate) }
    }
}
