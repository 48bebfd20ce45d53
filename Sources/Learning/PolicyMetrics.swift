// What an update reports of its tokens and steps, gathered while it runs. Never changes what is learned.
import Domain
import Modeling

/// Sums over all tokens that an update trained on (each once per epoch).
package struct PolicyMetrics: Sendable, Equatable {
    private var policyLoss = 0.0
    private var penaltyLoss = 0.0
    private var positiveLoss = 0.0
    private var gradientNorms: [Double] = []
    private var skipped = 0
    private var notFinite = 0
    private var cells = ClipCells()
    private var entropySum = 0.0
    private var weightSum = 0.0
    private var weightMax = 0.0
    /// ln r of every token, in the order of training.
    private var logRatios: [Float] = []
    /// The most telling tokens beyond the range.
    package private(set) var kept = KeptTokens()

    /// Nothing gathered yet.
    package init() {}

    /// Steps that changed the weights.
    package var steps: Int { gradientNorms.count }

    /// Adds one sequence with its loss under the weights it was trained at. One for which the model has no finite
    /// numbers is only counted, so that the report of the others can be stored and drawn.
    mutating func add(_ loss: SequenceLoss, _ statistics: TokenStatistics, behaviour: [Double]) {
        guard statistics.logprobs.allSatisfy(\.isFinite), statistics.entropies.allSatisfy(\.isFinite) else {
            notFinite += 1
            return
        }
        policyLoss = saturated(policyLoss + saturated(loss.policy))
        penaltyLoss = saturated(penaltyLoss + saturated(loss.penalty))
        positiveLoss += loss.positive
        cells = cells + loss.cells
        weightSum = saturated(weightSum + saturated(loss.weightSum))
        weightMax = max(weightMax, loss.weightMax)
        entropySum += statistics.entropies.reduce(0) { $0 + Double($1) }
        logRatios.append(contentsOf: zip(statistics.logprobs, behaviour).map { Float(Double($0) - $1) })
    }

    /// Notes which tokens of a sequence are beyond the range.
    mutating func keep(
        _ id: RolloutID, _ sequence: TrainingSequence, _ loss: LossSequence, _ statistics: TokenStatistics,
        objective: Objective
    ) {
        kept.add(id, sequence, loss, statistics, objective: objective)
    }

    /// Notes what a step did.
    mutating func add(_ step: StepResult) {
        if step.applied { gradientNorms.append(step.gradientNorm) } else { skipped += 1 }
    }

    /// All numbers, in a fixed order. Losses and norms are means over the steps.
    package func report() -> [UpdateRecord.Metric] {
        let attempts = Double(max(steps + skipped, 1))
        let norm = gradientNorms.reduce(0, +) / Double(max(steps, 1))
        return [
            .init("loss", saturated(policyLoss + penaltyLoss + positiveLoss) / attempts),
            .init("policy_loss", policyLoss / attempts),
            .init("kl_loss", penaltyLoss / attempts),
            .init("positive_loss", positiveLoss / attempts),
            .init("gradient_norm", norm),
            .init("gradient_norm_max", gradientNorms.max() ?? 0),
            .init("steps", Double(steps)),
            .init("skipped_steps", Double(skipped)),
            .init("sequences_not_finite", Double(notFinite)),
        ] + tokenReport()
    }

    private func tokenReport() -> [UpdateRecord.Metric] {
        let count = Double(max(cells.tokens, 1))
        let sorted = logRatios.sorted()
        let ratioMean = saturated(logRatios.reduce(0) { $0 + ratio($1) }) / count
        func quantile(_ share: Double) -> Double {
            guard let last = sorted.last else { return 1 }
            let place = Int(share * Double(sorted.count))
            return ratio(place < sorted.count ? sorted[place] : last)
        }
        return [
            .init("entropy", entropySum / count),
            .init("kl_behaviour", logRatios.reduce(0) { $0 - Double($1) } / count),
            .init("ratio_mean", cells.tokens == 0 ? 1 : ratioMean),
            .init("ratio_p01", quantile(0.01)),
            .init("ratio_p50", quantile(0.5)),
            .init("ratio_p99", quantile(0.99)),
            .init("ratio_max", quantile(1)),
            .init("weight_mean", weightSum / count),
            .init("weight_max", weightMax),
            .init("tokens", Double(cells.tokens)),
            .init("clip_positive_high", cells.share(\.positiveHigh)),
            .init("clip_positive_low", cells.share(\.positiveLow)),
            .init("clip_negative_high", cells.share(\.negativeHigh)),
            .init("clip_negative_low", cells.share(\.negativeLow)),
            .init("dual_clip", cells.share(\.dualClipped)),
            .init("clip_positive_high_tokens", Double(cells.positiveHigh)),
            .init("clip_positive_low_tokens", Double(cells.positiveLow)),
            .init("clip_negative_high_tokens", Double(cells.negativeHigh)),
            .init("clip_negative_low_tokens", Double(cells.negativeLow)),
            .init("dual_clip_tokens", Double(cells.dualClipped)),
            .init("gradient_mass_kept", cells.gradientMass > 0 ? cells.gradientMassKept / cells.gradientMass : 0),
        ]
    }

    private func ratio(_ logRatio: Float) -> Double { exponential(min(Double(logRatio), Objective.logRatioMax)) }
}
