// Leases of groups: who gets what, fencing, expiry by a clock that stands still, bounded attempts.
import Domain
import Storage
import Testing

struct GroupLeaseTests {
    private func lease(
        _ ledger: Ledger, worker: String = "w", max: Int = 1, size: Int = 2, version: Int = 0, dataset: String? = nil
    ) async throws -> Lease? {
        try await ledger.leaseGroups(
            worker: worker, max: max, groupSize: size, policyVersion: PolicyVersion(version),
            scope: PromptScope(dataset: dataset),
            seconds: 60)
    }

    @Test func `without prompts there is no lease`() async throws {
        try await withLedger { ledger, _ in
            #expect(try await lease(ledger) == nil)
            try await ledger.addPrompt(mathPrompt("p", dataset: "one"))
            #expect(try await lease(ledger, dataset: "two") == nil)
            #expect(try await lease(ledger, max: 0) == nil)
        }
    }

    @Test func `a lease says what to sample, until when, and from which policy`() async throws {
        try await withLedger { ledger, fixture in
            try await ledger.addPrompt(mathPrompt("p"))
            let lease = try #require(try await lease(ledger, size: 8, version: 3))
            #expect(lease.kind == .generate)
            #expect(lease.attempt == 1)
            #expect(lease.policyVersion == PolicyVersion(3))
            #expect(lease.expiresAt == fixture.clock.wall.now().adding(seconds: 60))
            #expect(lease.groups.map(\.rollouts) == [8])
            #expect(lease.groups.first?.prompt.id == PromptID("p"))
            #expect(try await ledger.counts().leasedGroups == 1)
            #expect(try await ledger.counts().openGroups == 0)
        }
    }

    @Test func `prompts with the fewest groups come first, each once a lease`() async throws {
        try await withLedger { ledger, _ in
            for id in ["a", "b", "c"] { try await ledger.addPrompt(mathPrompt(id)) }
            let first = try #require(try await lease(ledger, max: 2))
            #expect(first.groups.map(\.prompt.id.text) == ["a", "b"])
            let second = try #require(try await lease(ledger, max: 2))
            #expect(second.groups.map(\.prompt.id.text) == ["c", "a"])
            let third = try #require(try await lease(ledger, max: 64))
            #expect(third.groups.count == 3)
        }
    }

    @Test func `an expired lease's groups go back with what they lack and a higher attempt`() async throws {
        try await withLedger { ledger, fixture in
            try await ledger.addPrompt(mathPrompt("p"))
            let first = try #require(try await lease(ledger, size: 3))
            let group = try #require(first.groups.first)
            try await ledger.addRollout(rollout("r1", of: "p", group: group.id.text, attempt: 1))
            fixture.clock.advance(seconds: 59)
            #expect(try await ledger.reclaimExpired() == 0)
            fixture.clock.advance(seconds: 1)
            #expect(try await ledger.reclaimExpired() == 1)
            // Nobody has it yet, so the late worker may still deliver.
            try await ledger.addRollout(rollout("r2", of: "p", group: group.id.text, attempt: 1))
            let second = try #require(try await lease(ledger, worker: "v"))
            #expect(second.groups.map(\.id) == [group.id])
            #expect(second.groups.map(\.rollouts) == [1])
            #expect(second.attempt == 2)
            let late = rollout("r3", of: "p", group: group.id.text, attempt: 1)
            #expect(try await ledger.refusal(of: late)?.code == .staleLease)
            // What the late worker delivered before stays, once.
            #expect(try await ledger.counts().rollouts[.queued] == 2)
        }
    }

