// Updates that look back at earlier weights, made again from the ledger.
import Domain
import Learning
import Storage
import TestSupport
import Testing

@testable import Service

@Suite(.serialized) struct RecordedReplayTests {
    @Test(.timeLimit(.minutes(2)))
    func `an update that learned from an older policy's rollouts is made again to the last bit`() async throws {
        let fixture = try ServiceFixture()
        var settings = try fixture.settings(model: try fixture.writeTinyModel(), isLearning: true)
        settings.learner = try settings.learner.applying([
            "behaviour_logprobs": .text("recorded"), "max_staleness": .number(7), "learning_rate": .number(0.001),
            "weight_decay": .number(0.1), "zero_variance_filter": .text("off"),
        ])
        try await fixture.run(settings) { service in
            for prompt in ["a", "b"] { try await service.storePrompt(prompt) }
            #expect(try await service.waits { ($0.status().policyVersion ?? PolicyVersion(0)) >= PolicyVersion(3) })
            try service.setLearner(isPaused: true)
            #expect(try await service.waits { $0.status().phase == .paused })
            let now = try #require(service.status().policyVersion)
            try await service.storePrompt("old", dataset: "other")
            try await service.postGroup(prompt: "old", right: [0, 1], version: PolicyVersion(now.number - 2))
            #expect(try await service.waits { try await $0.rollout(RolloutID("old/3")).status == .scored })
            try service.setLearner(isPaused: false)
            #expect(try await service.waits { try await $0.rollout(RolloutID("old/3")).status == .consumed })
        }
        let ledger = try Ledger.open(
            at: fixture.database, clock: WallClock { Timestamp(milliseconds: 0) }, identifiers: IdentifierSource { $0 })
        let update = try #require(try await ledger.rollout(RolloutID("old/3"))?.consumedByUpdate)
        let record = try #require(try await ledger.update(PolicyVersion(update)))
        #expect((record["staleness_max"] ?? 0) >= 2)
        let replay = UpdateReplay(ledger: ledger, checkpointDirectory: settings.checkpointDirectory, threads: 2)
        let scratch = fixture.folder.path + "/scratch"
        try CheckpointDirectory(path: scratch).create()
        let again = try await replay.run(to: PolicyVersion(update), scratch: scratch) { #expect($0.isSame) }
        #expect(again.isSame, "\(again.differences)")
        try await ledger.close()
    }
}
