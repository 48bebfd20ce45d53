// How values are spread: counts in fixed buckets, by label. One lock for each family, held for nanoseconds.
import Synchronization

/// A histogram with labels, as Prometheus has them.
package final class Histogram: Sendable {
    /// Upper bounds of buckets, ascending, each with its reason.
    package enum Bounds {
        /// Requests: 25 ms is the bound that posts are held to, 60 s the longest wait that a client may ask for.
        package static let requests = [
            0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60,
        ]
        /// Transactions: a sync takes 0.1 ms on a good disk and a second on one that is busy.
        package static let commits = [
            0.0001, 0.00025, 0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 5,
        ]
        /// Verdicts: math takes well under a millisecond, a program up to `Limits.codeProgramSecondsMax`.
        package static let verdicts = [
            0.0001, 0.00025, 0.0005, 0.001, 0.0025, 0.01, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 600,
        ]
        /// Queues, leases and phases of updates: from a moment to the hour that a lease may last.
        package static let waits = [
            0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 120, 300, 600, 1800, 3600,
        ]
        /// Bytes by powers of four, to `Limits.bodyBytesMax` and twice that for transactions.
        package static let bytes: [Double] = [
            256, 1024, 4096, 16_384, 65_536, 262_144, 1_048_576, 4_194_304, 16_777_216, 33_554_432, 67_108_864,
        ]
        /// Writes of a transaction by powers of two, to `Limits.writesPerTransactionMax`.
        package static let counts: [Double] = [1, 2, 4, 8, 16, 32, 64, 128, 256]
    }

    private struct Series {
        var counts: [Int]
        var sum = 0.0
    }

    /// The family's name, with its unit at the end.
    package let name: String
    private let help: String
    private let labels: [String]
    private let bounds: [Double]
    private let series: Mutex<[[String]: Series]>

    /// An empty histogram. Without labels it is there from the start, with all buckets at 0.
    package init(_ name: String, _ help: String, labels: [String] = [], bounds: [Double]) {
        self.name = name
        self.help = help
        self.labels = labels
        self.bounds = bounds
        series = Mutex(labels.isEmpty ? [[]: Series(counts: Array(repeating: 0, count: bounds.count + 1))] : [:])
    }

    /// Counts one value; not a number is not counted.
    package func observe(_ value: Double, _ labels: String...) {
        guard !value.isNaN else { return }
        // Bounds are few and most values small: a scan beats a binary search.
        let bucket = bounds.firstIndex { value <= $0 } ?? bounds.count
        series.withLock { series in
            var own = series[labels] ?? Series(counts: Array(repeating: 0, count: bounds.count + 1))
            // Taken out while it is changed, so that its array is not copied.
            series[labels] = nil
            own.counts[bucket] += 1
            own.sum += value
            series[labels] = own
        }
    }

    /// How many values were counted with these labels.
    package func count(_ labels: String...) -> Int { series.withLock { $0[labels]?.counts.reduce(0, +) ?? 0 } }

    /// Writes the family, its series in the order of their labels.
    package func write(to text: inout MetricsText) {
        let series = series.withLock { $0 }
        text.family(name, .histogram, help)
        for (values, own) in series.sorted(by: { $0.key.lexicographicallyPrecedes($1.key) }) {
            let named = Array(zip(labels, values))
            var total = 0
            for (index, count) in own.counts.enumerated() {
                total += count
                let bound = index < bounds.count ? MetricsText.number(bounds[index]) : "+Inf"
                text.sample(name + "_bucket", named + [("le", bound)], Double(total))
            }
            text.sample(name + "_sum", named, own.sum)
            text.sample(name + "_count", named, Double(total))
        }
    }
}
