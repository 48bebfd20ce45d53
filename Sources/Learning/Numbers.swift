// Arithmetic that cannot overflow. Only what the formulae need.
#if canImport(Glibc)
    import Glibc
#else
    import Darwin
#endif

/// e to the x.
func exponential(_ x: Double) -> Double { exp(x) }

/// The nearest finite double: infinities become the largest magnitude; NaN stays.
func saturated(_ x: Double) -> Double {
    x.isInfinite ? (x > 0 ? Double.greatestFiniteMagnitude : -Double.greatestFiniteMagnitude) : x
}

/// 1 / (1 + exp(-x)), accurate on both sides.
func sigmoid(_ x: Double) -> Double {
    guard x < 0 else { return 1 / (1 + exp(-x)) }
    let small = exp(x)
    return small / (1 + small)
}

/// cos(pi x).
func cosineOfPi(_ x: Double) -> Double { cos(Double.pi * x) }
