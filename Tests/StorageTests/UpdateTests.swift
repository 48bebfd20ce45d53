// The learner's side: complete groups out, each consumed once, versions without gaps, stale ones retired.
import Domain
import Storage
import Testing

struct UpdateTests {
    /// Adds a complete group of `size` scored rollouts and returns its id.
    private func ready(_ ledger: Ledger, _ name: String, size: Int = 2, version: Int = 0) async throws -> GroupID {
        try await ledger.addPrompt(mathPrompt(name))
        let rules = admission(version: max(version, 9), groupSize: size)
        var group: GroupID?
        for index in 0..<size {
            let sent = rollout("\(name)/\(index)", of: name, version: version)
            group = try await ledger.addRollout(sent, rules).groupID
        }
        try await ledger.passAll()
        return try #require(group)
    }

    private func readyIDs(_ ledger: Ledger, oldest: Int = 0) async throws -> [GroupID] {
        try await ledger.readyGroups(oldestVersion: PolicyVersion(oldest), limit: 100).groups.map(\.id)
    }

    @Test func `a group is ready when it is full and every member is judged`() async throws {
        try await withLedger { ledger, _ in
            try await ledger.addPrompt(mathPrompt("p"))
            let id = try await ledger.addRollout(rollout("a", of: "p")).groupID
            try await ledger.passAll()
            #expect(try await readyIDs(ledger) == [])
            try await ledger.addRollout(rollout("b", of: "p"))
            #expect(try await readyIDs(ledger) == [])
            let lease = try #require(try await ledger.leaseScoring(worker: "j", max: 9, seconds: 60))
            let failure = InfrastructureFailure(code: .unreadableTask, message: "no answer")
            let result = ScoringResult(
                rolloutID: RolloutID("b"), attempt: 1, verdict: .undetermined(failure), reward: nil)
            _ = try await ledger.record(results: [result], lease: lease.id)
            let groups = try await ledger.readyGroups(oldestVersion: PolicyVersion(0), limit: 5).groups
            #expect(groups.map(\.id) == [id])
            #expect(groups.first?.rollouts.map(\.id.text) == ["a", "b"])
            #expect(groups.first?.rollouts.map(\.reward) == [1, nil])
            #expect(groups.first?.prompt.id == PromptID("p"))
            #expect(try await ledger.readyGroupCount(oldestVersion: PolicyVersion(0)) == 1)
        }
    }

    @Test func `the oldest groups come first, and those from too old a policy not at all`() async throws {
        try await withLedger { ledger, _ in
            let old = try await ready(ledger, "old", version: 1)
            let new = try await ready(ledger, "new", version: 3)
            #expect(try await readyIDs(ledger) == [old, new])
            #expect(try await readyIDs(ledger, oldest: 2) == [new])
            #expect(try await ledger.readyGroups(oldestVersion: PolicyVersion(0), limit: 1).groups.map(\.id) == [old])
        }
    }

    @Test func `an update consumes its groups, records advantages, and makes the next policy`() async throws {
        try await withLedger { ledger, _ in
            try await ledger.registerInitialPolicy(checkpoint: checkpoint(0))
            let a = try await ready(ledger, "a")
            let b = try await ready(ledger, "b")
            let metrics = [
                UpdateRecord.Metric("loss", -0.125), UpdateRecord.Metric("diverged", .infinity),
                UpdateRecord.Metric("entropy", .nan),
            ]
            let update = updateCommit(
                1,
                [
                    ConsumedGroup(
                        id: a, fate: .trained, advantages: [RolloutID("a/0"): 0.75, RolloutID("a/1"): -0.75]),
                    ConsumedGroup(id: b, fate: .zeroVariance, advantages: [:]),
                ], metrics: metrics)
            try await ledger.commit(update: update)
            let rollout = try #require(try await ledger.rollout(RolloutID("a/1")))
            #expect(rollout.status == .consumed)
            #expect(rollout.advantage == -0.75)
            #expect(rollout.consumedByUpdate == 1)
            let filtered = try #require(try await ledger.rollout(RolloutID("b/0")))
            #expect(filtered.status == .consumed && filtered.advantage == nil)
            #expect(try await readyIDs(ledger) == [])
            #expect(try await ledger.latestVersion() == PolicyVersion(1))
            #expect(try await ledger.latestCheckpoint() == checkpoint(1))
            let stored = try #require(try await ledger.updates(before: nil, limit: 5).first)
            #expect(stored.objective == "gppo")
            #expect(stored["loss"] == -0.125)
            #expect(stored["diverged"] == .infinity)
            #expect(stored["entropy"]?.isNaN == true)
            #expect(stored.metrics.map(\.name) == ["loss", "diverged", "entropy"])
        }
    }

