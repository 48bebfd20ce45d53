// What the operations of an evaluation cost, in the units of `WorkMeter`. Measured once; only the sizes matter.

/// The cost of one node at one point.
enum EvaluationCost {
    /// Units for an operation on the values of its children.
    static func units(_ operation: Operation, _ left: Ball?, _ right: Ball?) -> Int {
        let isReal = (left?.isReal ?? true) && (right?.isReal ?? true)
        switch operation {
        case .symbol: return 14
        case .pi, .euler, .imaginaryUnit, .infinity, .number: return 2
        case .add, .subtract, .negate, .plusMinus, .minusPlus: return 5
        case .multiply: return isReal ? 6 : 24
        case .divide: return isReal ? 40 : 100
        case .power: return power(left, right, isReal)
        case .root: return isReal ? 2_000 : 4_000
        case .absolute, .conjugate, .realPart, .imaginaryPart, .sign, .maximum, .minimum, .modulo:
            return isReal ? 10 : 80
        case .floor, .ceiling, .pair, .call, .bound: return 20
        case .squareRoot: return isReal ? 60 : 4_000
        case .exponential: return isReal ? 500 : 1_400
        case .logarithm, .argument: return isReal ? 1_200 : 3_500
        case .factorial, .doubleFactorial: return 20 + 7 * whole(left, below: 4_000)
        case .binomial, .permutations: return 40 + 45 * whole(right, below: 400)
        case .greatestCommonDivisor, .leastCommonMultiple: return 80
        default: return isReal ? 1_600 : 4_000
        }
    }

    private static func power(_ base: Ball?, _ exponent: Ball?, _ isReal: Bool) -> Int {
        guard let exponent, exponent.isFinite, exponent.isReal, let count = exponent.real.nearestInteger,
            count.magnitude < 1 << 20
        else { return isReal ? 2_000 : 4_000 }
        // A whole exponent by squaring; one that only looks whole costs a logarithm, which the caller then charges.
        let bits = UInt.bitWidth - count.magnitude.leadingZeroBitCount
        return 20 + bits * (base?.isReal ?? true ? 14 : 50) + (count < 0 ? 60 : 0)
    }

    private static func whole(_ ball: Ball?, below cap: Int) -> Int {
        guard let ball, ball.isFinite, let count = ball.real.nearestInteger else { return 0 }
        return max(0, min(count, cap))
    }
}
