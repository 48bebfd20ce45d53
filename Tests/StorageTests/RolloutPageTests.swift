// Pages of rollouts: filters, cursors both ways, nothing twice and nothing left out.
import Domain
import GRDB
@testable import Storage
import Testing

struct RolloutPageTests {
    private func fill(_ ledger: Ledger) async throws {
        try await ledger.addPrompt(mathPrompt("p", dataset: "one"))
        try await ledger.addPrompt(mathPrompt("q", dataset: "two"))
        for index in 0..<10 {
            let sent = rollout("r\(index)", of: index % 2 == 0 ? "p" : "q", version: index / 5)
            try await ledger.addRollout(sent, admission(version: 1, groupSize: 4))
        }
    }

    @Test func `pages go from new to old and end`() async throws {
        try await withLedger { ledger, _ in
            try await fill(ledger)
            var seen: [String] = []
            var cursor: Int64?
            repeat {
                let page = try await ledger.rollouts(matching: RolloutFilter(), before: cursor, limit: 3)
                seen += page.rollouts.map(\.id.text)
                cursor = page.nextCursor
            } while cursor != nil
            #expect(seen == (0..<10).reversed().map { "r\($0)" })
        }
    }

    @Test func `a listing says what the rollouts themselves say, page by page`() async throws {
        try await withLedger { ledger, _ in
            try await fill(ledger)
            var seen: [RolloutSummary] = []
            var cursor: Int64?
            repeat {
                let page = try await ledger.listRollouts(matching: RolloutFilter(), before: cursor, limit: 3)
                seen += page.rollouts
                cursor = page.nextCursor
            } while cursor != nil
            let whole = try await ledger.rollouts(matching: RolloutFilter(), before: nil, limit: 100).rollouts
            #expect(seen.count == 10 && seen == whole.map(\.summary))
        }
    }

    @Test func `the export goes from old to new, and a page never skips rows that came meanwhile`() async throws {
        try await withLedger { ledger, _ in
            try await fill(ledger)
            let first = try await ledger.exportRollouts(matching: RolloutFilter(), from: 0, limit: 6)
            try await ledger.addRollout(rollout("late", of: "p"), admission(version: 1))
            let cursor = try #require(first.nextCursor)
            let second = try await ledger.exportRollouts(matching: RolloutFilter(), from: cursor, limit: 6)
            #expect(second.nextCursor == nil)
            let all = (first.rollouts + second.rollouts).map(\.id.text)
            #expect(all == (0..<10).map { "r\($0)" } + ["late"])
        }
    }

    @Test func `filters combine`() async throws {
        try await withLedger { ledger, _ in
            try await fill(ledger)
            func ids(_ filter: RolloutFilter) async throws -> Set<String> {
                Set(try await ledger.rollouts(matching: filter, before: nil, limit: 100).rollouts.map(\.id.text))
            }
            #expect(try await ids(RolloutFilter(dataset: "one")) == ["r0", "r2", "r4", "r6", "r8"])
            #expect(try await ids(RolloutFilter(promptID: PromptID("q"))) == ["r1", "r3", "r5", "r7", "r9"])
            let newer = RolloutFilter(status: .queued, dataset: "one", policyVersion: PolicyVersion(1))
            #expect(try await ids(newer) == ["r6", "r8"])
            let group = try #require(try await ledger.rollout(RolloutID("r9"))).groupID
            #expect(try await ids(RolloutFilter(groupID: group)) == ["r5", "r7", "r9"])
            #expect(try await ids(RolloutFilter(status: .scored)) == [])
            #expect(try await ids(RolloutFilter(dataset: "absent")) == [])
        }
    }

    @Test func `a limit out of range gives a page, not a crash`() async throws {
        try await withLedger { ledger, _ in
            try await fill(ledger)
            #expect(try await ledger.rollouts(matching: RolloutFilter(), before: nil, limit: 0).rollouts.count == 1)
            #expect(try await ledger.rollouts(matching: RolloutFilter(), before: nil, limit: -5).rollouts.count == 1)
            let all = try await ledger.rollouts(matching: RolloutFilter(), before: nil, limit: .max)
            #expect(all.rollouts.count == 10)
            #expect(try await ledger.rollouts(matching: RolloutFilter(), before: .min, limit: 5).rollouts == [])
        }
    }

    @Test func `every filter walks an index of what it names, and sorts nothing but a group`() async throws {
        let fixture = try Fixture()
        try await fixture.ledger.close()
        let database = try DatabaseQueue(path: fixture.path)
        let prompt = PromptID("p")
        let group = GroupID("g")
        let version = PolicyVersion(1)
        for (filter, index) in [
            (RolloutFilter(), "INTEGER PRIMARY KEY"), (RolloutFilter(status: .scored), "rollouts_by_status"),
            (RolloutFilter(dataset: "d"), "rollouts_by_dataset"),
            (RolloutFilter(policyVersion: version), "rollouts_by_version"),
            (RolloutFilter(status: .scored, dataset: "d"), "rollouts_by_dataset_status"),
            (RolloutFilter(status: .scored, policyVersion: version), "rollouts_by_version_status"),
            (RolloutFilter(dataset: "d", policyVersion: version), "rollouts_by_dataset_version"),
            (RolloutFilter(status: .scored, promptID: prompt), "rollouts_by_prompt"),
            (
                RolloutFilter(status: .scored, dataset: "d", promptID: prompt, policyVersion: version),
                "rollouts_by_prompt"
            ),
            (RolloutFilter(status: .scored, groupID: group), "rollouts_by_group"),
            (
                RolloutFilter(dataset: "d", promptID: prompt, groupID: group, policyVersion: version),
                "rollouts_by_group"
            ),
        ] {
            let condition = RolloutCondition(filter)
            let plan = try await database.read { db in
                try Row.fetchAll(
                    db,
                    sql: "EXPLAIN QUERY PLAN " + rolloutColumns
                        + " WHERE \(condition.sql) AND r.seq < ? ORDER BY r.seq DESC LIMIT ?",
                    arguments: condition.arguments + [Int64.max, 51]
                ).map { $0["detail"] as String }
            }
            let walk = plan.first { $0.contains(" r ") }
            #expect(walk?.contains("\(index) (") == true, "\(condition.sql): \(plan)")
            #expect(plan.contains { $0.contains("TEMP B-TREE") } == (filter.groupID != nil), "\(condition.sql)")
        }
    }
}
