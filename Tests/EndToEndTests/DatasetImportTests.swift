// Other people's data sets through the built binary: recognised, shown, stored once, with broken rows listed.
import Foundation
import TestSupport
import Testing

@Suite struct DatasetImportTests {
    private static let vectors = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
        .appendingPathComponent("Vectors/datasets").path

    @Test func `a file of lines is recognised, shown without being stored, then stored once`() async throws {
        let folder = try TemporaryFolder()
        let database = folder.path + "/ledger.sqlite"
        let file = folder.path + "/gsm8k.jsonl"
        let text = """
            {"question":"How many apples?","answer":"2+2=4\\n#### 1,004"}
            {"question":"No number?","answer":"none"}
            {"question":"How many pears?","answer":"#### 7"}
            not json

            """
        try Data(text.utf8).write(to: URL(fileURLWithPath: file))
        let shown = try await Binary.run(["import", file, "--preview", "--database", database])
        #expect(shown.status == 1)
        #expect(shown.output.contains("math, answer 1004") && shown.output.contains("How many apples?"))
        #expect(shown.output.contains("would store 2 math prompts; 2 refused; nothing was stored"))
        #expect(shown.errors.contains("format gsm8k, recognised"))
        #expect(!FileManager.default.fileExists(atPath: database))
        let first = try await Binary.run(["import", file, "--database", database, "--split", "test"])
        #expect(first.status == 1 && first.output.contains("2 stored, 0 already there, 2 refused"), "\(first.errors)")
        #expect(first.errors.contains("line 2: answer: ") && first.errors.contains("line 4: "))
        let second = try await Binary.run(["import", file, "--database", database, "--split", "test"])
        #expect(second.output.contains("0 stored, 2 already there, 2 refused"))
        let check = try await Binary.run(["check", "--database", database])
        #expect(check.status == 0, "\(check.output)")
    }

    @Test func `a Parquet file is recognised, and the same rows again change nothing, whatever packs them`()
        async throws
    {
        let folder = try TemporaryFolder()
        let database = folder.path + "/ledger.sqlite"
        let arguments = ["--database", database, "--dataset", "math", "--limit", "100"]
        let first = try await Binary.run(["import", Self.vectors + "/verl-snappy.parquet"] + arguments)
        #expect(first.status == 0, "\(first.errors)")
        #expect(
            first.errors.contains("format klear-math")
                && first.output.contains("100 stored, 0 already there, 0 refused"))
        let second = try await Binary.run(
            ["import", Self.vectors + "/verl-zstd.parquet", "--format", "klear-math"] + arguments)
        #expect(
            second.status == 0 && second.output.contains("0 stored, 100 already there, 0 refused"), "\(second.errors)")
        let piped = try await Binary.run(["import", "-", "--format", "klear-math"] + arguments, input: "PAR1 piped")
        #expect(piped.status == 64 && piped.errors.contains("give its path"), "\(piped.errors)")
    }

    @Test func `a format that nobody knows and rows that nobody knows are answered with those that are`() async throws {
        let folder = try TemporaryFolder()
        let name = try await Binary.run(["import", "-", "--format", "gsm8"], input: "")
        #expect(name.status == 64 && name.errors.contains("livecodebench"))
        let rows = try await Binary.run(
            ["import", "-", "--format", "auto", "--database", folder.path + "/x.sqlite"], input: #"{"foo":1,"bar":2}"#)
        #expect(rows.status == 64 && rows.errors.contains("foo, bar"), "\(rows.errors)")
        let own = #"{"id":"p","text":"1+1=","task":{"type":"math","answer":"2"}}"#
        let named = try await Binary.run(
            ["import", "-", "--split", "x", "--database", folder.path + "/x.sqlite"], input: own)
        #expect(named.status == 64 && named.errors.contains("--split"), "\(named.errors)")
        let shown = try await Binary.run(["import", "-", "--preview"], input: own)
        #expect(shown.status == 0 && shown.output.contains("would store 1 math prompts"), "\(shown.errors)")
    }
}
