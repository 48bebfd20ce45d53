// openapi.yaml as the tests see it: operations with their examples, parameters and declared answers.
import Foundation
import StrictJSON

/// One operation of the document.
struct ContractOperation: Sendable {
    struct Example: Sendable {
        var name: String
        var mediaType: String
        var value: JSONValue
        var schema: JSONValue
    }

    var method: String
    var path: String
    var isOpen: Bool
    /// The roles of which a key needs one; empty where any key will do.
    var roles: [String]
    var examples: [Example]
    /// Path parameters with an example.
    var pathExamples: [String: String]
    /// Query parameters with an example, as a query string.
    var query: String
    /// Declared answers by status.
    var responses: [Int: JSONValue]

    /// The path with its parameters filled in, the given values before the examples.
    func target(_ values: [String: String] = [:], query: String? = nil) -> String {
        let filled = path.split(separator: "/", omittingEmptySubsequences: false).map { segment -> String in
            guard segment.hasPrefix("{") else { return String(segment) }
            let name = String(segment.dropFirst().dropLast())
            return (values[name] ?? pathExamples[name] ?? "missing").replacingOccurrences(of: "/", with: "%2F")
        }.joined(separator: "/")
        let query = query ?? self.query
        return query.isEmpty ? filled : filled + "?" + query
    }
}

/// The document and what it declares.
struct Contract: Sendable {
    let validator: SchemaValidator
    let operations: [ContractOperation]

    /// Reads openapi.yaml from the package's root.
    init() throws {
        let root = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
            .deletingLastPathComponent()
        let text = try String(contentsOf: root.appendingPathComponent("openapi.yaml"), encoding: .utf8)
        let document = try parseYAML(text)
        validator = SchemaValidator(document: document)
        var operations: [ContractOperation] = []
        guard case .object(let paths)? = document["paths"] else { throw YAMLError(line: 0, message: "no paths") }
        for path in paths {
            guard case .object(let methods) = path.value else { continue }
            for method in methods {
                operations.append(
                    Contract.operation(method.name.uppercased(), path.name, method.value, validator: validator))
            }
        }
        self.operations = operations
    }

    private static func operation(
        _ method: String, _ path: String, _ value: JSONValue, validator: SchemaValidator
    ) -> ContractOperation {
        var pathExamples: [String: String] = [:]
        var query: [String] = []
        for entry in value["parameters"]?.elements ?? [] {
            let parameter = entry["$ref"]?.string.map(validator.resolve) ?? entry
            guard let name = parameter["name"]?.string, let example = parameter["example"] else { continue }
            let text = example.string ?? example.text
            if parameter["in"] == .string("path") { pathExamples[name] = text } else { query.append("\(name)=\(text)") }
        }
        var examples: [ContractOperation.Example] = []
        for media in value["requestBody"]?["content"]?.members ?? [] {
            for example in media.value["examples"]?.members ?? [] {
                examples.append(
                    .init(
                        name: example.name, mediaType: media.name, value: example.value["value"] ?? .null,
                        schema: media.value["schema"] ?? .null))
            }
        }
        var responses: [Int: JSONValue] = [:]
        for response in value["responses"]?.members ?? [] {
            responses[Int(response.name) ?? 0] = response.value["$ref"]?.string.map(validator.resolve) ?? response.value
        }
        return ContractOperation(
            method: method, path: path, isOpen: value["security"] == .array([]),
            roles: (value["x-roles"]?.elements ?? []).compactMap(\.string), examples: examples,
            pathExamples: pathExamples, query: query.joined(separator: "&"), responses: responses)
    }
}

extension JSONValue {
    /// The members of an object.
    var members: [JSONMember] {
        guard case .object(let members) = self else { return [] }
        return members
    }
}
