// Where the tokens of an update lie relative to the clip range. Counts only; it never changes a loss.

/// Tokens outside [1 - epsilonLow, 1 + epsilonHigh], by the sign of the advantage and the side.
///
/// Methods can differ only on these tokens: with fewer than about 0.1 % of them GPPO and clip-higher are the same run.
/// PPO drops the gradient of `positiveHigh` and `negativeLow`; GPPO keeps it at the bound. The other two are never
/// clipped by either. Tokens with advantage 0 are counted in `tokens` only.
package struct ClipCells: Sendable, Equatable {
    /// All tokens seen.
    package var tokens = 0
    /// A > 0, r above the range.
    package var positiveHigh = 0
    /// A > 0, r below the range.
    package var positiveLow = 0
    /// A < 0, r above the range.
    package var negativeHigh = 0
    /// A < 0, r below the range.
    package var negativeLow = 0
    /// Tokens whose gradient the dual clip took.
    package var dualClipped = 0
    /// The sum of |dLoss/d ln p| over all tokens, from the policy loss alone.
    package var gradientMass = 0.0
    /// The part of `gradientMass` in the two cells that PPO drops: what GPPO keeps.
    package var gradientMassKept = 0.0

    /// No tokens yet.
    package init() {}

    /// Counts one token.
    mutating func count(
        _ evaluation: ObjectiveEvaluation, advantage: Double, objective: Objective, gradient: Double
    ) {
        tokens += 1
        gradientMass = saturated(gradientMass + abs(gradient))
        if evaluation.isDualClipped { dualClipped += 1 }
        guard advantage != 0 else { return }
        let isAbove = evaluation.ratio > 1 + objective.epsilonHigh
        let isBelow = evaluation.ratio < 1 - objective.epsilonLow
        guard isAbove || isBelow else { return }
        switch (advantage > 0, isAbove) {
        case (true, true):
            positiveHigh += 1
            gradientMassKept = saturated(gradientMassKept + abs(gradient))
        case (true, false): positiveLow += 1
        case (false, true): negativeHigh += 1
        case (false, false):
            negativeLow += 1
            gradientMassKept = saturated(gradientMassKept + abs(gradient))
        }
    }

    /// Both counts together.
    package static func + (a: ClipCells, b: ClipCells) -> ClipCells {
        var sum = a
        sum.tokens += b.tokens
        sum.positiveHigh += b.positiveHigh
        sum.positiveLow += b.positiveLow
        sum.negativeHigh += b.negativeHigh
        sum.negativeLow += b.negativeLow
        sum.dualClipped += b.dualClipped
        sum.gradientMass = saturated(sum.gradientMass + b.gradientMass)
        sum.gradientMassKept = saturated(sum.gradientMassKept + b.gradientMassKept)
        return sum
    }

    /// A count as a share of all tokens, 0 to 1; 0 when there are none.
    package func share(_ cell: KeyPath<ClipCells, Int>) -> Double {
        tokens == 0 ? 0 : Double(self[keyPath: cell]) / Double(tokens)
    }
}
