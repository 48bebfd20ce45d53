// The golden files of Tests/Vectors/datasets, and rows from text.
import Datasets
import Domain
import Foundation
import StrictJSON

enum Vectors {
    static let folder = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
        .appendingPathComponent("Vectors/datasets")

    static func bytes(_ name: String) throws -> [UInt8] {
        Array(try Data(contentsOf: folder.appendingPathComponent(name)))
    }

    static func lines(_ name: String) throws -> [JSONValue] {
        try String(decoding: try bytes(name), as: UTF8.self).split(separator: "\n").map {
            try JSONValue.parse(text: String($0))
        }
    }
}

/// All rows of a file; those that cannot be read as their faults.
func allRows(_ rows: any DatasetRows) throws -> [Result<JSONValue, InputError>] {
    var all: [Result<JSONValue, InputError>] = []
    while let row = try rows.next() { all.append(row.content) }
    return all
}

/// Lines from text, handed over in pieces of so many bytes.
func lineRows(_ bytes: [UInt8], step: Int = 7) throws -> LineRows {
    var rest = bytes[...]
    return try LineRows {
        defer { rest = rest.dropFirst(step) }
        return rest.isEmpty ? nil : Array(rest.prefix(step))
    }
}

/// What a row becomes in the format that recognises it, which must be the one named.
func record(
    _ name: String, _ text: String, _ change: (inout ImportWishes) -> Void = { _ in }
) throws -> DatasetRecord {
    let row = try JSONValue.parse(text: text)
    guard let format = DatasetFormat.recognising(row), format.name == name else {
        throw InputError(
            .invalidValue, "recognised as \(DatasetFormat.recognising(row)?.name ?? "nothing"), not \(name)")
    }
    var wishes = ImportWishes()
    change(&wishes)
    guard let record = try format.record(of: row, wishes) else {
        throw InputError(.notFound, "the row is of another day")
    }
    return record
}

extension DatasetRecord {
    var prompt: PromptSubmission? {
        guard case .prompt(let prompt) = self else { return nil }
        return prompt
    }

    var code: CodeTask? {
        guard case .code(let task)? = prompt?.task else { return nil }
        return task
    }

    var answers: [String]? {
        guard case .math(let task)? = prompt?.task else { return nil }
        return task.answers
    }
}
