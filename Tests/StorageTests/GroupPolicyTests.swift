// Groups that do not come out as planned: quorums, replaced members, requeued prompts, spans of policies, scopes.
import Domain
import Storage
import Testing

struct GroupPolicyTests {
    private func lease(_ ledger: Ledger, size: Int, version: Int = 0, newMax: Int = .max) async throws -> Lease? {
        try await ledger.leaseGroups(
            worker: "w", max: 1, groupSize: size, policyVersion: PolicyVersion(version), scope: PromptScope(),
            newMax: newMax, seconds: 600)
    }

    private func post(_ ledger: Ledger, _ name: String, _ group: LeasedGroup, attempt: Int) async throws {
        try await ledger.addRollout(
            rollout(name, of: group.prompt.id.text, group: group.id.text, attempt: attempt))
    }

    /// Judges what waits; the rollouts named cannot be judged, for good.
    private func judge(_ ledger: Ledger, undetermined: Set<String> = [], replacesFailed: Bool = false) async throws {
        while let lease = try await ledger.leaseScoring(worker: "judge", max: 64, seconds: 60) {
            let results = lease.rollouts.map { work in
                let failure = InfrastructureFailure(code: .unreadableTask, message: "cannot be read")
                let isLost = undetermined.contains(work.rolloutID.text)
                return ScoringResult(
                    rolloutID: work.rolloutID, attempt: work.attempt,
                    verdict: isLost ? .undetermined(failure) : .passed("right"), reward: isLost ? nil : 1)
            }
            _ = try await ledger.record(results: results, lease: lease.id, replacesFailed: replacesFailed)
        }
    }

    private func readySizes(_ ledger: Ledger) async throws -> [Int] {
        try await ledger.readyGroups(oldestVersion: PolicyVersion(0), limit: 9).groups.map(\.rollouts.count)
    }

    @Test func `a straggler does not keep a group for ever: with a quorum, after its time, it goes without him`()
        async throws
    {
        try await withLedger { ledger, fixture in
            try await ledger.addPrompt(mathPrompt("p"))
            let lease = try #require(try await lease(ledger, size: 4))
            let group = try #require(lease.groups.first)
            for name in ["a", "b", "c"] { try await post(ledger, name, group, attempt: 1) }
            let policy = GroupPolicy(quorum: 3, quorumSeconds: 30)
            fixture.clock.advance(seconds: 31)
            #expect(try await ledger.closeAtQuorum(policy) == 0, "posted is not judged")
            try await judge(ledger)
            #expect(try await ledger.closeAtQuorum(GroupPolicy(quorum: 4, quorumSeconds: 30)) == 0)
            #expect(try await ledger.closeAtQuorum(GroupPolicy(quorum: 3, quorumSeconds: 60)) == 0)
            #expect(try await ledger.closeAtQuorum(GroupPolicy(quorum: 0, quorumSeconds: 0)) == 0, "0 waits for all")
            #expect(try await readySizes(ledger) == [])
            #expect(try await ledger.closeAtQuorum(policy) == 1)
            #expect(try await readySizes(ledger) == [3])
            #expect(try await ledger.counts().leasedGroups == 0)
            let late = rollout("d", of: "p", group: group.id.text, attempt: 1)
            #expect(try await ledger.refusal(of: late)?.code == .conflict)
        }
    }

    @Test func `members that nobody could judge do not make a quorum`() async throws {
        try await withLedger { ledger, fixture in
            try await ledger.addPrompt(mathPrompt("p"))
            let lease = try #require(try await lease(ledger, size: 4))
            let group = try #require(lease.groups.first)
            for name in ["a", "b"] { try await post(ledger, name, group, attempt: 1) }
            try await judge(ledger, undetermined: ["b"])
            fixture.clock.advance(seconds: 100)
            #expect(try await ledger.closeAtQuorum(GroupPolicy(quorum: 2, quorumSeconds: 30)) == 0)
            #expect(try await ledger.closeAtQuorum(GroupPolicy(quorum: 1, quorumSeconds: 30)) == 1)
        }
    }