    @Test func `an update can be read again with the verdicts that it saw, whatever was judged since`() async throws {
        try await withLedger { ledger, _ in
            try await ledger.registerInitialPolicy(checkpoint: checkpoint(0))
            let group = try await ready(ledger, "a")
            let batch = try await ledger.readyGroups(oldestVersion: PolicyVersion(0), limit: 9)
            // Between reading and committing a judge changes its mind about one member.
            try await rejudge(ledger, "a/1", .failed("wrong after all"), reward: 0)
            var update = updateCommit(1, [ConsumedGroup(id: group, fate: .trained, advantages: [:])])
            update.record.provenance = UpdateProvenance(
                settings: "{}", checkpointDigest: "digest1", judgedThrough: batch.judgedThrough)
            try await ledger.commit(update: update)
            // And later about the other, twice, once without a decision.
            try await rejudge(ledger, "a/0", .failed("wrong"), reward: 0)
            let failure = InfrastructureFailure(code: .unreadableTask, message: "no answer")
            try await rejudge(ledger, "a/0", .undetermined(failure), reward: nil)

            #expect(try await ledger.rollout(RolloutID("a/0"))?.reward == 0)
            let again = try await ledger.consumedGroups(by: PolicyVersion(1), judgedThrough: batch.judgedThrough)
            #expect(again == batch.groups.map(consumedView))
            #expect(again.first?.rollouts.map(\.reward) == [1, 1])
            #expect(try await ledger.update(PolicyVersion(1))?.provenance == update.record.provenance)
            #expect(try await ledger.update(PolicyVersion(2)) == nil)
            #expect(try await ledger.consumedGroups(by: PolicyVersion(2), judgedThrough: 99) == [])
        }
    }

    /// A group as it reads once an update consumed it: the same, but that its members name the update.
    private func consumedView(_ group: TrainingGroup) -> TrainingGroup {
        var group = group
        for index in group.rollouts.indices { group.rollouts[index].consumedByUpdate = 1 }
        return group
    }

    private func rejudge(_ ledger: Ledger, _ id: String, _ verdict: Verdict, reward: Double?) async throws {
        let filter = RolloutFilter(promptID: PromptID(String(id.prefix(1))))
        #expect(try await ledger.requestRescore(matching: filter, limit: 9) > 0)
        let lease = try #require(try await ledger.leaseScoring(worker: "j", max: 9, seconds: 60))
        let results = lease.rollouts.map { work in
            work.rolloutID.text == id
                ? ScoringResult(rolloutID: work.rolloutID, attempt: work.attempt, verdict: verdict, reward: reward)
                : ScoringResult(
                    rolloutID: work.rolloutID, attempt: work.attempt, verdict: .passed("still right"), reward: 1)
        }
        _ = try await ledger.record(results: results, lease: lease.id)
    }

