// Going back to an earlier policy: what becomes newest, what stays in the ledger, and what must not change.
import Domain
import Learning
import Storage
import TestSupport
import Testing

@testable import Service

@Suite(.serialized) struct RollbackTests {
    @Test(.timeLimit(.minutes(2)))
    func `a rollback makes the old weights the next version, while paused, and learning goes on from them`()
        async throws
    {
        let fixture = try ServiceFixture()
        var settings = try fixture.settings(model: try fixture.writeTinyModel(), isLearning: true)
        // Random answers carry no signal; without the filter every update is taken, so weights differ by version.
        settings.learner = try settings.learner.applying([
            "zero_variance_filter": .text("off"), "weight_decay": .number(0.5), "learning_rate": .number(0.01),
        ])
        try await fixture.run(settings) { service in
            for prompt in ["a", "b"] { try await service.storePrompt(prompt) }
            #expect(try await service.waits { ($0.status().policyVersion ?? PolicyVersion(0)) >= PolicyVersion(3) })
            try service.setLearner(isPaused: true)
            #expect(try await service.waits { $0.status().phase == .paused })
            let from = try #require(service.status().policyVersion)
            let old = try await service.weights(of: PolicyVersion(1)).safetensors
            #expect(try await service.weights(of: from).safetensors != old)

            service.rollBackLearner(to: try await service.keptVersion(of: .version(PolicyVersion(1))))
            #expect(try await service.waits { $0.status().policyVersion == from.next })
            #expect(try await service.weights(of: from.next).safetensors == old)
            #expect(service.learnerView().pendingRollback == nil)
            #expect(service.learnerView().isPaused, "going back is no order to go on")
            let records = try await service.updates(before: nil, limit: 100)
            #expect(records.first?.objective == "rollback")
            #expect(records.first?["rolled_back_to"] == 1)
            #expect(records.map(\.version.number) == Array((1...from.next.number).reversed()), "history stays")

            try service.setLearner(isPaused: false)
            #expect(try await service.waits { ($0.status().policyVersion ?? from) > from.next })
            #expect(try await service.ledger.check() == [])
        }
        try await replayIsSame(fixture)
    }

    /// The rollback and the updates after it are made again to the last bit.
    private func replayIsSame(_ fixture: ServiceFixture) async throws {
        let ledger = try Ledger.open(
            at: fixture.database, clock: WallClock { Timestamp(milliseconds: 0) },
            identifiers: IdentifierSource { $0 })
        let newest = try #require(try await ledger.latestVersion())
        let scratch = try TemporaryFolder()
        let replay = UpdateReplay(
            ledger: ledger, checkpointDirectory: fixture.database + ".checkpoints", threads: 1)
        let updates = try await ledger.updates(before: nil, limit: 100)
        let back = try #require(updates.first { $0.objective == "rollback" }?.version)
        for version in [back, min(newest, back.next)] {
            let made = try await replay.run(to: version, scratch: scratch.path) { _ in }
            #expect(made.isSame, "\(version): \(made.differences)")
        }
        try await ledger.close()
    }

    @Test(.timeLimit(.minutes(2)))
    func `a version without weights, an unmeasured best and a learner that is off are refused`() async throws {
        let fixture = try ServiceFixture()
        let model = try fixture.writeTinyModel()
        try await fixture.run(try fixture.settings(model: model, isLearning: true)) { service in
            try #require(try await service.waits { $0.status().policyVersion != nil })
            await #expect(throws: InputError.self) {
                _ = try await service.keptVersion(of: .version(PolicyVersion(999)))
            }
            await #expect(throws: InputError.self) { _ = try await service.keptVersion(of: .best) }
            #expect(service.learnerView().pendingRollback == nil)
        }
        try await fixture.run(try fixture.settings(model: model, isLearning: false)) { service in
            await #expect(throws: ServiceError.self) {
                _ = try await service.keptVersion(of: .version(PolicyVersion(0)))
            }
        }
    }

    @Test func `the best is the later of the equally good whose weights are kept`() {
        func row(_ version: Int, _ accuracy: Double, kind: String = "all") -> EvaluationRecord {
            EvaluationRecord(
                version: PolicyVersion(version), kind: kind, prompts: 10, samples: 0, greedyAccuracy: accuracy,
                averageAccuracy: nil, passAtK: nil, undetermined: 0, learningSeconds: 0,
                createdAt: Timestamp(milliseconds: 0))
        }
        let rows = [row(0, 0.4), row(10, 0.9), row(20, 0.9), row(30, 0.95), row(40, 0.8), row(40, 1, kind: "math")]
        let kept = Set([0, 10, 20, 40].map { PolicyVersion($0) })
        #expect(RollbackRecord.best(rows, among: kept) == PolicyVersion(20))
        #expect(RollbackRecord.best(rows, among: []) == nil)
    }
}
