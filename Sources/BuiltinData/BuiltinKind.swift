// The kinds of problem and their two families. What a problem of a kind looks like stands in Arithmetic* and Code*.

/// The two ways in which built-in problems are judged.
package enum BuiltinFamily: String, Sendable, CaseIterable {
    /// A `\boxed{}` answer, compared by the math verifier.
    case math
    /// A Python function, run against tests in the sandbox.
    case code
}

/// The kinds of built-in problem; reports and the curriculum are by kind.
package enum BuiltinKind: String, Sendable, CaseIterable, Hashable {
    case addition
    case subtraction
    case multiplication
    case fractionAddition = "fraction_addition"
    case fractionMultiplication = "fraction_multiplication"
    /// A number made from a list: `sum`, `max`, `min` or a count.
    case listReduction = "list_reduction"
    /// A list made from a list, in its own, ascending or descending order.
    case listBuilding = "list_building"
    /// A number made from a number by one of two formulas.
    case branching

    /// How answers of this kind are judged.
    package var family: BuiltinFamily {
        switch self {
        case .addition, .subtraction, .multiplication, .fractionAddition, .fractionMultiplication: .math
        case .listReduction, .listBuilding, .branching: .code
        }
    }

    /// The kinds of one family, in their fixed order.
    package static func kinds(of family: BuiltinFamily) -> [BuiltinKind] {
        allCases.filter { $0.family == family }
    }
}
