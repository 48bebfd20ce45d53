// What operators do to work: out, in again, and away from a worker. What an update has consumed stays as it is.
import Domain
import Storage
import Testing

struct SteeringTests {
    private func lease(_ ledger: Ledger, _ worker: String = "gen") async throws -> Lease {
        try #require(
            try await ledger.leaseGroups(
                worker: worker, max: 1, groupSize: 2, policyVersion: PolicyVersion(0), scope: PromptScope(), seconds: 60
            ))
    }

    private func select(
        ids: [String] = [], status: RolloutStatus? = nil, dataset: String? = nil, group: String? = nil,
        limit: Int = 1_000
    ) -> WorkSelection {
        WorkSelection(
            rolloutIDs: ids.map { RolloutID($0) },
            filter: RolloutFilter(status: status, dataset: dataset, groupID: group.map { GroupID($0) }), limit: limit)
    }

    private func status(_ ledger: Ledger, _ id: String) async throws -> RolloutStatus? {
        try await ledger.rollout(RolloutID(id))?.status
    }

    @Test func `what is discarded leaves its judge's hands, and the judge's late result is refused`() async throws {
        try await withLedger { ledger, _ in
            try await ledger.addPrompt(mathPrompt("p"))
            try await ledger.addPrompt(mathPrompt("q", dataset: "kept"))
            for id in ["a", "b"] { try await ledger.addRollout(rollout(id, of: "p")) }
            try await ledger.addRollout(rollout("c", of: "q"), admission(groupSize: 1))
            let judge = try #require(try await ledger.leaseScoring(worker: "j", max: 1, seconds: 60))
            let done = try await ledger.discard(select(dataset: "arithmetic"))
            #expect(done == SteeredWork(groups: 1, rollouts: 2))
            #expect(try await status(ledger, "a") == .discarded)
            #expect(try await status(ledger, "b") == .discarded)
            #expect(try await status(ledger, "c") == .queued)
            let late = try await ledger.record(
                results: [
                    ScoringResult(rolloutID: RolloutID("a"), attempt: 1, verdict: .passed("right"), reward: 1)
                ], lease: judge.id)
            guard case .failure(let fault)? = late.first else {
                Issue.record("a late result was taken")
                return
            }
            #expect(fault.code == .staleLease && fault.message.contains("discarded"))
            #expect(try await ledger.attempts(of: RolloutID("a")).map(\.outcome) == [.withdrawn])
            #expect(try await ledger.leaseDetail(judge.id).record.ending == .completed)
            #expect(try await ledger.verdictHistory(of: RolloutID("a")) == [])
            #expect(try await ledger.discard(select(dataset: "arithmetic")) == SteeredWork())
        }
    }

    @Test func `discarding one rollout by name takes its group, and a generator that holds it is told`() async throws {
        try await withLedger { ledger, _ in
            try await ledger.addPrompt(mathPrompt("p"))
            let held = try await lease(ledger)
            let group = try #require(held.groups.first?.id)
            try await ledger.addRollout(rollout("a", of: "p", group: group.text, attempt: held.attempt))
            #expect(try await ledger.discard(select(ids: ["a"])) == SteeredWork(groups: 1, rollouts: 1))
            let refused = try await ledger.refusal(of: rollout("b", of: "p", group: group.text, attempt: held.attempt))
            #expect(refused?.code == .staleLease)
            #expect(try await ledger.groupDetail(group).attempts.map(\.outcome) == [.withdrawn])
            #expect(try await ledger.counts().leasedGroups == 0)
        }
    }

    @Test func `what an update has consumed is not discarded`() async throws {
        try await withLedger { ledger, _ in
            try await ledger.addPrompt(mathPrompt("p"))
            let receipt = try await ledger.addRollout(rollout("a", of: "p"), admission(groupSize: 1))
            try await ledger.passAll()
            try await ledger.registerInitialPolicy(checkpoint: checkpoint(0))
            try await ledger.commit(
                update: updateCommit(
                    1, [ConsumedGroup(id: receipt.groupID, fate: .trained, advantages: [RolloutID("a"): 0])]))
            #expect(try await ledger.discard(select(ids: ["a"])) == SteeredWork())
            #expect(try await status(ledger, "a") == .consumed)
        }
    }

    @Test func `a group given up comes back with its tries forgotten and its verdicts kept`() async throws {
        try await withLedger { ledger, fixture in
            try await ledger.addPrompt(mathPrompt("p"))
            let first = try await lease(ledger)
            let group = try #require(first.groups.first?.id)
            try await ledger.addRollout(rollout("a", of: "p", group: group.text))
            try await ledger.passAll()
            for _ in 0..<Limits.leaseAttemptsMax {
                fixture.clock.advance(seconds: 61)
                try await ledger.reclaimExpired()
                _ = try? await lease(ledger)
            }
            fixture.clock.advance(seconds: 61)
            try await ledger.reclaimExpired()
            #expect(try await ledger.groupDetail(group).record.status == .discarded)
            #expect(try await status(ledger, "a") == .discarded)

            let done = try await ledger.requeue(select(group: group.text), newest: PolicyVersion(0))
            #expect(done == SteeredWork(groups: 1, rollouts: 1))
            #expect(try await ledger.rollout(RolloutID("a"))?.reward == 1)
            #expect(try await status(ledger, "a") == .scored)
            let again = try await lease(ledger, "second")
            #expect(again.groups.map(\.id).contains(group))
            try await ledger.addRollout(rollout("b", of: "p", group: group.text, attempt: again.attempt))
            try await ledger.passAll()
            #expect(try await ledger.groupDetail(group).record.status == .ready)
        }
    }

    @Test func `discarded work that was queued is queued again, and what nobody could judge is judged again`()
        async throws
    {
        try await withLedger { ledger, fixture in
            try await ledger.addPrompt(mathPrompt("p"))
            for id in ["a", "b"] { try await ledger.addRollout(rollout(id, of: "p"), admission(groupSize: 1)) }
            _ = try await ledger.discard(select(ids: ["a"]))
            for _ in 0..<Limits.scoringAttemptsMax {
                _ = try await ledger.leaseScoring(worker: "j", max: 9, seconds: 60)
                fixture.clock.advance(seconds: 61)
                try await ledger.reclaimExpired()
            }
            #expect(try await status(ledger, "b") == .undetermined)
            #expect(try await ledger.leaseScoring(worker: "j", max: 9, seconds: 60) == nil)

            let done = try await ledger.requeue(select(dataset: "arithmetic"), newest: PolicyVersion(0))
            #expect(done == SteeredWork(groups: 1, rollouts: 2))
            #expect(try await status(ledger, "a") == .queued)
            try await ledger.passAll()
            #expect(try await status(ledger, "a") == .scored)
            #expect(try await status(ledger, "b") == .scored)
            #expect(try await ledger.rollout(RolloutID("b"))?.reward == 1)
        }
    }

    @Test func `a revoked lease goes to others at once, counts against nobody's tries, and its worker is refused`()
        async throws
    {
        try await withLedger { ledger, _ in
            try await ledger.addPrompt(mathPrompt("p"))
            try await ledger.addRollout(rollout("a", of: "p"), admission(groupSize: 1))
            let held = try await lease(ledger)
            let group = try #require(held.groups.first?.id)
            for _ in 0..<Limits.scoringAttemptsMax + 1 {
                let judge = try #require(try await ledger.leaseScoring(worker: "bad", max: 1, seconds: 600))
                #expect(try await ledger.revoke(judge.id) == SteeredWork(groups: 0, rollouts: 1))
                #expect(try await ledger.revoke(judge.id) == SteeredWork())
                let late = try await ledger.record(
                    results: judge.rollouts.map {
                        ScoringResult(rolloutID: $0.rolloutID, attempt: $0.attempt, verdict: .failed("no"), reward: 0)
                    }, lease: judge.id)
                #expect(throws: InputError.self) { try late[0].get() }
            }
            #expect(try await status(ledger, "a") == .queued)
            #expect(try await ledger.attempts(of: RolloutID("a")).allSatisfy { $0.outcome == .revoked })
            #expect(try await ledger.workers(kind: .score, limit: 1).first?.lost == 0)
            try await ledger.passAll()
            #expect(try await ledger.rollout(RolloutID("a"))?.reward == 1)

            #expect(try await ledger.revoke(held.id) == SteeredWork(groups: 1, rollouts: 0))
            #expect(try await ledger.leaseDetail(held.id).record.ending == .revoked)
            let refused = try await ledger.refusal(of: rollout("b", of: "p", group: group.text, attempt: held.attempt))
            #expect(refused?.code == .staleLease)
            #expect(try await lease(ledger, "good").groups.map(\.id) == [group])
            await #expect(throws: InputError.self) { try await ledger.revoke(LeaseID("none")) }
        }
    }

    @Test func `more work than one write changes is steered in pieces, up to the limit asked for`() async throws {
        try await withLedger { ledger, _ in
            try await ledger.addPrompt(mathPrompt("p"))
            let submissions = (0..<50).map { rollout("r\($0)", of: "p") }
            _ = try await ledger.submit(rollouts: submissions, admission: admission(groupSize: 1))
            let before = ledger.writeStatistics.writes
            #expect(
                try await ledger.discard(select(status: .queued, limit: 40)) == SteeredWork(groups: 40, rollouts: 40))
            #expect(ledger.writeStatistics.writes - before >= 3)
            #expect(try await ledger.counts().rollouts[.queued] == 10)
            let back = try await ledger.requeue(select(status: .discarded), newest: PolicyVersion(0))
            #expect(back == SteeredWork(groups: 40, rollouts: 40))
            #expect(try await ledger.counts().rollouts[.queued] == 50)
        }
    }
}
