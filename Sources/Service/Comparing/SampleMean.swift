// A mean with its 95 % confidence interval, by Student's t: what few seeds can and cannot tell. Pure.

/// The mean of a few independent measurements.
package struct SampleMean: Sendable, Equatable {
    package let count: Int
    package let mean: Double
    /// Half the width of the 95 % interval; nil when one measurement says nothing of the spread.
    package let halfWidth: Double?

    /// The mean of the finite values; nil when there are none.
    package init?(_ values: [Double]) {
        let finite = values.filter(\.isFinite)
        guard !finite.isEmpty else { return nil }
        count = finite.count
        let mean = finite.reduce(0, +) / Double(finite.count)
        self.mean = mean
        guard finite.count > 1 else {
            halfWidth = nil
            return
        }
        let squares = finite.reduce(0) { $0 + ($1 - mean) * ($1 - mean) }
        let error = (squares / Double(finite.count - 1) / Double(finite.count)).squareRoot()
        halfWidth = error * Self.quantile(degreesOfFreedom: finite.count - 1)
    }

    /// The 0.975 quantile of Student's t; `scipy.stats.t.ppf(0.975, n)`, which has 2.0 at 60 and 1.96 at infinity.
    static func quantile(degreesOfFreedom: Int) -> Double {
        let table = [
            12.7062, 4.3027, 3.1824, 2.7764, 2.5706, 2.4469, 2.3646, 2.3060, 2.2622, 2.2281, 2.2010, 2.1788, 2.1604,
            2.1448, 2.1314, 2.1199, 2.1098, 2.1009, 2.0930, 2.0860, 2.0796, 2.0739, 2.0687, 2.0639, 2.0595, 2.0555,
            2.0518, 2.0484, 2.0452, 2.0423,
        ]
        guard degreesOfFreedom > table.count else { return table[max(degreesOfFreedom, 1) - 1] }
        // The first term of the expansion in 1/n; off by at most 0.003.
        return 1.959964 + 2.3723 / Double(degreesOfFreedom)
    }
}
