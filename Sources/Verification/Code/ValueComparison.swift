// Whether the JSON that a call returned is the expected value: Python's equality of the values that JSON can carry.
import BigInt
import StrictJSON

/// Compares a returned value with the expected one.
///
/// Numbers are equal by value, of any size (4 and 4.0, also true and 1, as in Python); with `tolerance`, also when
/// |a - b| <= tolerance * max(1, |b|). Strings by their scalars; objects without regard to order.
package func valueMatches(_ actual: JSONValue, expected: JSONValue, tolerance: Double?) -> Bool {
    switch (actual, expected) {
    case (.null, .null): return true
    case (.string(let a), .string(let b)): return a.unicodeScalars.elementsEqual(b.unicodeScalars)
    case (.object(let a), .object(let b)): return objectMatches(a, expected: b, tolerance: tolerance)
    case (.integers(let a), .integers(let b)):
        return a == b || (tolerance != nil && arraysMatch(actual, expected, tolerance))
    default: break
    }
    if actual.elements != nil || expected.elements != nil { return arraysMatch(actual, expected, tolerance) }
    guard let a = Quantity(actual), let b = Quantity(expected) else { return false }
    if a.equals(b) { return true }
    guard let tolerance, let x = a.approximation, let y = b.approximation else { return false }
    return abs(x - y) <= tolerance * max(1, abs(y))
}

private func arraysMatch(_ actual: JSONValue, _ expected: JSONValue, _ tolerance: Double?) -> Bool {
    guard let a = actual.elements, let b = expected.elements, a.count == b.count else { return false }
    return zip(a, b).allSatisfy { valueMatches($0, expected: $1, tolerance: tolerance) }
}

private func objectMatches(_ actual: [JSONMember], expected: [JSONMember], tolerance: Double?) -> Bool {
    guard actual.count == expected.count else { return false }
    // By bytes: to Swift's strings a letter with an accent is also the letter and the accent.
    var byName: [[UInt8]: JSONValue] = [:]
    for member in actual { byName[Array(member.name.utf8)] = member.value }
    return expected.allSatisfy { member in
        guard let value = byName[Array(member.name.utf8)] else { return false }
        return valueMatches(value, expected: member.value, tolerance: tolerance)
    }
}

/// A number or truth value of JSON.
private enum Quantity {
    case integer(Int64)
    /// The digits of an integer beyond 64 bits, as JSON writes it: one way only.
    case big(String)
    case double(Double)

    init?(_ value: JSONValue) {
        switch value {
        case .bool(let flag): self = .integer(flag ? 1 : 0)
        case .integer(let number): self = .integer(number)
        case .bigInteger(let digits): self = .big(digits)
        case .double(let number): self = .double(number)
        default: return nil
        }
    }

    /// The nearest double, nil when it is not finite.
    var approximation: Double? {
        switch self {
        case .integer(let number): Double(number)
        case .big(let digits): Double(digits).flatMap { $0.isFinite ? $0 : nil }
        case .double(let number): number
        }
    }

    func equals(_ other: Quantity) -> Bool {
        switch (self, other) {
        case (.integer(let a), .integer(let b)): a == b
        case (.double(let a), .double(let b)): a == b
        case (.integer(let a), .double(let b)), (.double(let b), .integer(let a)): Int64(exactly: b) == a
        case (.big(let a), .big(let b)): a == b
        case (.integer, .big), (.big, .integer): false
        case (.big(let a), .double(let b)), (.double(let b), .big(let a)):
            // No double has more than 309 digits before the point.
            a.utf8.count <= 310 && BigInt(exactly: b).map { $0.description == a } ?? false
        }
    }
}
