// The cold start's step on a tiny model.
import Learning
import Modeling
import Testing

struct SupervisedStepTests {
    private let sequences = [
        TrainingSequence(tokens: [1, 2, 3, 4, 5], promptLength: 2),
        TrainingSequence(tokens: [1, 7, 8], promptLength: 1),
    ]

    @Test func `the loss is the mean over response tokens and falls`() throws {
        let model = try TrainingFixture.model()
        let before = try model.forward(sequences)
        let mean = -before.flatMap(\.logprobs).reduce(0) { $0 + Double($1) } / 5
        let first = try SupervisedStep.run(sequences, model: model, optimiser: AdamWSettings(learningRate: 1e-2))
        #expect(agree(first.loss, mean, within: 1e-6))
        #expect(first.tokens == 5 && first.isApplied && first.entropy > 0)
        var last = first
        for _ in 0..<20 {
            last = try SupervisedStep.run(sequences, model: model, optimiser: AdamWSettings(learningRate: 1e-2))
        }
        #expect(last.loss < first.loss / 2)
    }

    @Test func `nothing to learn from changes nothing`() throws {
        let model = try TrainingFixture.model()
        let before = TrainingFixture.parameters(model)
        let empty = [TrainingSequence(tokens: [1, 2], promptLength: 2)]
        for batch in [[], empty] {
            let outcome = try SupervisedStep.run(batch, model: model, optimiser: AdamWSettings(learningRate: 1))
            #expect(outcome.tokens == 0 && !outcome.isApplied)
        }
        #expect(TrainingFixture.parameters(model) == before)
    }

    @Test func `a sequence that does not fit is an error and changes nothing`() throws {
        let model = try TrainingFixture.model()
        let before = TrainingFixture.parameters(model)
        #expect(throws: ModelError.self) {
            try SupervisedStep.run(
                [TrainingSequence(tokens: [1, 99], promptLength: 1)], model: model,
                optimiser: AdamWSettings(learningRate: 1))
        }
        #expect(TrainingFixture.parameters(model) == before)
    }
}
