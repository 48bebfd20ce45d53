// The whole path through the real service: HTTP, SQLite, the math verifier. The in-memory double has no part in it.
import Domain
import Foundation
import HTTPAPI
import Logging
import Service
import ServiceLifecycle
import StrictJSON
import Synchronization
import TestSupport
import Testing

@Suite(.serialized) struct RealServiceTests {
    private static let prompts =
        #"{"prompts":[{"id":"p-1","dataset":"tiny","text":"2+2?","task":{"type":"math","answer":"4"}}]}"#

    @Test func `prompts, rollouts, verdicts and rewards go the whole way, and outlive a restart`() async throws {
        try await withDirectory { directory in
            try await withRealServer(directory) { client in
                #expect(await client.send("POST", "/v1/prompts", json: Self.prompts)?.status == 201)
                let lease = await client.send("POST", "/v1/leases", json: #"{"kind":"generate","worker":"w","max":1}"#)
                #expect(lease?.status == 200, "\(lease?.text ?? "")")
                let group = try #require(lease?.json["groups"]?.elements?[0]["group_id"]?.string)
                #expect(lease?.json["groups"]?.elements?[0]["prompt"]?["task"] == nil)
                let body =
                    #"{"rollouts":[{"id":"r-1","prompt_id":"p-1","group_id":"\#(group)","response":"\\boxed{4}","token_ids":[1,2],"logprobs":[-0.1,-0.7],"policy_version":0},"#
                    + #"{"id":"r-2","prompt_id":"p-1","group_id":"\#(group)","response":"\\boxed{5}","policy_version":0}]}"#
                let posted = await client.send("POST", "/v1/rollouts", json: body)
                #expect(posted?.status == 202, "\(posted?.text ?? "")")
                let right = await client.send("GET", "/v1/rollouts/r-1?wait_seconds=20")
                #expect(
                    right?.json["status"] == .string("scored") && right?.json["reward"] == .double(1),
                    "\(right?.text ?? "")")
                let wrong = await client.send("GET", "/v1/rollouts/r-2?wait_seconds=20")
                #expect(wrong?.json["verdict"]?["verdict"] == .string("failed") && wrong?.json["reward"] == .double(0))
                #expect(
                    await client.send("POST", "/v1/rollouts", json: body)?.json["rollouts"]?.elements?[0]["created"]
                        == .bool(false))
            }
            try await withRealServer(directory) { client in
                let again = await client.send("GET", "/v1/rollouts/r-1")
                #expect(again?.json["logprobs"]?.text == "[-0.1,-0.7]" && again?.json["reward"] == .double(1))
                #expect(await client.send("GET", "/v1/rollouts/export")?.text.split(separator: "\n").count == 2)
                let judged = await client.send("GET", "/v1/rollouts/r-1/judgements")
                #expect(judged?.json["judgements"]?.elements?.count == 1)
            }
        }
    }

    @Test func `demonstrations go in once, come back in pages, and broken ones are named`() async throws {
        try await withDirectory { directory in
            try await withRealServer(directory) { client in
                let body =
                    #"{"demonstrations":[{"id":"d-1","dataset":"w","text":"2+2?","response":"4"},{"id":"d-2","dataset":"w","#
                    + #""messages":[{"role":"user","content":"2+3?"},{"role":"assistant","content":"5"}]}]}"#
                #expect(await client.send("POST", "/v1/demonstrations", json: body)?.status == 201)
                let again = await client.send("POST", "/v1/demonstrations", json: body)
                #expect(again?.json["demonstrations"]?.elements?[0]["created"] == .bool(false))
                let page = await client.send("GET", "/v1/demonstrations?dataset=w&limit=1")
                #expect(page?.json["count"] == .integer(2) && page?.json["next_after"] == .string("d-1"))
                let rest = await client.send("GET", "/v1/demonstrations?dataset=w&after=d-1")
                #expect(rest?.json["demonstrations"]?.elements?[0]["response"] == .string("5"))
                let other = await client.send(
                    "POST", "/v1/demonstrations",
                    json: #"{"demonstrations":[{"id":"d-1","text":"2+2?","response":"5"}]}"#)
                #expect(other?.status == 409)
                let broken = await client.send(
                    "POST", "/v1/demonstrations", json: #"{"demonstrations":[{"text":"2+2?"}]}"#)
                #expect(broken?.status == 422)
                #expect(broken?.json["error"]?["field"] == .string("demonstrations[0].response"))
                let lines = await client.send(
                    "POST", "/v1/demonstrations", json: "{\"text\":\"a\",\"response\":\"b\"}\n{\"text\":\"c\"}\n",
                    headers: ["content-type": "application/x-ndjson"])
                #expect(lines?.status == 201)
                #expect(lines?.json["demonstrations"]?.elements?[1]["error"] != nil)
                #expect(await client.send("GET", "/v1/demonstrations")?.json["count"] == .integer(3))
            }
        }
    }

    @Test func `the real ledger refuses what it must, and stores nothing of it`() async throws {
        try await withDirectory { directory in
            try await withRealServer(directory) { client in
                _ = await client.send("POST", "/v1/prompts", json: Self.prompts)
                let other = await client.send("POST", "/v1/prompts", json: Self.prompts.replacing("2+2", with: "2+3"))
                #expect(other?.status == 409)
                let unknown = await client.send(
                    "POST", "/v1/rollouts",
                    json: #"{"rollouts":[{"id":"x","prompt_id":"nobody","response":"4","policy_version":0}]}"#)
                #expect(unknown?.status == 404, "\(unknown?.text ?? "")")
                let future = await client.send(
                    "POST", "/v1/rollouts",
                    json: #"{"rollouts":[{"id":"x","prompt_id":"p-1","response":"4","policy_version":99}]}"#)
                #expect([409, 422].contains(future?.status ?? 0), "\(future?.text ?? "")")
                #expect(await client.send("GET", "/v1/rollouts/x")?.status == 404)
                #expect(
                    await client.send("POST", "/v1/leases/lse-none/heartbeat").map { [404, 409].contains($0.status) }
                        == true)
                #expect(await client.send("PATCH", "/v1/learner", json: #"{"state":"paused"}"#)?.status == 409)
            }
        }
    }

    @Test func `scores of the real verifier come in order`() async throws {
        try await withDirectory { directory in
            try await withRealServer(directory) { client in
                let body =
                    #"{"items":[{"task":{"type":"math","answer":"\\frac{3}{4}"},"response":"so \\boxed{0.75}"},{"task":{"type":"math","answer":"2"},"response":"\\boxed{3}"}]}"#
                let results = await client.send("POST", "/v1/score", json: body)?.json["results"]?.elements
                #expect(results?.map { $0["verdict"] } == [.string("passed"), .string("failed")])
                #expect(await client.send("GET", "/admin/status")?.status == 200)
                #expect(await client.send("GET", "/metrics")?.text.contains("rolloutd_rollouts_accepted_total") == true)
                #expect(await client.send("GET", "/")?.text.contains("<html") == true)
            }
        }
    }
}
