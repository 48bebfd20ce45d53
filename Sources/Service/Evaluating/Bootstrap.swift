// Intervals by resampling problems, the unit that an evaluation generalises over. Pure: the same values give the same interval.
import Domain
import Foundation

extension MeanInterval {
    /// The mean of problems' values, and the 2.5 and 97.5 percentiles of means of problems drawn again with replacement (Efron
    /// 1979); nil of nothing. With one problem the interval is the value: nothing says how others would be.
    package init?(_ values: [Double], resamples: Int = Limits.bootstrapResamples, seed: UInt64 = 0) {
        guard !values.isEmpty else { return nil }
        let total = Double(values.count)
        var generator = SeededGenerator(seed: seed)
        let bound = UInt64(values.count)
        var means = (0..<max(resamples, 1)).map { _ in
            var sum = 0.0
            // The high half of a product: as even as the bound is small beside 2^64.
            for _ in values.indices { sum += values[Int(bound.multipliedFullWidth(by: generator.next()).high)] }
            return sum / total
        }
        means.sort()
        self.init(
            mean: values.reduce(0, +) / total, low: Quantile.of(means, 0.025), high: Quantile.of(means, 0.975),
            count: values.count)
    }
}

/// Quantiles of sorted values.
package enum Quantile {
    /// Linear between the two nearest, as numpy's default; 0 of nothing.
    package static func of(_ sorted: [Double], _ share: Double) -> Double {
        guard let last = sorted.last else { return 0 }
        let place = Double(sorted.count - 1) * min(max(share, 0), 1)
        let below = Int(place)
        guard below + 1 < sorted.count else { return last }
        let part = place - Double(below)
        return sorted[below] + (sorted[below + 1] - sorted[below]) * part
    }
}

/// Two evaluations on the problems that both have.
package struct PairedComparison: Sendable, Equatable {
    /// The other evaluation and its model.
    package var other: EvaluationID
    package var otherModel: String
    /// This one's accuracy minus the other's, problem by problem.
    package var difference: MeanInterval
    /// Problems on which this one is better, worse, the same.
    package var better: Int
    package var worse: Int
    package var equal: Int
    /// Two-sided probability of so uneven a split of `better` and `worse` if each were as likely (the sign test).
    package var signTest: Double

    /// Nil when no problem is in both.
    package init?(
        _ own: [Int64: Double], _ others: [Int64: Double], other: EvaluationID, otherModel: String, seed: UInt64
    ) {
        let common = own.keys.filter { others[$0] != nil }.sorted()
        let differences = common.map { (own[$0] ?? 0) - (others[$0] ?? 0) }
        guard let interval = MeanInterval(differences, seed: seed) else { return nil }
        self.other = other
        self.otherModel = otherModel
        difference = interval
        better = differences.count { $0 > 0 }
        worse = differences.count { $0 < 0 }
        equal = differences.count - better - worse
        signTest = PairedComparison.signTest(better, worse)
    }

    /// Twice the smaller tail of a fair coin's binomial distribution, at most 1.
    package static func signTest(_ first: Int, _ second: Int) -> Double {
        let n = first + second
        guard n > 0 else { return 1 }
        // Terms from the middle outwards would lose nothing; from the end they start at 2^-n, which underflows beyond 1,074: logs.
        var logTerm = -Double(n) * 0.693_147_180_559_945_3
        var tail = 0.0
        for i in 0...min(first, second) {
            if i > 0 { logTerm += log(Double(n - i + 1)) - log(Double(i)) }
            tail += exp(logTerm)
        }
        return min(1, 2 * tail)
    }
}
