// The commands as a person runs them: what they print, and with which status they end.
import Foundation
import StrictJSON
import TestSupport
import Testing

@Suite struct CommandTests {
    private func write(_ text: String, _ name: String, _ folder: TemporaryFolder) throws -> String {
        let path = folder.path + "/" + name
        try Data(text.utf8).write(to: URL(fileURLWithPath: path))
        return path
    }

    @Test func `score prints a verdict and ends with its status`() async throws {
        let folder = try TemporaryFolder()
        let task = try write(#"{"type":"math","answer":"\\frac{3}{4}"}"#, "task.json", folder)
        let right = try await Binary.run(["score", "--task", task, "--response", "-"], input: "so \\boxed{0.75}")
        #expect(right.status == 0)
        let result = try JSONValue.parse(text: right.output.trimmingCharacters(in: .whitespacesAndNewlines))
        #expect(result["verdict"]?.string == "passed")
        #expect(result["reward"]?.number == 1)
        let wrong = try await Binary.run(["score", "--task", task, "--response", "-"], input: "so \\boxed{0.76}")
        #expect(wrong.status == 1)
        #expect(wrong.output.contains("\"failed\""))
    }

    @Test func `score takes answer and response from the command line, and explains each step`() async throws {
        let right = try await Binary.run([
            "score", "--answer", "3/4", "--answer", "75 apples", "--text", "so it is \\boxed{0.75}", "--explain",
        ])
        #expect(right.status == 0, "\(right.errors)")
        #expect(right.output.contains("\"passed\""))
        #expect(right.errors.contains("0.75"))
        #expect(right.errors.split(separator: "\n").count >= 3, "\(right.errors)")
        let both = try await Binary.run(["score", "--answer", "3", "--text", "3", "--response", "-"])
        #expect(both.status == 64)
        #expect(both.errors.contains("either --response"))
        let neither = try await Binary.run(["score", "--text", "3"])
        #expect(neither.errors.contains("either --task"))
    }

    @Test func `score says what is wrong with a task and judges nothing`() async throws {
        let folder = try TemporaryFolder()
        let task = try write(#"{"type":"math","anwser":"4"}"#, "task.json", folder)
        let result = try await Binary.run(["score", "--task", task, "--response", "-"], input: "4")
        #expect(result.status == 64)
        #expect(result.errors.contains("anwser"))
        #expect(!result.output.contains("verdict"))
    }

    @Test func `objective is GPPO's formula as a tool`() async throws {
        let input =
            #"{"log_ratio":0.6931471805599453,"advantage":1}"# + "\n"
            + #"{"log_ratio":-0.6931471805599453,"advantage":-1}"# + "\n"
        let result = try await Binary.run(["objective", "--method", "gppo"], input: input)
        #expect(result.status == 0, "\(result.errors)")
        let lines = try result.output.split(separator: "\n").map { try JSONValue.parse(text: String($0)) }
        #expect(lines.count == 2)
        #expect(abs((lines.first?["weight"]?.number ?? 0) - 1.28) < 1e-12)
        #expect(abs((lines.last?["weight"]?.number ?? 0) - 0.8) < 1e-12)
        #expect(abs((lines.last?["value"]?.number ?? 0) - 0.8) < 1e-12)
    }

    @Test func `objective names the methods it knows`() async throws {
        let result = try await Binary.run(["objective", "--method", "gpo"], input: "")
        #expect(result.status == 64)
        #expect(result.errors.contains("ce-gppo"))
    }

    @Test func `import stores prompts once, lists bad lines, and check finds the ledger sound`() async throws {
        let folder = try TemporaryFolder()
        let database = folder.path + "/ledger.sqlite"
        let good = #"{"id":"p1","dataset":"mine","text":"What is 2+2?","task":{"type":"math","answer":"4"}}"#
        let file = try write(good + "\n{\"id\":\"p2\"}\n\nnot json\n", "prompts.ndjson", folder)
        let first = try await Binary.run(["import", file, "--database", database])
        #expect(first.output.contains("1 stored, 0 already there, 2 refused"))
        #expect(first.errors.contains("line 2:"))
        #expect(first.errors.contains("line 4:"))
        #expect(first.status == 1)
        let second = try await Binary.run(["import", file, "--database", database])
        #expect(second.output.contains("0 stored, 1 already there"))
        let check = try await Binary.run(["check", "--database", database])
        #expect(check.status == 0, "\(check.output)")
    }

    @Test func `problems prints prompts and worked solutions that import takes, the same for the same seed`()
        async throws
    {
        let folder = try TemporaryFolder()
        let database = folder.path + "/ledger.sqlite"
        let heldOut = try await Binary.run(["problems", "--split", "held-out", "--task", "math"])
        #expect(heldOut.status == 0, "\(heldOut.errors)")
        #expect(heldOut.output.split(separator: "\n").count == 130)
        let prompts = try await Binary.run(["import", "-", "--database", database], input: heldOut.output)
        #expect(prompts.output.contains("130 stored, 0 already there, 0 refused"), "\(prompts.errors)")
        let worked = try await Binary.run(["problems", "--count", "40", "--demonstrations"])
        #expect(worked.output == (try await Binary.run(["problems", "--count", "40", "--demonstrations"]).output))
        let stored = try await Binary.run(
            ["import", "-", "--database", database, "--demonstrations"], input: worked.output)
        #expect(stored.output.contains("40 stored, 0 already there, 0 refused"), "\(stored.errors)")
        let wrong = try await Binary.run(["problems", "--split", "tests"])
        #expect(wrong.status == 64 && wrong.errors.contains("held-out"))
    }

    @Test func `weights writes a policy that can be started from, and names those that are kept`() async throws {
        let folder = try TemporaryFolder()
        let database = folder.path + "/ledger.sqlite"
        try TinyModel.write(to: folder.path + "/model")
        let prompt = #"{"id":"p","dataset":"d","text":"1+1=","task":{"type":"math","answer":"2"}}"#
        _ = try await Binary.run(["import", "-", "--database", database], input: prompt)
        let train = [
            "train", "--updates", "1", "--set", "groups_per_update=2", "--set", "group_size=2", "--set",
            "response_tokens_max=4", "--model",
        ]
        let trained = try await Binary.run(train + [folder.path + "/model", "--database", database])
        #expect(trained.status == 0, "\(trained.errors)")
        let out = folder.path + "/policy"
        let written = try await Binary.run(["weights", "--database", database, "--policy", "1", "--to", out])
        #expect(written.status == 0, "\(written.errors)")
        let second = folder.path + "/second.sqlite"
        _ = try await Binary.run(["import", "-", "--database", second], input: prompt)
        let again = try await Binary.run(train + [out, "--database", second])
        #expect(again.status == 0, "\(again.errors)")
        let missing = try await Binary.run(["weights", "--database", database, "--policy", "7", "--to", out])
        #expect(missing.status == 64 && missing.errors.contains("those kept are 0, 1"), "\(missing.errors)")
    }

    @Test func `serve refuses an open address without keys`() async throws {
        let folder = try TemporaryFolder()
        let result = try await Binary.run(["serve", "--host", "0.0.0.0", "--database", folder.path + "/x.sqlite"])
        #expect(result.status != 0)
        #expect(result.errors.contains("API keys"))
        #expect(!FileManager.default.fileExists(atPath: folder.path + "/x.sqlite"))
    }

    @Test func `a config file with an unknown setting is refused by its name`() async throws {
        let folder = try TemporaryFolder()
        let file = try write(#"{"prot": 8080}"#, "config.json", folder)
        let result = try await Binary.run(["serve", "--config", file, "--database", folder.path + "/x.sqlite"])
        #expect(result.status != 0)
        #expect(result.errors.contains("prot"))
    }
}
