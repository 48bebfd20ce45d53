// Export, import and compact as a person runs them.
import Foundation
import StrictJSON
import TestSupport
import Testing

@Suite struct PastCommandTests {
    /// A ledger with a prompt and a judged group of four, made through a server.
    private func ledger(_ folder: TemporaryFolder) async throws -> String {
        let database = folder.path + "/first.sqlite"
        let server = try await ServerProcess.start(["--database", database, "--learner", "off"])
        let prompts = #"{"prompts":[{"id":"p","dataset":"d","text":"2+2=","task":{"type":"math","answer":"4"}}]}"#
        #expect(await server.post("/v1/prompts", try JSONValue.parse(text: prompts))?.status == 201)
        let rollouts = (0..<4).map { index in
            #"{"id":"r\#(index)","prompt_id":"p","response":"\\boxed{\#(4 + index % 2)}","token_ids":[5,6],"#
                + #""logprobs":[-0.5,-0.25],"policy_version":0,"generator":"g\#(index % 2)"}"#
        }
        let body = try JSONValue.parse(text: #"{"rollouts":[\#(rollouts.joined(separator: ","))]}"#)
        #expect(await server.post("/v1/rollouts", body)?.status == 202)
        for index in 0..<4 {
            #expect(await server.get("/v1/rollouts/r\(index)?wait_seconds=20")["reward"]?.number != nil)
        }
        let served = await server.client.send("GET", "/v1/rollouts/export?include=prompt&verdict=failed&generator=g1")
        #expect(served?.text.split(separator: "\n").count == 2)
        #expect(await server.get("/v1/rollouts/export?fields=id,nonsense")["error"]?["field"]?.string == "fields")
        server.signal(SIGTERM)
        #expect(await server.waitForExit(seconds: 30))
        return database
    }

    @Test(.timeLimit(.minutes(2)))
    func `what is exported can be filtered, compressed, imported elsewhere, and exported again the same`() async throws
    {
        let folder = try TemporaryFolder()
        let first = try await ledger(folder)
        let exported = try await Binary.run(["export", "--database", first, "--include", "prompt,judgements"])
        #expect(exported.status == 0 && exported.output.split(separator: "\n").count == 4, "\(exported.errors)")
        #expect(exported.errors.contains("exported 4 rollouts"))

        let second = folder.path + "/second.sqlite"
        let stored = try await Binary.run(["import", "--rollouts", "-", "--database", second], input: exported.output)
        #expect(stored.output.contains("4 stored, 0 already there, 0 refused"), "\(stored.errors)")
        let again = try await Binary.run(["export", "--database", second, "--include", "prompt,judgements"])
        #expect(again.output == exported.output)
        let repeated = try await Binary.run(
            ["import", "--rollouts", "-", "--database", second], input: exported.output + "{\"id\":\"x\"}\nnot json\n")
        #expect(repeated.output.contains("0 stored, 4 already there, 2 refused") && repeated.status == 1)
        #expect(repeated.errors.contains("line 5:") && repeated.errors.contains("line 6:"))
        #expect(try await Binary.run(["check", "--database", second]).status == 0)

        let few = try await Binary.run([
            "export", "--database", first, "--verdict", "passed", "--min-reward", "1", "--fields", "id,reward",
        ])
        #expect(few.output == "{\"id\":\"r0\",\"reward\":1.0}\n{\"id\":\"r2\",\"reward\":1.0}\n")
        let wrong = try await Binary.run(["export", "--database", first, "--created-after", "yesterday"])
        #expect(wrong.status == 64 && wrong.errors.contains("created_after"))
    }

    @Test(.timeLimit(.minutes(2)))
    func `a compressed export is taken as it is, and half of one is refused by its line`() async throws {
        let folder = try TemporaryFolder()
        let first = try await ledger(folder)
        let file = folder.path + "/all.ndjson.zst"
        try await shell("'\(Binary.url.path)' export --compress --include prompt --database '\(first)' > '\(file)'")
        let bytes = try Data(contentsOf: URL(fileURLWithPath: file))
        #expect(bytes.prefix(4) == Data([0x28, 0xB5, 0x2F, 0xFD]))
        let second = folder.path + "/second.sqlite"
        let stored = try await Binary.run(["import", "--rollouts", file, "--database", second])
        #expect(stored.output.contains("4 stored, 0 already there, 0 refused"), "\(stored.errors)")
        try bytes.prefix(bytes.count / 2).write(to: URL(fileURLWithPath: file))
        let half = try await Binary.run(["import", "--rollouts", file, "--database", folder.path + "/third.sqlite"])
        #expect(half.status == 1 && half.errors.contains("line "), "\(half.errors)")
    }

    @Test(.timeLimit(.minutes(2)))
    func `compact makes the file smaller and changes nothing that is read`() async throws {
        let folder = try TemporaryFolder()
        let database = try await ledger(folder)
        let before = try await Binary.run(["export", "--database", database])
        let compacted = try await Binary.run(["compact", "--database", database])
        #expect(compacted.status == 0, "\(compacted.errors)")
        #expect(compacted.output.contains("0 of them free"))
        #expect(try await Binary.run(["export", "--database", database]).output == before.output)
        // Another process has the file open: it is not rewritten under its hands.
        let server = try await ServerProcess.start(["--database", database, "--learner", "off"])
        _ = try await Binary.run(["compact", "--database", database, "--no-rewrite"])
        #expect(await server.get("/v1/rollouts/r0")["reward"]?.number == 1)
        server.signal(SIGTERM)
        #expect(await server.waitForExit(seconds: 30))
        #expect(try await Binary.run(["check", "--database", database]).status == 0)
    }

    private func shell(_ command: String) async throws {
        let status = try await withCheckedThrowingContinuation {
            (continuation: CheckedContinuation<Int32, any Error>) in
            Thread.detachNewThread {
                continuation.resume(
                    with: Result {
                        let process = Process()
                        process.executableURL = URL(fileURLWithPath: "/bin/sh")
                        process.arguments = ["-c", command]
                        try process.run()
                        process.waitUntilExit()
                        return process.terminationStatus
                    })
            }
        }
        #expect(status == 0)
    }
}
