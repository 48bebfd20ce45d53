// Per-token estimates of the divergence from a reference policy, with their own gradients. Not the KL that metrics report.

/// A penalty on d = ln p - ln p_reference (Schulman, "Approximating KL divergence").
package enum KLPenalty: String, Sendable, CaseIterable {
    case off
    /// d: unbiased, its gradient says nothing on average.
    case k1
    /// d^2 / 2: its gradient is the KL's.
    case k2
    /// exp(-d) + d - 1: unbiased and positive.
    case k3
    /// The value of k3 with the gradient of k2.
    case k3WithGradientOfK2 = "k3-plus"

    /// exp(-d) saturates here, as verl's clamp of k3's exponent; the gradient stays that of the bound.
    private static let exponentMax = 20.0

    /// The penalty of one token and its derivative by ln p; both finite for finite input.
    package func evaluate(logprob: Double, reference: Double) -> (value: Double, gradient: Double) {
        let difference = saturated(logprob - reference)
        let shrunk = exponential(min(-difference, KLPenalty.exponentMax))
        switch self {
        case .off: return (0, 0)
        case .k1: return (difference, 1)
        case .k2: return (saturated(difference * difference / 2), difference)
        case .k3: return (shrunk + difference - 1, 1 - shrunk)
        case .k3WithGradientOfK2: return (shrunk + difference - 1, difference)
        }
    }
}