    @Test func `a group that nobody leased is never closed early`() async throws {
        try await withLedger { ledger, fixture in
            try await ledger.addPrompt(mathPrompt("p"))
            try await ledger.addRollout(rollout("a", of: "p"), admission(groupSize: 3))
            try await ledger.addRollout(rollout("b", of: "p"), admission(groupSize: 3))
            try await judge(ledger)
            fixture.clock.advance(seconds: 1_000)
            #expect(try await ledger.closeAtQuorum(GroupPolicy(quorum: 1, quorumSeconds: 0)) == 0)
        }
    }

    @Test func `a failed member is replaced: the group is handed out again for one more, and only once`()
        async throws
    {
        try await withLedger { ledger, _ in
            try await ledger.addPrompt(mathPrompt("p"))
            let first = try #require(try await lease(ledger, size: 3))
            let group = try #require(first.groups.first)
            for name in ["a", "b", "c"] { try await post(ledger, name, group, attempt: 1) }
            try await judge(ledger, undetermined: ["b"], replacesFailed: true)
            #expect(try await readySizes(ledger) == [], "it waits for the replacement")
            #expect(try await ledger.counts().openGroups == 1)
            let second = try #require(try await lease(ledger, size: 3))
            #expect(second.groups.map(\.id) == [group.id])
            #expect(second.groups.map(\.rollouts) == [1])
            try await post(ledger, "d", group, attempt: 2)
            try await judge(ledger, replacesFailed: true)
            #expect(try await readySizes(ledger) == [4])
            let members = try await ledger.readyGroups(oldestVersion: PolicyVersion(0), limit: 1).groups[0].rollouts
            #expect(members.map(\.reward) == [1, nil, 1, 1])
        }
    }

    @Test func `a group whose replacement never comes keeps what was judged, and is not thrown away`() async throws {
        try await withLedger { ledger, fixture in
            try await ledger.addPrompt(mathPrompt("p"))
            let first = try #require(try await lease(ledger, size: 3))
            let group = try #require(first.groups.first)
            for name in ["a", "b", "c"] { try await post(ledger, name, group, attempt: 1) }
            try await judge(ledger, undetermined: ["b"], replacesFailed: true)
            var lost = 0
            while lost < 20, let lease = try await lease(ledger, size: 3, newMax: 0) {
                #expect(lease.groups.map(\.id) == [group.id])
                lost += 1
                fixture.clock.advance(seconds: 601)
                try await ledger.reclaimExpired()
            }
            #expect(lost == Limits.leaseAttemptsMax - 1)
            #expect(try await readySizes(ledger) == [3])
            #expect(try await ledger.counts().rollouts[.discarded] == 0)
        }
    }

    @Test func `replacing ends: a group that fails whatever is posted becomes ready with what it has`() async throws {
        try await withLedger { ledger, _ in
            try await ledger.addPrompt(mathPrompt("p"))
            var handedOut = 0
            while handedOut < 20, let lease = try await lease(ledger, size: 2, newMax: handedOut == 0 ? 1 : 0) {
                let group = try #require(lease.groups.first)
                handedOut += 1
                for member in 0..<group.rollouts {
                    try await post(ledger, "r\(handedOut)-\(member)", group, attempt: lease.attempt)
                }
                let all = Set((1...handedOut).flatMap { round in (0..<2).map { "r\(round)-\($0)" } })
                try await judge(ledger, undetermined: all, replacesFailed: true)
            }
            #expect(handedOut == Limits.leaseAttemptsMax)
            #expect(try await readySizes(ledger).count == 1)
        }
    }

    @Test func `a stale group is dropped, withheld or requeued as was chosen`() async throws {
        for (choice, retired, again) in [
            (StaleGroupChoice.drop, 1, false), (.withhold, 0, false), (.requeue, 1, true),
        ] {
            try await withLedger { ledger, _ in
                try await ledger.addPrompt(mathPrompt("p"))
                let first = try #require(try await lease(ledger, size: 2))
                let group = try #require(first.groups.first)
                for name in ["a", "b"] { try await post(ledger, name, group, attempt: 1) }
                try await judge(ledger)
                let count = try await ledger.retireStale(
                    olderThan: PolicyVersion(3), choice: choice, newest: PolicyVersion(7))
                #expect(count == retired)
                #expect(try await readySizes(ledger) == (choice == .withhold ? [2] : []))
                // Nothing new may be opened, so only what was given back can come.
                let next = try await lease(ledger, size: 9, version: 7, newMax: 0)
                #expect((next != nil) == again)
                if let reopened = next?.groups.first {
                    #expect(reopened.id != group.id && reopened.rollouts == 2 && reopened.prompt.id.text == "p")
                    #expect(try await ledger.retireStale(olderThan: PolicyVersion(3), choice: choice) == 0)
                }
            }
        }
    }

