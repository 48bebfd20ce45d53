// Parts that rest, over restarts too, and draining for an upgrade.
import Domain
import Learning
import TestSupport
import Testing

@testable import Service

@Suite(.serialized) struct SwitchTests {
    private func expectPaused(_ part: String, _ work: () async throws -> Void) async {
        do {
            try await work()
            Issue.record("\(part) went on")
        } catch let error as ServiceError {
            #expect(error.code == .unavailable && error.retryAfterSeconds != nil)
            #expect(error.message.contains(part), "\(error)")
        } catch { Issue.record("\(error)") }
    }

    @Test(.timeLimit(.minutes(1)))
    func `a paused intake refuses with the reason, after a restart too, until it is resumed`() async throws {
        let fixture = try ServiceFixture()
        let settings = try fixture.settings(model: nil, isLearning: false)
        try await fixture.run(settings) { service in
            try await service.storePrompt("p")
            try await service.pause([.intake], reason: "moving the disk")
            await self.expectPaused("intake is paused: moving the disk") { try await service.storePrompt("q") }
            #expect(service.status().switches.paused == [.intake: "moving the disk"])
        }
        try await fixture.run(settings) { service in
            await self.expectPaused("intake") { try await service.postGroup(prompt: "p", right: [0]) }
            await self.expectPaused("intake") {
                _ = try await service.open(groups: [GroupSubmission(id: nil, promptID: PromptID("p"), size: 2)])
            }
            // What is there can still be read and leased.
            _ = try await service.prompt(PromptID("p"))
            let lease = try await service.lease(LeaseRequest(kind: .generate, worker: "w", max: 1, waitSeconds: 0))
            #expect(lease != nil)
            try await service.resume([.intake])
            try await service.postGroup(prompt: "p", right: [0])
        }
    }

    @Test(.timeLimit(.minutes(1)))
    func `paused judges leave the queue alone and take it up again, and a waiting worker is told at once`() async throws
    {
        let fixture = try ServiceFixture()
        try await fixture.run(try fixture.settings(model: nil, isLearning: false)) { service in
            try await service.storePrompt("p")
            try await service.pause([.scoring], reason: "new tests")
            try await service.postGroup(prompt: "p", right: [0, 1])
            try await Task.sleep(for: .milliseconds(400))
            #expect(try await service.rollout(RolloutID("p/0")).status == .queued)
            await self.expectPaused("scoring") {
                _ = try await service.lease(LeaseRequest(kind: .score, worker: "far", max: 1, waitSeconds: 0))
            }
            try await service.resume([.scoring])
            #expect(try await service.rollout(RolloutID("p/0"), waitSeconds: 20).status == .scored)
            // Nothing is left to judge, so this one waits; pausing ends its wait.
            let waiting = Task {
                try await service.lease(LeaseRequest(kind: .score, worker: "far", max: 1, waitSeconds: 50))
            }
            try await Task.sleep(for: .milliseconds(200))
            let clock = ContinuousClock()
            let start = clock.now
            try await service.pause([.scoring], reason: "again")
            await #expect(throws: ServiceError.self) { try await waiting.value }
            #expect(clock.now - start < .seconds(5))
        }
    }

    @Test(.timeLimit(.minutes(2)))
    func `a drained service has nothing under way, and begins again where it was when it is resumed`() async throws {
        let fixture = try ServiceFixture()
        let settings = try fixture.settings(model: try fixture.writeTinyModel(), isLearning: true)
        try await fixture.run(settings) { service in
            try await service.storePrompt("p")
            let lease = try await service.lease(LeaseRequest(kind: .generate, worker: "w", max: 1, waitSeconds: 5))
            let group = try #require(lease?.groups.first)
            #expect(try await service.waits { ($0.policies.newestVersion?.number ?? 0) >= 1 })
            #expect(try await service.drain().isDraining)
            await self.expectPaused("leasing") {
                _ = try await service.lease(LeaseRequest(kind: .generate, worker: "v", max: 1, waitSeconds: 0))
            }
            // The group that a generator holds may still come in, and is judged.
            #expect(try await service.drainReport().isDrained == false)
            let rollouts = (0..<4).map { member in
                RolloutSubmission(
                    id: nil, promptID: PromptID("p"), groupID: group.id, response: "\\boxed{\(member)}",
                    tokenIDs: [], logprobs: [], policyVersion: PolicyVersion(0), finishReason: .stop, generator: "w")
            }
            for receipt in try await service.submit(rollouts: rollouts) { _ = try receipt.get() }
            #expect(try await service.waits { try await $0.drainReport().isDrained })
            let version = try #require(service.policies.newestVersion)
            try await Task.sleep(for: .milliseconds(1_500))
            #expect(service.policies.newestVersion == version, "an update was made by a drained learner")
        }
        try await fixture.run(settings) { service in
            #expect(try await service.waits { try await $0.drainReport().isDrained })
            let version = service.policies.newestVersion
            try await service.resume([.leasing, .learning])
            #expect(try await service.drainReport().isDraining == false)
            #expect(
                try await service.waits {
                    ($0.policies.newestVersion ?? PolicyVersion(0)) > (version ?? PolicyVersion(0))
                })
        }
    }

    @Test func `switches are read as they were written, and parts of other versions are passed over`() throws {
        var state = ServiceSwitchState()
        state.paused = [.intake: "a \"b\"", .learning: "c"]
        state.isDraining = true
        #expect(try ServiceSwitchText.read(ServiceSwitchText.write(state)) == state)
        #expect(try ServiceSwitchText.read(#"{"paused":{"moon":"x"}}"#) == ServiceSwitchState())
    }
}
