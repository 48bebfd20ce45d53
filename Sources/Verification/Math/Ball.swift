// A high-precision number that knows how wrong it may be, real and complex. The comparison of two answers rests on
// it: a difference above the error proves them different; a difference within a tiny error takes them for equal.

/// What a computation gave besides a number.
enum BallState: UInt8, Sendable {
    case finite
    /// No value here: division by zero, a real function outside its domain.
    case undefined
    /// Larger in magnitude than 2 to the `Ball.exponentBound`.
    case huge
}

/// A complex number with an error bound: each part is off by at most about `2^error`.
struct Ball: Sendable {
    var real: HighFloat
    var imaginary: HighFloat
    /// Binary exponent of the error bound; `exactError` when the parts are exact.
    var error: Int
    var state: BallState = .finite

    static let exactError = Int.min / 4
    /// Values beyond 2 to this are `huge`: towers are compared by that alone.
    static let exponentBound = 1 << 40
    /// Good bits of one operation.
    static let goodBits = 242

    static let undefined = Ball(real: .zero, imaginary: .zero, error: exactError, state: .undefined)
    static let huge = Ball(real: .zero, imaginary: .zero, error: exactError, state: .huge)

    init(real: HighFloat, imaginary: HighFloat = .zero, error: Int = Ball.exactError, state: BallState = .finite) {
        self.real = real
        self.imaginary = imaginary
        self.error = error
        self.state = state
    }

    /// A rational number, rounded.
    init(_ number: ExactNumber) {
        if case .small(let numerator, let denominator) = number {
            let top = HighFloat(whole: numerator)
            self.init(real: denominator == 1 ? top : top.divided(by: UInt64(denominator)))
            if denominator != 1 { error = real.exponent - Ball.goodBits }
        } else {
            let top = HighFloat(integer: number.numerator)
            let bottom = HighFloat(integer: number.denominator)
            self.init(real: top / bottom)
            error = real.exponent - Ball.goodBits
        }
    }

    var isReal: Bool { imaginary.isZero }
    var isFinite: Bool { state == .finite }

    /// Binary exponent of the larger part; `exactError` for zero.
    var exponent: Int {
        let a = real.isZero ? Ball.exactError : real.exponent
        let b = imaginary.isZero ? Ball.exactError : imaginary.exponent
        return max(a, b)
    }

    /// Whether the value is zero as far as the error lets us see.
    var isZero: Bool { isFinite && (exponent == Ball.exactError || exponent <= error + Ball.slackBits) }

    /// Rounding errors of many operations add up to a few bits; this many are never trusted.
    static let slackBits = 24

    /// The same value with the rounding error of one operation added, and imaginary noise kept as it is.
    fileprivate func rounded(_ inherited: Int) -> Ball {
        var result = self
        let size = exponent
        if size > Ball.exponentBound { return .huge }
        // So tiny that exponents could leave a machine word: as far out of reach as what is huge, and no number either.
        if size < -2 * Ball.exponentBound, size != Ball.exactError { return .undefined }
        result.error = size == Ball.exactError ? inherited : max(inherited, size - Ball.goodBits)
        return result
    }

    static func + (a: Ball, b: Ball) -> Ball {
        guard a.isFinite, b.isFinite else { return combine(a, b) }
        let sum = Ball(real: a.real + b.real, imaginary: a.imaginary + b.imaginary)
        return sum.rounded(max(a.error, b.error))
    }

    static prefix func - (a: Ball) -> Ball {
        Ball(real: a.real.negated, imaginary: a.imaginary.negated, error: a.error, state: a.state)
    }

    static func - (a: Ball, b: Ball) -> Ball { a + (-b) }

    static func * (a: Ball, b: Ball) -> Ball {
        guard a.isFinite, b.isFinite else { return combine(a, b) }
        if a.isReal && b.isReal {
            let product = Ball(real: a.real * b.real)
            return product.rounded(max(inherited(a, by: b, in: product), inherited(b, by: a, in: product)))
        }
        let product = Ball(
            real: a.real * b.real - a.imaginary * b.imaginary,
            imaginary: a.real * b.imaginary + a.imaginary * b.real)
        let error = max(inherited(a, by: b, in: product), inherited(b, by: a, in: product))
        return product.rounded(max(error, a.exponent + b.exponent - goodBits))
    }

    static func / (a: Ball, b: Ball) -> Ball {
        guard a.isFinite, b.isFinite else { return a.isFinite && b.state == .huge ? .undefined : combine(a, b) }
        guard !b.isZero else { return .undefined }
        let inherited =
            max(
                errorTimes(a.error, -b.exponent), errorTimes(b.error, errorTimes(a.exponent, -2 * b.exponent))) + 3
        if b.isReal {
            return Ball(real: a.real / b.real, imaginary: a.isReal ? .zero : a.imaginary / b.real).rounded(inherited)
        }
        let norm = b.real * b.real + b.imaginary * b.imaginary
        let conjugate = Ball(real: b.real, imaginary: b.imaginary.negated)
        let product = Ball(real: a.real, imaginary: a.imaginary) * conjugate
        return Ball(real: product.real / norm, imaginary: product.imaginary / norm).rounded(inherited)
    }

    /// A factor's part in a product's error. It is kept relative, so that long products do not lose a bit a factor.
    private static func inherited(_ factor: Ball, by other: Ball, in product: Ball) -> Int {
        guard factor.error != exactError else { return exactError }
        guard factor.exponent != exactError, product.exponent != exactError else {
            return errorTimes(factor.error, other.exponent)
        }
        return factor.error - factor.exponent + product.exponent
    }

    /// The error of a product's part: an error times a size, in exponents.
    static func errorTimes(_ error: Int, _ size: Int) -> Int {
        error == exactError || size <= exactError / 2 ? exactError : error + size
    }

    private static func combine(_ a: Ball, _ b: Ball) -> Ball {
        a.state == .undefined || b.state == .undefined ? .undefined : .huge
    }
}

/// What comparing two values found.
enum BallComparison: Sendable, Equatable {
    case equal
    case different
    /// The error bounds are too wide, or both are beyond the bound on exponents.
    case unclear
}

extension Ball {
    /// Bits to which two values must agree before they count as equal.
    static let agreementBits = 110

    /// Compares two values within their errors. There is no absolute tolerance: tiny values differ like large ones.
    func compared(to other: Ball) -> BallComparison {
        switch (state, other.state) {
        case (.finite, .finite): break
        case (.huge, .huge), (.undefined, _), (_, .undefined): return .unclear
        case (.huge, _), (_, .huge): return .different
        }
        let difference = self - other
        let noise = max(difference.error, max(error, other.error))
        let size = max(exponent, other.exponent)
        if difference.exponent == Ball.exactError {
            return noise <= max(size, -30) - Ball.agreementBits ? .equal : .unclear
        }
        if difference.exponent > noise + Ball.slackBits { return .different }
        return noise <= size - Ball.agreementBits || noise <= -Ball.agreementBits - 30 ? .equal : .unclear
    }
}
