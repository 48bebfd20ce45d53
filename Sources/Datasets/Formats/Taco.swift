// TACO: the problems of APPS and CodeContests and more, with a level, tags and limits as text.
import Domain
import StrictJSON

extension DatasetFormat {
    /// `{"question","starter_code","input_output","difficulty","source","tags","skill_types","time_limit","memory_limit","url","name"}`.
    static let taco = DatasetFormat(
        name: "taco", summary: "BAAI/TACO and TACO-verified",
        fields: [
            "id", "question", "input_output", "difficulty", "source", "tags", "skill_types", "time_limit",
            "memory_limit",
            "starter_code", "raw_tags",
        ],
        isNamedByFile: false,
        recognises: { row in
            guard row["question"]?.string != nil, row["input_output"] != nil else { return false }
            return row["skill_types"] != nil || row["raw_tags"] != nil
        },
        read: { row throws(InputError) in
            guard let tests = try row.embedded("input_output") else {
                throw InputError(.missingField, "the problem has no tests", field: "input_output")
            }
            let raw = try RawTests(inputsAndOutputs: tests, field: "input_output")
            // GeeksforGeeks' tests read `n = 5\nk = 3`: no program's input and no call, so every answer would be judged wrong.
            guard row.value("source")?.string != "geeksforgeeks" || raw.function != nil else {
                throw InputError(
                    .invalidValue, "tests of geeksforgeeks are written as assignments, which no program reads",
                    field: "input_output")
            }
            let seconds = max(row.value("time_limit")?.label.flatMap(leadingNumber) ?? 0, 4)
            let (task, leftOut) = try row.codeTask(
                raw, field: "input_output", seconds: seconds,
                megabytes: row.value("memory_limit")?.label.flatMap(leadingNumber).map { Int(min($0, 4_096)) } ?? 1_024)
            let question = row.codeQuestion(
                try row.text("question"), starterCode: row.value("starter_code")?.string, isCalled: raw.function != nil)
            return try row.prompt(
                id: row.value("id")?.label, question, task,
                [
                    "difficulty": row.value("difficulty")?.label, "subject": row.value("tags").flatMap(firstTag),
                    "source": row.value("source")?.label, "tests_left_out": leftOut,
                ])
        })
}

/// The number at the beginning of `2.0 seconds` or `256.0 megabytes`, or nil.
private func leadingNumber(_ text: String) -> Double? {
    Double(text.prefix { $0.isASCII && ($0.isNumber || $0 == ".") }).flatMap { $0.isFinite && $0 > 0 ? $0 : nil }
}

/// The first of some tags, which TACO writes as Python would print a list of strings.
private func firstTag(_ value: JSONValue) -> String? {
    if let elements = value.elements { return elements.first?.label }
    guard let text = value.string else { return nil }
    let parts = text.split(separator: "'", maxSplits: 2, omittingEmptySubsequences: false)
    return parts.count == 3 ? String(parts[1]) : nil
}
