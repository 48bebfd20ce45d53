// The tokens that an update records are those that clipping drops, the most telling ones, and recording changes nothing.
import Domain
import Learning
import Modeling
import Testing

struct KeptTokensTests {
    /// One update that moves the model far, and a second one on the same rollouts, which are then off-policy.
    private func second(
        _ objective: Objective, groups: Int = 6, size: Int = 4, _ change: (inout LearnerSettings) -> Void = { _ in }
    ) throws -> (outcome: UpdateOutcome, groups: [TrainingGroup], before: TrainableModel, settings: LearnerSettings) {
        let model = try TrainingFixture.model()
        let settings = TrainingFixture.settings { settings in
            settings = settings.adopting(objective)
            settings.miniBatches = 1
            settings.learningRate = 3e-2
            change(&settings)
        }
        let made = try TrainingFixture.groups(groups, of: size, on: model)
        let step = TrainStep(settings)
        for version in 0..<3 {
            _ = try step.run(
                made, model: model, version: PolicyVersion(version), promptTokens: TrainingFixture.promptTokens)
        }
        let before = TrainableModel(weights: model.snapshot())
        let outcome = try step.run(
            made, model: model, version: PolicyVersion(3), promptTokens: TrainingFixture.promptTokens)
        return (outcome, made, before, settings)
    }

    @Test(arguments: [Objective.Method.gppo, .clipHigher, .ceGPPO])
    func `what is recorded is what a search of all tokens finds`(method: Objective.Method) throws {
        let objective = Objective(method)
        let (outcome, groups, before, _) = try second(objective)
        var expected: [KeptToken] = []
        for (group, fate) in zip(groups, outcome.groups) {
            for rollout in group.rollouts {
                guard let advantage = fate.advantages[rollout.id] else { continue }
                let sequence = TrainingSequence(
                    tokens: TrainingFixture.prompt + rollout.tokenIDs, promptLength: TrainingFixture.prompt.count)
                let own = try before.forward([sequence], threads: 1)[0]
                var found: [KeptToken] = []
                for (index, logprob) in own.logprobs.enumerated() {
                    let difference = Double(logprob) - Double(rollout.logprobs[index])
                    let token = objective.evaluate(
                        logRatio: difference, advantage: advantage, behaviourLogprob: Double(rollout.logprobs[index]))
                    let isHigh = advantage > 0 && token.ratio > 1 + objective.epsilonHigh
                    let isLow = advantage < 0 && token.ratio < 1 - objective.epsilonLow
                    guard isHigh || isLow else { continue }
                    found.append(
                        KeptToken(
                            rolloutID: rollout.id, position: index, context: rollout.tokenIDs, contextPlace: index,
                            behaviour: Double(rollout.logprobs[index]), logprob: Double(logprob),
                            entropy: Double(own.entropies[index]), advantage: advantage, ratio: token.ratio,
                            gradient: token.gradient))
                }
                expected += found.sorted { $0.weight > $1.weight }.prefix(Limits.keptTokensPerRollout)
            }
        }
        expected.sort { $0.weight > $1.weight }
        #expect(!expected.isEmpty)
        #expect(outcome.kept == Array(expected.prefix(Limits.keptTokensPerUpdate)))
        // GPPO keeps the bound's gradient of every one of them, clipping none.
        for token in outcome.kept {
            let bound = token.isAbove ? 1 + objective.epsilonHigh : 1 - objective.epsilonLow
            let gradient = method == .clipHigher ? 0 : -token.advantage * bound
            #expect(abs(token.gradient - gradient) < 1e-12)
            #expect(token.isKept == (method != .clipHigher))
        }
        let cells = ["clip_positive_high_tokens", "clip_negative_low_tokens"].compactMap { name in
            outcome.metrics.first { $0.name == name }?.value
        }
        #expect(cells.reduce(0, +) >= Double(outcome.kept.count))
    }

    @Test func `the list is bounded by update and by rollout, and a token met again stands once`() throws {
        let (outcome, _, _, _) = try second(Objective(.gppo), groups: 24, size: 8) { $0.epochs = 3 }
        #expect(outcome.kept.count <= Limits.keptTokensPerUpdate && outcome.kept.count > 8)
        let byRollout = Dictionary(grouping: outcome.kept, by: \.rolloutID)
        for tokens in byRollout.values {
            #expect(tokens.count <= Limits.keptTokensPerRollout)
            #expect(Set(tokens.map(\.position)).count == tokens.count)
        }
        #expect(outcome.kept.map(\.weight) == outcome.kept.map(\.weight).sorted(by: >))
        for token in outcome.kept { #expect(token.context.indices.contains(token.contextPlace)) }
    }

    @Test func `ratios of sequences, and on-policy updates, record none`() throws {
        #expect(try second(Objective(.gspo)).outcome.kept == [])
        let model = try TrainingFixture.model()
        let groups = try TrainingFixture.groups(4, on: model)
        let outcome = try TrainStep(TrainingFixture.settings { $0.miniBatches = 1 }).run(
            groups, model: model, version: PolicyVersion(0), promptTokens: TrainingFixture.promptTokens)
        #expect(outcome.kept == [])
    }
}
