// Who is let into an update: every fault of a rollout is the rollout's own, and never a crash.
import Domain
import Learning
import Modeling
import Testing

struct AdmissionTests {
    /// What is done to one rollout, and the fault that must come of it.
    static let faults: [(fault: MemberFault, spoil: @Sendable (inout Rollout) -> Void)] = [
        (.undetermined, { $0.reward = nil }),
        (.undetermined, { $0.status = .undetermined }),
        (.badReward, { $0.reward = .nan }),
        (.badReward, { $0.reward = .infinity }),
        (.noTokens, { ($0.tokenIDs, $0.logprobs) = ([], []) }),
        (.noTokens, { $0.tokenIDs = [] }),
        (.lengthMismatch, { $0.logprobs.removeLast() }),
        (.lengthMismatch, { $0.logprobs.append(-1) }),
        (.unknownToken, { $0.tokenIDs[0] = 12 }),
        (.unknownToken, { $0.tokenIDs[0] = -1 }),
        (.unknownToken, { $0.tokenIDs[0] = Int32.max }),
        (.badLogprob, { $0.logprobs[0] = 0.01 }),
        (.badLogprob, { $0.logprobs[0] = .nan }),
        (.badLogprob, { $0.logprobs[0] = -.infinity }),
        (
            .badLength,
            { ($0.tokenIDs, $0.logprobs) = (Array(repeating: 1, count: 30), Array(repeating: -1, count: 30)) }
        ),
        (.futurePolicy, { $0.policyVersion = PolicyVersion(11) }),
        (.stale, { $0.policyVersion = PolicyVersion(5) }),
        (.implausible, { $0.logprobs = $0.logprobs.map { $0 * 2 } }),
    ]

    @Test(arguments: faults.indices)
    func `a faulty rollout stays out and the others go on without it`(index: Int) throws {
        let (fault, spoil) = Self.faults[index]
        let (clean, other) = (try TrainingFixture.model(), try TrainingFixture.model())
        var groups = try TrainingFixture.groups(2, of: 6, on: clean, version: 10)
        spoil(&groups[1].rollouts[2])
        let outcome = try TrainStep(TrainingFixture.settings()).run(
            groups, model: clean, version: PolicyVersion(10), promptTokens: TrainingFixture.promptTokens)
        #expect(outcome.excluded.map(\.fault) == [fault])
        #expect(outcome.excluded.map(\.id) == [RolloutID("g1r2")])
        #expect(outcome.groups.map(\.fate) == [.trained, .trained])
        #expect(outcome.groups[1].advantages.count == 5)
        #expect(outcome.groups[1].advantages[RolloutID("g1r2")] == nil)

        groups[1].rollouts.remove(at: 2)
        let without = try TrainStep(TrainingFixture.settings()).run(
            groups, model: other, version: PolicyVersion(10), promptTokens: TrainingFixture.promptTokens)
        #expect(without.groups == outcome.groups)
        #expect(TrainingFixture.parameters(clean) == TrainingFixture.parameters(other))
    }

    @Test func `a group with one usable rollout is unusable, or stale when age is the reason`() throws {
        let model = try TrainingFixture.model()
        var groups = try TrainingFixture.groups(2, on: model, version: 10)
        for r in 1..<4 {
            groups[0].rollouts[r].tokenIDs = []
            groups[1].rollouts[r].policyVersion = PolicyVersion(1)
        }
        let outcome = try TrainStep(TrainingFixture.settings()).run(
            groups, model: model, version: PolicyVersion(10), promptTokens: TrainingFixture.promptTokens)
        #expect(outcome.groups.map(\.fate) == [.unusable, .stale])
        #expect(outcome.steps == 0)
    }

    @Test func `a prompt that does not fit or has foreign tokens makes its group unusable`() throws {
        let model = try TrainingFixture.model()
        let groups = try TrainingFixture.groups(1, on: model)
        for bad in [[], [99], [-1], Array(repeating: Int32(1), count: 40)] {
            let outcome = try TrainStep(TrainingFixture.settings()).run(
                groups, model: model, version: PolicyVersion(0), promptTokens: { _ in bad })
            #expect(outcome.groups.map(\.fate) == [.unusable])
            #expect(outcome.excluded.count == 4)
        }
    }

    @Test func `the overlong filter leaves truncated responses out before advantages are taken`() throws {
        let model = try TrainingFixture.model()
        var groups = try TrainingFixture.groups(1, on: model)
        groups[0].rollouts[3].finishReason = .length
        groups[0].rollouts[3].reward = -0.5
        let kept = try TrainStep(TrainingFixture.settings()).run(
            groups, model: model, version: PolicyVersion(0), promptTokens: TrainingFixture.promptTokens)
        #expect(kept.groups[0].advantages.count == 4)
        let settings = TrainingFixture.settings { $0.overlongFilter = true }
        let fresh = try TrainingFixture.model()
        let filtered = try TrainStep(settings).run(
            groups, model: fresh, version: PolicyVersion(0), promptTokens: TrainingFixture.promptTokens)
        #expect(filtered.groups[0].advantages.count == 3)
        #expect(filtered.excluded.map(\.fault) == [.overlong])
        let rewards = AdvantageEstimator.standardised.advantages(of: [1, 1, 0])
        #expect(filtered.groups[0].advantages[RolloutID("g0r2")] == rewards[2])
    }

    @Test func `the gate trusts named generators, and versions whose weights are gone`() throws {
        let model = try TrainingFixture.model()
        var groups = try TrainingFixture.groups(1, on: model, version: 1)
        for r in groups[0].rollouts.indices { groups[0].rollouts[r].logprobs[0] -= 2 }
        func excluded(_ step: TrainStep, version: Int) throws -> Int {
            let fresh = try TrainingFixture.model()
            return try step.run(
                groups, model: fresh, version: PolicyVersion(version), promptTokens: TrainingFixture.promptTokens
            ).excluded.count
        }
        #expect(try excluded(TrainStep(TrainingFixture.settings()), version: 1) == 4)
        #expect(try excluded(TrainStep(TrainingFixture.settings(), trustedGenerators: ["tests"]), version: 1) == 0)
        #expect(try excluded(TrainStep(TrainingFixture.settings()), version: 2) == 0)
        #expect(try excluded(TrainStep(TrainingFixture.settings { $0.logprobGate = nil }), version: 1) == 0)
    }
}
