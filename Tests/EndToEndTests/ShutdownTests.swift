// Stopping the real process while a client polls, another reads an export slowly, and a program runs: it ends in the time
// stated, and what was acknowledged is there afterwards.
import Domain
import Foundation
import Glibc
import StrictJSON
import Synchronization
import TestSupport
import Testing

@Suite(.serialized) struct ShutdownTests {
    private static let prompts =
        #"{"prompts":[{"id":"slow","dataset":"d","text":"x","task":{"type":"code","language":"python","time_limit_seconds":30,"#
        + #""tests":[{"input":"","output":"1\n"}]}},{"id":"math","dataset":"d","text":"2+2?","task":{"type":"math","answer":"4"}}]}"#

    private func start(_ folder: TemporaryFolder, seconds: Int) async throws -> ServerProcess {
        try await ServerProcess.start([
            "--database", folder.path + "/ledger.sqlite", "--learner", "off", "--sandbox-slots", "1",
            "--shutdown-seconds", "\(seconds)",
        ])
    }

    /// Stores texts to be exported, and a program that runs until somebody ends it.
    private func load(_ server: ServerProcess) async throws {
        #expect(await server.client.send("POST", "/v1/prompts", json: Self.prompts)?.status == 201)
        let text = String(repeating: "so ", count: 100_000) + "\\boxed{4}"
        for batch in 0..<4 {
            let rollouts = (0..<16).map { index in
                JSONValue.members([
                    "id": .string("m\(batch)-\(index)"), "prompt_id": .string("math"), "response": .string(text),
                    "policy_version": .integer(0),
                ])
            }
            #expect(await server.post("/v1/rollouts", .members(["rollouts": .array(rollouts)]))?.status == 202)
        }
        let last = await server.get("/v1/rollouts/m3-15?wait_seconds=30")
        #expect(last["status"] == .string("scored"))
        let program = JSONValue.members([
            "id": .string("runs"), "prompt_id": .string("slow"), "policy_version": .integer(0),
            "response": .string("```python\nwhile True: pass\n```"),
        ])
        #expect(await server.post("/v1/rollouts", .members(["rollouts": .array([program])]))?.status == 202)
        for _ in 0..<100 {
            if await server.get("/v1/rollouts/runs")["status"] == .string("scoring") { break }
            try await Task.sleep(for: .milliseconds(50))
        }
        #expect(await server.get("/v1/rollouts/runs")["status"] == .string("scoring"))
    }

    private func expectWhole(_ folder: TemporaryFolder) async throws {
        let check = try await Binary.run(["check", "--database", folder.path + "/ledger.sqlite"])
        #expect(check.status == 0, "\(check.output)\(check.errors)")
        let exported = try await Binary.run(["export", "--database", folder.path + "/ledger.sqlite"])
        #expect(exported.output.split(separator: "\n").count == 65)
    }

    @Test(.timeLimit(.minutes(2)))
    func `a stop answers who polls, gives the running program's work back, and folds the log into the database`()
        async throws
    {
        let folder = try TemporaryFolder()
        let server = try await start(folder, seconds: 10)
        try await load(server)
        // No generator takes part, so every prompt's groups would be handed out: ask for judging work instead.
        async let polled = server.client.send(
            "POST", "/v1/leases", json: #"{"kind":"score","worker":"far","wait_seconds":50}"#)
        try await Task.sleep(for: .milliseconds(300))
        let clock = ContinuousClock()
        let begin = clock.now
        server.signal(SIGTERM)
        let answer = await polled
        #expect(answer?.status == 503 && answer?.headers["retry-after"] != nil, "\(answer?.text ?? "no answer")")
        #expect(clock.now - begin < .seconds(5))
        #expect(await server.waitForExit(seconds: 10))
        #expect(server.text.contains("stopped; everything accepted is stored"), "\(server.text)")
        let log = folder.path + "/ledger.sqlite-wal"
        let size = (try? FileManager.default.attributesOfItem(atPath: log)[.size] as? Int) ?? 0
        #expect(size == 0, "the log was left with \(size) bytes")
        try await expectWhole(folder)

        let again = try await start(folder, seconds: 2)
        let attempts = await again.get("/v1/rollouts/runs/history")["attempts"]?.elements
        // Given back, not lost: a stop is nobody's failed try.
        #expect(attempts?.first?["outcome"] == .string("released"), "\(attempts?.first?.text ?? "none")")
        again.signal(SIGKILL)
        #expect(await again.waitForExit(seconds: 10))
    }

    @Test(.timeLimit(.minutes(2)))
    func `a client that reads an export slowly cannot hold the stop beyond its time`() async throws {
        let folder = try TemporaryFolder()
        let server = try await start(folder, seconds: 3)
        try await load(server)
        let reading = Task {
            await server.client.exchange { connection in
                connection.write("GET /v1/rollouts/export HTTP/1.1\r\nhost: 127.0.0.1\r\n\r\n")
                connection.rest(seconds: 12)
            }
        }
        try await Task.sleep(for: .milliseconds(500))
        let clock = ContinuousClock()
        let begin = clock.now
        server.signal(SIGTERM)
        #expect(await server.waitForExit(seconds: 6))
        let took = clock.now - begin
        #expect(took > .seconds(1), "the export was not what held it")
        #expect(took < .seconds(5), "\(took)")
        try await expectWhole(folder)
        await reading.value
    }

    @Test(.timeLimit(.minutes(2)))
    func `a second signal ends the process at once, with everything acknowledged stored`() async throws {
        let folder = try TemporaryFolder()
        let server = try await start(folder, seconds: 60)
        try await load(server)
        server.signal(SIGTERM)
        try await Task.sleep(for: .seconds(1))
        let clock = ContinuousClock()
        let begin = clock.now
        server.signal(SIGTERM)
        #expect(await server.waitForExit(seconds: 5))
        #expect(clock.now - begin < .seconds(2))
        #expect(server.text.contains("second signal"), "\(server.text)")
        try await expectWhole(folder)
    }
}
