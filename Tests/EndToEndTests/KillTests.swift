// kill -9 at random moments while rollouts come in and updates are made: what was acknowledged stays, once.
import Domain
import Foundation
import Glibc
import StrictJSON
import Synchronization
import TestSupport
import Testing

@Suite(.serialized) struct KillTests {
    /// Kills in one run; each at a random moment up to `momentMax` seconds after the server is up.
    private static let kills = 20
    private static let momentMax = 0.6

    @Test(.timeLimit(.minutes(10)))
    func `a server killed twenty times loses nothing, learns from nothing twice, and its version only rises`()
        async throws
    {
        let folder = try TemporaryFolder()
        try TinyModel.write(to: folder.path + "/model")
        let database = folder.path + "/ledger.sqlite"
        let arguments = [
            "--database", database, "--model", folder.path + "/model", "--set", "groups_per_update=2",
            "--set", "group_size=4", "--set", "mini_batches=1", "--set", "logprob_gate=none", "--set",
            "response_tokens_max=8", "--set", "prompt_tokens_max=64",
        ]
        var generator = SeededGenerator(seed: 20_261_122)
        var acknowledged: Set<String> = []
        var versions: [Int] = [0]
        for round in 0..<Self.kills {
            let server = try await ServerProcess.start(arguments)
            let version = try await versionAfterStart(server)
            #expect(version >= versions[versions.count - 1], "round \(round)")
            versions.append(version)
            let moment = Double.random(in: 0.02...Self.momentMax, using: &generator)
            acknowledged.formUnion(await postUntilKilled(server, round: round, after: moment))
            #expect(await server.waitForExit(seconds: 20))
        }
        let server = try await ServerProcess.start(arguments)
        let last = try await versionAfterStart(server)
        #expect(last >= versions[versions.count - 1])
        try await expectAllStored(acknowledged, server)
        server.signal(SIGTERM)
        #expect(await server.waitForExit(seconds: 60))
        #expect(server.text.contains("everything accepted is stored"))

        #expect(acknowledged.count > Self.kills, "too little was acknowledged for the test to mean anything")
        #expect(last > 0, "no update was made, so nothing could have been learned twice")
        let check = try await Binary.run(["check", "--database", database])
        #expect(check.status == 0, "\(check.output)\(check.errors)")
    }

    private func versionAfterStart(_ server: ServerProcess) async throws -> Int {
        for _ in 0..<200 {
            if let version = await server.get("/admin/status")["policy_version"]?.integer { return Int(version) }
            try await Task.sleep(for: .milliseconds(50))
        }
        Issue.record("no policy after ten seconds: \(server.text)")
        return 0
    }

    /// Posts groups of right and wrong answers until the server dies; returns what it had acknowledged.
    private func postUntilKilled(_ server: ServerProcess, round: Int, after seconds: Double) async -> Set<String> {
        async let killed: Void = {
            try? await Task.sleep(for: .seconds(seconds))
            server.signal(SIGKILL)
        }()
        var acknowledged: Set<String> = []
        for index in 0..<1_000 {
            let prompt = "p\(round)-\(index)"
            let stored = await server.post(
                "/v1/prompts",
                .members([
                    "prompts": .array([
                        .members([
                            "id": .string(prompt), "dataset": .string("kill"), "text": .string("2+2="),
                            "task": .members(["type": .string("math"), "answer": .string("4")]),
                        ])
                    ])
                ]))
            guard stored?.status == 201 else { break }
            let rollouts = (0..<4).map { rollout(prompt: prompt, member: $0) }
            let answer = await server.post("/v1/rollouts", .members(["rollouts": .array(rollouts)]))
            guard let answer, answer.status == 202 else { break }
            for item in answer.json["rollouts"]?.elements ?? [] {
                if item["error"] == nil, let id = item["id"]?.string { acknowledged.insert(id) }
            }
        }
        await killed
        return acknowledged
    }

    private func rollout(prompt: String, member: Int) -> JSONValue {
        let isRight = member % 2 == 0
        let text = isRight ? "it is \\boxed{4}" : "it is \\boxed{5}"
        return .members([
            "id": .string("\(prompt)/\(member)"), "prompt_id": .string(prompt), "response": .string(text),
            "token_ids": .integers([30 + Int64(member), 40, 50]), "logprobs": .doubles([-5.5, -5.5, -5.5]),
            "policy_version": .integer(0), "finish_reason": .string("stop"), "generator": .string("kill-test"),
        ])
    }

    private func expectAllStored(_ ids: Set<String>, _ server: ServerProcess) async throws {
        for id in ids.sorted() {
            let path = "/v1/rollouts/" + id.replacing("/", with: "%2F") + "?wait_seconds=20"
            let rollout = await server.get(path)
            #expect(rollout["id"]?.string == id)
            let status = rollout["status"]?.string ?? ""
            #expect(["scored", "consumed", "stale"].contains(status), "\(id) is \(status)")
            // A verdict is what the text deserves, however often its judge was killed.
            let isRight = (id.last?.wholeNumberValue ?? 0) % 2 == 0
            #expect(rollout["verdict"]?["verdict"]?.string == (isRight ? "passed" : "failed"), "\(id)")
        }
    }
}
