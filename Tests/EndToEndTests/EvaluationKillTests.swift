// kill -9 under a server that evaluates: after each start it goes on by itself, and asks for no sample that it had stored.
import Foundation
import Glibc
import StrictJSON
import Synchronization
import TestSupport
import Testing

@Suite(.serialized) struct EvaluationKillTests {
    private static let problems = 20
    private static let samples = 20
    private static let concurrency = 4

    /// How often each sample was asked for.
    private final class Sums: Sendable {
        let asked = Mutex<[String: Int]>([:])
        var count: Int { asked.withLock { $0.values.reduce(0, +) } }

        func answer(_ request: ScriptedRequest) -> ScriptedServer.Reply {
            let json = (try? JSONValue.parse(request.body)) ?? .null
            let text = json["messages"]?.elements?.first?["content"]?.string ?? ""
            let seed = json["seed"]?.integer ?? 0
            usleep(25_000)
            asked.withLock { $0["\(text) \(seed)", default: 0] += 1 }
            let number = Int(text.prefix { $0 != " " }) ?? 0
            return .status(
                200,
                body: #"{"choices":[{"message":{"content":"\\boxed{\#(number + 1)}"},"finish_reason":"stop"}]}"#)
        }
    }

    @Test(.timeLimit(.minutes(5)))
    func `a server that is killed again and again ends an evaluation that was asked for once`() async throws {
        let folder = try TemporaryFolder()
        let database = folder.path + "/ledger.sqlite"
        let sums = Sums()
        let endpoint = try ScriptedServer { sums.answer($0) }
        defer { endpoint.close() }
        let url = "http://127.0.0.1:\(endpoint.port)/v1"
        let arguments = ["--database", database, "--learner", "off", "--evaluation-endpoints", url]
        var server = try await ServerProcess.start(arguments)
        let prompts = (0..<Self.problems).map {
            #"{"id":"p\#($0)","dataset":"sums","text":"\#($0) + 1?","task":{"type":"math","answer":"\#($0 + 1)"}}"#
        }
        let posted = await server.client.send(
            "POST", "/v1/prompts", json: #"{"prompts":[\#(prompts.joined(separator: ","))]}"#)
        #expect(posted?.status == 201)
        let body = """
            {"dataset":"sums","endpoint":"\(url)","model":"m","samples":\(Self.samples),"max_tokens":64,"seed":0,
             "concurrency":\(Self.concurrency)}
            """
        let begun = await server.client.send("POST", "/v1/evaluations", json: body)
        #expect(begun?.status == 202)
        let id = try #require(begun?.json["id"]?.string)
        var storedAtKills: [Set<String>] = []
        var askedAtKills: [[String: Int]] = []
        for _ in 0..<3 {
            let before = sums.count
            for _ in 0..<3_000 where sums.count < before + 70 { try await Task.sleep(for: .milliseconds(10)) }
            server.signal(SIGKILL)
            #expect(await server.waitForExit(seconds: 20))
            storedAtKills.append(try await storedSamples(database))
            askedAtKills.append(sums.asked.withLock { $0 })
            server = try await ServerProcess.start(arguments)
        }
        // Nobody asks for it again: the ledger says that it is wanted.
        var status = JSONValue.null
        for _ in 0..<1_200 where status["status"]?.string != "complete" {
            try await Task.sleep(for: .milliseconds(50))
            status = await server.get("/v1/evaluations/\(id)")
        }
        #expect(status["status"]?.string == "complete", "\(status)")
        #expect(status["figures"]?["avg_at_k"]?["mean"]?.number == 1)
        let asked = sums.asked.withLock { $0 }
        #expect(asked.count == Self.problems * Self.samples)
        for (stored, then) in zip(storedAtKills, askedAtKills) {
            #expect(!stored.isEmpty && stored.count < Self.problems * Self.samples)
            for key in stored { #expect(asked[key] == then[key], "\(key) was asked for again") }
        }
        #expect(sums.count <= Self.problems * Self.samples + 3 * Self.concurrency, "\(sums.count)")
        let stream = await server.client.events(
            "/v1/events?types=evaluation.started,evaluation.finished", after: "0.run-1.0"
        ) { $0.events.contains { $0.type == "evaluation.finished" } }
        #expect(stream.events.count { $0.type == "evaluation.started" } == 4, "\(stream.events)")
        #expect(stream.events.last?.data["status"]?.string == "complete")

        // A stop holds over a restart, and a resume goes on.
        _ = await server.client.send(
            "POST", "/v1/evaluations", json: body.replacingOccurrences(of: "\"seed\":0", with: "\"seed\":1"))
        let list = await server.get("/v1/evaluations")
        let second = try #require(list["runs"]?.elements?.first?["id"]?.string)
        #expect(await server.client.send("POST", "/v1/evaluations/\(second)/stop")?.status == 200)
        server.signal(SIGKILL)
        #expect(await server.waitForExit(seconds: 20))
        let count = sums.count
        server = try await ServerProcess.start(arguments)
        try await Task.sleep(for: .seconds(3))
        #expect(await server.get("/v1/evaluations/\(second)")["status"]?.string == "stopped")
        #expect(sums.count == count)
        let resumed = await server.client.send("POST", "/v1/evaluations/\(second)/resume")
        #expect(resumed?.status == 202 && resumed?.json["status"]?.string == "running")
        server.signal(SIGTERM)
        #expect(await server.waitForExit(seconds: 40))
        #expect(try await Binary.run(["check", "--database", database]).status == 0)
    }
}
