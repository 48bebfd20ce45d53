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
        isNamedByFile: false, recognises: { $0.has("question_content", "public_test_cases") },
        read: { row throws(InputError) in
            let metadata = try row.embedded("metadata")
            let shown = try RawTests(
                list: try row.embedded("public_test_cases") ?? .array([]), field: "public_test_cases")
            let raw = RawTests(
                pairs: shown.pairs + (try privateTests(row).pairs), function: metadata?["func_name"]?.string)
            let (task, leftOut) = try row.codeTask(
                raw, field: "private_test_cases", seconds: 6, stopsAtFirstFailure: true)
            let question = row.codeQuestion(
                try row.text("question_content"), starterCode: row.value("starter_code")?.string,
                isCalled: raw.function != nil)
            return try row.prompt(
                id: row.value("question_id")?.label, question, task,
                [
                    "difficulty": row.value("difficulty")?.label, "source": row.value("platform")?.label,
                    "date": row.value("contest_date")?.label, "contest": row.value("contest_id")?.label,
                    "tests_left_out": leftOut,
                ])
        })
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