    @Test func `a heartbeat prolongs, and is refused once the lease is over`() async throws {
        try await withLedger { ledger, fixture in
            try await ledger.addPrompt(mathPrompt("p"))
            let lease = try #require(try await lease(ledger))
            fixture.clock.advance(seconds: 50)
            let prolonged = try await ledger.heartbeat(lease.id, seconds: 60)
            #expect(prolonged.expiresAt == fixture.clock.wall.now().adding(seconds: 60))
            #expect(prolonged.groups == lease.groups)
            fixture.clock.advance(seconds: 61)
            let error = await #expect(throws: InputError.self) {
                _ = try await ledger.heartbeat(lease.id, seconds: 60)
            }
            #expect(error?.code == .staleLease)
            let unknown = await #expect(throws: InputError.self) {
                _ = try await ledger.heartbeat(LeaseID("absent"), seconds: 60)
            }
            #expect(unknown?.code == .notFound)
        }
    }

    @Test func `a released lease's groups go back at once, as often as one likes`() async throws {
        try await withLedger { ledger, _ in
            try await ledger.addPrompt(mathPrompt("p"))
            for attempt in 1...(Limits.leaseAttemptsMax + 3) {
                let lease = try #require(try await lease(ledger))
                #expect(lease.attempt == attempt)
                try await ledger.release(lease.id)
                try await ledger.release(lease.id)
            }
            #expect(try await ledger.counts().openGroups == 1)
            let unknown = await #expect(throws: InputError.self) { try await ledger.release(LeaseID("absent")) }
            #expect(unknown?.code == .notFound)
        }
    }

    @Test func `a group that too many workers lost is discarded with its rollouts`() async throws {
        try await withLedger { ledger, fixture in
            try await ledger.addPrompt(mathPrompt("p"))
            var group: GroupID?
            for attempt in 1...Limits.leaseAttemptsMax {
                let lease = try #require(try await lease(ledger))
                group = group ?? lease.groups.first?.id
                #expect(lease.groups.first?.id == group)
                if attempt == 1 {
                    try await ledger.addRollout(rollout("r", of: "p", group: group?.text, attempt: 1))
                }
                fixture.clock.advance(seconds: 61)
            }
            let next = try #require(try await lease(ledger))
            #expect(next.groups.first?.id != group)
            #expect(try await ledger.rollout(RolloutID("r"))?.status == .discarded)
            let late = rollout("s", of: "p", group: group?.text)
            #expect(try await ledger.refusal(of: late)?.code == .conflict)
            // Nobody judges what was given up.
            #expect(try await ledger.leaseScoring(worker: "j", max: 1, seconds: 60) == nil)
        }
    }

    @Test func `an empty group that is handed out again takes the newest policy`() async throws {
        try await withLedger { ledger, fixture in
            try await ledger.addPrompt(mathPrompt("p"))
            _ = try #require(try await lease(ledger, version: 1))
            fixture.clock.advance(seconds: 61)
            _ = try #require(try await lease(ledger, version: 5))
            #expect(try await ledger.retireStale(olderThan: PolicyVersion(5)) == 0)
        }
    }

    @Test func `rollouts that name no group stay out of leased groups`() async throws {
        try await withLedger { ledger, _ in
            try await ledger.addPrompt(mathPrompt("p"))
            let lease = try #require(try await lease(ledger))
            let receipt = try await ledger.addRollout(rollout("r", of: "p"))
            #expect(receipt.groupID != lease.groups.first?.id)
            // And such groups are not leased to others while they fill.
            try await ledger.release(lease.id)
            let again = try #require(try await self.lease(ledger, max: 1))
            #expect(again.groups.first?.id == lease.groups.first?.id)
        }
    }

    @Test func `a worker without a name and a lease without an end are refused or bounded`() async throws {
        try await withLedger { ledger, fixture in
            try await ledger.addPrompt(mathPrompt("p"))
            await #expect(throws: InputError.self) { _ = try await lease(ledger, worker: "") }
            let now = fixture.clock.wall.now()
            let cases: [(Double, Double)] = [
                (.infinity, Limits.leaseSeconds), (.nan, Limits.leaseSeconds), (1e300, Limits.leaseSecondsMax), (-5, 1),
            ]
            for (asked, given) in cases {
                let lease = try #require(
                    try await ledger.leaseGroups(
                        worker: "w", max: 1, groupSize: 900, policyVersion: PolicyVersion(0), scope: PromptScope(),
                        seconds: asked))
                #expect(lease.expiresAt == now.adding(seconds: given))
                #expect(lease.groups.first?.rollouts == Limits.groupSizeMax)
            }
        }
    }
}
