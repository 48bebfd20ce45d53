// Updates made again from packed rollouts, and what replay says once retention has taken them.
import Domain
import Learning
import Storage
import TestSupport
import Testing

@testable import Service

@Suite(.serialized) struct PastReplayTests {
    /// Right and wrong answers of a hundred tokens, long enough to be packed.
    private func postLongGroup(_ service: RolloutService) async throws {
        let version = try #require(service.status().policyVersion)
        let rollouts = (0..<4).map { member in
            RolloutSubmission(
                id: RolloutID("long/\(member)"), promptID: PromptID("long"), groupID: nil,
                response: String(repeating: "so ", count: 60) + (member < 2 ? "\\boxed{4}" : "\\boxed{5}"),
                tokenIDs: (0..<100).map { Int32(30 + (member * 7 + $0) % 60) },
                logprobs: (0..<100).map { -5.5 - Float($0 % 8) / 64 },
                policyVersion: version, finishReason: .stop, generator: "test")
        }
        for receipt in try await service.submit(rollouts: rollouts) { _ = try receipt.get() }
    }

    @Test(.timeLimit(.minutes(2)))
    func `an update is made again from packed rollouts to the last bit, and replay says when they were deleted`()
        async throws
    {
        let fixture = try ServiceFixture()
        var settings = try fixture.settings(model: try fixture.writeTinyModel(), isLearning: true)
        settings.learner = try settings.learner.applying([
            "learning_rate": .number(0.001), "max_staleness": .number(7), "zero_variance_filter": .text("off"),
        ])
        settings.retention.compactAfterHours = nil
        try await fixture.run(settings) { service in
            for prompt in ["a", "b"] { try await service.storePrompt(prompt) }
            #expect(try await service.waits { ($0.status().policyVersion ?? PolicyVersion(0)) >= PolicyVersion(2) })
            try service.setLearner(isPaused: true)
            #expect(try await service.waits { $0.status().phase == .paused })
            try await service.storePrompt("long", dataset: "other")
            try await postLongGroup(service)
            #expect(try await service.waits { try await $0.rollout(RolloutID("long/3")).status == .scored })
            try service.setLearner(isPaused: false)
            #expect(try await service.waits { try await $0.rollout(RolloutID("long/3")).status == .consumed })
            // The newest group and verdict are never deleted; these shall not be they.
            let then = try #require(service.status().policyVersion).number
            #expect(try await service.waits { ($0.status().policyVersion?.number ?? 0) >= then + 2 })
        }
        let ledger = try Ledger.open(
            at: fixture.database, clock: WallClock { Timestamp(milliseconds: 4_000_000_000_000) },
            identifiers: IdentifierSource { $0 })
        let found = try #require(try await ledger.rollout(RolloutID("long/3")))
        let update = PolicyVersion(try #require(found.consumedByUpdate))
        #expect(found.advantage != nil && found.advantage != 0)
        let replay = UpdateReplay(ledger: ledger, checkpointDirectory: settings.checkpointDirectory, threads: 2)
        let scratch = fixture.folder.path + "/scratch"
        try CheckpointDirectory(path: scratch).create()
        while try await ledger.compact(createdBefore: Timestamp(milliseconds: .max / 2)).seen > 0 {}
        #expect(try await ledger.counts().packed >= 4)
        #expect(try await ledger.rollout(RolloutID("long/3")) == found)
        let again = try await replay.run(to: update, scratch: scratch) { #expect($0.isSame) }
        #expect(again.isSame, "\(again.differences)")

        while try await ledger.retain(RetentionPolicy(days: 1)).groups > 0 {}
        #expect(try await ledger.check() == [])
        #expect(try await ledger.rollout(RolloutID("long/3")) == nil)
        let refusal = await #expect(throws: ServiceError.self) {
            try await replay.run(to: update, scratch: scratch) { _ in }
        }
        #expect(refusal?.message.contains("retention deleted") == true)
        try await ledger.close()
    }
}
