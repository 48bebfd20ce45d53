// What an update made of each token of a rollout, computed again from kept weights. Values only.
import Domain
import Learning
import Modeling

/// Which weights a rollout's tokens are held against.
package enum TokenBasis: String, Sendable, CaseIterable {
    /// Those that the update began with; the newest for a rollout that no update has consumed.
    case before
    /// Those that the update left.
    case after
}

/// The numbers of one token.
package struct TokenNumbers: Sendable, Equatable {
    /// ln p under the weights compared with.
    package var logprob: Double
    /// Of the distribution it was drawn from, under those weights, in nats.
    package var entropy: Double
    /// The importance ratio of those weights to the policy that sampled it.
    package var ratio: Double
    /// d loss / d ln p from the policy objective alone; 0 where there is no advantage.
    package var gradient: Double
    /// Whether clipping would drop its gradient.
    package var isBeyond: Bool

    package init(logprob: Double, entropy: Double, ratio: Double, gradient: Double, isBeyond: Bool) {
        self.logprob = logprob
        self.entropy = entropy
        self.ratio = ratio
        self.gradient = gradient
        self.isBeyond = isBeyond
    }
}

/// The numbers of a rollout's tokens, or why there are none.
package struct TokenReport: Sendable, Equatable {
    /// How far the numbers are.
    package enum State: Sendable, Equatable {
        case ready
        /// They are being computed; ask again.
        case pending
        /// They cannot be had, for this reason.
        case missing(String)
    }

    package var state: State
    /// The version whose weights are compared with.
    package var version: PolicyVersion?
    /// The objective's name and its range, as the update had them; the learner's present ones where no update was.
    package var objective = ""
    package var epsilonLow = 0.0
    package var epsilonHigh = 0.0
    /// Optimiser steps of the update: with more than one the weights moved between them, and these are those of the first.
    package var miniBatches = 1
    /// One for each token of the response; empty unless ready.
    package var tokens: [TokenNumbers] = []

    package init(_ state: State, version: PolicyVersion? = nil) {
        self.state = state
        self.version = version
    }
}

extension TokenReport {
    /// The report on a response that these weights gave these log-probs and entropies.
    init(
        _ rollout: Rollout, _ statistics: TokenStatistics, version: PolicyVersion, settings: LearnerSettings
    ) {
        self.init(.ready, version: version)
        let chosen = settings.objective
        objective = settings.objectiveName
        (epsilonLow, epsilonHigh) = (chosen.epsilonLow, chosen.epsilonHigh)
        miniBatches = settings.miniBatches * settings.epochs
        let advantage = rollout.advantage ?? 0
        let differences = zip(statistics.logprobs, rollout.logprobs).map { Double($0) - Double($1) }
        let mean = differences.reduce(0, +) / Double(max(differences.count, 1))
        tokens = differences.indices.map { index in
            let evaluation = chosen.evaluate(
                logRatio: chosen.isOfSequence ? mean : differences[index], advantage: advantage,
                behaviourLogprob: Double(rollout.logprobs[index]))
            return TokenNumbers(
                logprob: Double(statistics.logprobs[index]), entropy: Double(statistics.entropies[index]),
                ratio: evaluation.ratio, gradient: evaluation.gradient,
                isBeyond: chosen.drops(ratio: evaluation.ratio, advantage: advantage))
        }
    }
}
