// Binary floating point with a 256-bit mantissa held in two words, so that comparing irrational numbers costs no
// allocation. Not IEEE: it truncates, has no infinities, and its error is tracked by `Ball`.
import BigInt

/// `(-1)^negative * 0.mantissa * 2^exponent` with the mantissa's top bit set, or zero with an empty mantissa.
struct HighFloat: Sendable, Equatable {
    var negative: Bool
    var exponent: Int
    /// The mantissa, most significant half first.
    var high: UInt128
    var low: UInt128

    /// Bits of the mantissa.
    static let precision = 256
    static let zero = HighFloat(negative: false, exponent: 0, high: 0, low: 0)
    static let one = HighFloat(whole: 1)
    static let half = HighFloat(negative: false, exponent: 0, high: 1 << 127, low: 0)

    init(negative: Bool, exponent: Int, high: UInt128, low: UInt128) {
        self.negative = negative
        self.exponent = exponent
        self.high = high
        self.low = low
    }

    init(whole value: Int64) {
        self.init(normalising: value < 0, exponent: 256, high: 0, low: UInt128(value.magnitude))
    }

    /// Exactly the value of a finite double.
    init(double value: Double) {
        guard value != 0, value.isFinite else {
            self = .zero
            return
        }
        let significand = UInt64(value.magnitude.significand * 0x1p63)
        self.init(
            normalising: value < 0, exponent: Int(value.exponent) + 1, high: UInt128(significand) << 64, low: 0)
    }

    /// The top 256 bits of a big integer.
    init(integer value: BigInt) {
        let magnitude = value.magnitude
        let width = magnitude.bitWidth
        let shifted = width > 256 ? magnitude >> (width - 256) : magnitude << (256 - width)
        var parts: [UInt128] = [0, 0]
        var position = 0
        for word in shifted.words.prefix(4) {
            parts[position / 2] |= UInt128(UInt64(word)) << (position % 2 == 0 ? 0 : 64)
            position += 1
        }
        self.init(normalising: value.sign == .minus, exponent: width, high: parts[1], low: parts[0])
    }

    /// Shifts the mantissa left until its top bit is set.
    init(normalising negative: Bool, exponent: Int, high: UInt128, low: UInt128) {
        if high == 0 && low == 0 {
            self = .zero
            return
        }
        var (high, low, exponent) = (high, low, exponent)
        if high == 0 {
            (high, low, exponent) = (low, 0, exponent - 128)
        }
        let shift = high.leadingZeroBitCount
        if shift > 0 {
            high = (high << shift) | (low >> (128 - shift))
            low <<= shift
            exponent -= shift
        }
        self.init(negative: negative, exponent: exponent, high: high, low: low)
    }

    var isZero: Bool { high == 0 }

    /// The nearest double; infinity or zero beyond its range.
    var double: Double {
        if isZero { return 0 }
        if exponent > 1030 { return negative ? -.infinity : .infinity }
        if exponent < -1060 { return 0 }
        let magnitude = Double(UInt64(high >> 64)) * 0x1p-64
        let value = Double(sign: .plus, exponent: exponent, significand: 1) * magnitude
        return negative ? -value : value
    }

    var negated: HighFloat { HighFloat(negative: isZero ? false : !negative, exponent: exponent, high: high, low: low) }
    var magnitude: HighFloat { HighFloat(negative: false, exponent: exponent, high: high, low: low) }

    /// The value times a power of two.
    func scaled(by power: Int) -> HighFloat {
        isZero ? self : HighFloat(negative: negative, exponent: exponent + power, high: high, low: low)
    }

    /// Whether the magnitude is below another's.
    func isSmaller(than other: HighFloat) -> Bool {
        if isZero || other.isZero { return isZero && !other.isZero }
        if exponent != other.exponent { return exponent < other.exponent }
        return high != other.high ? high < other.high : low < other.low
    }

