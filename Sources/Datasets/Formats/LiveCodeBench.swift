// LiveCodeBench's problems: public tests as JSON, private ones packed as base64 of zlib of a pickled string of JSON.
import Compressing
import Domain
import Foundation
import StrictJSON

extension DatasetFormat {
    /// A row of livecodebench/code_generation or code_generation_lite.
    static let liveCodeBench = DatasetFormat(
        name: "livecodebench", summary: "livecodebench/code_generation and code_generation_lite",
        fields: [
            "question_title", "question_content", "platform", "question_id", "contest_id", "contest_date",
            "starter_code",
            "difficulty", "public_test_cases", "private_test_cases", "metadata",
        ],
        isNamedByFile: false, hasDates: true, recognises: { $0.has("question_content", "public_test_cases") },
        read: { row throws(InputError) in
            let date = row.value("contest_date")?.label
            guard row.wishes.takes(date) else { return nil }
            let metadata = try row.embedded("metadata")
            let shown = try RawTests(
                list: try row.embedded("public_test_cases") ?? .array([]), field: "public_test_cases")
            let raw = RawTests(
                pairs: shown.pairs + (try privateTests(row).pairs), function: metadata?["func_name"]?.string)
            let (task, leftOut) = try row.codeTask(
                raw, field: "private_test_cases", seconds: 6, stopsAtFirstFailure: true)
            return try row.prompt(
                id: row.value("question_id")?.label,
                liveCodeBenchQuestion(
                    try row.text("question_content"), starterCode: row.value("starter_code")?.string ?? ""), task,
                [
                    "difficulty": row.value("difficulty")?.label, "source": row.value("platform")?.label,
                    "date": date, "contest": row.value("contest_id")?.label,
                    "tests_left_out": leftOut,
                ])
        })
}

/// A problem in the words of LiveCodeBench's own runner for chat models (lcb_runner/prompts/code_generation.py,
/// `get_generic_question_template_answer`), so that figures can be held against published ones.
private func liveCodeBenchQuestion(_ question: String, starterCode: String) -> PromptContent {
    let system =
        "You are an expert Python programmer. You will be given a question (problem specification) and will generate a correct "
        + "Python program that matches the specification and passes all tests."
    let format =
        starterCode.isEmpty
        ? "Read the inputs from stdin solve the problem and write the answer to stdout (do not directly test on the sample "
            + "inputs). Enclose your code within delimiters as follows. Ensure that when the python program runs, it reads the "
            + "inputs, runs the algorithm and writes output to STDOUT.\n```python\n# YOUR CODE HERE\n```\n\n"
        : "You will use the following starter code to write the solution to the problem and enclose your code within "
            + "delimiters.\n```python\n\(starterCode)\n```\n\n"
    let user =
        "### Question:\n\(question)\n\n### Format: \(format)### Answer: (use the provided format with backticks)\n\n"
    return .messages([ChatMessage(role: .system, content: system), ChatMessage(role: .user, content: user)])
}

/// The private tests: JSON as the first releases had them, or packed.
private func privateTests(_ row: RowReader) throws(InputError) -> RawTests {
    let field = "private_test_cases"
    guard let value = row.value(field) else { return RawTests(pairs: [], function: nil) }
    guard let text = value.string else { return try RawTests(list: value, field: field) }
    if trimmed(String(text.prefix(64))).isEmpty, text.utf8.count <= 64 { return RawTests(pairs: [], function: nil) }
    if trimmed(String(text.prefix(64))).hasPrefix("[") {
        return try RawTests(list: try embeddedJSON(text, field: field), field: field)
    }
    return try RawTests(list: try embeddedJSON(try unpackedTests(text, field: field), field: field), field: field)
}

/// The string behind base64 of zlib of a pickle. Nothing in it is carried out, and what comes out is bounded.
package func unpackedTests(
    _ text: String, field: String, limit: Int = Limits.datasetUnpackedBytesMax
) throws(InputError) -> String {
    guard let packed = Data(base64Encoded: text, options: .ignoreUnknownCharacters), !packed.isEmpty else {
        throw InputError(.invalidValue, "neither JSON nor base64", field: field)
    }
    let pickle: [UInt8]
    do {
        pickle = try packed.withUnsafeBytes { try zlibDecompressed($0, limit: limit) }
    } catch CompressionFault.tooLarge {
        throw InputError(.tooLarge, "unpacks to more than \(limit) bytes", field: field)
    } catch {
        throw InputError(.invalidValue, "base64 of something that is not zlib", field: field)
    }
    let value: JSONValue
    do throws(PickleFault) {
        value = try unpickled(pickle, byteLimit: limit)
    } catch {
        throw InputError(.invalidValue, "\(error)", field: field)
    }
    // Tests that were pickled as lists and dictionaries rather than as text are as good.
    return value.string ?? value.text
}