    @Test func `work under way counts what is leased, being judged and ready, not what lies about`() async throws {
        try await withLedger { ledger, _ in
            func underway(_ oldest: Int = 0) async throws -> Int {
                try await ledger.groupsUnderway(oldestVersion: PolicyVersion(oldest), scope: PromptScope())
            }
            for name in ["p", "q", "r"] { try await ledger.addPrompt(mathPrompt(name)) }
            #expect(try await underway() == 0)
            // A rollout that nobody leased opens a group that lacks one; nobody works on it.
            try await ledger.addRollout(rollout("x", of: "r"))
            #expect(try await underway() == 0)
            let lease = try #require(try await lease(ledger, size: 1))
            #expect(try await underway() == 1)
            try await post(ledger, "a", try #require(lease.groups.first), attempt: 1)
            #expect(try await underway() == 1, "being judged")
            try await judge(ledger)
            #expect(try await underway() == 1, "ready")
            #expect(try await underway(1) == 0, "too old for an update")
        }
    }

    @Test func `a rollout may span policies; the span is kept, and must make sense`() async throws {
        try await withLedger { ledger, _ in
            try await ledger.addPrompt(mathPrompt("p"))
            var spanning = rollout("a", of: "p", version: 3)
            spanning.lastPolicyVersion = PolicyVersion(5)
            try await ledger.addRollout(spanning, admission(version: 5))
            let stored = try #require(try await ledger.rollout(RolloutID("a")))
            #expect(stored.policyVersion == PolicyVersion(3) && stored.lastPolicyVersion == PolicyVersion(5))
            #expect(try await ledger.addRollout(spanning, admission(version: 6)).isNew == false)
            let other = try await ledger.refusal(of: rollout("a", of: "p", version: 3), admission(version: 6))
            #expect(other?.code == .conflict, "the span is part of what was sent")
            for last in [2, 7] {
                var wrong = rollout("b", of: "p", version: 3)
                wrong.lastPolicyVersion = PolicyVersion(last)
                #expect(try await ledger.refusal(of: wrong, admission(version: 6))?.field == "last_policy_version")
            }
        }
    }

    @Test func `leases and updates keep to a scope of data set and task`() async throws {
        try await withLedger { ledger, _ in
            try await ledger.addPrompt(mathPrompt("m", dataset: "one"))
            try await ledger.addPrompt(codePrompt("c", dataset: "one"))
            try await ledger.addPrompt(mathPrompt("n", dataset: "two"))
            func leased(_ scope: PromptScope) async throws -> [String] {
                let lease = try await ledger.leaseGroups(
                    worker: "w", max: 9, groupSize: 1, policyVersion: PolicyVersion(0), scope: scope, seconds: 60)
                for group in lease?.groups ?? [] { try await post(ledger, "r-\(group.id)", group, attempt: 1) }
                return (lease?.groups.map(\.prompt.id.text) ?? []).sorted()
            }
            #expect(try await leased(PromptScope(dataset: "one", taskType: "code")) == ["c"])
            #expect(try await leased(PromptScope(taskType: "math")) == ["m", "n"])
            try await judge(ledger)
            func ready(_ scope: PromptScope) async throws -> [String] {
                let batch = try await ledger.readyGroups(oldestVersion: PolicyVersion(0), limit: 9, scope: scope)
                return batch.groups.map(\.prompt.id.text).sorted()
            }
            #expect(try await ready(PromptScope()) == ["c", "m", "n"])
            #expect(try await ready(PromptScope(taskType: "code")) == ["c"])
            #expect(try await ready(PromptScope(dataset: "two")) == ["n"])
            #expect(
                try await ledger.readyGroupCount(oldestVersion: PolicyVersion(0), scope: .init(dataset: "one")) == 2)
        }
    }
}
