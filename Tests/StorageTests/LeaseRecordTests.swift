// Leases as people look at them: what each held, how that ended, and who works.
import Domain
import Storage
import Testing

struct LeaseRecordTests {
    private func passed(_ work: ScoringWork) -> ScoringResult {
        ScoringResult(rolloutID: work.rolloutID, attempt: work.attempt, verdict: .passed("right"), reward: 1)
    }

    private func add(_ ledger: Ledger, _ count: Int) async throws {
        try await ledger.addPrompt(mathPrompt("p"))
        for index in 0..<count { try await ledger.addRollout(rollout("r\(index)", of: "p"), admission(groupSize: 1)) }
    }

    private func outcomes(_ ledger: Ledger, _ id: String) async throws -> [String] {
        try await ledger.attempts(of: RolloutID(id)).map {
            "\($0.worker) \($0.attempt) \($0.outcome?.rawValue ?? "held")"
        }
    }

    @Test func `a rollout's history names each judge and how its attempt ended`() async throws {
        try await withLedger { ledger, fixture in
            try await add(ledger, 1)
            #expect(try await outcomes(ledger, "r0") == [])
            _ = try await ledger.leaseScoring(worker: "dies", max: 1, seconds: 60)
            #expect(try await outcomes(ledger, "r0") == ["dies 1 held"])
            fixture.clock.advance(seconds: 61)
            let tired = try #require(try await ledger.leaseScoring(worker: "tired", max: 1, seconds: 60))
            try await ledger.release(tired.id)
            let unsure = try #require(try await ledger.leaseScoring(worker: "unsure", max: 1, seconds: 60))
            let fault = InfrastructureFailure(code: .sandboxFault, message: "pipe broke")
            _ = try await ledger.record(
                results: [
                    ScoringResult(
                        rolloutID: RolloutID("r0"), attempt: 3, verdict: .undetermined(fault), reward: nil)
                ], lease: unsure.id)
            let able = try #require(try await ledger.leaseScoring(worker: "able", max: 1, seconds: 60))
            fixture.clock.advance(seconds: 5)
            _ = try await ledger.record(results: able.rollouts.map(passed), lease: able.id)
            #expect(
                try await outcomes(ledger, "r0") == [
                    "dies 1 expired", "tired 2 released", "unsure 3 retried", "able 4 done",
                ])
            let last = try #require(try await ledger.attempts(of: RolloutID("r0")).last)
            #expect(last.endedAt?.milliseconds == last.takenAt.adding(seconds: 5).milliseconds)
            #expect(try await ledger.attempts(of: RolloutID("unknown")) == [])
        }
    }

    @Test func `a late verdict that is still taken makes the lost attempt a done one`() async throws {
        try await withLedger { ledger, fixture in
            try await add(ledger, 1)
            let lease = try #require(try await ledger.leaseScoring(worker: "slow", max: 1, seconds: 10))
            fixture.clock.advance(seconds: 11)
            #expect(try await ledger.reclaimExpired() == 1)
            #expect(try await outcomes(ledger, "r0") == ["slow 1 expired"])
            #expect(try await ledger.workers(kind: nil, limit: 9).first?.lost == 1)
            _ = try await ledger.record(results: lease.rollouts.map(passed), lease: lease.id)
            #expect(try await outcomes(ledger, "r0") == ["slow 1 done"])
            let worker = try #require(try await ledger.workers(kind: .score, limit: 9).first)
            #expect(worker.lost == 0 && worker.done == 1)
        }
    }

    @Test func `leases are listed newest first, by kind, state and worker, with what they hold`() async throws {
        try await withLedger { ledger, _ in
            try await add(ledger, 5)
            let first = try #require(try await ledger.leaseScoring(worker: "a", max: 2, seconds: 60))
            _ = try await ledger.record(results: first.rollouts.map(passed), lease: first.id)
            let second = try #require(try await ledger.leaseScoring(worker: "b", max: 2, seconds: 60))
            _ = try await ledger.record(results: second.rollouts.prefix(1).map(passed), lease: second.id)
            let third = try #require(
                try await ledger.leaseGroups(
                    worker: "a", max: 1, groupSize: 4, policyVersion: PolicyVersion(0), scope: PromptScope(),
                    seconds: 60))
            func ids(_ filter: LeaseFilter) async throws -> [LeaseID] {
                try await ledger.leases(matching: filter, before: nil, limit: 50).leases.map(\.id)
            }
            #expect(try await ids(LeaseFilter()) == [third.id, second.id, first.id])
            #expect(try await ids(LeaseFilter(kind: .score)) == [second.id, first.id])
            #expect(try await ids(LeaseFilter(isAlive: true)) == [third.id, second.id])
            #expect(try await ids(LeaseFilter(isAlive: false)) == [first.id])
            #expect(try await ids(LeaseFilter(worker: "a")) == [third.id, first.id])
            let page = try await ledger.leases(matching: LeaseFilter(), before: nil, limit: 2)
            #expect(page.leases.map(\.id) == [third.id, second.id])
            let rest = try await ledger.leases(matching: LeaseFilter(), before: page.nextCursor, limit: 2)
            #expect(rest.leases.map(\.id) == [first.id] && rest.nextCursor == nil)

            let held = try await ledger.leaseDetail(second.id)
            #expect(held.record.taken == 2 && held.record.held == 1)
            #expect(held.rollouts == [RolloutID("r3")] && held.groups == [])
            #expect(try await ledger.leaseDetail(first.id).record.ending == .completed)
            #expect(try await ledger.leaseDetail(third.id).groups == third.groups.map(\.id))
            await #expect(throws: InputError.self) { try await ledger.leaseDetail(LeaseID("none")) }
        }
    }

    @Test func `workers are known by kind, with what they did, and a heartbeat is a sign of life`() async throws {
        try await withLedger { ledger, fixture in
            try await add(ledger, 3)
            let score = try #require(try await ledger.leaseScoring(worker: "w", max: 2, seconds: 60))
            _ = try await ledger.record(results: score.rollouts.prefix(1).map(passed), lease: score.id)
            fixture.clock.advance(seconds: 30)
            _ = try await ledger.heartbeat(score.id, seconds: 60)
            _ = try await ledger.leaseGroups(
                worker: "w", max: 1, groupSize: 2, policyVersion: PolicyVersion(0), scope: PromptScope(), seconds: 600)
            let judge = try #require(try await ledger.workers(kind: .score, limit: 9).first)
            #expect(judge.name == "w" && judge.aliveLeases == 1 && judge.done == 1 && judge.lost == 0)
            #expect(judge.lastSeen == fixture.clock.wall.now())
            fixture.clock.advance(seconds: 61)
            try await ledger.reclaimExpired()
            let after = try await ledger.workers(kind: nil, limit: 9)
            #expect(after.map(\.kind.rawValue).sorted() == ["generate", "score"])
            let lost = try #require(after.first { $0.kind == .score })
            #expect(lost.aliveLeases == 0 && lost.lost == 1 && lost.done == 1)
            #expect(lost.lastSeen.milliseconds == fixture.clock.wall.now().adding(seconds: -61).milliseconds)
        }
    }

    @Test func `a lease for a judge elsewhere carries no more text than one answer can`() async throws {
        try await withLedger { ledger, _ in
            try await ledger.addPrompt(mathPrompt("p"))
            let long = String(repeating: "x", count: Limits.responseBytesMax)
            let fitting = Limits.leaseWorkBytesMax / Limits.responseBytesMax
            for index in 0..<fitting + 2 {
                try await ledger.addRollout(rollout("r\(index)", of: "p", response: long), admission(groupSize: 1))
            }
            let lease = try #require(try await ledger.leaseScoring(worker: "far", max: 64, seconds: 60))
            #expect(lease.rollouts.count == fitting - 1)
            let rest = try #require(try await ledger.leaseScoring(worker: "near", max: 64, seconds: 60, isLocal: true))
            #expect(rest.rollouts.count == 3)
        }
    }
}
