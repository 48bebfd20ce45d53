// A strict reader of one JSON object: every field typed and bounded, none unknown. Wire forms are built on it.
import StrictJSON

/// The fields of one object that may hold only the names given; every fault is an `InputError` that names its field.
package struct JSONFields: Sendable {
    private let members: [JSONMember]

    /// Opens an object; throws when it is none, or has a field that is not in `known`.
    package init(_ json: JSONValue, known: [String]) throws(InputError) {
        guard case .object(let members) = json else {
            throw InputError(.wrongType, "expected an object, found \(json.kind)")
        }
        for member in members where !known.contains(member.name) {
            throw InputError(
                .unknownField, "there is no field \"\(shortened(member.name))\"", field: shortened(member.name),
                hint: suggestion(for: member.name, among: known))
        }
        self.members = members
    }

    /// Opens an object of another system's protocol, whose clients send fields that nobody here knows.
    package init(ofAny json: JSONValue) throws(InputError) {
        guard case .object(let members) = json else {
            throw InputError(.wrongType, "expected an object, found \(json.kind)")
        }
        self.members = members
    }

    /// The value of a field; null counts as absent.
    package func value(_ name: String) -> JSONValue? {
        guard let member = members.first(where: { $0.name == name }), member.value != .null else { return nil }
        return member.value
    }

    /// Whether a field is there and not null.
    package func has(_ name: String) -> Bool { value(name) != nil }

    /// The value of a field that must be there.
    package func required(_ name: String) throws(InputError) -> JSONValue {
        guard let value = value(name) else {
            throw InputError(.missingField, "the field is required", field: name)
        }
        return value
    }

    // MARK: Strings

    /// A string of so many bytes of UTF-8, or nil.
    package func optionalString(_ name: String, bytes: ClosedRange<Int>) throws(InputError) -> String? {
        guard let value = value(name) else { return nil }
        guard let text = value.string else { throw wrongType(name, "a string", value) }
        try checkLength(text, bytes: bytes, field: name)
        return text
    }

    /// A string of so many bytes of UTF-8.
    package func string(_ name: String, bytes: ClosedRange<Int>) throws(InputError) -> String {
        _ = try required(name)
        return try optionalString(name, bytes: bytes) ?? ""
    }

    /// The name of a data set, a generator, a worker or a key, or nil.
    package func optionalName(_ name: String) throws(InputError) -> String? {
        guard let value = value(name) else { return nil }
        guard let text = value.string else { throw wrongType(name, "a string", value) }
        if let fault = nameFault(text, field: name) { throw fault }
        return text
    }

    /// The name of a data set, a generator, a worker or a key.
    package func name(_ name: String) throws(InputError) -> String {
        _ = try required(name)
        return try optionalName(name) ?? ""
    }

    /// A client's identifier, or nil.
    package func optionalIdentifier<ID: Identifier>(_ name: String, _: ID.Type) throws(InputError) -> ID? {
        guard let text = try optionalString(name, bytes: 1...Limits.identifierBytesMax) else { return nil }
        guard isValidIdentifier(text) else {
            throw InputError(
                .invalidValue, "not an identifier", field: name,
                hint: "1 to \(Limits.identifierBytesMax) ASCII letters, digits and -_.:/@#")
        }
        return ID(text)
    }

    /// A client's identifier.
    package func identifier<ID: Identifier>(_ name: String, _ type: ID.Type) throws(InputError) -> ID {
        _ = try required(name)
        guard let id = try optionalIdentifier(name, type) else {
            throw InputError(.missingField, "the field is required", field: name)
        }
        return id
    }

    /// One of an enum's raw values, or nil.
    package func optionalChoice<Choice: RawRepresentable<String> & CaseIterable>(
        _ name: String, _: Choice.Type
    ) throws(InputError) -> Choice? {
        guard let value = value(name) else { return nil }
        guard let text = value.string else { throw wrongType(name, "a string", value) }
        guard let choice = Choice(rawValue: text) else {
            let all = Choice.allCases.map { "\"\($0.rawValue)\"" }.joined(separator: ", ")
            throw InputError(
                .invalidValue, "\"\(shortened(text))\" is none of \(all)", field: name, hint: "one of \(all)")
        }
        return choice
    }

    /// One of an enum's raw values.
    package func choice<Choice: RawRepresentable<String> & CaseIterable>(
        _ name: String, _ type: Choice.Type
    ) throws(InputError) -> Choice {
        _ = try required(name)
        guard let choice = try optionalChoice(name, type) else {
            throw InputError(.missingField, "the field is required", field: name)
        }
        return choice
    }

    // MARK: Numbers and truth values

    /// An integer in a range, or nil.
    package func optionalInteger(_ name: String, in range: ClosedRange<Int>) throws(InputError) -> Int? {
        guard let value = value(name) else { return nil }
        guard let number = value.wholeNumber else { throw wrongType(name, "an integer", value) }
        guard let integer = Int(exactly: number), range.contains(integer) else {
            throw outOfRange(name, "\(number)", "\(range.lowerBound)", "\(range.upperBound)")
        }
        return integer
    }

    /// An integer in a range.
    package func integer(_ name: String, in range: ClosedRange<Int>) throws(InputError) -> Int {
        _ = try required(name)
        return try optionalInteger(name, in: range) ?? range.lowerBound
    }

    /// A number in a range, or nil.
    package func optionalNumber(_ name: String, in range: ClosedRange<Double>) throws(InputError) -> Double? {
        guard let value = value(name) else { return nil }
        guard let number = value.number else { throw wrongType(name, "a number", value) }
        guard range.contains(number) else {
            throw outOfRange(name, "\(number)", "\(range.lowerBound)", "\(range.upperBound)")
        }
        return number
    }

    /// A truth value, or nil.
    package func optionalBool(_ name: String) throws(InputError) -> Bool? {
        guard let value = value(name) else { return nil }
        guard let bool = value.bool else { throw wrongType(name, "true or false", value) }
        return bool
    }

    // MARK: Arrays and objects

    /// The elements of an array, or nil.
    package func optionalArray(_ name: String, count: ClosedRange<Int>) throws(InputError) -> [JSONValue]? {
        guard let value = value(name) else { return nil }
        guard let length = value.elementCount else { throw wrongType(name, "an array", value) }
        guard count.contains(length) else {
            throw InputError(
                length < count.lowerBound ? .invalidValue : .tooLarge, "\(length) elements", field: name,
                hint: "send \(count.lowerBound) to \(count.upperBound)")
        }
        return value.elements ?? []
    }

    /// The elements of an array.
    package func array(_ name: String, count: ClosedRange<Int>) throws(InputError) -> [JSONValue] {
        _ = try required(name)
        return try optionalArray(name, count: count) ?? []
    }

    /// A client's own object, bounded by its size as JSON; empty when absent.
    package func metadata(_ name: String = "metadata") throws(InputError) -> JSONValue {
        guard let value = value(name) else { return .object([]) }
        guard case .object = value else { throw wrongType(name, "an object", value) }
        let bytes = value.serialized().count
        guard bytes <= Limits.metadataBytesMax else {
            throw InputError(
                .tooLarge, "\(bytes) bytes of JSON", field: name, hint: "the limit is \(Limits.metadataBytesMax)")
        }
        return value
    }

    /// What a nested reader makes of a field that must be there; its faults get the field's name in front.
    package func nested<Value>(
        _ name: String, _ read: (JSONValue) throws(InputError) -> Value
    ) throws(InputError) -> Value {
        let value = try required(name)
        do throws(InputError) { return try read(value) } catch { throw error.inside(name) }
    }
}

