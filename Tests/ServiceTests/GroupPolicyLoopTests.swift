// Pacing, quorum and resampling through the use cases.
import Domain
import Learning
import Storage
import Testing

@testable import Service

@Suite(.serialized) struct GroupPolicyLoopTests {
    @Test(.timeLimit(.minutes(2)))
    func `new groups are handed out only while updates can take them, and again once some were taken`() async throws {
        let fixture = try ServiceFixture()
        var settings = try fixture.settings(model: try fixture.writeTinyModel(), isLearning: true)
        settings.learner = try settings.learner.applying(["max_staleness": .number(1)])
        try await fixture.run(settings) { service in
            #expect(try await service.waits { $0.status().policyVersion != nil })
            try service.setLearner(isPaused: true)
            #expect(try await service.waits { $0.status().phase == .paused })
            for index in 0..<30 { try await service.storePrompt("p\(index)") }
            var held = 0
            while held < 30,
                let lease = try await service.lease(LeaseRequest(kind: .generate, worker: "w", max: 3, waitSeconds: 0))
            {
                held += lease.groups.count
            }
            #expect(held == 4, "(max_staleness + 1) * groups_per_update")
            try await service.changeLearner(["pace_leases": .flag(false)])
            let more = try await service.lease(LeaseRequest(kind: .generate, worker: "w", max: 3, waitSeconds: 0))
            #expect(more?.groups.count == 3)
        }
    }

    @Test(.timeLimit(.minutes(2)))
    func `a group whose worker went silent is trained on at its quorum`() async throws {
        let fixture = try ServiceFixture()
        var settings = try fixture.settings(model: try fixture.writeTinyModel(), isLearning: true)
        settings.learner = try settings.learner.applying([
            "group_quorum": .number(2), "group_quorum_seconds": .number(0), "groups_per_update": .number(1),
            "dataset": .text("outside"),
        ])
        try await fixture.run(settings) { service in
            #expect(try await service.waits { $0.status().policyVersion != nil })
            try service.setLearner(isPaused: true)
            #expect(try await service.waits { $0.status().phase == .paused })
            try await service.storePrompt("a", dataset: "outside")
            let lease = try #require(
                try await service.lease(LeaseRequest(kind: .generate, worker: "w", max: 1, waitSeconds: 0)))
            let group = try #require(lease.groups.first)
            let posted = (0..<2).map { member in
                RolloutSubmission(
                    id: RolloutID("r\(member)"), promptID: PromptID("a"), groupID: group.id,
                    response: member == 0 ? "\\boxed{4}" : "\\boxed{5}", tokenIDs: [30, 40], logprobs: [-5.5, -5.5],
                    policyVersion: PolicyVersion(0), finishReason: .stop, generator: "test", attempt: lease.attempt)
            }
            for receipt in try await service.submit(rollouts: posted) { _ = try receipt.get() }
            #expect(
                try await service.waits {
                    try await $0.ledger.readyGroupCount(oldestVersion: PolicyVersion(0)) == 1
                }, "four were asked for, two came")
            try service.setLearner(isPaused: false)
            #expect(try await service.waits { ($0.status().policyVersion ?? PolicyVersion(0)) > PolicyVersion(0) })
            #expect(try await service.rollout(RolloutID("r0")).advantage ?? 0 > 0)
        }
    }

    @Test(.timeLimit(.minutes(2)))
    func `rounds of sampling go on while too few groups carry a signal, each with rollouts of its own`() async throws {
        let fixture = try ServiceFixture()
        var settings = try fixture.settings(model: try fixture.writeTinyModel(), isLearning: true)
        settings.learner = try settings.learner.applying(["resampling_rounds": .number(2)])
        settings.updatesMax = 1
        try await fixture.run(settings) { service in
            // A random model is hardly ever right, so too few groups carry a signal.
            for prompt in ["a", "b", "c"] { try await service.storePrompt(prompt) }
            #expect(try await service.waits(seconds: 60) { $0.status().policyVersion == PolicyVersion(1) })
            let update = try #require(try await service.updates(before: nil, limit: 1).first)
            #expect(update["resampling_rounds"] == 2)
            let groups = (update["groups_zero_variance"] ?? 0) + (update["groups_trained"] ?? 0)
            #expect(groups == 6, "two groups a round, three rounds")
            #expect(update["rollouts"] == 24)
        }
    }
}
