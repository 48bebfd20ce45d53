// Retention as a service does it: in the background, on request, and with the door closed when nothing can go.
import Domain
import Learning
import Storage
import TestSupport
import Testing

@testable import Service

@Suite(.serialized) struct RetentionServiceTests {
    @Test(.timeLimit(.minutes(1)))
    func `beyond its budget with nothing to delete, the service refuses new rollouts and says why`() async throws {
        let fixture = try ServiceFixture()
        var settings = try fixture.settings(model: nil, isLearning: false)
        settings.retention = RetentionPolicy(bytes: 0)
        try await fixture.run(settings) { service in
            try await service.storePrompt("p")
            #expect(try await service.waits { $0.status().storage?.intakeRefusal != nil })
            let error = await #expect(throws: ServiceError.self) { try await service.postGroup(prompt: "p", right: []) }
            #expect(error?.code == .unavailable && error?.retryAfterSeconds == Limits.retentionRetrySeconds)
            #expect(error?.message.contains("retention_bytes") == true)
            #expect(service.status().storage?.intakeRefusal?.contains("retention_bytes") == true)
            #expect(try await service.rollouts(matching: RolloutFilter(), before: nil, limit: 9).rollouts == [])
        }
        // With room again the door opens by itself.
        settings.retention = RetentionPolicy(bytes: 1 << 30)
        try await fixture.run(settings) { service in
            try await service.postGroup(prompt: "p", right: [0])
            #expect(try await service.waits { $0.status().storage != nil })
            #expect(service.status().storage?.intakeRefusal == nil)
        }
    }

    @Test(.timeLimit(.minutes(2)))
    func `while learning goes on, groups of old updates are deleted and everything adds up`() async throws {
        let fixture = try ServiceFixture()
        var settings = try fixture.settings(model: try fixture.writeTinyModel(), isLearning: true)
        settings.learner = try settings.learner.applying(["zero_variance_filter": .text("off")])
        settings.retention = RetentionPolicy(updates: 2, compactAfterHours: 0)
        try await fixture.run(settings) { service in
            for prompt in ["a", "b"] { try await service.storePrompt(prompt) }
            #expect(try await service.waits { ($0.status().policyVersion ?? PolicyVersion(0)) >= PolicyVersion(6) })
            #expect(try await service.waits { ($0.status().counts?.deleted ?? 0) > 0 })
            try service.setLearner(isPaused: true)
            #expect(try await service.waits { $0.status().phase == .paused })
            // The loop keeps two updates; what it keeps goes on request.
            let report = try await service.applyRetention(RetentionPolicy(updates: 0), isDryRun: false, limit: 1_000)
            #expect(report.groups > 0 && !report.hasMore)
            #expect(service.prometheusText().contains("rolloutd_ledger_free_bytes"))
        }
        let ledger = try Ledger.open(
            at: fixture.database, clock: WallClock { Timestamp(milliseconds: 0) }, identifiers: IdentifierSource { $0 })
        #expect(try await ledger.check() == [])
        #expect(try await ledger.deletedGroupCount(consumedBy: PolicyVersion(1)) > 0)
        #expect(try await ledger.update(PolicyVersion(1)) != nil)
        try await ledger.close()
    }

    @Test func `without any bound retention on request says what to send`() async throws {
        let fixture = try ServiceFixture()
        try await fixture.run(try fixture.settings(model: nil, isLearning: false)) { service in
            let fault = await #expect(throws: InputError.self) {
                _ = try await service.applyRetention(nil, isDryRun: true, limit: 1)
            }
            #expect(fault?.hint?.contains("days") == true)
        }
    }
}
