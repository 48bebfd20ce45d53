// `rolloutd evaluate` as a process: killed in the middle and gone on with, its reports, and its refusals.
import Domain
import Foundation
import Glibc
import StrictJSON
import Synchronization
import TestSupport
import Testing

@Suite(.serialized) struct EvaluateTests {
    private static let problems = 20
    private static let samples = 20

    /// An endpoint that knows every sum and counts how often each sample was asked for.
    private final class Sums: Sendable {
        let asked = Mutex<[String: Int]>([:])

        func answer(_ request: ScriptedRequest) -> ScriptedServer.Reply {
            let json = (try? JSONValue.parse(request.body)) ?? .null
            let text = json["messages"]?.elements?.first?["content"]?.string ?? ""
            let seed = json["seed"]?.integer ?? 0
            usleep(4_000)
            asked.withLock { $0["\(text) \(seed)", default: 0] += 1 }
            let number = Int(text.prefix { $0 != " " }) ?? 0
            // Every fourth sample is wrong.
            let answer = JSONValue.string("so \\boxed{\(seed % 4 == 3 ? 0 : number + 1)}").text
            return .status(
                200,
                body:
                    #"{"choices":[{"message":{"content":\#(answer)},"finish_reason":"stop"}],"usage":{"completion_tokens":5}}"#
            )
        }
    }

    private func database(_ folder: TemporaryFolder) async throws -> String {
        let path = folder.path + "/ledger.sqlite"
        let lines = (0..<Self.problems).map {
            #"{"id":"p\#($0)","dataset":"aime24","text":"\#($0) + 1?","task":{"type":"math","answer":"\#($0 + 1)"}}"#
        }
        let result = try await Binary.run(
            ["import", "--database", path, "-"], input: lines.joined(separator: "\n"))
        #expect(result.status == 0, "\(result.errors)")
        return path
    }

    @Test(.timeLimit(.minutes(3)))
    func `killed again and again, an evaluation ends with every sample, and asks for none that was stored`()
        async throws
    {
        let folder = try TemporaryFolder()
        let database = try await database(folder)
        let sums = Sums()
        let server = try ScriptedServer { sums.answer($0) }
        defer { server.close() }
        let arguments = [
            "evaluate", "--database", database, "--dataset", "aime24", "--endpoint",
            "http://127.0.0.1:\(server.port)/v1",
            "--model", "sums", "--samples", "\(Self.samples)", "--max-tokens", "64", "--seed", "0", "--concurrency",
            "4",
        ]
        var storedAtKills: [Set<String>] = []
        var askedAtKills: [[String: Int]] = []
        for _ in 0..<3 {
            let before = sums.asked.withLock { $0.values.reduce(0, +) }
            let doomed = try RunningBinary(arguments)
            for _ in 0..<1_000 where sums.asked.withLock({ $0.values.reduce(0, +) }) < before + 60 {
                try await Task.sleep(for: .milliseconds(10))
            }
            doomed.signal(SIGKILL)
            #expect(await doomed.waitForExit(seconds: 10))
            storedAtKills.append(try await storedSamples(database))
            askedAtKills.append(sums.asked.withLock { $0 })
        }
        let report = folder.path + "/report"
        let last = try await Binary.run(
            arguments + ["html", "json", "txt", "svg"].flatMap { ["--out", "\(report).\($0)"] })
        #expect(last.status == 0, "\(last.errors)")
        let asked = sums.asked.withLock { $0 }
        #expect(asked.count == Self.problems * Self.samples)
        // What was in the ledger at a kill was never asked for again; only what was under way could be.
        for (stored, then) in zip(storedAtKills, askedAtKills) {
            #expect(!stored.isEmpty)
            for key in stored { #expect(asked[key] == then[key], "\(key) was asked for again") }
        }
        #expect(asked.values.reduce(0, +) <= Self.problems * Self.samples + 3 * 4)
        #expect(last.output.contains("avg@20") && last.output.contains("75.0 %"), "\(last.output)")
        #expect(last.output.contains("maj@20") && last.output.contains("90.5 %"), "\(last.output)")
        let json = try JSONValue.parse(text: try String(contentsOfFile: report + ".json", encoding: .utf8))
        #expect(json["run"]?["status"]?.string == "complete" && json["avg_at_k"]?["mean"]?.number == 0.75)
        #expect(try String(contentsOfFile: report + ".html", encoding: .utf8).hasPrefix("<!doctype html>"))
        #expect(try String(contentsOfFile: report + ".svg", encoding: .utf8).hasPrefix("<svg"))
        #expect(try await Binary.run(["check", "--database", database]).status == 0)
        let again = try await Binary.run(arguments)
        #expect(again.status == 0 && again.errors.contains("0 samples in"), "\(again.errors)")
    }

    @Test func `wrong usage is said before anything is asked`() async throws {
        let folder = try TemporaryFolder()
        let database = try await database(folder)
        let base = ["evaluate", "--database", database]
        let cases = [
            (base + ["--dataset", "aime24"], "--endpoint"),
            (base + ["--endpoint", "http://h", "--model", "m"], "--dataset"),
            (base + ["--dataset", "none", "--endpoint", "http://h", "--model", "m"], "no prompts"),
            (base + ["--dataset", "aime24", "--endpoint", "http://h", "--model", "m", "--samples", "0"], "samples"),
            (base + ["--dataset", "aime24", "--endpoint", "http://h", "--model", "m", "--out", "a.pdf"], ".html"),
            (base + ["--dataset", "aime24", "--in-process"], "no policy"),
            (["evaluate", "--database", folder.path + "/none", "--dataset", "d"], "no database"),
        ]
        for (arguments, word) in cases {
            let result = try await Binary.run(arguments)
            #expect(result.status == 64, "\(arguments): \(result.errors)")
            #expect(result.errors.contains(word), "\(arguments): \(result.errors)")
        }
    }
}
