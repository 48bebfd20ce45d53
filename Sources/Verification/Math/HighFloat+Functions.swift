// Elementary functions of `HighFloat` by argument reduction and Taylor series; about 240 good bits each.
import Glibc

extension HighFloat {
    /// Machin's formula: pi = 16 atan(1/5) - 4 atan(1/239).
    static let pi = inverseTangentOfReciprocal(5).scaled(by: 4) - inverseTangentOfReciprocal(239).scaled(by: 2)

    /// ln 2 = 18 artanh(1/26) - 2 artanh(1/4801) + 8 artanh(1/8749).
    static let logarithmOfTwo =
        inverseTangentOfReciprocal(26, hyperbolic: true) * HighFloat(whole: 18)
        - inverseTangentOfReciprocal(4801, hyperbolic: true) * HighFloat(whole: 2)
        + inverseTangentOfReciprocal(8749, hyperbolic: true) * HighFloat(whole: 8)

    private static func inverseTangentOfReciprocal(_ divisor: UInt64, hyperbolic: Bool = false) -> HighFloat {
        var power = HighFloat.one.divided(by: divisor)
        var sum = power
        var index: UInt64 = 1
        while power.exponent > -270, index < 400 {
            power = power.divided(by: divisor * divisor)
            if !hyperbolic { power = power.negated }
            sum = sum + power.divided(by: 2 * index + 1)
            index += 1
        }
        return sum
    }

    /// e to the value; nil when the result's exponent would pass `exponentBound`.
    func exponential(exponentBound: Int) -> HighFloat? {
        if isZero { return .one }
        guard exponent <= 62, let turns = (self / HighFloat.logarithmOfTwo).nearestInteger,
            abs(turns) <= exponentBound
        else { return nil }
        let squarings = 12
        let rest = (self - HighFloat(whole: Int64(turns)) * HighFloat.logarithmOfTwo).scaled(by: -squarings)
        var term = HighFloat.one
        var sum = HighFloat.one
        var index: UInt64 = 1
        while index < 60 {
            term = (term * rest).divided(by: index)
            if term.isZero || term.exponent < -262 { break }
            sum = sum + term
            index += 1
        }
        for _ in 0..<squarings { sum = sum * sum }
        return sum.scaled(by: turns)
    }

    /// The natural logarithm of a positive value, by Halley's iteration from the double.
    var logarithm: HighFloat {
        let mantissa = HighFloat(negative: false, exponent: 0, high: high, low: low)
        var guess = HighFloat(double: logDouble(mantissa.double))
        for _ in 0..<2 {
            guard let power = guess.exponential(exponentBound: 64) else { break }
            guess = guess + ((mantissa - power) / (mantissa + power)).scaled(by: 1)
        }
        return guess + HighFloat(whole: Int64(exponent)) * HighFloat.logarithmOfTwo
    }

    /// The logarithm to base two of a positive value, as a double.
    var binaryLogarithm: Double {
        let mantissa = HighFloat(negative: false, exponent: 0, high: high, low: low).double
        return Double(exponent) + log2(mantissa)
    }

    /// Sine and cosine; nil when the argument is so large that reduction loses it.
    var sineAndCosine: (sine: HighFloat, cosine: HighFloat)? {
        if isZero { return (.zero, .one) }
        let quarter = HighFloat.pi.scaled(by: -1)
        guard exponent < 60, let turns = (self / quarter).nearestInteger else { return nil }
        let rest = self - HighFloat(whole: Int64(turns)) * quarter
        let square = rest * rest
        var term = rest
        var sine = rest
        var index: UInt64 = 1
        while index < 60, !term.isZero, term.exponent > rest.exponent - 262 {
            term = (term * square).divided(by: (2 * index) * (2 * index + 1)).negated
            sine = sine + term
            index += 1
        }
        term = .one
        var cosine = HighFloat.one
        index = 1
        while index < 60, !term.isZero, term.exponent > -262 {
            term = (term * square).divided(by: (2 * index - 1) * (2 * index)).negated
            cosine = cosine + term
            index += 1
        }
        switch ((turns % 4) + 4) % 4 {
        case 0: return (sine, cosine)
        case 1: return (cosine, sine.negated)
        case 2: return (sine.negated, cosine.negated)
        default: return (cosine.negated, sine)
        }
    }

    /// The angle in (-pi/2, pi/2) whose tangent this is.
    var inverseTangent: HighFloat {
        if isZero { return .zero }
        if exponent > 1 {
            let rest = HighFloat.one / self
            let quarter = HighFloat.pi.scaled(by: -1)
            return (negative ? quarter.negated : quarter) - rest.inverseTangent
        }
        guard exponent > -40 else {
            // x - x^3/3 + x^5/5 - ...: seven terms reach 2^-600.
            let square = self * self
            var power = self
            var sum = self
            for index in 1..<8 {
                power = (power * square).negated
                sum = sum + power.divided(by: UInt64(2 * index + 1))
            }
            return sum
        }
        let guess = HighFloat(double: arcTangentDouble(double))
        guard let (sine, cosine) = guess.sineAndCosine else { return guess }
        let delta = (self * cosine - sine) / (cosine + self * sine)
        let cube = delta * delta * delta
        return guess + delta - cube.divided(by: 3)
    }
}

/// ln of a double in [1/2, 1), enough for Halley's first guess: an artanh series.
private func logDouble(_ value: Double) -> Double {
    let ratio = (value - 1) / (value + 1)
    var power = ratio
    var sum = 0.0
    for index in 0..<24 {
        sum += power / Double(2 * index + 1)
        power *= ratio * ratio
    }
    return 2 * sum
}

/// The arc tangent of a double with magnitude at most 2, by halving the angle three times.
private func arcTangentDouble(_ value: Double) -> Double {
    var reduced = value
    for _ in 0..<3 { reduced = reduced / (1 + (1 + reduced * reduced).squareRoot()) }
    var power = reduced
    var sum = 0.0
    for index in 0..<20 {
        sum += (index % 2 == 0 ? 1 : -1) * power / Double(2 * index + 1)
        power *= reduced * reduced
    }
    return 8 * sum
}