    static func + (a: HighFloat, b: HighFloat) -> HighFloat {
        if a.isZero { return b }
        if b.isZero { return a }
        let (big, small) = a.isSmaller(than: b) ? (b, a) : (a, b)
        let shift = big.exponent - small.exponent
        if shift >= precision { return big }
        let (smallHigh, smallLow) = shifted(small.high, small.low, rightBy: shift)
        if big.negative == small.negative {
            let (low, carryLow) = big.low.addingReportingOverflow(smallLow)
            let (partial, carryA) = big.high.addingReportingOverflow(smallHigh)
            let (high, carryB) = partial.addingReportingOverflow(carryLow ? 1 : 0)
            guard carryA || carryB else {
                return HighFloat(negative: big.negative, exponent: big.exponent, high: high, low: low)
            }
            return HighFloat(
                negative: big.negative, exponent: big.exponent + 1, high: (high >> 1) | (1 << 127),
                low: (low >> 1) | (high << 127))
        }
        let (low, borrow) = big.low.subtractingReportingOverflow(smallLow)
        let high = big.high - smallHigh - (borrow ? 1 : 0)
        return HighFloat(normalising: big.negative, exponent: big.exponent, high: high, low: low)
    }

    static func - (a: HighFloat, b: HighFloat) -> HighFloat { a + b.negated }

    static func * (a: HighFloat, b: HighFloat) -> HighFloat {
        if a.isZero || b.isZero { return .zero }
        let top = a.high.multipliedFullWidth(by: b.high)
        let crossA = a.high.multipliedFullWidth(by: b.low).high
        let crossB = a.low.multipliedFullWidth(by: b.high).high
        let (first, carryA) = UInt128(top.low).addingReportingOverflow(crossA)
        let (low, carryB) = first.addingReportingOverflow(crossB)
        let high = top.high + (carryA ? 1 : 0) + (carryB ? 1 : 0)
        return HighFloat(
            normalising: a.negative != b.negative, exponent: a.exponent + b.exponent, high: high, low: low)
    }

    /// The quotient by Newton's iteration on the reciprocal; zero for a zero divisor (callers check).
    static func / (a: HighFloat, b: HighFloat) -> HighFloat { a * b.reciprocal }

    /// The value over a small positive whole number.
    func divided(by divisor: UInt64) -> HighFloat {
        if isZero { return self }
        let wide = UInt128(divisor)
        let (quotientHigh, remainderHigh) = high.quotientAndRemainder(dividingBy: wide)
        let middle = (remainderHigh << 64) | (low >> 64)
        let (quotientMiddle, remainderMiddle) = middle.quotientAndRemainder(dividingBy: wide)
        let bottom = (remainderMiddle << 64) | (low & UInt128(UInt64.max))
        let quotientBottom = bottom / wide
        return HighFloat(
            normalising: negative, exponent: exponent, high: quotientHigh,
            low: (quotientMiddle << 64) | quotientBottom)
    }

    private var reciprocal: HighFloat {
        guard !isZero else { return .zero }
        let mantissa = HighFloat(negative: false, exponent: 0, high: high, low: low)
        var guess = HighFloat(double: 1 / mantissa.double)
        let two = HighFloat(whole: 2)
        for _ in 0..<3 { guess = guess * (two - mantissa * guess) }
        return HighFloat(negative: negative, exponent: guess.exponent - exponent, high: guess.high, low: guess.low)
    }

    /// The square root of the magnitude.
    var squareRoot: HighFloat {
        guard !isZero else { return .zero }
        let odd = exponent & 1
        let mantissa = HighFloat(negative: false, exponent: odd, high: high, low: low)
        var inverse = HighFloat(double: 1 / mantissa.double.squareRoot())
        let three = HighFloat(whole: 3)
        for _ in 0..<3 { inverse = (inverse * (three - mantissa * inverse * inverse)).scaled(by: -1) }
        return (mantissa * inverse).scaled(by: (exponent - odd) / 2)
    }

    /// The nearest whole number when it fits a machine word.
    var nearestInteger: Int? {
        if isZero { return 0 }
        guard exponent <= 62 else { return nil }
        let shiftedValue = magnitude + .half
        guard shiftedValue.exponent > 0 else { return 0 }
        let value = Int(shiftedValue.high >> (128 - shiftedValue.exponent))
        return negative ? -value : value
    }

    private static func shifted(_ high: UInt128, _ low: UInt128, rightBy count: Int) -> (UInt128, UInt128) {
        if count == 0 { return (high, low) }
        if count >= 128 { return (0, high >> (count - 128)) }
        return (high >> count, (low >> count) | (high << (128 - count)))
    }
}
