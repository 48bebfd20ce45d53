// The lines of methods from those of their runs: the mean over seeds with its interval, or each seed as a thin line.
import Service

/// How the runs of one method are drawn.
package enum SeedForm: String, Sendable, CaseIterable {
    /// One line a method: the mean over its seeds, with the 95 % interval as a band.
    case mean
    /// One thin line a run, in the colour of its method.
    case each

    /// What a chart says of it.
    var note: String {
        switch self {
        case .mean: "Mean over seeds with its 95 % interval, where more than half of the seeds are."
        case .each: "Each seed is a line."
        }
    }
}

/// The curve of one quantity in one run.
package struct RunCurve: Sendable {
    var method: String
    /// By rising version.
    var points: [(Int, Double)]
}

extension ChartSeries {
    /// The lines of some methods, one colour each, in this order.
    static func lines(of methods: [String], _ curves: [RunCurve], _ form: SeedForm) -> [ChartSeries] {
        methods.enumerated().flatMap { place, method -> [ChartSeries] in
            let own = curves.filter { $0.method == method && !$0.points.isEmpty }
            switch form {
            case .mean: return own.isEmpty ? [] : [mean(of: own.map(\.points), named: method, style: place)]
            case .each:
                return own.enumerated().map { index, curve in
                    // The legend names a method once.
                    ChartSeries(
                        name: index == 0 ? method : "", points: curve.points.map { (Double($0.0), $0.1) },
                        style: place, isThin: true)
                }
            }
        }
    }

    /// The mean of some curves at each version that more than half of them have: where runs end at different versions the line
    /// would otherwise jump to the one that is left.
    private static func mean(of curves: [[(Int, Double)]], named name: String, style: Int) -> ChartSeries {
        let all = curves.joined().sorted { $0.0 < $1.0 }
        var means: [(x: Double, mean: SampleMean)] = []
        var values: [Double] = []
        for (place, point) in all.enumerated() {
            values.append(point.1)
            // The last of its version.
            guard place + 1 == all.count || all[place + 1].0 != point.0 else { continue }
            if values.count * 2 > curves.count, let mean = SampleMean(values) { means.append((Double(point.0), mean)) }
            values.removeAll(keepingCapacity: true)
        }
        return ChartSeries(
            name: name, points: means.map { ($0.x, $0.mean.mean) },
            band: means.compactMap { point in
                point.mean.halfWidth.map { (point.x, point.mean.mean - $0, point.mean.mean + $0) }
            }, style: style)
    }
}
