// Exact rational numbers: machine words while they fit, big integers beyond, and nothing beyond the cap on bits.
// Not a number tower: whatever is irrational lives in the expression tree.
import BigInt
import Domain

/// A rational number in lowest terms with a positive denominator. Equal values have equal representations.
enum ExactNumber: Hashable, Sendable {
    case small(numerator: Int64, denominator: Int64)
    case big(numerator: BigInt, denominator: BigInt)

    static let zero = ExactNumber.small(numerator: 0, denominator: 1)
    static let one = ExactNumber.small(numerator: 1, denominator: 1)

    /// A whole number.
    init(_ value: Int64) { self = .small(numerator: value, denominator: 1) }

    /// The quotient of two big integers in lowest terms; nil for a zero denominator or beyond `Limits.mathBitsMax`.
    init?(_ numerator: BigInt, over denominator: BigInt) {
        guard !denominator.isZero else { return nil }
        if denominator == 1 {
            guard let whole = ExactNumber(whole: numerator) else { return nil }
            self = whole
            return
        }
        let divisor = numerator.greatestCommonDivisor(with: denominator)
        var top = numerator / divisor
        var bottom = denominator / divisor
        if bottom.sign == .minus {
            top.negate()
            bottom.negate()
        }
        guard top.bitWidth <= Limits.mathBitsMax, bottom.bitWidth <= Limits.mathBitsMax else { return nil }
        self.init(lowest: top, bottom)
    }

    /// A whole number; nil beyond `Limits.mathBitsMax`.
    private init?(whole value: BigInt) {
        if let small = Int64(exactly: value) {
            self = .small(numerator: small, denominator: 1)
        } else {
            guard value.bitWidth <= Limits.mathBitsMax else { return nil }
            self = .big(numerator: value, denominator: 1)
        }
    }

    /// The quotient of two machine words; nil for a zero denominator.
    init?(_ numerator: Int64, _ denominator: Int64) {
        guard denominator != 0 else { return nil }
        guard numerator != .min, denominator != .min else {
            self.init(BigInt(numerator), over: BigInt(denominator))
            return
        }
        let divisor = ExactNumber.greatestCommonDivisor(numerator.magnitude, denominator.magnitude)
        let sign: Int64 = denominator < 0 ? -1 : 1
        self = .small(
            numerator: sign * numerator / Int64(divisor), denominator: sign * denominator / Int64(divisor))
    }

    var numerator: BigInt {
        switch self {
        case .small(let numerator, _): BigInt(numerator)
        case .big(let numerator, _): numerator
        }
    }

    var denominator: BigInt {
        switch self {
        case .small(_, let denominator): BigInt(denominator)
        case .big(_, let denominator): denominator
        }
    }

    /// -1, 0 or 1.
    var signum: Int {
        switch self {
        case .small(let numerator, _): Int(numerator.signum())
        case .big(let numerator, _): numerator.sign == .minus ? -1 : 1
        }
    }

    var isZero: Bool { self == .zero }

    var isInteger: Bool {
        switch self {
        case .small(_, let denominator): denominator == 1
        case .big(_, let denominator): denominator == 1
        }
    }

    /// The value when it is a whole number that fits a machine word.
    var integer: Int? {
        if case .small(let numerator, 1) = self { return Int(numerator) }
        return nil
    }

    /// Bits of the larger of numerator and denominator.
    var bitWidth: Int {
        switch self {
        case .small: 64
        case .big(let numerator, let denominator): max(numerator.bitWidth, denominator.bitWidth)
        }
    }

    var negated: ExactNumber {
        switch self {
        case .small(let numerator, let denominator) where numerator != .min:
            .small(numerator: -numerator, denominator: denominator)
        default: ExactNumber(-numerator, over: denominator) ?? self
        }
    }

    var magnitude: ExactNumber { signum < 0 ? negated : self }

    /// The sum; nil beyond the cap on bits, as for all operations here.
    func adding(_ other: ExactNumber) -> ExactNumber? {
        if case .small(let a, let b) = self, case .small(let c, let d) = other {
            let (ad, overflowAD) = a.multipliedReportingOverflow(by: d)
            let (cb, overflowCB) = c.multipliedReportingOverflow(by: b)
            let (bd, overflowBD) = b.multipliedReportingOverflow(by: d)
            let (top, overflowTop) = ad.addingReportingOverflow(cb)
            if !(overflowAD || overflowCB || overflowBD || overflowTop) { return ExactNumber(top, bd) }
        }
        if isInteger && other.isInteger { return ExactNumber(whole: numerator + other.numerator) }
        return ExactNumber(
            numerator * other.denominator + other.numerator * denominator, over: denominator * other.denominator)
    }

    func subtracting(_ other: ExactNumber) -> ExactNumber? { adding(other.negated) }

    func multiplied(by other: ExactNumber) -> ExactNumber? {
        if case .small(let a, let b) = self, case .small(let c, let d) = other {
            let (top, overflowTop) = a.multipliedReportingOverflow(by: c)
            let (bottom, overflowBottom) = b.multipliedReportingOverflow(by: d)
            if !(overflowTop || overflowBottom) { return ExactNumber(top, bottom) }
        }
        if isInteger && other.isInteger { return ExactNumber(whole: numerator * other.numerator) }
        return ExactNumber(numerator * other.numerator, over: denominator * other.denominator)
    }

