// Conditions on a number: how they are said, how Python says them, and when they hold.
import Domain

/// A condition on one whole number.
enum NumberFilter: Equatable {
    case any
    case even
    case odd
    case positive
    case negative
    case greaterThan(Int)
    case lessThan(Int)
    case multipleOf(Int)

    /// Draws a condition; one with a parameter is as likely as all without one together.
    static func draw(using generator: inout SeededGenerator) -> NumberFilter {
        switch generator.draw(0...9) {
        case 0: .any
        case 1: .even
        case 2: .odd
        case 3: .positive
        case 4: .negative
        case 5, 6: .greaterThan(generator.draw(2...9))
        case 7: .lessThan(generator.draw(2...9))
        default: .multipleOf(generator.draw(3...9))
        }
    }

    /// The numbers of the list for which it holds, as `even numbers in xs`.
    var plural: String {
        switch self {
        case .any: "numbers in xs"
        case .even: "even numbers in xs"
        case .odd: "odd numbers in xs"
        case .positive: "positive numbers in xs"
        case .negative: "negative numbers in xs"
        case .greaterThan(let bound): "numbers greater than \(bound) in xs"
        case .lessThan(let bound): "numbers less than \(bound) in xs"
        case .multipleOf(let factor): "multiples of \(factor) in xs"
        }
    }

    /// What follows `n is`, as `a multiple of 3`; nil for the condition that always holds.
    var predicate: String? {
        switch self {
        case .any: nil
        case .even: "even"
        case .odd: "odd"
        case .positive: "positive"
        case .negative: "negative"
        case .greaterThan(let bound): "greater than \(bound)"
        case .lessThan(let bound): "less than \(bound)"
        case .multipleOf(let factor): "a multiple of \(factor)"
        }
    }

    /// The condition on a Python variable; nil for the condition that always holds.
    func python(_ variable: String) -> String? {
        switch self {
        case .any: nil
        case .even: "\(variable) % 2 == 0"
        case .odd: "\(variable) % 2 == 1"
        case .positive: "\(variable) > 0"
        case .negative: "\(variable) < 0"
        case .greaterThan(let bound): "\(variable) > \(bound)"
        case .lessThan(let bound): "\(variable) < \(bound)"
        case .multipleOf(let factor): "\(variable) % \(factor) == 0"
        }
    }

    /// Whether it holds.
    func holds(_ number: Int) -> Bool {
        switch self {
        case .any: true
        case .even: number % 2 == 0
        case .odd: number % 2 != 0
        case .positive: number > 0
        case .negative: number < 0
        case .greaterThan(let bound): number > bound
        case .lessThan(let bound): number < bound
        case .multipleOf(let factor): number % factor == 0
        }
    }

    /// Numbers on both sides of the condition's edge, which tests must contain.
    var edge: [Int] {
        switch self {
        case .any, .positive, .negative: [0, 1, -1]
        case .even, .odd: [2, 3, -1]
        case .greaterThan(let bound), .lessThan(let bound): [bound - 1, bound, bound + 1]
        case .multipleOf(let factor): [factor, -factor, 2 * factor, factor + 1]
        }
    }
}
