// The loss of one sequence and its gradient by every token's log-prob. Pure: no model, no batch order, no optimiser.

/// One response as the loss sees it.
package struct LossSequence: Sendable, Equatable {
    /// ln p under the weights being trained, [T].
    package var logprobs: [Double]
    /// ln p_old: the policy the importance ratio is taken against, [T].
    package var behaviour: [Double]
    /// The detached factor of each token from truncated importance sampling, [T]; nil is 1.
    package var correction: [Double]?
    /// ln p of the reference of the KL penalty, [T]; nil takes `behaviour`.
    package var reference: [Double]?
    /// The same for all tokens of the response.
    package var advantage: Double
    /// Whether the positive loss applies (the reward is that of a right answer).
    package var isPositive: Bool

    package init(
        logprobs: [Double], behaviour: [Double], correction: [Double]? = nil, reference: [Double]? = nil,
        advantage: Double, isPositive: Bool = false
    ) {
        self.logprobs = logprobs
        self.behaviour = behaviour
        self.correction = correction
        self.reference = reference
        self.advantage = advantage
        self.isPositive = isPositive
    }
}

/// What one sequence adds to the loss of its mini-batch.
package struct SequenceLoss: Sendable, Equatable {
    /// The sequence's part of the policy loss, coefficient and correction applied.
    package var policy = 0.0
    /// Its part of the KL penalty, coefficients applied.
    package var penalty = 0.0
    /// Its part of the SFT loss on positives, coefficient applied.
    package var positive = 0.0
    /// d(policy + penalty + positive) / d ln p, [T].
    package var gradient: [Double] = []
    /// Where its tokens lie relative to the clip range.
    package var cells = ClipCells()
    /// The sum of the tokens' gradient weights.
    package var weightSum = 0.0
    /// The largest of them.
    package var weightMax = 0.0

    /// The sequence's part of the loss.
    package var total: Double { policy + penalty + positive }
}

/// The whole loss: policy objective, KL penalty, and the SFT loss on positives (Klear-Reasoner Eq. 13 and 14, with the
/// logarithm that the print lacks).
///
///     loss = sum_s k_s sum_t correction_t objective(r_t, A_s)  +  beta_kl sum_s k_s sum_t penalty_t
///            + alpha / (tokens of positives) * sum_{s positive} sum_t -ln p_t
package struct PolicyLoss: Sendable, Equatable {
    /// What a token's ratio and advantage cost.
    package var objective: Objective
    /// The KL penalty to the reference policy.
    package var penalty: KLPenalty
    /// beta_kl, the weight of the KL penalty.
    package var penaltyCoefficient: Double
    /// alpha, the weight of the SFT loss on positives.
    package var positiveCoefficient: Double

    package init(
        objective: Objective, penalty: KLPenalty = .off, penaltyCoefficient: Double = 0, positiveCoefficient: Double = 0
    ) {
        self.objective = objective
        self.penalty = penalty
        self.penaltyCoefficient = penaltyCoefficient
        self.positiveCoefficient = positiveCoefficient
    }

    /// The loss of one sequence.
    ///
    /// - Parameters:
    ///   - sequence: Its arrays are of equal length.
    ///   - coefficient: k_s of `Aggregation.coefficients`.
    ///   - positiveTokens: The tokens of all positive sequences of the mini-batch; 0 turns the positive loss off.
    package func evaluate(_ sequence: LossSequence, coefficient: Double, positiveTokens: Int) -> SequenceLoss {
        var result = SequenceLoss()
        let count = sequence.logprobs.count
        result.gradient.reserveCapacity(count)
        let differences = zip(sequence.logprobs, sequence.behaviour).map { $0 - $1 }
        let mean = differences.reduce(0, +) / Double(max(count, 1))
        let references = sequence.reference ?? sequence.behaviour
        let isPositive = sequence.isPositive && positiveTokens > 0
        let positive = isPositive ? positiveCoefficient / Double(positiveTokens) : 0
        let pull = penalty == .off ? 0 : penaltyCoefficient * coefficient

        for index in 0..<count {
            let token = objective.evaluate(
                logRatio: objective.isOfSequence ? mean : differences[index], advantage: sequence.advantage,
                behaviourLogprob: sequence.behaviour[index])
            let factor = coefficient * (sequence.correction?[index] ?? 1)
            var gradient = factor * token.gradient
            result.policy += factor * token.value
            result.weightSum += token.weight
            result.weightMax = max(result.weightMax, token.weight)
            result.cells.count(token, advantage: sequence.advantage, objective: objective, gradient: gradient)
            if pull != 0 {
                let drift = penalty.evaluate(logprob: sequence.logprobs[index], reference: references[index])
                result.penalty += pull * drift.value
                gradient += pull * drift.gradient
            }
            result.positive -= positive * sequence.logprobs[index]
            gradient -= positive
            result.gradient.append(gradient)
        }
        return result
    }
}
