// Decimal to binary: significand * 10^exponent to the nearest double, exactly, or nil where the slow way must decide.
// Sources: W. D. Clinger, "How to read floating point numbers accurately" (1990); D. Lemire, "Number parsing at a
// gigabyte per second" (2021), whose table of powers of five is computed here at first use for the exponents that occur.

/// What a conversion looks up. Taken once for a whole array of numbers: globals that are computed cost a check at each use.
struct DecimalTables {
    /// 10^0 to 10^22, the powers of ten that a double holds exactly.
    fileprivate let tens: UnsafeBufferPointer<Double>
    fileprivate let fives: UnsafeBufferPointer<PowersOfFive.Power>

    /// Lends the tables for the length of the body.
    @inline(__always)
    static func with<Value>(_ body: (DecimalTables) -> Value) -> Value {
        exactPowersOfTen.withUnsafeBufferPointer { tens in
            PowersOfFive.table.withUnsafeBufferPointer { fives in body(DecimalTables(tens: tens, fives: fives)) }
        }
    }
}

/// The double nearest to significand * 10^exponent, ties to even; nil when the exponent is outside the table's range.
@inline(__always)
func doubleFromDecimal(significand: UInt64, exponent: Int, _ tables: DecimalTables) -> Double? {
    if significand <= 1 << 53, (-22...22).contains(exponent) {
        // Both operands are exact, so the one rounding is the right one.
        let value = Double(significand)
        return exponent < 0 ? value / tables.tens[-exponent] : value * tables.tens[exponent]
    }
    if significand == 0 { return 0 }
    guard PowersOfFive.exponents.contains(exponent) else { return nil }
    return eiselLemire(significand, exponent, tables.fives[exponent - PowersOfFive.exponents.lowerBound])
}

private let exactPowersOfTen: [Double] = (0...22).map { exponent in
    (0..<exponent).reduce(1.0) { power, _ in power * 10 }
}

/// Lemire's algorithm 1 for a non-zero significand; the table's range has neither subnormal nor infinite results.
@inline(__always)
private func eiselLemire(_ significand: UInt64, _ exponent: Int, _ five: PowersOfFive.Power) -> Double {
    let shift = significand.leadingZeroBitCount
    let normalized = significand << UInt64(shift)
    var (high, low) = normalized.multipliedFullWidth(by: five.high)
    if high & 0x1FF == 0x1FF {
        let second = normalized.multipliedFullWidth(by: five.low).high
        let (sum, overflow) = low.addingReportingOverflow(second)
        low = sum
        if overflow { high += 1 }
    }
    let upper = Int(high >> 63)
    let cut = UInt64(upper + 9)
    var mantissa = high >> cut
    // floor(log2(10^exponent)) + 63, by a fixed-point log2(10).
    var power = ((217_706 * exponent) >> 16) + 63 + upper - shift + 1023
    // A product that lies exactly between two doubles goes to the even one.
    if low <= 1, (-4...23).contains(exponent), mantissa & 3 == 1, mantissa << cut == high { mantissa &= ~1 }
    mantissa = (mantissa + (mantissa & 1)) >> 1
    if mantissa >= 1 << 53 {
        mantissa = 1 << 52
        power += 1
    }
    return Double(bitPattern: UInt64(power) << 52 | mantissa & ((1 << 52) - 1))
}

/// The first 128 bits of 5^q, normalized so that the highest is set.
fileprivate enum PowersOfFive {
    struct Power {
        var high: UInt64
        var low: UInt64
    }

    /// Wide enough for any log-probability or metric a person writes; what lies outside takes the slow way.
    static var exponents: ClosedRange<Int> { -64...55 }

    static let table: [Power] = exponents.map { $0 < 0 ? reciprocal(-$0) : power($0) }

    /// 5^n for n <= 55 is below 2^128, hence exact.
    private static func power(_ n: Int) -> Power {
        var value: UInt128 = 1
        for _ in 0..<n { value *= 5 }
        return split(value << UInt128(value.leadingZeroBitCount))
    }

    /// 2^b / 5^n with b such that the quotient has 128 bits, rounded down below 10^-27 and up from there (Lemire,
    /// section 6). Long division bit by bit on 192-bit integers, as 5^64 has 149 bits.
    private static func reciprocal(_ n: Int) -> Power {
        var divisor = Wide(1)
        for _ in 0..<n { divisor = divisor.timesFive() }
        // The first remainder is the power of two just below the divisor, so the first quotient bit is 1 after one shift.
        var remainder = Wide(1)
        while !remainder.doubled().isAtLeast(divisor) { remainder = remainder.doubled() }
        var quotient: UInt128 = 0
        for _ in 0..<128 {
            remainder = remainder.doubled()
            quotient <<= 1
            if remainder.isAtLeast(divisor) {
                remainder = remainder.minus(divisor)
                quotient |= 1
            }
        }
        return split(n <= 27 ? quotient + 1 : quotient)
    }

    private static func split(_ value: UInt128) -> Power {
        Power(high: UInt64(truncatingIfNeeded: value >> 64), low: UInt64(truncatingIfNeeded: value))
    }

    /// An unsigned integer of 192 bits.
    private struct Wide {
        var high: UInt64 = 0
        var low: UInt128
        init(_ low: UInt128) { self.low = low }

        func doubled() -> Wide {
            var result = self
            result.high = high << 1 | UInt64(truncatingIfNeeded: low >> 127)
            result.low = low << 1
            return result
        }

        func timesFive() -> Wide {
            let four = doubled().doubled()
            var result = self
            let (sum, overflow) = four.low.addingReportingOverflow(low)
            result.low = sum
            result.high = four.high + high + (overflow ? 1 : 0)
            return result
        }

        func isAtLeast(_ other: Wide) -> Bool { high != other.high ? high > other.high : low >= other.low }

        func minus(_ other: Wide) -> Wide {
            var result = self
            let (difference, borrow) = low.subtractingReportingOverflow(other.low)
            result.low = difference
            result.high = high - other.high - (borrow ? 1 : 0)
            return result
        }
    }
}
