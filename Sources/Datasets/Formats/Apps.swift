// APPS: programming problems with tests as JSON text.
import Domain
import Foundation
import StrictJSON

extension DatasetFormat {
    /// `{"problem_id","question","solutions","input_output","difficulty","url","starter_code"}`.
    static let apps = DatasetFormat(
        name: "apps", summary: "codeparrot/apps",
        fields: ["problem_id", "id", "question", "input_output", "difficulty", "url", "starter_code"],
        isNamedByFile: false, recognises: { $0.has("question", "input_output") },
        read: { row throws(InputError) in
            guard let tests = try row.embedded("input_output") else {
                throw InputError(.missingField, "the problem has no tests", field: "input_output")
            }
            let raw = try RawTests(inputsAndOutputs: tests, field: "input_output")
            let (task, leftOut) = try row.codeTask(raw, field: "input_output", seconds: 4)
            let question = row.codeQuestion(
                try row.text("question"), starterCode: row.value("starter_code")?.string, isCalled: raw.function != nil)
            return try row.prompt(
                id: row.value("problem_id", "id")?.label, question, task,
                [
                    "difficulty": row.value("difficulty")?.label, "source": row.value("url")?.string.flatMap(host),
                    "tests_left_out": leftOut,
                ])
        })
}

/// The host of an address, as `codeforces.com`.
private func host(_ address: String) -> String? {
    guard let scheme = address.range(of: "://") else { return nil }
    let host = address[scheme.upperBound...].prefix { $0 != "/" && $0 != ":" && $0 != "?" }
    return host.isEmpty ? nil : String(host.hasPrefix("www.") ? host.dropFirst(4) : host)
}
