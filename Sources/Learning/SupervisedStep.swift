// One optimiser step of supervised learning on worked solutions: the cold start before RL. Knows no rewards.
import Modeling

/// What a supervised step did.
package struct SupervisedOutcome: Sendable, Equatable {
    /// Mean -ln p of the response tokens, in nats.
    package var loss: Double
    /// Mean entropy of the model where it predicts response tokens, in nats.
    package var entropy: Double
    /// Response tokens.
    package var tokens: Int
    /// Norm before clipping; not finite when the step was left out.
    package var gradientNorm: Double
    /// False when the gradient was not finite: then the model is as it was.
    package var isApplied: Bool
}

/// Maximum likelihood on the responses of demonstrations.
package enum SupervisedStep {
    /// Takes one step on the mean over all response tokens of -ln p; without any response token nothing happens.
    ///
    /// - Throws: `ModelError` when a sequence does not fit the model or the settings are impossible.
    package static func run(
        _ sequences: [TrainingSequence], model: TrainableModel, optimiser: AdamWSettings, threads: Int = 2
    ) throws(ModelError) -> SupervisedOutcome {
        let tokens = sequences.reduce(0) { $0 + $1.responseLength }
        guard tokens > 0 else {
            return SupervisedOutcome(loss: 0, entropy: 0, tokens: 0, gradientNorm: 0, isApplied: false)
        }
        let slope = -1 / Float(tokens)
        let statistics = try model.forwardBackward(sequences, threads: threads) { _, statistics in
            statistics.logprobs.map { _ in slope }
        }
        let step = try model.step(optimiser)
        return SupervisedOutcome(
            loss: -mean(statistics.map(\.logprobs), tokens), entropy: mean(statistics.map(\.entropies), tokens),
            tokens: tokens, gradientNorm: step.gradientNorm, isApplied: step.applied)
    }

    private static func mean(_ values: [[Float]], _ count: Int) -> Double {
        values.joined().reduce(0) { $0 + Double($1) } / Double(count)
    }
}
