// The log of a busy run: JSON lines by which a rollout is followed, and nothing in them that is nobody's business.
import Foundation
import Glibc
import StrictJSON
import TestSupport
import Testing

@Suite(.serialized) struct LogTests {
    private static let key = "key-5f1c9e77aa"
    private static let canary = "canary-prompt-8c21"

    @Test(.timeLimit(.minutes(2)))
    func `one rollout is followed from post to update by its ids, and no secret is logged`() async throws {
        let folder = try TemporaryFolder()
        try TinyModel.write(to: folder.path + "/model")
        let server = try await ServerProcess.start(
            [
                "--database", folder.path + "/ledger.sqlite", "--model", folder.path + "/model", "--log-format", "json",
                "--set", "groups_per_update=1", "--set", "group_size=2", "--set", "mini_batches=1", "--set",
                "logprob_gate=none", "--set", "response_tokens_max=8", "--set", "prompt_tokens_max=64",
            ],
            environment: ["ROLLOUTD_LOG_LEVEL": "trace", "ROLLOUTD_API_KEYS": Self.key])
        var client = server.client
        let stranger = client
        client.headers = ["authorization": "Bearer \(Self.key)", "cookie": "session=\(Self.key)"]
        for _ in 0..<200 {
            if await client.send("GET", "/admin/status")?.json["policy_version"]?.integer != nil { break }
            try await Task.sleep(for: .milliseconds(50))
        }
        _ = await client.send("PATCH", "/v1/learner", json: #"{"state":"paused"}"#)
        let prompt = #"{"prompts":[{"id":"p","text":"\#(Self.canary)","task":{"type":"math","answer":"4"}}]}"#
        #expect(await client.send("POST", "/v1/prompts", json: prompt)?.status == 201)
        let rollouts = [4, 5].map {
            #"{"id":"r-\#($0)","prompt_id":"p","response":"\#(Self.canary) \\boxed{\#($0)}","token_ids":[40,41,42],"#
                + #""logprobs":[-5.5,-5.5,-5.5],"policy_version":0}"#
        }
        let posted = await client.send(
            "POST", "/v1/rollouts", json: #"{"rollouts":[\#(rollouts.joined(separator: ","))]}"#,
            headers: ["x-request-id": "req-follow-me"])
        #expect(posted?.status == 202, "\(posted?.text ?? "")")
        // What people send by mistake, and what nobody may send.
        _ = await client.send("GET", "/v1/prompts?api_key=\(Self.key)")
        _ = await client.send("POST", "/v1/prompts", json: #"{"prompts":"\#(Self.canary)"}"#)
        _ = await stranger.send("GET", "/v1/prompts", headers: ["authorization": "Bearer \(Self.key)x"])
        _ = await client.send("PATCH", "/v1/learner", json: #"{"state":"running"}"#)
        for _ in 0..<600 {
            let rollout = await client.send("GET", "/v1/rollouts/r-4")
            if rollout?.json["status"] == .string("consumed"), server.text.contains("group consumed") { break }
            try await Task.sleep(for: .milliseconds(100))
        }
        server.signal(SIGTERM)
        #expect(await server.waitForExit(seconds: 60))

        let text = server.text
        #expect(!text.contains(Self.key), "a key is in the log")
        #expect(!text.contains(Self.canary), "a prompt or response is in the log")
        let lines = text.split(separator: "\n").filter { $0.hasPrefix("{") }
        let objects = lines.compactMap { try? JSONValue.parse(Array($0.utf8)) }
        #expect(objects.count == lines.count && objects.count > 10)
        #expect(
            objects.allSatisfy {
                $0["time"]?.string?.hasSuffix("Z") == true && $0["level"]?.string != nil
                    && $0["message"]?.string != nil
            })
        let own = objects.filter { $0["rollouts"]?.elements?.contains(.string("r-4")) == true }
        #expect(
            own.compactMap { $0["message"]?.string } == ["rollouts accepted", "rollouts judged", "group consumed"],
            "\(own.map(\.text))")
        #expect(own.first?["request"] == .string("req-follow-me"))
        let group = try #require(own.first?["groups"]?.elements?.first)
        #expect(own.last?["group"] == group && own.last?["update"]?.integer != nil)
        #expect(
            objects.contains { $0["message"] == .string("update committed") && $0["update"] == own.last?["update"] })
        #expect(objects.contains { $0["message"] == .string("group ready") && $0["group"] == group })
        #expect(
            objects.contains {
                $0["message"] == .string("request") && $0["request"] == .string("req-follow-me")
                    && $0["path"] == .string("/v1/rollouts") && $0["status"] == .integer(202)
            })
    }

    @Test func `a format that is none is refused`() async throws {
        let run = try await Binary.run(["serve", "--learner", "off", "--port", "0", "--log-format", "xml"])
        #expect(run.status != 0 && run.errors.contains("log_format must be text or json"))
    }
}
