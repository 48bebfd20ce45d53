// What an update does to a real, tiny model, and what it must not do.
import Domain
import Learning
import Modeling
import Testing

struct TrainStepTests {
    private func update(
        _ groups: [TrainingGroup], _ model: TrainableModel, _ settings: LearnerSettings, version: Int = 0
    ) throws -> UpdateOutcome {
        try TrainStep(settings).run(
            groups, model: model, version: PolicyVersion(version), promptTokens: TrainingFixture.promptTokens)
    }

    private func metric(_ outcome: UpdateOutcome, _ name: String) throws -> Double {
        try #require(outcome.metrics.first { $0.name == name }?.value, "\(name)")
    }

    @Test(arguments: Objective.Method.allCases)
    func `right responses become likelier and wrong ones less likely`(method: Objective.Method) throws {
        let model = try TrainingFixture.model()
        let settings = TrainingFixture.settings().adopting(Objective(method))
        var before: (right: Double, wrong: Double)?
        let groups = try TrainingFixture.groups(4, on: model)
        for version in 0..<3 {
            // Fresh log-probs, as a generator at this version would post them.
            let fresh = try refreshed(groups, model, version: version)
            let right = try TrainingFixture.likelihood(fresh, model) { $0.reward == 1 }
            let wrong = try TrainingFixture.likelihood(fresh, model) { $0.reward == 0 }
            if let before { #expect(right - wrong > before.right - before.wrong) }
            before = (right, wrong)
            let outcome = try update(fresh, model, settings, version: version)
            #expect(outcome.steps == 2)
            #expect(outcome.version == PolicyVersion(version + 1))
        }
    }

    @Test func `undetermined rollouts change nothing, whatever stands beside them`() throws {
        let (clean, dirty) = (try TrainingFixture.model(), try TrainingFixture.model())
        let groups = try TrainingFixture.groups(3, on: clean)
        var more = groups
        for g in more.indices {
            var liar = more[g].rollouts[0]
            liar.id = RolloutID("undetermined\(g)")
            liar.verdict = .undetermined(InfrastructureFailure(code: .queueTimeout, message: "late"))
            liar.reward = 1
            more[g].rollouts.insert(liar, at: 1)
            liar.id = RolloutID("without\(g)")
            liar.verdict = nil
            liar.reward = nil
            more[g].rollouts.append(liar)
        }
        let a = try update(groups, clean, TrainingFixture.settings())
        let b = try update(more, dirty, TrainingFixture.settings())
        #expect(TrainingFixture.parameters(clean) == TrainingFixture.parameters(dirty))
        #expect(a.groups == b.groups)
        #expect(b.excluded.count == 6 && b.excluded.allSatisfy { $0.fault == .undetermined })
        #expect(try metric(a, "accuracy") == metric(b, "accuracy"))
    }

    @Test func `the same seed gives the same bits, on one thread or two`() throws {
        var results: [[Float]] = []
        var outcomes: [UpdateOutcome] = []
        for threads in [1, 2, 2] {
            let model = try TrainingFixture.model()
            let groups = try TrainingFixture.groups(5, on: model)
            let step = TrainStep(TrainingFixture.settings(), threads: threads)
            outcomes.append(
                try step.run(
                    groups, model: model, version: PolicyVersion(0), promptTokens: TrainingFixture.promptTokens))
            results.append(TrainingFixture.parameters(model))
        }
        #expect(results[0] == results[1] && results[1] == results[2])
        #expect(outcomes[0] == outcomes[1] && outcomes[1] == outcomes[2])
    }

    @Test func `another seed deals other mini-batches`() throws {
        let (one, two) = (try TrainingFixture.model(), try TrainingFixture.model())
        let groups = try TrainingFixture.groups(6, on: one)
        _ = try update(groups, one, TrainingFixture.settings())
        _ = try update(groups, two, TrainingFixture.settings { $0.seed = 2 })
        #expect(TrainingFixture.parameters(one) != TrainingFixture.parameters(two))
    }

    @Test func `small passes through the model give the gradient of one large pass`() throws {
        let whole = try TrainingFixture.model()
        let cut = try TrainingFixture.model(microBatchRows: 1)
        let groups = try TrainingFixture.groups(4, on: whole)
        let settings = TrainingFixture.settings { $0.positiveLossAlpha = 0.1 }
        let a = try update(groups, whole, settings)
        let b = try update(groups, cut, settings)
        for name in ["loss", "gradient_norm", "gradient_norm_max", "entropy"] {
            #expect(agree(try metric(a, name), try metric(b, name), within: 1e-6), "\(name)")
        }
    }

    @Test func `groups whose members are all right or all wrong move nothing`() throws {
        let model = try TrainingFixture.model()
        var groups = try TrainingFixture.groups(2, on: model)
        for r in groups[0].rollouts.indices { groups[0].rollouts[r].reward = 1 }
        // Shaped rewards that differ, but nobody is right.
        for r in groups[1].rollouts.indices { groups[1].rollouts[r].reward = Double(r) / 10 }
        let before = TrainingFixture.parameters(model)
        let outcome = try update(groups, model, TrainingFixture.settings())
        #expect(outcome.steps == 0)
        #expect(outcome.groups.map(\.fate) == [.zeroVariance, .zeroVariance])
        #expect(outcome.groups.allSatisfy { $0.advantages.isEmpty })
        #expect(TrainingFixture.parameters(model) == before)
    }

    @Test func `GPPO and clip-higher are the same update until tokens leave the range`() throws {
        let (one, two) = (try TrainingFixture.model(), try TrainingFixture.model())
        let groups = try TrainingFixture.groups(4, on: one)
        let single = TrainingFixture.settings { $0.miniBatches = 1 }
        _ = try update(groups, one, single)
        _ = try update(groups, two, single.adopting(Objective(.clipHigher)))
        #expect(TrainingFixture.parameters(one) == TrainingFixture.parameters(two))
        // The posted log-probs are now those of an older version, and tokens are out of range.
        let old = try update(groups, one, single, version: 1)
        _ = try update(groups, two, single.adopting(Objective(.clipHigher)), version: 1)
        #expect(TrainingFixture.parameters(one) != TrainingFixture.parameters(two))
        let dropped = try metric(old, "clip_positive_high_tokens") + metric(old, "clip_negative_low_tokens")
        #expect(dropped > 0)
        #expect(try metric(old, "gradient_mass_kept") > 0)
    }

    @Test func `on the first step every ratio is one`() throws {
        let model = try TrainingFixture.model()
        let groups = try TrainingFixture.groups(4, on: model)
        let outcome = try update(groups, model, TrainingFixture.settings { $0.miniBatches = 1 })
        #expect(try metric(outcome, "ratio_mean") == 1)
        #expect(try metric(outcome, "ratio_max") == 1)
        #expect(try metric(outcome, "kl_behaviour") == 0)
        for cell in ["positive_high", "positive_low", "negative_high", "negative_low"] {
            #expect(try metric(outcome, "clip_\(cell)") == 0)
        }
        #expect(try metric(outcome, "accuracy") == 0.5)
        #expect(try metric(outcome, "tokens") == Double(groups.flatMap(\.rollouts).map(\.tokenIDs.count).reduce(0, +)))
    }

    @Test func `a step whose gradient is not finite is left out and said so`() throws {
        let model = try TrainingFixture.model()
        var groups = try TrainingFixture.groups(1, on: model)
        for r in groups[0].rollouts.indices {
            groups[0].rollouts[r].logprobs = groups[0].rollouts[r].logprobs.map { _ in -1e30 }
        }
        let settings = TrainingFixture.settings {
            $0.objective.dualClip = nil
            $0.logprobGate = nil
        }
        let before = TrainingFixture.parameters(model)
        let outcome = try update(groups, model, settings)
        #expect(outcome.steps == 0)
        #expect(try metric(outcome, "skipped_steps") == 1)
        #expect(TrainingFixture.parameters(model) == before)
        #expect(outcome.metrics.allSatisfy { $0.value.isFinite }, "\(outcome.metrics.filter { !$0.value.isFinite })")
        // The model still learns afterwards.
        let next = try update(try TrainingFixture.groups(2, on: model), model, settings)
        #expect(next.steps == 2)
    }

    @Test func `epochs pass over the groups again`() throws {
        let model = try TrainingFixture.model()
        let groups = try TrainingFixture.groups(4, on: model)
        let outcome = try update(groups, model, TrainingFixture.settings { $0.epochs = 3 })
        #expect(outcome.steps == 6)
        #expect(try metric(outcome, "ratio_max") > 1)
    }

    @Test func `recomputed log-probs replace the posted ones, and the correction says how far apart they are`() throws {
        let model = try TrainingFixture.model()
        var groups = try TrainingFixture.groups(2, on: model)
        for r in groups[0].rollouts.indices {
            groups[0].rollouts[r].logprobs = groups[0].rollouts[r].logprobs.map { $0 - 0.05 }
        }
        let settings = TrainingFixture.settings {
            $0.miniBatches = 1
            $0.behaviourLogprobs = .recomputed
            $0.correction = .token
        }
        let outcome = try update(groups, model, settings)
        #expect(try metric(outcome, "ratio_max") == 1)
        let plain = try TrainingFixture.model()
        let without = try update(groups, plain, settings.with { $0.correction = .off })
        #expect(outcome.groups == without.groups)
        #expect(TrainingFixture.parameters(model) != TrainingFixture.parameters(plain))
    }

    @Test func `the KL penalty pulls towards the reference`() throws {
        let (free, held) = (try TrainingFixture.model(), try TrainingFixture.model())
        let anchor = try TrainingFixture.model()
        let groups = try TrainingFixture.groups(4, on: free)
        let settings = TrainingFixture.settings { $0.epochs = 8 }
        _ = try update(groups, free, settings)
        let tied = settings.with { ($0.penalty, $0.penaltyCoefficient) = (.k3, 5) }
        let outcome = try TrainStep(tied).run(
            groups, model: held, version: PolicyVersion(0), promptTokens: TrainingFixture.promptTokens,
            reference: { try anchor.forward($0) })
        #expect(try metric(outcome, "kl_loss") > 0)
        func distance(_ model: TrainableModel) throws -> Double {
            let all = groups.flatMap(\.rollouts)
            let own = try TrainingFixture.ownLogprobs(all.map(\.tokenIDs), model)
            return zip(own.joined(), all.map(\.logprobs).joined()).reduce(0) { $0 + Double(abs($1.0 - $1.1)) }
        }
        #expect(try distance(held) < distance(free))
    }

    @Test func `metrics come in one order, finite, each once`() throws {
        let model = try TrainingFixture.model()
        let full = try update(try TrainingFixture.groups(3, on: model), model, TrainingFixture.settings())
        let empty = try update([], model, TrainingFixture.settings())
        #expect(full.metrics.map(\.name) == empty.metrics.map(\.name))
        #expect(Set(full.metrics.map(\.name)).count == full.metrics.count)
        #expect((full.metrics + empty.metrics).allSatisfy { $0.value.isFinite })
        #expect(empty.steps == 0 && empty.groups.isEmpty)
    }

    private func refreshed(
        _ groups: [TrainingGroup], _ model: TrainableModel, version: Int
    ) throws -> [TrainingGroup] {
        var fresh = groups
        for g in fresh.indices {
            let own = try TrainingFixture.ownLogprobs(fresh[g].rollouts.map(\.tokenIDs), model)
            for r in fresh[g].rollouts.indices {
                fresh[g].rollouts[r].logprobs = own[r]
                fresh[g].rollouts[r].policyVersion = PolicyVersion(version)
            }
        }
        return fresh
    }
}

extension LearnerSettings {
    /// These settings with some changed.
    func with(_ change: (inout LearnerSettings) -> Void) -> LearnerSettings {
        var copy = self
        change(&copy)
        return copy
    }
}