    @Test func `a group is never consumed twice, and a refused update leaves nothing`() async throws {
        try await withLedger { ledger, _ in
            try await ledger.registerInitialPolicy(checkpoint: checkpoint(0))
            let a = try await ready(ledger, "a")
            let b = try await ready(ledger, "b")
            let first = updateCommit(1, [ConsumedGroup(id: a, fate: .trained, advantages: [:])])
            try await ledger.commit(update: first)
            // The same update again, as after a crash between commit and answer.
            await #expect(throws: LedgerError.versionGap(expected: PolicyVersion(2), got: PolicyVersion(1))) {
                try await ledger.commit(update: first)
            }
            let mixed = updateCommit(
                2,
                [
                    ConsumedGroup(id: b, fate: .trained, advantages: [:]),
                    ConsumedGroup(id: a, fate: .trained, advantages: [:]),
                ])
            await #expect(throws: LedgerError.groupNotReady(a, status: "consumed")) {
                try await ledger.commit(update: mixed)
            }
            #expect(try await ledger.latestVersion() == PolicyVersion(1))
            #expect(try await readyIDs(ledger) == [b])
            #expect(try await ledger.updates(before: nil, limit: 9).count == 1)
            #expect(try await ledger.checkpoints().map(\.version.number) == [0, 1])
        }
    }

    @Test func `versions rise by one, from zero`() async throws {
        try await withLedger { ledger, _ in
            await #expect(throws: LedgerError.versionGap(expected: PolicyVersion(0), got: PolicyVersion(1))) {
                try await ledger.commit(update: updateCommit(1, []))
            }
            await #expect(throws: LedgerError.versionGap(expected: PolicyVersion(0), got: PolicyVersion(3))) {
                try await ledger.registerInitialPolicy(checkpoint: checkpoint(3))
            }
            try await ledger.registerInitialPolicy(checkpoint: checkpoint(0))
            try await ledger.registerInitialPolicy(checkpoint: checkpoint(0))
            var other = checkpoint(0)
            other.digest = "another"
            await #expect(throws: LedgerError.self) {
                try await ledger.registerInitialPolicy(checkpoint: other)
            }
            await #expect(throws: LedgerError.versionGap(expected: PolicyVersion(1), got: PolicyVersion(2))) {
                try await ledger.commit(update: updateCommit(2, []))
            }
            var mismatched = updateCommit(1, [])
            mismatched.checkpoint = checkpoint(2)
            await #expect(throws: LedgerError.self) { try await ledger.commit(update: mismatched) }
            try await ledger.commit(update: updateCommit(1, []))
            #expect(try await ledger.policies(limit: 9, before: nil).map(\.version.number) == [1, 0])
            #expect(try await ledger.policies(limit: 9, before: PolicyVersion(1)).map(\.version.number) == [0])
        }
    }

    @Test func `an incomplete or unknown group and a strange advantage refuse the whole update`() async throws {
        try await withLedger { ledger, _ in
            try await ledger.registerInitialPolicy(checkpoint: checkpoint(0))
            let a = try await ready(ledger, "a")
            let b = try await ready(ledger, "b")
            try await ledger.addPrompt(mathPrompt("c"))
            let open = try await ledger.addRollout(rollout("c/0", of: "c")).groupID
            let bad: [[RolloutID: Double]] = [
                [RolloutID("b/0"): 1], [RolloutID("a/0"): .nan], [RolloutID("a/0"): .infinity], [RolloutID("z"): 0],
            ]
            for advantages in bad {
                await #expect(throws: InputError.self) {
                    try await ledger.commit(
                        update: updateCommit(1, [ConsumedGroup(id: a, fate: .trained, advantages: advantages)]))
                }
            }
            for id in [open, GroupID("absent")] {
                await #expect(throws: LedgerError.self) {
                    try await ledger.commit(
                        update: updateCommit(1, [ConsumedGroup(id: id, fate: .trained, advantages: [:])]))
                }
            }
            #expect(try await readyIDs(ledger) == [a, b])
            #expect(try await ledger.latestVersion() == PolicyVersion(0))
        }
    }

    @Test func `a group that was too old for an update becomes stale, not consumed`() async throws {
        try await withLedger { ledger, _ in
            try await ledger.registerInitialPolicy(checkpoint: checkpoint(0))
            let a = try await ready(ledger, "a")
            try await ledger.commit(
                update: updateCommit(1, [ConsumedGroup(id: a, fate: .stale, advantages: [:])]))
            let rollout = try #require(try await ledger.rollout(RolloutID("a/0")))
            #expect(rollout.status == .stale)
            #expect(rollout.consumedByUpdate == nil)
        }
    }

    @Test func `retiring takes whole groups by their oldest member and leaves running leases alone`() async throws {
        try await withLedger { ledger, _ in
            let old = try await ready(ledger, "old", version: 1)
            let new = try await ready(ledger, "new", version: 4)
            try await ledger.addPrompt(mathPrompt("mixed"))
            let rules = admission(version: 9, groupSize: 3)
            let group = try #require(
                try await ledger.leaseGroups(
                    worker: "w", max: 1, groupSize: 3, policyVersion: PolicyVersion(4), scope: PromptScope(),
                    seconds: 60)
            ).groups.first
            let prompt = try #require(group?.prompt.id.text)
            for (index, version) in [4, 2].enumerated() {
                try await ledger.addRollout(
                    rollout("m\(index)", of: prompt, group: group?.id.text, version: version), rules)
            }
            let empty = try #require(
                try await ledger.leaseGroups(
                    worker: "slow", max: 1, groupSize: 2, policyVersion: PolicyVersion(1), scope: PromptScope(),
                    seconds: 60))
            #expect(empty.groups.count == 1)
            #expect(try await ledger.retireStale(olderThan: PolicyVersion(4)) == 2)
            #expect(try await readyIDs(ledger) == [new])
            #expect(try await ledger.rollout(RolloutID("old/0"))?.status == .stale)
            #expect(try await ledger.rollout(RolloutID("old/0"))?.groupID == old)
            #expect(try await ledger.rollout(RolloutID("m0"))?.status == .stale)
            #expect(try await ledger.counts().leasedGroups == 1)
            #expect(try await ledger.retireStale(olderThan: PolicyVersion(4)) == 0)
            // A rollout for a retired group is told why it is refused.
            let late = rollout("late", of: prompt, group: group?.id.text, version: 4)
            #expect(try await ledger.refusal(of: late, rules)?.code == .stalePolicy)
            // What was waiting for a judge is still judged, and keeps its status.
            try await ledger.passAll()
            let judged = try #require(try await ledger.rollout(RolloutID("m1")))
            #expect(judged.status == .stale && judged.reward == 1)
        }
    }

    @Test func `a consumed rollout can be judged again and stays consumed`() async throws {
        try await withLedger { ledger, _ in
            try await ledger.registerInitialPolicy(checkpoint: checkpoint(0))
            let a = try await ready(ledger, "a")
            try await ledger.commit(
                update: updateCommit(
                    1, [ConsumedGroup(id: a, fate: .trained, advantages: [RolloutID("a/0"): 0.5])]))
            let filter = RolloutFilter(status: .consumed)
            #expect(try await ledger.requestRescore(matching: filter, limit: 1) == 1)
            let lease = try #require(try await ledger.leaseScoring(worker: "j", max: 9, seconds: 60))
            let result = ScoringResult(
                rolloutID: RolloutID("a/0"), attempt: 2, verdict: .failed("stricter"), reward: 0)
            #expect(try await ledger.record(results: [result], lease: lease.id) == [.success(.consumed)])
            let rollout = try #require(try await ledger.rollout(RolloutID("a/0")))
            #expect(rollout.reward == 0 && rollout.advantage == 0.5 && rollout.consumedByUpdate == 1)
        }
    }

    @Test func `old checkpoints are forgotten, the newest never`() async throws {
        try await withLedger { ledger, _ in
            try await ledger.registerInitialPolicy(checkpoint: checkpoint(0))
            try await ledger.commit(update: updateCommit(1, []))
            try await ledger.commit(update: updateCommit(2, []))
            try await ledger.forgetCheckpoints(versions: (0...7).map { PolicyVersion($0) })
            #expect(try await ledger.checkpoints() == [checkpoint(2)])
            let policies = try await ledger.policies(limit: 9, before: nil)
            #expect(policies.map(\.hasCheckpoint) == [true, false, false])
            #expect(try await ledger.keptPolicies(limit: 5) == [policies[0]])
        }
    }

    @Test func `measurements and settings come back, newest first and last set`() async throws {
        let fixture = try Fixture()
        let record = EvaluationRecord(
            version: PolicyVersion(0), kind: "math", prompts: 64, samples: 8, greedyAccuracy: 0.5,
            averageAccuracy: 0.25, passAtK: nil, undetermined: 1, learningSeconds: 1.5,
            createdAt: Timestamp(milliseconds: 7))
        var second = record
        second.kind = "code"
        try await fixture.ledger.record(evaluations: [record, second])
        try await fixture.ledger.set("objective", to: "gppo")
        try await fixture.ledger.set("objective", to: "cispo")
        try await fixture.ledger.set("gone", to: "x")
        try await fixture.ledger.set("gone", to: nil)
        try await fixture.ledger.close()
        let again = try fixture.reopened()
        #expect(try await again.evaluations(limit: 5) == [second, record])
        #expect(try await again.evaluations(limit: 1) == [second])
        #expect(try await again.setting("objective") == "cispo")
        #expect(try await again.setting("gone") == nil)
        try await again.close()
    }
}
