// Whether posted log-probs can be those of the policy they name, and if not, what the generator probably did.

/// Compares posted log-probs with the model's own for the same tokens and weights.
package struct LogprobGate: Sendable {
    /// The largest mean |posted - own| that rounding in another engine explains.
    package var threshold: Double

    /// A gate with a threshold in nats per token.
    package init(threshold: Double) { self.threshold = threshold }

    /// What probably happened, in words for the generator's owner; nil when the log-probs are plausible.
    ///
    /// - Parameters:
    ///   - posted: ln p as the generator reported it, [T].
    ///   - own: ln p by the model at temperature 1, [T].
    package func objection(posted: [Double], own: [Double]) -> String? {
        let difference = meanDifference(posted, own)
        guard !(difference <= threshold) else { return nil }
        return "the log-probs differ by \(rounded(difference)) a token from the policy's own (at most "
            + "\(threshold) is allowed): \(cause(posted, own))"
    }

    private func cause(_ posted: [Double], _ own: [Double]) -> String {
        if posted.allSatisfy({ $0 == 0 }) { return "all of them are 0, so the generator does not report them" }
        // A change of the reading must explain nearly all of the difference to be named.
        let explained = max(threshold, meanDifference(posted, own) / 10)
        let readings: [(String, Double)] = [
            ("they are logarithms to base 10", meanDifference(posted.map { $0 * 2.302_585_092_994_046 }, own)),
            ("they are logarithms to base 2", meanDifference(posted.map { $0 * 0.693_147_180_559_945_3 }, own)),
            ("they are shifted by one token", shiftedDifference(posted, own)),
        ]
        if let best = readings.min(by: { $0.1 < $1.1 }), best.1 <= explained { return best.0 }
        let shift = zip(posted, own).reduce(0) { $0 + $1.0 - $1.1 } / Double(max(own.count, 1))
        let isOneSided = zip(posted, own).allSatisfy { $0 >= $1 - threshold }
        if isOneSided, shift > 0 {
            return "all are higher, as after top-p, top-k or a temperature below 1; post those of temperature 1"
        }
        return "other weights, another tokenizer or another prompt template"
    }

    private func shiftedDifference(_ posted: [Double], _ own: [Double]) -> Double {
        guard own.count > 1 else { return .infinity }
        let late = meanDifference(Array(posted.dropFirst()), Array(own.dropLast()))
        let early = meanDifference(Array(posted.dropLast()), Array(own.dropFirst()))
        return min(late, early)
    }

    private func meanDifference(_ a: [Double], _ b: [Double]) -> Double {
        a.isEmpty ? 0 : zip(a, b).reduce(0) { $0 + abs($1.0 - $1.1) } / Double(a.count)
    }

    private func rounded(_ value: Double) -> Double { (value * 1_000).rounded() / 1_000 }
}
