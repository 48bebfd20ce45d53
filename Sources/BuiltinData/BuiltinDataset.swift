// The built-in data set: problems made on the spot from a seed, endless for training, a fixed list for measuring.
import Domain

/// A seeded stream of problems of one split.
///
/// Problem number `index` of a kind is a pure function of (split, seed, kind, index), so a service that was stopped goes
/// on with the next number and draws what it would have drawn.
package struct BuiltinDataset: Sendable, Equatable {
    /// The part of the data it draws from.
    package let split: BuiltinSplit
    /// The seed of all its draws.
    package let seed: UInt64

    package init(split: BuiltinSplit, seed: UInt64) {
        self.split = split
        self.seed = seed
    }

    /// The problems to learn from.
    package static func training(seed: UInt64) -> BuiltinDataset { BuiltinDataset(split: .training, seed: seed) }

    /// The fixed list to measure with: `heldOutPerMathKind` and `heldOutPerCodeKind` different problems of each kind.
    package static func heldOut(seed: UInt64) -> [BuiltinProblem] {
        let source = BuiltinDataset(split: .heldOut, seed: seed)
        return BuiltinKind.allCases.flatMap { kind in
            source.distinctProblems(kind, count: kind.family == .math ? heldOutPerMathKind : heldOutPerCodeKind)
        }
    }

    /// Held-out problems of each math kind: 130 in all, one standard error at 95 % is 1.9 points.
    package static let heldOutPerMathKind = 26
    /// Held-out problems of each code kind: fewer, because each answer costs a process.
    package static let heldOutPerCodeKind = 22

    /// Problem number `index` (0 or more) of a kind. Small kinds repeat themselves after a while.
    package func problem(_ kind: BuiltinKind, index: Int) -> BuiltinProblem {
        let kindNumber = UInt64(BuiltinKind.allCases.firstIndex(of: kind) ?? 0)
        let streamNumber = kindNumber << 48 | split.rawValue << 44 | UInt64(index)
        var generator = SeededGenerator.stream(streamNumber, of: seed)
        // Each split has at least one problem in eight of every kind, so this ends after 8 draws on average.
        while true {
            let candidate = kind.draw(using: &generator)
            if BuiltinSplit.of(key: candidate.key) == split { return candidate }
        }
    }

    /// The first `count` problems of a kind that differ by key; fewer when the kind has fewer.
    package func distinctProblems(_ kind: BuiltinKind, count: Int) -> [BuiltinProblem] {
        var seen: Set<String> = []
        var problems: [BuiltinProblem] = []
        for index in 0..<(count * 16) where problems.count < count {
            let candidate = problem(kind, index: index)
            if seen.insert(candidate.key).inserted { problems.append(candidate) }
        }
        return problems
    }
}

extension BuiltinKind {
    /// Draws any problem of this kind, whatever its split.
    fileprivate func draw(using generator: inout SeededGenerator) -> BuiltinProblem {
        switch self {
        case .addition: IntegerArithmetic.addition(using: &generator)
        case .subtraction: IntegerArithmetic.subtraction(using: &generator)
        case .multiplication: IntegerArithmetic.multiplication(using: &generator)
        case .fractionAddition: FractionArithmetic.addition(using: &generator)
        case .fractionMultiplication: FractionArithmetic.multiplication(using: &generator)
        case .listReduction: CodeProblems.listReduction(using: &generator)
        case .listBuilding: CodeProblems.listBuilding(using: &generator)
        case .branching: CodeProblems.branching(using: &generator)
        }
    }
}
