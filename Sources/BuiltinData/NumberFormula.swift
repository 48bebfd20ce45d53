// Formulas on a number: how they are said, how Python says them, and what they give.
import Domain

/// What is done to each number of a list.
enum NumberTransform: CaseIterable, Equatable {
    case identity, square, cube, double, triple, negative, absolute

    /// Said of several numbers, as `the squares of the even numbers in xs`.
    func plural(of numbers: String) -> String {
        switch self {
        case .identity: "the \(numbers)"
        case .square: "the squares of the \(numbers)"
        case .cube: "the cubes of the \(numbers)"
        case .double: "the doubles of the \(numbers)"
        case .triple: "the triples of the \(numbers)"
        case .negative: "the negatives of the \(numbers)"
        case .absolute: "the absolute values of the \(numbers)"
        }
    }

    /// The formula on the Python variable `x`.
    var python: String {
        switch self {
        case .identity: "x"
        case .square: "x * x"
        case .cube: "x * x * x"
        case .double: "x * 2"
        case .triple: "x * 3"
        case .negative: "-x"
        case .absolute: "abs(x)"
        }
    }

    /// The value.
    func apply(_ number: Int) -> Int {
        switch self {
        case .identity: number
        case .square: number * number
        case .cube: number * number * number
        case .double: number * 2
        case .triple: number * 3
        case .negative: -number
        case .absolute: abs(number)
        }
    }
}

/// A formula on the number `n` with at most one other number.
enum BranchFormula: Equatable {
    case unchanged
    case squared
    case negated
    case plus(Int)
    case minus(Int)
    case times(Int)

    static func draw(using generator: inout SeededGenerator) -> BranchFormula {
        switch generator.draw(0...8) {
        case 0: .unchanged
        case 1: .squared
        case 2: .negated
        case 3, 4: .plus(generator.draw(2...9))
        case 5, 6: .minus(generator.draw(2...9))
        default: .times(generator.draw(2...9))
        }
    }

    /// In words, as `n plus 3`.
    var words: String {
        switch self {
        case .unchanged: "n"
        case .squared: "n squared"
        case .negated: "the negative of n"
        case .plus(let other): "n plus \(other)"
        case .minus(let other): "n minus \(other)"
        case .times(let other): "n times \(other)"
        }
    }

    /// In Python.
    var python: String {
        switch self {
        case .unchanged: "n"
        case .squared: "n * n"
        case .negated: "-n"
        case .plus(let other): "n + \(other)"
        case .minus(let other): "n - \(other)"
        case .times(let other): "n * \(other)"
        }
    }

    /// The value.
    func apply(_ number: Int) -> Int {
        switch self {
        case .unchanged: number
        case .squared: number * number
        case .negated: -number
        case .plus(let other): number + other
        case .minus(let other): number - other
        case .times(let other): number * other
        }
    }
}
