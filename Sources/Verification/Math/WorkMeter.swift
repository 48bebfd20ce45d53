// What one verdict may cost, counted in units of work and never in time: the same answer is judged the same on every
// machine. All stages of a verdict share one meter, for all of a task's references together.
import Domain

/// Counts the work of one verdict. A unit is about one multiplication of two 256-bit numbers.
///
/// It is a class because reader, pool and evaluator hold copies of each other, and all must charge the same account. It
/// lives on one thread for one call and is not `Sendable`.
final class WorkMeter {
    /// Units spent so far; the last operation may pass the limit by what it cost.
    private(set) var used = 0
    let limit: Int
    private var exactUsed = 0

    init(limit: Int = Limits.mathWorkMax) { self.limit = limit }

    /// Whether nothing more may be spent; results since then are missing, and the verdict is undetermined.
    var isExhausted: Bool { used >= limit }

    /// Charges an operation before it is done.
    /// - Returns: whether it may be done; a refused operation is not charged, but nothing is allowed after it.
    func spend(_ units: Int) -> Bool {
        guard units < limit - used else {
            used = limit
            return false
        }
        used += units
        return true
    }

    /// Charges an exact operation before it is done. Exact arithmetic has a share of the limit; beyond it values go on as
    /// intervals, which decides most comparisons too, so a refusal here ends nothing.
    func spendExact(_ units: Int) -> Bool {
        guard units < limit * 2 / 5 - exactUsed, !isExhausted else { return false }
        exactUsed += units
        return spend(units)
    }

    /// Charges an operation that is too cheap to be refused.
    func note(_ units: Int) { used = min(limit, used + units) }
}

/// What operations on exact numbers cost, in units, from their sizes in 64-bit words.
enum ExactCost {
    /// An operation of two numbers with its reduction to lowest terms, whose binary gcd takes a step a bit.
    static func operation(_ operation: Operation, _ a: ExactNumber, _ b: ExactNumber) -> Int {
        switch operation {
        case .power: return power(a, b)
        case .root: return b.integer.map { root(a, $0) } ?? 1
        case .binomial, .permutations:
            guard let top = a.integer, let below = b.integer, top <= Limits.mathFactorialMax, top >= 0, below >= 0
            else {
                return 2
            }
            return 20 + 60 * max(0, min(below, max(0, top - below))) + (operation == .permutations ? 20 * top : 0)
        default: break
        }
        let (x, y) = (a.words, b.words)
        if x + y <= 2 { return 12 }
        if a.isInteger && b.isInteger {
            switch operation {
            case .add, .subtract: return 20 + x + y
            case .multiply: return 20 + x * y
            case .maximum, .minimum: return 20 + x + y
            default: break
            }
        }
        return 60 + 30 * (x + y) * (x + y)
    }

    /// An operation of one number.
    static func operation(_ operation: Operation, _ value: ExactNumber) -> Int {
        switch operation {
        case .factorial, .doubleFactorial:
            guard let count = value.integer, count <= Limits.mathFactorialMax else { return 2 }
            return 10 + 12 * max(0, count)
        case .squareRoot: return root(value, 2)
        case .floor, .ceiling: return value.words <= 1 ? 20 : 60 + 4 * value.words * value.words
        default: return 4 + value.words
        }
    }

    /// Reading a number: its digits, and reducing a recurring one to lowest terms.
    static func literal(_ literal: NumberLiteral) -> Int {
        let words = literal.value.words
        if words == 1 { return 2 }
        return literal.value.isInteger || literal.decimal != nil ? 2 * words * words : 60 * words * words
    }

    private static func power(_ a: ExactNumber, _ b: ExactNumber) -> Int {
        if let count = b.integer {
            let bits = a.significantBits
            guard count.magnitude < UInt(Limits.mathBitsMax), bits * abs(count) <= Limits.mathBitsMax else { return 10 }
            let words = bits * abs(count) / 64 + 1
            return words == 1 ? 40 : 60 + (a.isInteger ? 1 : 30) * words * words
        }
        guard case .small(let top, let degree) = b, degree <= 64 else { return 4 }
        return root(a, Int(degree)) + 60 + (top == 1 ? 0 : 4 * a.words * a.words)
    }

    private static func root(_ value: ExactNumber, _ degree: Int) -> Int {
        guard degree > 0, degree <= 64 else { return 2 }
        let words = value.words
        if words == 1 && degree == 2 { return 60 }
        if degree > 2, words * 64 > Limits.mathRootBitsMax + 64 { return 10 }
        return (degree == 2 ? 24 : degree + 16) * (40 + words * words)
    }
}

extension ExactNumber {
    /// 64-bit words of the larger of numerator and denominator.
    var words: Int {
        if case .small = self { return 1 }
        return (bitWidth + 63) / 64
    }

    /// Bits of the larger of numerator and denominator, for small values too.
    var significantBits: Int {
        switch self {
        case .small(let numerator, let denominator):
            64 - min(numerator.magnitude.leadingZeroBitCount, denominator.magnitude.leadingZeroBitCount)
        case .big: bitWidth
        }
    }
}
