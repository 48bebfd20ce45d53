// What a policy-gradient method is, as a value: a method with its constants. The formulae are in Objective+Evaluate.swift;
// nothing here knows a model, a batch or a name registry.
import Domain

/// One policy objective with all its constants.
///
/// The importance ratio of a token is r = exp(ln p - ln p_old). `epsilonLow` and `epsilonHigh` bound it to
/// [1 - epsilonLow, 1 + epsilonHigh]; what happens outside is what the methods differ in.
package struct Objective: Sendable, Hashable {
    /// The methods, by the names that flags, files and the wire use.
    package enum Method: String, Sendable, CaseIterable {
        /// Klear-Reasoner, Eq. 11 and 12: the value of clip-higher, but a token out of range keeps the gradient of the
        /// bound. `dualClip` nil is the paper's form, 10 the released code's, 1 the code's of the paper's date.
        case gppo
        /// CE-GPPO (Klear-Reasoner, Eq. 17): the kept gradients are scaled by beta1 (low) and beta2 (high).
        case ceGPPO = "ce-gppo"
        /// PPO and GRPO: symmetric clip, no gradient out of range.
        case clip
        /// DAPO: as `clip`, with a wider upper bound.
        case clipHigher = "clip-higher"
        /// As `clip-higher`, and for negative advantages the loss is capped at ratio `dualClip`.
        case dualClip = "dual-clip"
        /// CISPO: the bounded ratio is a constant weight of ln p. `epsilonLow` 1 is its upper-only form.
        case cispo
        /// GSPO: `clip` on the ratio of the whole sequence (the exponential of the mean log-ratio).
        case gspo
        /// Dr.GRPO: the loss of `clip`; its advantage and its aggregation differ (see `Objective.habits`).
        case drGRPO = "dr-grpo"
        /// SAPO: a sigmoid gate in place of the clip.
        case sapo
        /// ASPO: as `clip`, but positive advantages are weighted by 1/r; both weights are capped at `dualClip`.
        case aspo
    }

    /// Which formula.
    package var method: Method
    /// The ratio's lower bound is 1 - epsilonLow; 0 to 1, where 1 is no lower bound.
    package var epsilonLow: Double
    /// The ratio's upper bound is 1 + epsilonHigh; 0 to `epsilonHighMax`.
    package var epsilonHigh: Double
    /// The largest ratio that a negative advantage may push against, or nil for none; ASPO's cap of either weight.
    package var dualClip: Double?
    /// CE-GPPO's weight of tokens below the range with a negative advantage; 0 to `betaMax`.
    package var beta1: Double
    /// CE-GPPO's weight of tokens above the range with a positive advantage; 0 to `betaMax`.
    package var beta2: Double

    /// A method with the constants of its own paper; GPPO's are the released code's (.2, .28, dual clip 10).
    package init(_ method: Method) {
        self.method = method
        (epsilonLow, epsilonHigh, dualClip) =
            switch method {
            case .gppo, .ceGPPO, .dualClip: (0.2, 0.28, 10)
            case .clip, .drGRPO, .sapo: (0.2, 0.2, nil)
            case .clipHigher, .cispo: (0.2, 0.28, nil)
            case .gspo: (3e-4, 4e-4, nil)
            case .aspo: (0.2, 0.2, 3)
            }
        beta1 = 1
        beta2 = 1
    }

    /// A method by name with its constants.
    ///
    /// - Throws: `InputError` that lists the names.
    package init(named name: String) throws {
        guard let method = Method(rawValue: name) else {
            let names = Method.allCases.map(\.rawValue).joined(separator: ", ")
            throw InputError(
                .invalidValue, "no objective is called \"\(name)\"", field: "objective", hint: "one of \(names)")
        }
        self.init(method)
    }

    /// Whether the ratio is the sequence's (one for all its tokens) and not the token's.
    package var isOfSequence: Bool { method == .gspo }

    /// The largest `epsilonHigh`: CISPO's off-policy setting is 4, more only turns the bound off.
    package static let epsilonHighMax = 1_000.0
    /// The largest `dualClip`; beyond it nil says the same.
    package static let dualClipMax = 1e6
    /// The largest beta: CE-GPPO's authors use up to 1.
    package static let betaMax = 100.0

    /// The gate steepness of SAPO for positive and negative advantages.
    static let sapoTemperature = (positive: 1.0, negative: 1.05)
}

extension Objective {
    /// What a method's paper combines it with: how advantages are made and how token losses are added up.
    package var habits: (advantage: AdvantageEstimator, aggregation: Aggregation) {
        switch method {
        case .gspo: (.standardised, .sequenceMeanOfTokenMeans)
        case .drGRPO: (.centred, .sumOverScale)
        default: (.standardised, .tokenMean)
        }
    }

    /// This objective with its constants checked.
    ///
    /// - Throws: `InputError` that names the constant and its range.
    package func validated() throws -> Objective {
        try check(epsilonLow, in: 0...1, "epsilon_low")
        try check(epsilonHigh, in: 0...Objective.epsilonHighMax, "epsilon_high")
        if let dualClip { try check(dualClip, in: 1...Objective.dualClipMax, "dual_clip") }
        try check(beta1, in: 0...Objective.betaMax, "beta1")
        try check(beta2, in: 0...Objective.betaMax, "beta2")
        return self
    }

    private func check(_ value: Double, in range: ClosedRange<Double>, _ field: String) throws {
        guard range.contains(value) else {
            throw InputError(
                .invalidValue, "\(value) is out of range", field: field,
                hint: "\(range.lowerBound) to \(range.upperBound)")
        }
    }
}
