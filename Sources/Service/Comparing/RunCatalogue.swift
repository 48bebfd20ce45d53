// Runs side by side: which ledgers there are, by method and seed, and their curves. Values only.
import Domain

/// A file's name as a run: `gppo-seed-3` is the method `gppo` with the seed 3, as `rolloutd compare` names its ledgers.
package struct RunName: Sendable, Hashable {
    package var method: String
    package var seed: UInt64

    /// A name that does not end in `-seed-N` is a method of its own, with the seed 0.
    package init(_ text: String) {
        (method, seed) = (text, 0)
        guard let mark = text.ranges(of: "-seed-").last, mark.lowerBound > text.startIndex,
            let number = UInt64(text[mark.upperBound...]), String(number) == text[mark.upperBound...]
        else { return }
        (method, seed) = (String(text[..<mark.lowerBound]), number)
    }
}

/// One run that can be compared.
package struct RunSummary: Sendable {
    /// Its file below the directory without `.sqlite`; `RunCatalogue.ownName` for the server's own ledger elsewhere.
    package var name: String
    package var method: String
    package var seed: UInt64
    /// Whether it is the ledger of this server.
    package var isOwn: Bool
    package var outline: RunOutline
    /// What else a reader should know, as an older schema.
    package var note: String?

    package init(
        name: String, method: String, seed: UInt64, isOwn: Bool, outline: RunOutline, note: String? = nil
    ) {
        self.name = name
        self.method = method
        self.seed = seed
        self.isOwn = isOwn
        self.outline = outline
        self.note = note
    }

    /// The newest version that anything is known of; nil for a run that has not begun.
    package var lastVersion: Int? {
        [outline.whole?.upperBound, outline.evaluations.last?.version.number].compactMap { $0 }.max()
    }

    /// The run as the arithmetic of comparisons takes it, without its updates.
    package var compared: ComparedRun {
        ComparedRun(method: method, seed: seed, updates: [], evaluations: outline.evaluations, shortfall: nil)
    }
}

/// All runs that a server can show.
package struct RunCatalogue: Sendable {
    /// The name and method of the server's own ledger, where it does not lie in the directory.
    package static let ownName = "this ledger"

    /// The directory that was named; nil when none was.
    package var directory: String?
    /// By method and seed; the server's own last, unless its file is one of the directory's.
    package var runs: [RunSummary]
    /// Files that could not be read, and why.
    package var unreadable: [(name: String, reason: String)]
    /// Files beyond `Limits.runsListedMax`.
    package var leftOut: Int

    package init(
        directory: String?, runs: [RunSummary], unreadable: [(name: String, reason: String)] = [], leftOut: Int = 0
    ) {
        self.directory = directory
        self.runs = runs
        self.unreadable = unreadable
        self.leftOut = leftOut
    }

    /// The methods in the order of their runs.
    package var methods: [String] { runs.map(\.method).reduce(into: []) { if !$0.contains($1) { $0.append($1) } } }
}

/// Some numbers of a run's updates at some versions.
package struct RunCurves: Sendable {
    /// The run's.
    package var name: String
    /// Each number by its name over the versions that recorded it, which rise.
    package var points: [String: [(Int, Double)]] = [:]

    /// The numbers of some updates, in order of their versions.
    package init(name: String, metrics: [String] = [], updates: [UpdateRecord] = []) {
        self.name = name
        for metric in metrics {
            // Neighbours record the same numbers in the same order.
            var place = 0
            points[metric] = updates.compactMap { update in
                if place >= update.metrics.count || update.metrics[place].name != metric {
                    place = update.metrics.firstIndex { $0.name == metric } ?? .max
                }
                guard place < update.metrics.count, update.metrics[place].value.isFinite else { return nil }
                return (update.version.number, update.metrics[place].value)
            }
        }
    }
}

/// Which versions a curve shows: the same for all runs, so that seeds meet at each of them.
package struct VersionGrid: Sendable, Equatable {
    package let range: ClosedRange<Int>
    /// Versions that this divides: a power of two, so that a longer range has every second version of a shorter one.
    package let step: Int

    /// The finest grid over a range with at most `points` versions, each run's last one included.
    package init(_ range: ClosedRange<Int>, points: Int) {
        self.range = range
        var step = 1
        while (range.upperBound - range.lowerBound) / step + 2 > max(points, 3) { step *= 2 }
        self.step = step
    }

    /// The versions of one run.
    package func versions(of whole: ClosedRange<Int>) -> [Int] {
        let (low, high) = (max(range.lowerBound, whole.lowerBound), min(range.upperBound, whole.upperBound))
        guard low <= high else { return [] }
        let first = (low + step - 1) / step * step
        let inside = first <= high ? Array(stride(from: first, through: high, by: step)) : []
        return inside.last == high ? inside : inside + [high]
    }
}
