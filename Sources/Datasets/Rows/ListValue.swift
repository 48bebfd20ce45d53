// Arrays in the form that JSONValue wants: unboxed where they hold numbers only.
import StrictJSON

/// An array of values, as the JSON parser would give it.
func listValue(_ elements: [JSONValue]) -> JSONValue {
    guard !elements.isEmpty else { return .array([]) }
    var integers: [Int64] = []
    for element in elements {
        guard case .integer(let value) = element else { return numbers(elements) ?? .array(elements) }
        integers.append(value)
    }
    return .integers(integers)
}

/// An array of numbers of which at least one is not an integer; nil when it holds something else.
private func numbers(_ elements: [JSONValue]) -> JSONValue? {
    var doubles: [Double] = []
    for element in elements {
        switch element {
        case .integer(let value): doubles.append(Double(value))
        case .double(let value): doubles.append(value)
        default: return nil
        }
    }
    return .doubles(doubles)
}
