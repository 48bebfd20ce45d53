// Exact values of operations on exact numbers. What is not rational, or would pass the cap on bits, gives nil.
import BigInt
import Domain

/// The exact value of an operation on one number.
func fold(_ operation: Operation, _ value: ExactNumber) -> ExactNumber? {
    switch operation {
    case .negate: return value.negated
    case .absolute: return value.magnitude
    case .squareRoot: return value.root(2)
    case .exponential, .cosine, .secant, .hyperbolicCosine: return value.isZero ? .one : nil
    case .logarithm: return value == .one ? .zero : nil
    case .sine, .tangent, .arcSine, .arcTangent, .hyperbolicSine, .hyperbolicTangent, .areaSine, .areaTangent:
        return value.isZero ? .zero : nil
    case .floor: return value.floor
    case .ceiling: return value.negated.floor?.negated
    case .factorial: return factorial(value, step: 1)
    case .doubleFactorial: return factorial(value, step: 2)
    case .conjugate, .realPart: return value
    case .imaginaryPart: return .zero
    case .sign: return ExactNumber(Int64(value.signum))
    default: return nil
    }
}

/// The exact value of an operation on two numbers.
func fold(_ operation: Operation, _ a: ExactNumber, _ b: ExactNumber) -> ExactNumber? {
    switch operation {
    case .add: return a.adding(b)
    case .subtract: return a.subtracting(b)
    case .multiply: return a.multiplied(by: b)
    case .divide: return a.divided(by: b)
    case .power: return power(a, b)
    case .root: return b.integer.flatMap { a.root($0) }
    case .binomial: return binomial(a, b)
    case .permutations:
        guard let product = binomial(a, b), let order = factorial(b, step: 1) else { return nil }
        return product.multiplied(by: order)
    case .modulo:
        guard b.signum > 0, let quotient = a.divided(by: b)?.floor, let part = quotient.multiplied(by: b) else {
            return nil
        }
        return a.subtracting(part)
    case .greatestCommonDivisor, .leastCommonMultiple:
        guard a.isInteger, b.isInteger, !a.isZero, !b.isZero else { return nil }
        let divisor = a.numerator.greatestCommonDivisor(with: b.numerator)
        if operation == .greatestCommonDivisor { return ExactNumber(divisor, over: 1) }
        return ExactNumber(BigInt((a.numerator * b.numerator / divisor).magnitude), over: 1)
    case .maximum: return a.isLess(than: b) ? b : a
    case .minimum: return b.isLess(than: a) ? b : a
    default: return nil
    }
}

/// `a^b` when it is rational: whole exponents, and roots that come out.
private func power(_ a: ExactNumber, _ b: ExactNumber) -> ExactNumber? {
    if let count = b.integer { return a.raised(to: count) }
    guard a.signum > 0, case .small(let top, let degree) = b, degree <= 64, let root = a.root(Int(degree)) else {
        return nil
    }
    return root.raised(to: Int(top))
}

private func factorial(_ value: ExactNumber, step: Int) -> ExactNumber? {
    guard let count = value.integer, count >= 0, count <= Limits.mathFactorialMax else { return nil }
    var product = BigInt(1)
    var factor = count
    while factor > 1 {
        product *= BigInt(factor)
        factor -= step
    }
    return ExactNumber(product, over: 1)
}

private func binomial(_ a: ExactNumber, _ b: ExactNumber) -> ExactNumber? {
    guard let top = a.integer, let below = b.integer, top >= 0, below >= 0, top <= Limits.mathFactorialMax else {
        return nil
    }
    guard below <= top else { return .zero }
    let count = min(below, top - below)
    var product = BigInt(1)
    for index in 0..<count { product = product * BigInt(top - index) / BigInt(index + 1) }
    return ExactNumber(product, over: 1)
}
