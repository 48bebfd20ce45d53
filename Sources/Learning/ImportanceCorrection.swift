// Truncated importance sampling: what a token weighs when the log-probs of the sampler differ from the learner's own.

/// Corrects for a sampler that computes other probabilities than the learner does.
///
/// rho = p_old / p_sampler, where p_old is the learner's own probability under the weights the rollout was sampled with.
package enum ImportanceCorrection: String, Sendable, CaseIterable {
    case off
    /// min(rho, C) of each token.
    case token
    /// min(product of rho, C) for all tokens of a sequence.
    case sequence

    /// The detached factors of the loss and gradient of each token, [T]; finite and at most `cap`.
    ///
    /// - Parameters:
    ///   - own: ln p_old, [T].
    ///   - posted: ln p_sampler, [T].
    package func weights(own: [Double], posted: [Double], cap: Double) -> [Double] {
        let differences = zip(own, posted).map { $0 - $1 }
        switch self {
        case .off: return differences.map { _ in 1 }
        case .token: return differences.map { min(exponential($0), cap) }
        case .sequence:
            let weight = min(exponential(differences.reduce(0, +)), cap)
            return differences.map { _ in weight }
        }
    }
}
