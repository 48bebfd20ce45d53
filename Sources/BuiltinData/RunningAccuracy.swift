// How often each kind was answered rightly of late: what the curriculum goes by.

/// An exponential moving average of verdicts, by kind.
package struct RunningAccuracy: Sendable, Equatable {
    /// The averages, 0 to 1; a kind without verdicts is absent.
    package private(set) var byKind: [BuiltinKind: Double]
    /// Verdicts after which an old one counts 1/e of a new one.
    package let memory: Double

    package init(memory: Double, byKind: [BuiltinKind: Double] = [:]) {
        self.memory = memory
        self.byKind = byKind
    }

    /// Takes in the verdicts of one group: `right` of `count` were right. Undetermined ones are not counted.
    package mutating func record(_ kind: BuiltinKind, right: Int, of count: Int) {
        guard count > 0 else { return }
        let share = Double(right) / Double(count)
        // Linear in count while count is small beside memory; never more than the whole.
        let weight = min(1, Double(count) / memory)
        byKind[kind] = byKind[kind].map { $0 + weight * (share - $0) } ?? share
    }
}