/// Refuses a string whose UTF-8 is shorter or longer than the range.
func checkLength(_ text: String, bytes: ClosedRange<Int>, field: String?) throws(InputError) {
    let count = text.utf8.count
    if count < bytes.lowerBound {
        throw InputError(
            .invalidValue, count == 0 ? "must not be empty" : "too short", field: field,
            hint: "at least \(bytes.lowerBound) bytes")
    }
    guard count <= bytes.upperBound else {
        throw InputError(.tooLarge, "\(count) bytes", field: field, hint: "the limit is \(bytes.upperBound) bytes")
    }
}

/// What is wrong with the name of a data set, a generator, a worker or a key, or nil.
package func nameFault(_ text: String, field: String) -> InputError? {
    guard !isValidName(text) else { return nil }
    if text.isEmpty { return InputError(.invalidValue, "must not be empty", field: field, hint: nameRule) }
    let length = text.unicodeScalars.count
    guard length <= Limits.nameLengthMax else {
        return InputError(
            .tooLarge, "\(length) characters", field: field, hint: "the limit is \(Limits.nameLengthMax) characters")
    }
    return InputError(.invalidValue, "has a character that is zero", field: field, hint: nameRule)
}

private func wrongType(_ name: String, _ expected: String, _ found: JSONValue) -> InputError {
    InputError(.wrongType, "expected \(expected), found \(found.kind)", field: name)
}

private func outOfRange(_ name: String, _ value: String, _ low: String, _ high: String) -> InputError {
    InputError(.invalidValue, "\(value) is out of range", field: name, hint: "from \(low) to \(high)")
}

extension JSONValue {
    /// An integer, also when it is written as `3.0`: JSON Schema 2020-12 (section 6.1.1 of its validation part) and many writers of
    /// JSON know no difference. Nil beyond 2^53, where doubles have gaps.
    package var wholeNumber: Int64? {
        if let integer { return integer }
        guard let number, number.rounded(.towardZero) == number, abs(number) <= 9_007_199_254_740_992 else {
            return nil
        }
        return Int64(number)
    }

    /// How many elements an array has; nil when this is no array.
    package var elementCount: Int? {
        switch self {
        case .array(let values): values.count
        case .integers(let values): values.count
        case .doubles(let values): values.count
        default: nil
        }
    }
}
