// Checks a JSON value against the part of JSON Schema 2020-12 that openapi.yaml uses.
import StrictJSON

/// Validates values against the schemas of one OpenAPI document.
struct SchemaValidator: Sendable {
    let document: JSONValue

    private static let known: Set<String> = [
        "$ref", "type", "enum", "const", "oneOf", "properties", "required", "additionalProperties", "items", "minItems",
        "maxItems", "minimum", "maximum", "minLength", "maxLength", "pattern", "format", "minProperties",
        "maxProperties",
        "description", "default",
    ]

    /// The faults of a value, each with the path where it lies; empty when it fits.
    func faults(_ value: JSONValue, _ schema: JSONValue, at path: String = "$") -> [String] {
        if let reference = schema["$ref"]?.string { return faults(value, resolve(reference), at: path) }
        guard case .object(let members) = schema else { return ["\(path): no schema"] }
        var faults = members.filter { !SchemaValidator.known.contains($0.name) }.map {
            "\(path): unknown keyword \($0.name)"
        }
        if let types = schema["type"] {
            let names = types.string.map { [$0] } ?? types.elements?.compactMap(\.string) ?? []
            guard names.contains(where: { isOf(value, type: $0) }) else {
                return ["\(path): \(value.kind) is not \(names)"]
            }
        }
        if let constant = schema["const"], !isEqual(value, constant) {
            faults.append("\(path): is not \(constant.text)")
        }
        if let choices = schema["enum"]?.elements, !choices.contains(value) {
            faults.append("\(path): \(value.text) is no choice")
        }
        if let options = schema["oneOf"]?.elements {
            let fitting = options.filter { self.faults(value, $0, at: path).isEmpty }.count
            if fitting != 1 { faults.append("\(path): fits \(fitting) of \(options.count) options") }
        }
        return faults + boundFaults(value, schema, path) + memberFaults(value, schema, path)
            + elementFaults(value, schema, path)
    }

    /// What a reference points to.
    func resolve(_ reference: String) -> JSONValue {
        reference.split(separator: "/").dropFirst().reduce(document) { $0[String($1)] ?? .null }
    }

    private func isOf(_ value: JSONValue, type: String) -> Bool {
        switch (type, value) {
        case ("null", .null), ("boolean", .bool), ("string", .string), ("integer", .integer), ("object", .object): true
        case ("number", .integer), ("number", .double): true
        case ("array", .array), ("array", .integers), ("array", .doubles): true
        default: false
        }
    }

    private func isEqual(_ a: JSONValue, _ b: JSONValue) -> Bool {
        if let a = a.number, let b = b.number { return a == b }
        return a == b
    }

    private func boundFaults(_ value: JSONValue, _ schema: JSONValue, _ path: String) -> [String] {
        var faults: [String] = []
        if let number = value.number {
            if let low = schema["minimum"]?.number, number < low { faults.append("\(path): below \(low)") }
            if let high = schema["maximum"]?.number, number > high { faults.append("\(path): above \(high)") }
        }
        if let text = value.string {
            let length = text.unicodeScalars.count
            if let low = schema["minLength"]?.number, Double(length) < low { faults.append("\(path): too short") }
            if let high = schema["maxLength"]?.number, Double(length) > high { faults.append("\(path): too long") }
            if let pattern = schema["pattern"]?.string, let regex = try? Regex(pattern),
                text.firstMatch(of: regex) == nil
            {
                faults.append("\(path): \(text) does not match")
            }
            if schema["format"] == .string("date-time"), text.utf8.count != 24 || text.last != "Z" {
                faults.append("\(path): \(text) is no time")
            }
        }
        return faults
    }

    private func memberFaults(_ value: JSONValue, _ schema: JSONValue, _ path: String) -> [String] {
        guard case .object(let members) = value else { return [] }
        var faults: [String] = []
        for name in schema["required"]?.elements?.compactMap(\.string) ?? [] where value[name] == nil {
            faults.append("\(path): \(name) is missing")
        }
        for member in members {
            let inner = "\(path).\(member.name)"
            if let known = schema["properties"]?[member.name] {
                faults += self.faults(member.value, known, at: inner)
            } else if schema["additionalProperties"] == .bool(false) {
                faults.append("\(inner): is not declared")
            } else if let other = schema["additionalProperties"], case .object = other {
                faults += self.faults(member.value, other, at: inner)
            }
        }
        return faults
    }

    private func elementFaults(_ value: JSONValue, _ schema: JSONValue, _ path: String) -> [String] {
        guard let elements = value.elements else { return [] }
        var faults: [String] = []
        if let low = schema["minItems"]?.number, Double(elements.count) < low { faults.append("\(path): too few") }
        if let high = schema["maxItems"]?.number, Double(elements.count) > high { faults.append("\(path): too many") }
        if let items = schema["items"] {
            for (index, element) in elements.enumerated() {
                faults += self.faults(element, items, at: "\(path)[\(index)]")
            }
        }
        return faults
    }
}
