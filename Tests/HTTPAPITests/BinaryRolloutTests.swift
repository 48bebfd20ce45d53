// Rollouts in binary on the wire: in by POST, out by the export, refused where they are not offered.
import Domain
import HTTPAPI
import StrictJSON
import Synchronization
import TestSupport
import Testing

@Suite struct BinaryRolloutTests {
    private static let type = "application/vnd.rolloutd.rollouts"
    private static let prompts = #"{"prompts":[{"id":"p-1","text":"x","task":{"type":"math","answer":"1"}}]}"#

    private func frame(_ header: String, _ words: [UInt32] = []) -> [UInt8] {
        let count = UInt32(words.count / 2)
        return bytes([UInt32(header.utf8.count)]) + Array(header.utf8) + bytes([count] + words)
    }

    private func bytes(_ words: [UInt32]) -> [UInt8] {
        words.flatMap { word in (0..<4).map { UInt8(truncatingIfNeeded: word >> (8 * $0)) } }
    }

    private func post(_ body: [UInt8], _ client: HTTPClient, path: String = "/v1/rollouts") async -> HTTPAnswer? {
        await client.send("POST", path, headers: ["content-type": Self.type], body: body)
    }

    @Test func `what goes in in binary comes out in JSON and in binary`() async throws {
        try await withServer { client in
            _ = await client.send("POST", "/v1/prompts", json: Self.prompts)
            let words: [UInt32] = [7, 149_999, (-0.1 as Float).bitPattern, (-2.5 as Float).bitPattern]
            let good = frame(#"{"id":"r-1","prompt_id":"p-1","response":"x","policy_version":0}"#, words)
            let bad = frame(#"{"id":"r-2","prompt_id":"p-1","respons":"x","policy_version":0}"#)
            let posted = await post(Array("RLO1".utf8) + good + bad, client)
            #expect(posted?.status == 202 && posted?.json["rollouts"]?.elements?.count == 2, "\(posted?.text ?? "")")
            let fault = posted?.json["rollouts"]?.elements?[1]["error"]
            #expect(fault?["code"] == .string("unknown_field") && fault?["field"] == .string("rollouts[1].respons"))
            let stored = await client.send("GET", "/v1/rollouts/r-1")
            #expect(stored?.json["token_ids"]?.text == "[7,149999]" && stored?.json["logprobs"]?.text == "[-0.1,-2.5]")
            let export = await client.send(
                "GET", "/v1/rollouts/export", headers: ["accept": "text/plain;q=0.1, \(Self.type)"])
            let body = try #require(export?.body)
            #expect(export?.headers["content-type"] == Self.type && body.starts(with: Array("RLO1".utf8)))
            #expect(Array(body.suffix(20)) == bytes([2] + words))
            let header = try JSONValue.parse(body.dropFirst(8).dropLast(20))
            #expect(header["id"] == .string("r-1") && header["response"] == .string("x") && header["token_ids"] == nil)
            let lines = await client.send("GET", "/v1/rollouts/export", headers: ["accept": "*/*"])
            #expect(lines?.headers["content-type"] == "application/x-ndjson")
        }
    }

    @Test func `a body whose frame is broken is refused as a whole`() async throws {
        let service = ScriptedService()
        try await withServer(service) { client in
            _ = await client.send("POST", "/v1/prompts", json: Self.prompts)
            let good = Array("RLO1".utf8) + frame(#"{"id":"r-1","prompt_id":"p-1","response":"x","policy_version":0}"#)
            for body in [[], Array("RLO9".utf8), Array(good.dropLast()), good + [0]] {
                let answer = await post(body, client)
                #expect(answer?.status == 400 && answer?.json["error"]?["code"] == .string("malformed_body"))
                #expect(answer?.json["error"]?["hint"]?.string?.contains("openapi.yaml") == true)
            }
            #expect(service.state.withLock { $0.rollouts.isEmpty }, "nothing was stored")
            #expect(await post(good, client, path: "/v1/prompts")?.status == 415)
            #expect(await post(good, client)?.status == 202)
        }
    }

    @Test func `more rollouts than a request may hold are refused`() async throws {
        try await withServer { client in
            let one = frame(#"{"prompt_id":"p-1","response":"x","policy_version":0}"#)
            let many = Array(repeating: one, count: Limits.rolloutsPerRequestMax + 1).flatMap { $0 }
            let answer = await post(Array("RLO1".utf8) + many, client)
            #expect(answer?.status == 422 && answer?.json["error"]?["code"] == .string("too_large"))
        }
    }
}
