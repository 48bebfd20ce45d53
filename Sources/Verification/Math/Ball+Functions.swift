// Functions of balls: powers, logarithms, trigonometry, with the derivative's growth of the error.

extension Ball {
    static let pi = Ball(real: .pi, error: 2 - goodBits)
    static let one = Ball(real: .one)
    static let euler = one.exponential

    /// The modulus.
    var modulus: Ball {
        guard isFinite else { return self }
        if isReal { return Ball(real: real.magnitude, error: error) }
        let root = (real * real + imaginary * imaginary).squareRoot
        return Ball(real: root, error: max(error, root.exponent - Ball.goodBits))
    }

    /// The principal argument in (-pi, pi].
    var argument: Ball {
        guard isFinite, !isZero else { return .undefined }
        let relative = max(Ball.errorTimes(error, -exponent), -Ball.goodBits) + 2
        if isReal { return real.negative ? Ball.pi : Ball(real: .zero, error: Ball.exactError) }
        if real.isZero {
            let quarter = HighFloat.pi.scaled(by: -1)
            return Ball(real: imaginary.negative ? quarter.negated : quarter, error: relative)
        }
        var angle = (imaginary / real).inverseTangent
        if real.negative { angle = imaginary.negative ? angle - .pi : angle + .pi }
        return Ball(real: angle, error: relative)
    }

    /// The principal natural logarithm; of zero undefined.
    var logarithm: Ball {
        guard isFinite else { return self }
        guard !isZero else { return .undefined }
        let relative = max(Ball.errorTimes(error, -exponent), -Ball.goodBits) + 1
        if isReal && !real.negative {
            let bits = Int.bitWidth - real.exponent.magnitude.leadingZeroBitCount
            return Ball(real: real.logarithm, error: max(relative, bits - Ball.goodBits))
        }
        return Ball(real: modulus.real.logarithm, imaginary: argument.real, error: relative)
    }

    var exponential: Ball {
        guard isFinite else { return state == .huge && !real.negative ? .huge : .undefined }
        guard let size = real.exponential(exponentBound: Ball.exponentBound) else {
            return real.negative ? .undefined : .huge
        }
        let inherited = max(Ball.errorTimes(error, size.exponent), size.exponent - Ball.goodBits + max(0, exponent)) + 1
        if isReal { return Ball(real: size, error: inherited) }
        guard let (sine, cosine) = imaginary.sineAndCosine else { return .undefined }
        return Ball(real: size * cosine, imaginary: size * sine, error: inherited)
    }

    /// The principal square root.
    var squareRoot: Ball {
        guard isFinite else { return self }
        if isZero { return Ball(real: .zero, error: error == Ball.exactError ? error : error / 2) }
        if isReal {
            let root = real.squareRoot
            let inherited = max(Ball.errorTimes(error, -root.exponent), root.exponent - Ball.goodBits)
            return real.negative
                ? Ball(real: .zero, imaginary: root, error: inherited) : Ball(real: root, error: inherited)
        }
        return (logarithm * Ball(real: .half)).exponential
    }

    /// A power with a whole exponent, by squaring.
    func raised(to count: Int) -> Ball {
        guard isFinite else { return count == 0 ? .undefined : self }
        if count < 0 { return Ball.one / raised(to: -count) }
        var result = Ball.one
        var base = self
        var rest = count
        while rest > 0 {
            if rest & 1 == 1 { result = result * base }
            rest >>= 1
            if rest > 0 { base = base * base }
        }
        return result
    }

    /// A power with any exponent, principal value.
    func raised(to power: Ball) -> Ball {
        guard isFinite, power.isFinite else {
            return power.state == .huge && isFinite && exponent > 1 && !real.negative ? .huge : .undefined
        }
        if isZero { return power.isReal && !power.real.negative && !power.real.isZero ? self : .undefined }
        return (logarithm * power).exponential
    }

    /// Sine and cosine.
    var sineAndCosine: (sine: Ball, cosine: Ball) {
        guard isFinite else { return (.undefined, .undefined) }
        guard let (sine, cosine) = real.sineAndCosine else { return (.undefined, .undefined) }
        let inherited = max(error, max(0, exponent) - Ball.goodBits)
        if isReal { return (Ball(real: sine, error: inherited), Ball(real: cosine, error: inherited)) }
        guard let grow = imaginary.exponential(exponentBound: 4096) else { return (.undefined, .undefined) }
        let shrink = HighFloat.one / grow
        let even = (grow + shrink).scaled(by: -1)
        let odd = (grow - shrink).scaled(by: -1)
        let wide = max(error, -Ball.goodBits) + max(grow.exponent, shrink.exponent) + max(0, exponent)
        return (
            Ball(real: sine * even, imaginary: cosine * odd, error: wide),
            Ball(real: cosine * even, imaginary: (sine * odd).negated, error: wide)
        )
    }

    /// The arc tangent of a real value.
    var inverseTangent: Ball {
        guard isFinite, isReal else { return .undefined }
        let angle = real.inverseTangent
        return Ball(real: angle, error: max(error, angle.exponent - Ball.goodBits))
    }

    /// The arc sine of a real value in [-1, 1].
    var inverseSine: Ball {
        guard isFinite, isReal else { return .undefined }
        let rest = Ball.one - self * self
        if rest.isZero {
            let quarter = HighFloat.pi.scaled(by: -1)
            return Ball(real: real.negative ? quarter.negated : quarter, error: -Ball.goodBits)
        }
        guard !rest.real.negative else { return .undefined }
        return (self / rest.squareRoot).inverseTangent
    }

    /// The largest whole number not above a real value; undefined when the error hides it.
    var floor: Ball {
        guard isFinite, isReal, let nearest = real.nearestInteger else { return .undefined }
        let distance = self - Ball(real: HighFloat(whole: Int64(nearest)))
        if distance.isZero { return Ball(real: HighFloat(whole: Int64(nearest))) }
        return Ball(real: HighFloat(whole: Int64(distance.real.negative ? nearest - 1 : nearest)))
    }
}
