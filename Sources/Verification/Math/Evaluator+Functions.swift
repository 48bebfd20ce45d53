// Functions at a point: elementary ones by `Ball`, discrete ones at whole arguments, the rest undefined.

extension Evaluator {
    func function(_ operation: Operation, _ a: Ball, _ node: Node, at point: EvaluationPoint) -> Ball {
        guard a.isFinite else { return a }
        if point.isStrictlyReal, !a.isReal, operation != .absolute { return .undefined }
        switch operation {
        case .absolute: return a.modulus
        case .squareRoot:
            return point.isStrictlyReal && a.real.negative && !a.isZero ? .undefined : a.squareRoot
        case .exponential: return a.exponential
        case .logarithm: return point.isStrictlyReal && a.real.negative ? .undefined : a.logarithm
        case .floor: return a.floor
        case .ceiling: return -((-a).floor)
        case .factorial: return factorial(a, step: 1)
        case .doubleFactorial: return factorial(a, step: 2)
        case .conjugate, .realPart, .imaginaryPart, .argument: return complexPart(operation, a, node)
        case .sign: return a.isZero ? Ball(real: .zero) : Ball(real: a.real.negative ? HighFloat(whole: -1) : .one)
        default: return trigonometric(operation, a)
        }
    }

    /// Parts of complex numbers; of variables they stay opaque, because a variable may be complex.
    private func complexPart(_ operation: Operation, _ a: Ball, _ node: Node) -> Ball {
        if node.traits.contains(.symbol) {
            return a * Ball(real: HighFloat(double: 0.618_033_988 + Double(operation.rawValue)))
        }
        switch operation {
        case .conjugate: return Ball(real: a.real, imaginary: a.imaginary.negated, error: a.error)
        case .realPart: return Ball(real: a.real, error: a.error)
        case .imaginaryPart: return Ball(real: a.imaginary, error: a.error)
        default: return a.argument
        }
    }

    private func trigonometric(_ operation: Operation, _ a: Ball) -> Ball {
        let one = Ball.one
        switch operation {
        case .sine: return a.sineAndCosine.sine
        case .cosine: return a.sineAndCosine.cosine
        case .tangent:
            let (sine, cosine) = a.sineAndCosine
            return sine / cosine
        case .cotangent:
            let (sine, cosine) = a.sineAndCosine
            return cosine / sine
        case .secant: return one / a.sineAndCosine.cosine
        case .cosecant: return one / a.sineAndCosine.sine
        case .arcSine: return a.inverseSine
        case .arcCosine: return Ball(real: HighFloat.pi.scaled(by: -1), error: -Ball.goodBits) - a.inverseSine
        case .arcTangent: return a.inverseTangent
        case .arcCotangent: return Ball(real: HighFloat.pi.scaled(by: -1), error: -Ball.goodBits) - a.inverseTangent
        case .arcSecant: return trigonometric(.arcCosine, one / a)
        case .arcCosecant: return trigonometric(.arcSine, one / a)
        case .hyperbolicSine: return (a.exponential - (-a).exponential) / Ball(real: HighFloat(whole: 2))
        case .hyperbolicCosine: return (a.exponential + (-a).exponential) / Ball(real: HighFloat(whole: 2))
        case .hyperbolicTangent:
            let (up, down) = (a.exponential, (-a).exponential)
            return (up - down) / (up + down)
        case .areaSine: return (a + (a * a + one).squareRoot).logarithm
        case .areaCosine: return (a + (a * a - one).squareRoot).logarithm
        case .areaTangent: return ((one + a) / (one - a)).logarithm / Ball(real: HighFloat(whole: 2))
        default: return .undefined
        }
    }

    /// Functions of whole numbers, at whole arguments.
    func discrete(_ operation: Operation, _ a: Ball, _ b: Ball) -> Ball {
        guard let x = wholeNumber(a), let y = wholeNumber(b) else { return extremum(operation, a, b) }
        switch operation {
        case .binomial, .permutations:
            guard x >= 0, y >= 0, y <= x, x <= 400 else { return y > x && x >= 0 ? Ball(real: .zero) : .undefined }
            var product = Ball.one
            for index in 0..<y {
                product = product * Ball(real: HighFloat(whole: Int64(x - index)))
                if operation == .binomial { product = product / Ball(real: HighFloat(whole: Int64(index + 1))) }
            }
            return product
        case .modulo: return y > 0 ? Ball(real: HighFloat(whole: Int64(((x % y) + y) % y))) : .undefined
        case .greatestCommonDivisor, .leastCommonMultiple:
            var (p, q) = (abs(x), abs(y))
            while q != 0 { (p, q) = (q, p % q) }
            guard p > 0 else { return .undefined }
            return Ball(real: HighFloat(whole: Int64(operation == .greatestCommonDivisor ? p : abs(x) / p * abs(y))))
        default: return extremum(operation, a, b)
        }
    }

    private func extremum(_ operation: Operation, _ a: Ball, _ b: Ball) -> Ball {
        guard operation == .maximum || operation == .minimum, a.isFinite, b.isFinite else { return .undefined }
        let difference = a - b
        return difference.real.negative == (operation == .minimum) ? a : b
    }

    private func wholeNumber(_ ball: Ball) -> Int? {
        guard ball.isFinite, ball.isReal, let whole = ball.real.nearestInteger, abs(whole) < 1 << 31,
            (ball - Ball(real: HighFloat(whole: Int64(whole)))).isZero
        else { return nil }
        return whole
    }

    private func factorial(_ ball: Ball, step: Int) -> Ball {
        guard var factor = wholeNumber(ball), factor >= 0, factor <= 4_000 else { return .undefined }
        var product = Ball.one
        while factor > 1 {
            product = product * Ball(real: HighFloat(whole: Int64(factor)))
            factor -= step
        }
        return product
    }
}