    /// The quotient; nil also for a zero divisor.
    func divided(by other: ExactNumber) -> ExactNumber? {
        guard !other.isZero else { return nil }
        if case .small(let a, let b) = self, case .small(let c, let d) = other {
            let (top, overflowTop) = a.multipliedReportingOverflow(by: d)
            let (bottom, overflowBottom) = b.multipliedReportingOverflow(by: c)
            if !(overflowTop || overflowBottom) { return ExactNumber(top, bottom) }
        }
        return ExactNumber(numerator * other.denominator, over: denominator * other.numerator)
    }

    /// A whole power; nil beyond the cap on bits and for zero to a power that is not positive.
    func raised(to exponent: Int) -> ExactNumber? {
        if exponent == 0 { return isZero ? nil : .one }
        if self == .one || (isZero && exponent > 0) { return self }
        guard !isZero else { return nil }
        let count = exponent.magnitude
        let bits = max(numerator.magnitude.bitWidth, denominator.magnitude.bitWidth)
        guard count < UInt(Limits.mathBitsMax), bits * Int(count) <= Limits.mathBitsMax else {
            return magnitude == .one ? (count % 2 == 0 ? .one : self) : nil
        }
        let top = numerator.power(Int(count))
        let bottom = denominator.power(Int(count))
        return exponent > 0 ? ExactNumber(top, over: bottom) : ExactNumber(bottom, over: top)
    }

    /// A whole number times a power of ten. Only twos and fives can cancel, so there is no need for a general gcd.
    func timesPowerOfTen(_ exponent: Int) -> ExactNumber? {
        guard isInteger, exponent < -18 else {
            return ExactNumber(10).raised(to: exponent).flatMap { multiplied(by: $0) }
        }
        guard !isZero else { return .zero }
        guard -exponent <= Limits.mathBitsMax / 4 else { return nil }
        var top = numerator
        let twos = min(-exponent, top.trailingZeroBitCount)
        top >>= twos
        var fives = 0
        while fives < -exponent {
            let (quotient, remainder) = top.quotientAndRemainder(dividingBy: 5)
            guard remainder.isZero else { break }
            top = quotient
            fives += 1
        }
        let bottom = BigInt(5).power(-exponent - fives) << (-exponent - twos)
        guard top.bitWidth <= Limits.mathBitsMax, bottom.bitWidth <= Limits.mathBitsMax else { return nil }
        return ExactNumber(lowest: top, bottom)
    }

    /// Two numbers without a common factor, the second positive.
    private init(lowest top: BigInt, _ bottom: BigInt) {
        if let numerator = Int64(exactly: top), let denominator = Int64(exactly: bottom) {
            self = .small(numerator: numerator, denominator: denominator)
        } else {
            self = .big(numerator: top, denominator: bottom)
        }
    }

    /// The real root of this degree when it is rational; nil otherwise.
    func root(_ degree: Int) -> ExactNumber? {
        guard degree > 0, degree <= 64, signum >= 0 || degree % 2 == 1 else { return nil }
        guard let top = exactRoot(of: numerator.magnitude, degree),
            let bottom = exactRoot(of: denominator.magnitude, degree)
        else { return nil }
        let root = ExactNumber(BigInt(top), over: BigInt(bottom))
        return signum < 0 ? root?.negated : root
    }

    /// The order of two values.
    func isLess(than other: ExactNumber) -> Bool {
        if case .small(let a, let b) = self, case .small(let c, let d) = other {
            return Int128(a) * Int128(d) < Int128(c) * Int128(b)
        }
        return numerator * other.denominator < other.numerator * denominator
    }

    /// The largest whole number not above the value.
    var floor: ExactNumber? {
        let (quotient, remainder) = numerator.quotientAndRemainder(dividingBy: denominator)
        return ExactNumber(remainder.sign == .minus && !remainder.isZero ? quotient - 1 : quotient, over: 1)
    }

    private static func greatestCommonDivisor(_ a: UInt64, _ b: UInt64) -> UInt64 {
        var (x, y) = (a, b)
        while y != 0 { (x, y) = (y, x % y) }
        return max(x, 1)
    }
}

/// The whole root of a whole number by Newton's iteration, when it is exact.
private func exactRoot(of value: BigUInt, _ degree: Int) -> BigUInt? {
    if value <= 1 || degree == 1 { return value }
    if degree == 2 {
        let root = value.squareRoot()
        return root * root == value ? root : nil
    }
    guard value.bitWidth <= Limits.mathRootBitsMax else { return nil }
    var guess = BigUInt(1) << ((value.bitWidth + degree - 1) / degree)
    while true {
        let next = (guess * BigUInt(degree - 1) + value / guess.power(degree - 1)) / BigUInt(degree)
        if next >= guess { break }
        guess = next
    }
    return guess.power(degree) == value ? guess : nil
}
