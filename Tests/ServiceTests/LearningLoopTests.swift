// The learning loop through the use cases: groups in, versions out, nothing twice.
import Domain
import GRDB
import Learning
import Storage
import StrictJSON
import Testing

@testable import Service

@Suite(.serialized) struct LearningLoopTests {
    @Test(.timeLimit(.minutes(2)))
    func `posted groups become an update that consumes each rollout once and moves the version`() async throws {
        let fixture = try ServiceFixture()
        let settings = try fixture.settings(model: try fixture.writeTinyModel(), isLearning: true)
        try await fixture.run(settings) { service in
            #expect(try await service.waits { $0.status().policyVersion == PolicyVersion(0) })
            try service.setLearner(isPaused: true)
            #expect(try await service.waits { $0.status().phase == .paused || $0.status().phase == .waiting })
            for prompt in ["a", "b"] {
                try await service.storePrompt(prompt)
                try await service.postGroup(prompt: prompt, right: [0, 2])
            }
            try service.setLearner(isPaused: false)
            #expect(try await service.waits { ($0.status().policyVersion ?? PolicyVersion(0)) > PolicyVersion(0) })
            for prompt in ["a", "b"] {
                for member in 0..<4 {
                    let rollout = try await service.rollout(RolloutID("\(prompt)/\(member)"))
                    #expect(rollout.status == .consumed)
                    #expect(rollout.reward == (member % 2 == 0 ? 1 : 0))
                    let advantage = try #require(rollout.advantage)
                    #expect((advantage > 0) == (member % 2 == 0))
                    #expect(rollout.consumedByUpdate != nil)
                }
            }
        }
    }

    @Test(.timeLimit(.minutes(2)))
    func `a restart goes on at the same version, with the settings that were changed`() async throws {
        let fixture = try ServiceFixture()
        let settings = try fixture.settings(model: try fixture.writeTinyModel(), isLearning: true)
        try await fixture.run(settings) { service in
            #expect(try await service.waits { $0.status().policyVersion != nil })
            try await service.changeLearner(["learning_rate": .number(0.00025)])
            try await service.storePrompt("a")
            try await service.postGroup(prompt: "a", right: [1])
            try await service.storePrompt("b")
            try await service.postGroup(prompt: "b", right: [0, 1, 2])
            #expect(try await service.waits { ($0.status().policyVersion ?? PolicyVersion(0)) > PolicyVersion(0) })
        }
        let before = try fixtureVersions(fixture)
        try await fixture.run(settings) { service in
            #expect(try await service.waits { $0.status().policyVersion != nil })
            let version = try #require(service.status().policyVersion)
            #expect(version > PolicyVersion(0))
            #expect(service.learner.settings.learningRate == 0.00025)
            let updates = try await service.updates(before: nil, limit: 100)
            #expect(updates.map(\.version.number) == Array((1...version.number).reversed()))
            let change = try #require(try await service.learnerChanges(limit: 10).first)
            #expect(change.cause == .request && change.afterVersion == PolicyVersion(0))
            #expect(change.changes.map(\.name) == ["learning_rate"])
            #expect(change.changes.first?.after == .double(0.00025))
        }
        #expect(before > 0)
    }

    /// Checkpoint files on disk.
    private func fixtureVersions(_ fixture: ServiceFixture) throws -> Int {
        try FileManagerListing.count(in: fixture.database + ".checkpoints", suffix: ".safetensors")
    }

