// docs/VERDICTS.md is a promise: every row of its tables is judged as it stands there.
import Domain
import Foundation
import Testing
import Verification

struct DocumentedVerdictTests {
    /// One row of a table with the columns reference, response, verdict.
    struct Row: Sendable, CustomTestStringConvertible {
        var reference: String
        var response: String
        var verdict: String
        var testDescription: String { "\(reference) | \(response)" }
    }

    static let rows: [Row] = {
        let root = #filePath.split(separator: "/", omittingEmptySubsequences: false).dropLast(3).joined(separator: "/")
        guard let text = try? String(contentsOfFile: root + "/docs/VERDICTS.md", encoding: .utf8) else { return [] }
        return text.split(separator: "\n").compactMap { line in
            // Code spans may hold bars; the cells themselves are parted by bars with spaces.
            let cells = line.split(separator: " | ").map { $0.trimmingCharacters(in: CharacterSet(charactersIn: "| ")) }
            guard cells.count == 3, cells[0].hasPrefix("`"), ["passed", "failed"].contains(cells[2]) else { return nil }
            return Row(
                reference: String(cells[0].dropFirst().dropLast()), response: String(cells[1].dropFirst().dropLast()),
                verdict: cells[2])
        }
    }()

    @Test func `the document has its tables`() {
        #expect(Self.rows.count >= 30)
        #expect(Self.rows.contains { $0.verdict == "failed" })
    }

    @Test(arguments: rows)
    func `every documented example is judged as documented`(_ row: Row) {
        let verdict = MathVerifier().verify(
            response: row.response, task: MathTask(answers: [row.reference]), explaining: false)
        #expect(verdict.outcome.rawValue == row.verdict, "\(verdict.reason)")
    }
}
