// Rotary frequencies, and how they are stretched beyond the length a model was trained on. Formats lie beside it.
import Glibc

/// What is done to the rotary frequencies of a model.
package enum RotaryScaling: Sendable, Equatable {
    /// Frequencies as Su et al. (2021) have them.
    case none
    /// Every frequency is divided by `factor`, 1 or more (Chen et al. 2023, position interpolation).
    case linear(factor: Double)
    /// Low frequencies are divided, high ones are kept (Peng et al. 2023, YaRN).
    case yarn(YarnScaling)
}

/// The settings of YaRN, under the names that config.json gives them.
package struct YarnScaling: Sendable, Equatable {
    /// How many times longer the context is than in training; 1 or more.
    package var factor: Double
    /// The context in training, `original_max_position_embeddings`.
    package var originalMaximumPositions: Int
    /// Frequencies that turn more often than this in the original context are kept.
    package var betaFast = 32.0
    /// Frequencies that turn less often than this are divided by `factor`.
    package var betaSlow = 1.0
    /// What cosines and sines are multiplied by; nil is the rule of the paper, 0.1 ln(factor) + 1.
    package var attentionFactor: Double?
    /// With `mscaleAllDimensions`, weights of the logarithm in a quotient of two such rules (DeepSeek); nil or 0 is unset.
    package var mscale: Double?
    package var mscaleAllDimensions: Double?
    /// Whether the bounds of the ramp between kept and divided frequencies are rounded outwards.
    package var truncates = true

    package init(factor: Double, originalMaximumPositions: Int) {
        self.factor = factor
        self.originalMaximumPositions = originalMaximumPositions
    }

    /// What cosines and sines are multiplied by.
    var amplitude: Double {
        func rule(_ weight: Double) -> Double { factor <= 1 ? 1 : 0.1 * weight * log(factor) + 1 }
        if let attentionFactor { return attentionFactor }
        guard let mscale, let mscaleAllDimensions, mscale != 0, mscaleAllDimensions != 0 else { return rule(1) }
        return rule(mscale) / rule(mscaleAllDimensions)
    }
}

extension RotaryScaling {
    /// Throws `ModelError` naming the first setting that gives no usable angles.
    func validate(theta: Double) throws(ModelError) {
        switch self {
        case .none: return
        case .linear(let factor): try Self.check("factor", factor, 1...1e6)
        case .yarn(let yarn):
            try Self.check("factor", yarn.factor, 1...1e6)
            try Self.check(
                "original_max_position_embeddings", Double(yarn.originalMaximumPositions),
                1...Double(ModelBounds.positionsMax))
            try Self.check("beta_slow", yarn.betaSlow, 1e-6...1e6)
            try Self.check("beta_fast", yarn.betaFast, yarn.betaSlow...1e6)
            if let mscale = yarn.mscale { try Self.check("mscale", mscale, 0...1e6) }
            if let mscale = yarn.mscaleAllDimensions { try Self.check("mscale_all_dim", mscale, 0...1e6) }
            if let factor = yarn.attentionFactor { try Self.check("attention_factor", factor, 1e-6...1e6) }
            guard theta > 1 else {
                throw ModelError(
                    .invalidConfiguration, "rope_theta is \(theta)", hint: "YaRN needs a number greater than 1")
            }
        }
    }

    private static func check(
        _ name: String, _ value: Double, _ range: ClosedRange<Double>
    ) throws(ModelError) {
        guard range.contains(value) else {
            throw ModelError(
                .invalidConfiguration, "\(name) of the rotary scaling is \(value)",
                hint: "give a number from \(range.lowerBound) to \(range.upperBound)")
        }
    }

    /// What cosines and sines are multiplied by.
    var amplitude: Float {
        guard case .yarn(let yarn) = self else { return 1 }
        return Float(yarn.amplitude)
    }

    /// The angle per position of each pair of numbers, `[headDimension / 2]`.
    ///
    /// Every step is rounded to fp32 as in the Hugging Face implementation: at position 40,000 an angle from exact
    /// frequencies differs from theirs by 2e-3.
    func frequencies(headDimension: Int, theta: Double) -> [Float] {
        let wavelengths = (0..<headDimension / 2).map { index in
            Float(pow(Double(Float(theta)), Double(Float(2 * index) / Float(headDimension))))
        }
        switch self {
        case .none: return wavelengths.map { 1 / $0 }
        case .linear(let factor): return wavelengths.map { 1 / $0 / Float(factor) }
        case .yarn(let yarn):
            let (low, high) = yarn.ramp(headDimension: headDimension, theta: theta)
            return wavelengths.enumerated().map { index, wavelength in
                let kept = 1 - min(max((Float(index) - Float(low)) / Float(high - low), 0), 1)
                return 1 / (Float(yarn.factor) * wavelength) * (1 - kept) + 1 / wavelength * kept
            }
        }
    }
}

extension YarnScaling {
    /// The indices between which frequencies go over from kept to divided.
    fileprivate func ramp(headDimension: Int, theta: Double) -> (low: Double, high: Double) {
        func index(turning turns: Double) -> Double {
            Double(headDimension) * log(Double(originalMaximumPositions) / (turns * 2 * Double.pi)) / (2 * log(theta))
        }
        let (fast, slow) = (index(turning: betaFast), index(turning: betaSlow))
        let low = max(truncates ? floor(fast) : fast, 0)
        let high = min(truncates ? ceil(slow) : slow, Double(headDimension - 1))
        return (low, low == high ? high + 0.001 : high)
    }
}
