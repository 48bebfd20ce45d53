// Which kinds the next prompts are drawn from: towards groups that can teach something, with a floor for every kind.
import Domain

/// The rule that turns running accuracies into sampling weights; a pure function, no state.
///
/// A kind's weight inside its family is `floor + (1 - p) * v`, where p is its running accuracy and
/// `v = 1 - p^G - (1 - p)^G` is the chance that a group of G rollouts is neither all right nor all wrong (only such a
/// group has a gradient). What is mostly right has little left to learn; what is never right cannot be learned yet, but
/// the floor keeps asking, so that no kind sleeps for good.
package struct Curriculum: Sendable, Equatable {
    /// Weight that a kind has when it can teach nothing; 0.1 is a tenth of what a hard, wakeful kind gets.
    package var floor: Double
    /// Share of prompts that are code, 0 to 1; code costs a process for each rollout.
    package var codeShare: Double
    /// Rollouts of a group (G).
    package var groupSize: Int

    package init(floor: Double, codeShare: Double, groupSize: Int) {
        self.floor = floor
        self.codeShare = codeShare
        self.groupSize = groupSize
    }

    /// The weight of each kind, in the order of `BuiltinKind.allCases`; they sum to 1. A kind that is not in `accuracy`
    /// counts as half right.
    package func weights(accuracy: [BuiltinKind: Double]) -> [Double] {
        let raw = BuiltinKind.allCases.map { kind in
            let right = min(max(accuracy[kind] ?? 0.5, 0), 1)
            let informative = 1 - power(right, groupSize) - power(1 - right, groupSize)
            return floor + (1 - right) * max(0, informative)
        }
        let kinds = BuiltinKind.allCases
        let totals = Dictionary(zip(kinds.map(\.family), raw), uniquingKeysWith: +)
        return zip(kinds, raw).map { kind, weight in
            let share = kind.family == .code ? codeShare : 1 - codeShare
            return share * weight / (totals[kind.family] ?? 1)
        }
    }

    /// The kinds of the next `count` prompts: systematic sampling, so that each kind gets its share of `count` rounded up
    /// or down, never by luck far off.
    package func kinds(
        count: Int, accuracy: [BuiltinKind: Double], using generator: inout SeededGenerator
    ) -> [BuiltinKind] {
        var point = generator.unitInterval()
        var reached = 0.0
        var chosen: [BuiltinKind] = []
        for (kind, weight) in zip(BuiltinKind.allCases, weights(accuracy: accuracy)) {
            reached += weight * Double(count)
            while point < reached && chosen.count < count {
                chosen.append(kind)
                point += 1
            }
        }
        // Rounding of the sum may leave the last prompt undrawn.
        while chosen.count < count, let last = BuiltinKind.allCases.last { chosen.append(last) }
        return chosen
    }
}

/// `base` to a small whole power: exact for 0 and 1, no need for libm.
private func power(_ base: Double, _ exponent: Int) -> Double {
    (0..<max(0, exponent)).reduce(1) { product, _ in product * base }
}
