// Judges on other hosts, as two real processes: one is killed in the middle, and every rollout is judged once.
import Domain
import Foundation
import Glibc
import StrictJSON
import TestSupport
import Testing

@Suite(.serialized) struct ScoreWorkerProcessTests {
    private static let prompts = 4
    private static let members = 16

    /// A worker under test; killed when the test forgets it.
    private final class Worker: Sendable {
        let process: RunningBinary

        init(_ server: ServerProcess, _ name: String) throws {
            process = try RunningBinary([
                "score-worker", "--server", "http://127.0.0.1:\(server.port)", "--worker", name, "--slots", "1",
                "--batch", "8", "--lease-seconds", "2", "--stop-seconds", "20",
            ])
        }
    }

    private func prompt(_ index: Int) -> String {
        // Programs that take a moment, so that a kill falls into the middle of a lease.
        let task =
            index % 2 == 0
            ? #"{"type":"math","answer":"4"}"#
            : #"{"type":"code","language":"python","tests":[{"input":"1\n","output":"2\n"}]}"#
        return #"{"id":"p\#(index)","dataset":"remote","text":"2+2?","task":\#(task)}"#
    }

    private func rollout(_ index: Int, _ member: Int) -> JSONValue {
        let isRight = member % 2 == 0
        let program =
            "```python\nimport time\ntime.sleep(0.1)\nprint(int(input()) + \(isRight ? 1 : 2)) # \(index) \(member)\n```"
        return .members([
            "id": .string("r\(index)-\(member)"), "prompt_id": .string("p\(index)"),
            "response": .string(index % 2 == 0 ? "\\boxed{\(isRight ? 4 : 5)}" : program),
            "policy_version": .integer(0),
        ])
    }

    @Test(.timeLimit(.minutes(3)))
    func `with scoring off two workers judge, one is killed in the middle, and every rollout is judged once`()
        async throws
    {
        let folder = try TemporaryFolder()
        let database = folder.path + "/ledger.sqlite"
        let server = try await ServerProcess.start([
            "--database", database, "--learner", "off", "--scoring", "off",
        ])
        let prompts = (0..<Self.prompts).map(prompt).joined(separator: ",")
        let stored = await server.client.send("POST", "/v1/prompts", json: #"{"prompts":[\#(prompts)]}"#)
        #expect(stored?.status == 201, "\(stored?.text ?? "")")
        let rollouts = (0..<Self.prompts).flatMap { index in (0..<Self.members).map { rollout(index, $0) } }
        #expect(await server.post("/v1/rollouts", .members(["rollouts": .array(rollouts)]))?.status == 202)
        // Longer than the status is old at most, and than the service's own judge would have taken.
        try await Task.sleep(for: .seconds(2))
        let before = await server.get("/admin/status")["ledger"]?["rollouts"]
        #expect(before?["queued"] == .integer(64), "the server judged although scoring is off")

        let doomed = try Worker(server, "doomed")
        let steady = try Worker(server, "steady")
        // Killed while it holds programs that it has not judged.
        #expect(await doomed.process.waits { $0.contains("took") })
        try await Task.sleep(for: .milliseconds(300))
        doomed.process.signal(SIGKILL)
        #expect(await doomed.process.waitForExit(seconds: 10))

        var counts = JSONValue.null
        for _ in 0..<600 {
            counts = await server.get("/admin/status")["ledger"]?["rollouts"] ?? .null
            if counts["queued"] == .integer(0), counts["scoring"] == .integer(0) { break }
            try await Task.sleep(for: .milliseconds(100))
        }
        #expect(counts["scored"] == .integer(64), "\(counts.text)\n\(steady.process.text)")
        #expect(counts["undetermined"] == .integer(0), "\(counts.text)")
        for index in 0..<Self.prompts {
            for member in 0..<Self.members {
                let judged = await server.get("/v1/rollouts/r\(index)-\(member)/judgements")["judgements"]?.elements
                #expect(judged?.count == 1, "r\(index)-\(member) was judged \(judged?.count ?? 0) times")
                let expected = member % 2 == 0 ? "passed" : "failed"
                #expect(judged?.first?["verdict"]?["verdict"]?.string == expected)
            }
        }
        // What only a judge's own machine knows came over the wire.
        let code = await server.get("/v1/rollouts/r1-1")["verdict"]
        #expect(code?["tests"]?["total"] == .integer(1) && code?["sandbox"]?["tier"]?.string != nil)
        #expect(code?["verifier"]?.string?.hasPrefix("code-") == true)

        steady.process.signal(SIGTERM)
        #expect(await steady.process.waitForExit(seconds: 21))
        #expect(steady.process.text.contains("stopped;"), "\(steady.process.text)")
        server.signal(SIGTERM)
        #expect(await server.waitForExit(seconds: 30))
        let check = try await Binary.run(["check", "--database", database])
        #expect(check.status == 0, "\(check.output)\(check.errors)")
    }

    @Test(.timeLimit(.minutes(2)))
    func `a restarted server takes the verdicts of a lease that a worker elsewhere held over the restart`() async throws
    {
        let folder = try TemporaryFolder()
        let arguments = ["--database", folder.path + "/ledger.sqlite", "--learner", "off", "--scoring", "off"]
        let first = try await ServerProcess.start(arguments)
        _ = await first.client.send("POST", "/v1/prompts", json: #"{"prompts":[\#(prompt(0))]}"#)
        _ = await first.post("/v1/rollouts", .members(["rollouts": .array([rollout(0, 0)])]))
        let lease = await first.client.send(
            "POST", "/v1/leases", json: #"{"kind":"score","worker":"elsewhere","lease_seconds":600}"#)
        let id = try #require(lease?.json["lease_id"]?.string)
        first.signal(SIGKILL)
        #expect(await first.waitForExit(seconds: 10))

        let second = try await ServerProcess.start(arguments)
        let others = await second.client.send("POST", "/v1/leases", json: #"{"kind":"score","worker":"another"}"#)
        #expect(others?.status == 204, "the work was taken from a worker that is alive")
        let verdict = #"{"verdicts":[{"rollout_id":"r0-0","attempt":1,"verdict":{"verdict":"passed"}}]}"#
        let taken = await second.client.send("POST", "/v1/leases/\(id)/verdicts", json: verdict)
        #expect(taken?.status == 200, "\(taken?.text ?? "")")
        #expect(await second.get("/v1/rollouts/r0-0")["reward"] == .double(1))
        second.signal(SIGTERM)
        #expect(await second.waitForExit(seconds: 30))
    }

    @Test(.timeLimit(.minutes(1)))
    func `a worker without a server's address, or with a bad number, says what to do`() async throws {
        let missing = try await Binary.run(["score-worker"])
        #expect(missing.status == 64 && missing.errors.contains("--server http://host:8080"), "\(missing.errors)")
        let bad = try await Binary.run(["score-worker", "--server", "http://127.0.0.1:1", "--batch", "65"])
        #expect(bad.status == 64 && bad.errors.contains("1 to 64"), "\(bad.errors)")
        let url = try await Binary.run(["score-worker", "--server", "127.0.0.1:1", "--slots", "1"])
        #expect(url.status == 1 && url.errors.contains("no http or https URL"), "\(url.errors)")
    }
}
