// CodeContests: contest problems with public, private and generated tests for standard streams.
import Domain
import StrictJSON

extension DatasetFormat {
    /// A row of deepmind/code_contests: tests as arrays of input and output.
    static let codeContests = DatasetFormat(
        name: "code-contests", summary: "deepmind/code_contests",
        fields: [
            "name", "description", "public_tests", "private_tests", "generated_tests", "source", "difficulty",
            "cf_rating",
            "cf_tags", "time_limit", "memory_limit_bytes", "input_file", "output_file",
        ],
        isNamedByFile: false, recognises: { $0.has("description", "public_tests") && $0["private_tests"] != nil },
        read: { row throws(InputError) in
            for name in ["input_file", "output_file"] {
                guard row.value(name)?.string?.isEmpty ?? true else {
                    throw InputError(
                        .invalidValue, "the program reads or writes a file, not standard streams", field: name)
                }
            }
            var raw = RawTests(pairs: [], function: nil)
            for name in ["public_tests", "private_tests", "generated_tests"] { raw.pairs += try pairs(row, name) }
            let (task, leftOut) = try row.codeTask(
                raw, field: "generated_tests", seconds: max(timeLimit(row.value("time_limit")), 4),
                megabytes: Int(min((row.value("memory_limit_bytes")?.number ?? 1_073_741_824) / 1_048_576, 4_096)))
            let rating = row.value("cf_rating")?.integer ?? 0
            return try row.prompt(
                id: nil, row.codeQuestion(try row.text("description"), starterCode: nil, isCalled: false), task,
                [
                    "difficulty": row.value("difficulty").flatMap(difficulty),
                    "subject": row.value("cf_tags")?.elements?.first?.label,
                    "source": row.value("source").flatMap(source), "rating": rating > 0 ? String(rating) : nil,
                    "name": row.value("name")?.label, "tests_left_out": leftOut,
                ])
        })
}

/// Tests as `{"input": [], "output": []}` or as an array of `{"input","output"}`.
private func pairs(_ row: RowReader, _ name: String) throws(InputError) -> [(input: JSONValue, output: JSONValue)] {
    guard let value = try row.embedded(name) else { return [] }
    if value.elements != nil { return try RawTests(list: value, field: name).pairs }
    return try RawTests(inputsAndOutputs: value, field: name).pairs
}

/// Seconds of `{"seconds","nanos"}` or of a number; 0 where there are none.
private func timeLimit(_ value: JSONValue?) -> Double {
    value?.number ?? (value?["seconds"]?.number ?? 0) + (value?["nanos"]?.number ?? 0) / 1e9
}

/// The data set's own enumerations (its contest_problem.proto).
private func source(_ value: JSONValue) -> String? {
    let names = ["unknown", "codechef", "codeforces", "hackerearth", "codejam", "atcoder", "aizu"]
    guard let number = value.integer else { return value.string }
    return names.indices.contains(Int(number)) ? names[Int(number)] : nil
}

private func difficulty(_ value: JSONValue) -> String? {
    let names = ["unknown", "easy", "medium", "hard", "harder", "hardest", "external"]
    guard let number = value.integer else { return value.string }
    if names.indices.contains(Int(number)) { return names[Int(number)] }
    // From 7 on the letters of Codeforces' problems.
    return (7...28).contains(number) ? String(UnicodeScalar(UInt8(ascii: "A") + UInt8(number - 7))) : nil
}
