// Losses for clients that drive the training themselves: a sum over tokens, where the client brings each token's weight, advantage
// and behaviour log-prob. Pure: no model, no batch order, no optimiser.

/// A loss that is summed over tokens (Tinker's losses, tinker-docs "Loss functions"), and GPPO beside them.
package enum TokenLoss: Sendable, Hashable {
    /// -weight ln p.
    case crossEntropy
    /// -r advantage, where r = exp(ln p - ln p_old) is not clipped.
    case importanceSampling
    /// A policy-gradient objective; its advantage is the token's own.
    case objective(Objective)
    /// -(advantage ln p - beta / 2 (ln p - ln p_old)^2), DRO (Richemond et al. 2024, arXiv 2405.19107).
    case directReward(beta: Double)

    /// What a client says about the tokens of one sequence, [T]; arrays that a loss does not read may be empty.
    package struct Inputs: Sendable, Hashable {
        /// Of `crossEntropy`; may be negative.
        package var weights: [Float]
        /// ln p_old.
        package var behaviour: [Float]
        package var advantages: [Float]

        package init(weights: [Float] = [], behaviour: [Float] = [], advantages: [Float] = []) {
            self.weights = weights
            self.behaviour = behaviour
            self.advantages = advantages
        }
    }

    /// The loss of one sequence.
    package struct Evaluation: Sendable, Equatable {
        /// The sum over the tokens.
        package var loss = 0.0
        /// d loss / d ln p, [T].
        package var gradient: [Float] = []
        /// Tokens whose weight or advantage is not 0.
        package var tokens = 0
        /// Of those, tokens beyond the objective's range in the direction their advantage pushes, below and above it. Clipping
        /// drops their gradients; GPPO keeps them at the bound.
        package var below = 0
        package var above = 0
        /// The largest importance ratio of those tokens.
        package var ratioMax = 0.0
    }

    /// Whether the loss reads weights; the others read behaviour log-probs and advantages.
    package var readsWeights: Bool { self == .crossEntropy }

    /// The loss under these log-probs, [T]; the inputs that this loss reads have the same length.
    package func evaluate(_ logprobs: [Float], _ inputs: Inputs) -> Evaluation {
        var result = Evaluation()
        result.gradient.reserveCapacity(logprobs.count)
        for (index, logprob) in logprobs.enumerated() {
            let (value, gradient) =
                readsWeights
                ? weighted(Double(logprob), inputs.weights[index], &result)
                : compared(Double(logprob), inputs.behaviour[index], inputs.advantages[index], &result)
            result.loss += value
            result.gradient.append(Float(gradient))
        }
        return result
    }

    private func weighted(
        _ logprob: Double, _ weight: Float, _ result: inout Evaluation
    ) -> (value: Double, gradient: Double) {
        guard weight != 0 else { return (0, 0) }
        result.tokens += 1
        return (-Double(weight) * logprob, -Double(weight))
    }

    private func compared(
        _ logprob: Double, _ behaviour: Float, _ advantage: Float, _ result: inout Evaluation
    ) -> (value: Double, gradient: Double) {
        let (behaviour, advantage) = (Double(behaviour), Double(advantage))
        let logRatio = logprob - behaviour
        if case .directReward(let beta) = self {
            // It pulls towards the behaviour also where nothing is preferred.
            result.tokens += 1
            let gradient = -(advantage - beta * logRatio)
            return (-(advantage * logprob - beta / 2 * logRatio * logRatio), gradient)
        }
        // A token that is masked adds exactly nothing, whatever stands for its log-probs.
        guard advantage != 0 else { return (0, 0) }
        result.tokens += 1
        let ratio = exponential(min(logRatio, Objective.logRatioMax))
        result.ratioMax = max(result.ratioMax, ratio)
        switch self {
        case .crossEntropy, .directReward: return (0, 0)
        case .importanceSampling: return (-ratio * advantage, -ratio * advantage)
        case .objective(let objective):
            if advantage < 0, ratio < 1 - objective.epsilonLow { result.below += 1 }
            if advantage > 0, ratio > 1 + objective.epsilonHigh { result.above += 1 }
            let token = objective.evaluate(logRatio: logRatio, advantage: advantage, behaviourLogprob: behaviour)
            return (token.value, token.gradient)
        }
    }
}
