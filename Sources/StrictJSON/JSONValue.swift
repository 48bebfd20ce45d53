// A JSON value as it stood in the text: members keep their order, integers stay integers. No Foundation types.

/// One JSON value (RFC 8259).
///
/// Arrays of numbers, which is what rollouts are made of, are kept unboxed in `.integers` and `.doubles`; `elements`
/// gives the general view of any array.
package enum JSONValue: Sendable, Equatable {
    case null
    case bool(Bool)
    /// A number written without fraction or exponent that fits 64 bits.
    case integer(Int64)
    /// An integer beyond 64 bits: its digits, with a minus sign where it is negative, without leading zeros.
    case bigInteger(String)
    /// Any other number; always finite.
    case double(Double)
    case string(String)
    /// A general array. A non-empty array of numbers only is `.integers` or `.doubles` instead.
    case array([JSONValue])
    /// A non-empty array in which every element is an integer.
    case integers([Int64])
    /// A non-empty array of numbers in which at least one is not an integer.
    case doubles([Double])
    /// Members in the order of the text; names are unique (the parser refuses duplicates).
    case object([JSONMember])
}

/// One `"name": value` pair of an object.
package struct JSONMember: Sendable, Equatable {
    /// The member's name, unescaped.
    package var name: String
    /// The member's value.
    package var value: JSONValue

    package init(_ name: String, _ value: JSONValue) {
        self.name = name
        self.value = value
    }
}

extension JSONValue {
    /// Builds an object whose members keep the order given.
    package static func members(_ pairs: KeyValuePairs<String, JSONValue>) -> JSONValue {
        .object(pairs.map { JSONMember($0.key, $0.value) })
    }

    /// The member of an object by name; nil when absent or when this is no object.
    package subscript(_ name: String) -> JSONValue? {
        guard case .object(let members) = self else { return nil }
        return members.first { $0.name == name }?.value
    }

    /// The elements of any array, boxed; nil when this is no array.
    package var elements: [JSONValue]? {
        switch self {
        case .array(let values): values
        case .integers(let values): values.map { .integer($0) }
        case .doubles(let values): values.map { .double($0) }
        default: nil
        }
    }

    /// The string, or nil when this is no string.
    package var string: String? {
        guard case .string(let value) = self else { return nil }
        return value
    }

    /// The truth value, or nil when this is none.
    package var bool: Bool? {
        guard case .bool(let value) = self else { return nil }
        return value
    }

    /// The integer, or nil; a double with an integral value is not one.
    package var integer: Int64? {
        guard case .integer(let value) = self else { return nil }
        return value
    }

    /// Any number as a double, or nil when this is no number or one beyond all doubles.
    package var number: Double? {
        switch self {
        case .integer(let value): Double(value)
        case .double(let value): value
        case .bigInteger(let digits): Double(digits).flatMap { $0.isFinite ? $0 : nil }
        default: nil
        }
    }

    /// What kind of value this is, in the words of an error message.
    package var kind: String {
        switch self {
        case .null: "null"
        case .bool: "a boolean"
        case .integer: "an integer"
        case .bigInteger: "an integer beyond 64 bits"
        case .double: "a number"
        case .string: "a string"
        case .array, .integers, .doubles: "an array"
        case .object: "an object"
        }
    }
}
