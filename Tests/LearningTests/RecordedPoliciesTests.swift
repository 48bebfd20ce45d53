// Rollouts of earlier policies held against the weights that those policies had.
import Domain
import Learning
import Modeling
import Testing

struct RecordedPoliciesTests {
    private let old: TrainableModel
    private let groups: [TrainingGroup]

    init() throws {
        old = try TrainingFixture.model(seed: 5)
        groups = try TrainingFixture.groups(2, on: old, version: 1)
    }

    private func update(
        _ groups: [TrainingGroup], _ settings: LearnerSettings, on model: TrainableModel, keeps: Bool = true
    ) throws -> UpdateOutcome {
        let weights = old.snapshot()
        return try TrainStep(settings).run(
            groups, model: model, version: PolicyVersion(2), promptTokens: TrainingFixture.promptTokens,
            recorded: { $0 == PolicyVersion(1) && keeps ? weights : nil })
    }

    private func shifted(_ by: Float) -> [TrainingGroup] {
        var groups = groups
        for r in groups[0].rollouts.indices {
            groups[0].rollouts[r].logprobs = groups[0].rollouts[r].logprobs.map { $0 - by }
        }
        return groups
    }

    @Test func `the gate holds a rollout against the policy it names, not against the present one`() throws {
        let settings = TrainingFixture.settings()
        let honest = try update(groups, settings, on: try TrainingFixture.model())
        #expect(honest.excluded == [], "right for the version they name, however the weights have moved since")
        let forged = try update(shifted(1), settings, on: try TrainingFixture.model())
        #expect(forged.excluded.map(\.fault) == Array(repeating: .implausible, count: 4))
        let unknown = try update(shifted(1), settings, on: try TrainingFixture.model(), keeps: false)
        #expect(unknown.excluded == [], "what nobody can check is not refused")
        var spanning = shifted(1)
        for r in spanning[0].rollouts.indices { spanning[0].rollouts[r].lastPolicyVersion = PolicyVersion(2) }
        #expect(try update(spanning, settings, on: try TrainingFixture.model()).excluded == [])
    }

    @Test func `recorded log-probs are those of the version named: posting others changes nothing`() throws {
        let posted = TrainingFixture.settings()
        let recorded = posted.with {
            $0.behaviourLogprobs = .recorded
            $0.logprobGate = nil
        }
        let models = try (0..<3).map { _ in try TrainingFixture.model() }
        let reference = try update(groups, posted, on: models[0])
        let same = try update(shifted(0.3), recorded, on: models[1])
        #expect(TrainingFixture.parameters(models[0]) == TrainingFixture.parameters(models[1]))
        #expect(same.groups == reference.groups)
        _ = try update(groups, recorded.with { $0.behaviourLogprobs = .recomputed }, on: models[2])
        #expect(
            TrainingFixture.parameters(models[0]) != TrainingFixture.parameters(models[2]),
            "the present policy's log-probs are others")
    }

    @Test func `recorded log-probs need weights that are kept`() throws {
        let error = #expect(throws: InputError.self) {
            try LearnerSettings().applying(["behaviour_logprobs": .text("recorded"), "max_staleness": .number(8)])
        }
        #expect(error?.field == "behaviour_logprobs")
        _ = try LearnerSettings().applying(["behaviour_logprobs": .text("recorded"), "max_staleness": .number(7)])
    }
}
