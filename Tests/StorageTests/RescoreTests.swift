// Judging again with lineage: both verdicts are kept, the request knows which answered it, and the report counts right.
import Domain
import StrictJSON
import Testing

@testable import Storage

struct RescoreTests {
    private let verifiers = JSONValue.members(["math": .string("math-9")])

    /// Judges what waits: the ids named pass, others fail, by these rules.
    private func judge(_ ledger: Ledger, passing: Set<String>, verifier: String, undetermined: Set<String> = [])
        async throws
    {
        while let lease = try await ledger.leaseScoring(worker: "j", max: 64, seconds: 60) {
            let results = lease.rollouts.map { work -> ScoringResult in
                var verdict: Verdict =
                    passing.contains(work.rolloutID.text) ? .passed("right") : .failed("wrong")
                if undetermined.contains(work.rolloutID.text) {
                    verdict = .undetermined(InfrastructureFailure(code: .beyondCaps, message: "too long"))
                }
                verdict.verifier = verifier
                let reward: Double? = verdict.failure != nil ? nil : verdict.outcome == .passed ? 1 : 0
                return ScoringResult(rolloutID: work.rolloutID, attempt: work.attempt, verdict: verdict, reward: reward)
            }
            _ = try await ledger.record(results: results, lease: lease.id)
        }
    }

    private func group(_ ledger: Ledger, _ name: String, size: Int = 4) async throws {
        try await ledger.addPrompt(mathPrompt(name))
        for index in 0..<size {
            try await ledger.addRollout(rollout("\(name)/\(index)", of: name), admission(groupSize: size))
        }
    }

    @Test func `a request keeps its filter, its rules, and which verdict answered it`() async throws {
        try await withLedger { ledger, _ in
            try await group(ledger, "a")
            try await judge(ledger, passing: ["a/0"], verifier: "math-1", undetermined: ["a/3"])
            let filter = RolloutFilter(dataset: "arithmetic")
            let id = RescoreID("mine")
            #expect(try await ledger.rescorable(matching: filter, limit: 100) == 4)
            #expect(try await ledger.rescores(before: nil, limit: 9).records == [])
            #expect(try await ledger.requestRescore(matching: filter, limit: 100, id: id, verifiers: verifiers) == 4)
            let asked = try #require(try await ledger.rescore(id))
            #expect(asked.record.filter == .members(["dataset": .string("arithmetic")]))
            #expect(asked.record.verifiers == verifiers && asked.record.queued == 4)
            #expect(asked.progress.waiting == 4 && asked.progress.decided == 0)
            #expect(try await ledger.verdictChanges(by: id) == [])
            // Asked again while the first waits: nothing is queued twice, and the request is kept.
            #expect(try await ledger.requestRescore(matching: filter, limit: 100, id: RescoreID("second")) == 0)

            try await judge(ledger, passing: ["a/1", "a/3"], verifier: "math-9", undetermined: ["a/2"])
            let progress = try #require(try await ledger.rescore(id)).progress
            #expect(progress.decided == 3 && progress.undetermined == 1 && progress.waiting == 0)
            let history = try await ledger.verdictHistory(of: RolloutID("a/1"))
            #expect(history.map(\.verdict.outcome) == [.failed, .passed])
            #expect(history.map(\.rescoreID) == [nil, id] && history.map(\.isCurrent) == [false, true])
            // An undetermined answer is kept and does not count.
            let kept = try await ledger.verdictHistory(of: RolloutID("a/2"))
            #expect(kept.map(\.rescoreID) == [nil, id] && kept.map(\.isCurrent) == [true, false])
            let changes = try await ledger.verdictChanges(by: id)
            #expect(changes.map(\.rollouts) == [1, 1, 1, 1])
            #expect(
                changes.map { "\($0.before?.rawValue ?? "none")>\($0.after.rawValue)" } == [
                    "failed>passed", "failed>undetermined", "passed>failed", "undetermined>passed",
                ])
            #expect(changes.allSatisfy { $0.verifierBefore == "math-1" && $0.verifierAfter == "math-9" })
            #expect(changes.map(\.rewardsChanged) == [1, 0, 1, 0])
            let regraded = try await ledger.regradedGroups(by: id, limit: 9)
            #expect(regraded.count == 1)
            #expect(regraded.first?.members.map(\.before) == [1, 0, 0, nil])
            #expect(regraded.first?.members.map(\.after) == [0, 1, 0, 1])
            #expect(try await ledger.rescores(before: nil, limit: 1).records.map(\.id.text) == ["second"])
            #expect(try await ledger.rescore(RescoreID("nobody")) == nil)
        }
    }

    @Test func `only groups of which a reward changed are regraded, and members not asked for keep theirs`()
        async throws
    {
        try await withLedger { ledger, _ in
            for name in ["a", "b"] { try await group(ledger, name, size: 2) }
            try await judge(ledger, passing: ["a/0", "b/0"], verifier: "1")
            let id = RescoreID("x")
            var failedOnly = RolloutFilter()
            failedOnly.outcome = .failed
            #expect(try await ledger.requestRescore(matching: failedOnly, limit: 9, id: id) == 2)
            try await judge(ledger, passing: ["a/1"], verifier: "2")
            let groups = try await ledger.regradedGroups(by: id, limit: 9)
            #expect(groups.map { $0.members.map(\.id.text) } == [["a/0", "a/1"]])
            #expect(groups.first?.members.map(\.before) == [1, 0] && groups.first?.members.map(\.after) == [1, 1])
        }
    }

    @Test func `a retried judgement answers once, and a deleted rollout is counted as deleted`() async throws {
        try await withLedger { ledger, fixture in
            try await consumedGroup(ledger, "old", members: 2, tokens: 5)
            let id = RescoreID("x")
            #expect(try await ledger.requestRescore(matching: RolloutFilter(), limit: 9, id: id) == 2)
            let lease = try #require(try await ledger.leaseScoring(worker: "j", max: 9, seconds: 60))
            let lost = InfrastructureFailure(code: .sandboxFault, message: "broke")
            let results = lease.rollouts.map {
                ScoringResult(rolloutID: $0.rolloutID, attempt: $0.attempt, verdict: .undetermined(lost), reward: nil)
            }
            _ = try await ledger.record(results: results, lease: lease.id)
            #expect(try await ledger.rescore(id)?.progress.waiting == 2)
            try await judge(ledger, passing: [], verifier: "2")
            #expect(try await ledger.rescore(id)?.progress.decided == 2)
            #expect(try await ledger.verdictHistory(of: RolloutID("old/0")).map(\.rescoreID) == [nil, id, id])
            try await consumedGroup(ledger, "new", members: 1, tokens: 5)
            fixture.clock.advance(seconds: 100 * 86_400)
            #expect(try await ledger.retain(RetentionPolicy(days: 7)).rollouts == 2)
            let progress = try #require(try await ledger.rescore(id)).progress
            #expect(progress.deleted == 2 && progress.decided == 0)
        }
    }
}
