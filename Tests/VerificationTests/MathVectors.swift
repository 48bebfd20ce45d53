// Reads the labelled answers of Tests/Vectors/math. Format in Tests/Vectors/math/ORIGIN.md.
import Domain
import Foundation
import StrictJSON

/// One labelled answer.
struct MathVector: Sendable {
    var category: String
    var answer: String
    var response: String
    var expected: String
    var why: String

    /// What stands in the only box of the response, or nil.
    var boxedAnswer: String? {
        let parts = response.components(separatedBy: "\\boxed{")
        guard parts.count == 2 else { return nil }
        var depth = 1
        var content = ""
        for character in parts[1] {
            if character == "{" { depth += 1 }
            if character == "}" { depth -= 1 }
            if depth == 0 { return content }
            content.append(character)
        }
        return nil
    }

    /// The categories, by file name.
    static let categories: [String] = {
        let names = (try? FileManager.default.contentsOfDirectory(atPath: directory)) ?? []
        return names.filter { $0.hasSuffix(".jsonl") }.map { String($0.dropLast(6)) }.sorted()
    }()

    /// All vectors of a category.
    static func read(_ category: String) throws -> [MathVector] {
        let text = try String(contentsOfFile: directory + "/" + category + ".jsonl", encoding: .utf8)
        return try text.split(separator: "\n").map { line in
            let value = try JSONValue.parse(text: String(line))
            return MathVector(
                category: category, answer: value["answer"]?.string ?? "", response: value["response"]?.string ?? "",
                expected: value["expected"]?.string ?? "", why: value["why"]?.string ?? "")
        }
    }

    private static let directory: String = {
        let parts = #filePath.split(separator: "/", omittingEmptySubsequences: false).dropLast(2)
        return parts.joined(separator: "/") + "/Vectors/math"
    }()
}

extension String {
    /// The text in a box, as most responses end.
    var boxed: String { "The answer is $\\boxed{" + self + "}$." }
}
