// The formulae: (log-ratio, advantage) -> (value, weight). Pure and closed; the only exponentials of the learner's loss.
// No batch, no mask, no normalisation: those are PolicyLoss.swift and Aggregation.swift.

/// The loss of one token and its gradient.
package struct ObjectiveEvaluation: Sendable, Equatable {
    /// The loss, to be minimised.
    package var value: Double
    /// dLoss/d ln p = -weight * advantage.
    package var weight: Double
    /// dLoss/d ln p; finite also where the product of weight and advantage is not.
    package var gradient: Double
    /// The importance ratio, saturated at exp(`Objective.logRatioMax`).
    package var ratio: Double
    /// The dual clip took the gradient.
    package var isDualClipped: Bool
}

extension Objective {
    /// Ratios saturate at exp(700) = 1e304, which a double still holds. The clamp is inside the exponential only: the
    /// gradient beyond it is that of the bound, where a clamp of the log-ratio itself would have made it zero.
    package static let logRatioMax = 700.0
    /// GSPO's own saturation of the sequence's log-ratio.
    package static let sequenceLogRatioMax = 10.0

    /// The loss of one token (GSPO: of one token of a sequence, given the sequence's mean log-ratio).
    ///
    /// With r = exp(`logRatio`), A = `advantage`, lo = 1 - epsilonLow, hi = 1 + epsilonHigh, c = dualClip, GPPO is
    ///
    ///     w = min(r, hi) if A > 0, max(r, lo) if A < 0
    ///     loss = -A w,  d loss / d ln p = -A w             (the same number)
    ///     except A < 0 and w > c:  loss = -A c,  gradient 0
    ///
    /// which is Klear-Reasoner's Eq. 11 and 12 without autograd: in the paper the clip's bounds are multiplied by
    /// r / sg(r), whose value is 1 and whose derivative by ln p is 1.
    ///
    /// - Parameter behaviourLogprob: ln p_old. Only the *value* of CISPO and of ASPO's capped tokens depends on it
    ///   (their loss has ln p itself in it); weights never do. The default is the convention of the golden vectors.
    /// - Returns: Finite numbers for every finite input. At r exactly at a bound the token is in range; at w exactly c
    ///   it is not dual-clipped (autograd splits that tie in half).
    package func evaluate(
        logRatio: Double, advantage: Double, behaviourLogprob: Double = -1
    ) -> ObjectiveEvaluation {
        let logprob = saturated(behaviourLogprob + logRatio)
        let logRatio = min(logRatio, method == .gspo ? Objective.sequenceLogRatioMax : Objective.logRatioMax)
        let ratio = exponential(logRatio)
        switch method {
        case .gppo:
            return kept(ratio, advantage, below: 1, above: 1)
        case .ceGPPO:
            return kept(ratio, advantage, below: beta1, above: beta2)
        case .clip, .clipHigher, .dualClip, .gspo, .drGRPO:
            return clipped(ratio, advantage)
        case .cispo:
            let weight = min(max(ratio, 1 - epsilonLow), 1 + epsilonHigh)
            return evaluation(ratio, advantage, value: saturated(-weight * advantage) * logprob, weight: weight)
        case .sapo:
            return gated(ratio, advantage)
        case .aspo:
            return flipped(logRatio, ratio, advantage, logprob)
        }
    }

    /// GPPO: out of range, the bound's value and the bound's gradient, scaled.
    private func kept(
        _ ratio: Double, _ advantage: Double, below: Double, above: Double
    ) -> ObjectiveEvaluation {
        let weight =
            switch side(ratio, advantage) {
            case .low: below * (1 - epsilonLow)
            case .high: above * (1 + epsilonHigh)
            case nil: ratio
            }
        return dualClipped(ratio, advantage, value: weight, weight: weight)
    }

    /// PPO: out of range, the bound's value and no gradient.
    private func clipped(_ ratio: Double, _ advantage: Double) -> ObjectiveEvaluation {
        switch side(ratio, advantage) {
        case .low: dualClipped(ratio, advantage, value: 1 - epsilonLow, weight: 0)
        case .high: dualClipped(ratio, advantage, value: 1 + epsilonHigh, weight: 0)
        case nil: dualClipped(ratio, advantage, value: ratio, weight: ratio)
        }
    }

    /// SAPO: value -(4/tau) s A and weight 4 s (1 - s) r, with s = sigmoid(tau (r - 1)).
    private func gated(_ ratio: Double, _ advantage: Double) -> ObjectiveEvaluation {
        let steepness = advantage > 0 ? Objective.sapoTemperature.positive : Objective.sapoTemperature.negative
        let argument = steepness * (ratio - 1)
        let open = sigmoid(argument)
        // sigmoid(-x) and not 1 - sigmoid(x), which has no digits left for large ratios.
        let weight = 4 * open * sigmoid(-argument) * ratio
        return evaluation(ratio, advantage, value: -4 / steepness * open * advantage, weight: weight)
    }

    /// ASPO: positive advantages are weighted by 1/r; a weight over the cap becomes a constant factor of ln p.
    private func flipped(
        _ logRatio: Double, _ ratio: Double, _ advantage: Double, _ logprob: Double
    ) -> ObjectiveEvaluation {
        let isPositive = advantage > 0
        switch side(ratio, advantage) {
        case .high: return evaluation(ratio, advantage, value: -advantage / (1 + epsilonHigh), weight: 0)
        case .low: return evaluation(ratio, advantage, value: -advantage * (1 - epsilonLow), weight: 0)
        case nil: break
        }
        let weight = isPositive ? exponential(min(-logRatio, Objective.logRatioMax)) : ratio
        guard let cap = dualClip, weight > cap else {
            return evaluation(ratio, advantage, value: -advantage * weight, weight: weight)
        }
        return evaluation(ratio, advantage, value: saturated(-advantage * cap) * logprob, weight: cap)
    }

    private func dualClipped(
        _ ratio: Double, _ advantage: Double, value: Double, weight: Double
    ) -> ObjectiveEvaluation {
        guard advantage < 0, let cap = dualClip, value > cap else {
            return evaluation(ratio, advantage, value: -advantage * value, weight: weight)
        }
        var result = evaluation(ratio, advantage, value: -advantage * cap, weight: 0)
        result.isDualClipped = true
        return result
    }

    private enum Side { case low, high }

    /// Which bound the token is beyond in the direction its advantage pushes, if any.
    private func side(_ ratio: Double, _ advantage: Double) -> Side? {
        if advantage < 0, ratio < 1 - epsilonLow { return .low }
        if advantage > 0, ratio > 1 + epsilonHigh { return .high }
        return nil
    }

    private func evaluation(
        _ ratio: Double, _ advantage: Double, value: Double, weight: Double
    ) -> ObjectiveEvaluation {
        // Adding 0 turns -0 into 0, so that an advantage of 0 prints as it reads.
        ObjectiveEvaluation(
            value: saturated(value) + 0, weight: weight, gradient: saturated(-weight * advantage) + 0, ratio: ratio,
            isDualClipped: false)
    }
}