    @Test(.timeLimit(.minutes(2)))
    func `learning waits while another process holds the ledger, says why, and goes on by itself`() async throws {
        let fixture = try ServiceFixture()
        let settings = try fixture.settings(model: try fixture.writeTinyModel(), isLearning: true)
        try await fixture.run(settings) { service in
            #expect(try await service.waits { $0.status().policyVersion != nil })
            for prompt in ["a", "b"] { try await service.storePrompt(prompt) }
            #expect(try await service.waits { ($0.status().policyVersion ?? PolicyVersion(0)) > PolicyVersion(0) })
            var patient = Configuration()
            patient.busyMode = .timeout(20)
            patient.allowsUnsafeTransactions = true
            let other = try DatabaseQueue(path: fixture.database, configuration: patient)
            try await other.writeWithoutTransaction { db in try db.execute(sql: "BEGIN IMMEDIATE") }
            #expect(
                try await service.waits(seconds: 40) {
                    $0.status().phase == .waiting && $0.status().phaseDetail?.contains("another process") == true
                })
            try await other.writeWithoutTransaction { db in try db.execute(sql: "ROLLBACK") }
            let held = try #require(service.status().policyVersion)
            #expect(try await service.waits(seconds: 40) { ($0.status().policyVersion ?? held) > held })
            #expect(service.status().phase != .failed)
            #expect(try await service.ledger.check() == [])
        }
    }

    @Test(.timeLimit(.minutes(2)))
    func `rollouts with log-probs that cannot be are refused, and the page names generator and likely cause`()
        async throws
    {
        let fixture = try ServiceFixture()
        var settings = try fixture.settings(model: try fixture.writeTinyModel(), isLearning: true)
        settings.learner = try settings.learner.applying(["logprob_gate": .number(0.1), "dataset": .text("none yet")])
        settings.updatesMax = 1
        try await fixture.run(settings) { service in
            #expect(try await service.waits { $0.status().policyVersion != nil })
            for prompt in ["a", "b"] {
                try await service.storePrompt(prompt)
                let silent = (0..<4).map { member in
                    RolloutSubmission(
                        id: RolloutID("\(prompt)/\(member)"), promptID: PromptID(prompt), groupID: nil,
                        response: member == 0 ? "\\boxed{4}" : "\\boxed{5}", tokenIDs: [30, 40], logprobs: [0, 0],
                        policyVersion: PolicyVersion(0), finishReason: .stop, generator: "vllm-a")
                }
                for receipt in try await service.submit(rollouts: silent) { _ = try receipt.get() }
            }
            #expect(
                try await service.waits { try await $0.ledger.readyGroupCount(oldestVersion: PolicyVersion(0)) == 2 })
            try await service.changeLearner(["dataset": .text("test")])
            #expect(try await service.waits { $0.status().policyVersion == PolicyVersion(1) })
            let alarms = service.status().alarms
            #expect(alarms.contains { $0.contains("8 rollouts of the generator vllm-a") }, "\(alarms)")
            #expect(alarms.contains { $0.contains("all of them are 0") }, "\(alarms)")
            #expect(try await service.rollout(RolloutID("a/0")).advantage == nil)
        }
    }

    @Test(.timeLimit(.minutes(2)))
    func `a setting that is not allowed changes nothing`() async throws {
        let fixture = try ServiceFixture()
        try await fixture.run(try fixture.settings(model: nil, isLearning: false)) { service in
            let before = service.learner.settings
            await #expect(throws: InputError.self) {
                try await service.changeLearner(["learning_rate": .number(0.1), "epsilon_low": .number(7)])
            }
            #expect(service.learner.settings == before)
        }
    }

    @Test(.timeLimit(.minutes(2)))
    func `a client cannot post under the in-process sampler's name`() async throws {
        let fixture = try ServiceFixture()
        try await fixture.run(try fixture.settings(model: nil, isLearning: false)) { service in
            try await service.storePrompt("a")
            let rollout = RolloutSubmission(
                id: RolloutID("r"), promptID: PromptID("a"), groupID: nil, response: "x", tokenIDs: [], logprobs: [],
                policyVersion: PolicyVersion(0), finishReason: .stop, generator: InProcessSampler.name)
            await #expect(throws: InputError.self) { _ = try await service.submit(rollouts: [rollout]) }
            await #expect(throws: InputError.self) { _ = try await service.rollout(RolloutID("r")) }
        }
    }

    @Test(.timeLimit(.minutes(2)))
    func `a client cannot take a name of the built-in data, and so cannot stand in the learner's way`() async throws {
        let fixture = try ServiceFixture()
        try await fixture.run(try fixture.settings(model: nil, isLearning: false)) { service in
            await #expect(throws: InputError.self) { try await service.storePrompt("builtin/1/addition/0") }
            await #expect(throws: InputError.self) { try await service.storePrompt("mine", dataset: "builtin") }
            #expect(try await service.prompts(dataset: nil, after: nil, limit: 10).prompts.isEmpty)
            try await service.storePrompt("builtin-like", dataset: "builtins")
        }
    }

    @Test(.timeLimit(.minutes(2)))
    func `once the service is stopping nothing new is accepted`() async throws {
        let fixture = try ServiceFixture()
        try await fixture.run(try fixture.settings(model: nil, isLearning: false)) { service in
            try await service.storePrompt("a")
            service.beginShutdown()
            await #expect(throws: ServiceError.self) { try await service.storePrompt("b") }
        }
    }
}
