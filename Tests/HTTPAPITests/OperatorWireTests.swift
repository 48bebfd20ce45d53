// Operators' and workers' requests on the wire: what is refused, and with which words.
import Domain
import HTTPAPI
import Service
import StrictJSON
import TestSupport
import Testing

@Suite struct OperatorWireTests {
    private func refusal(
        _ client: HTTPClient, _ path: String, _ body: String
    ) async -> (status: Int?, field: String?, hint: String?) {
        let answer = await client.send("POST", path, json: body)
        let error = answer?.json["error"]
        return (answer?.status, error?["field"]?.string, error?["hint"]?.string)
    }

    @Test func `discarding or requeueing without saying what is refused, so that nobody empties a ledger by a slip`()
        async throws
    {
        try await withServer { client in
            for path in ["/admin/discard", "/admin/requeue"] {
                for body in ["{}", #"{"limit":5}"#] {
                    let refused = await refusal(client, path, body)
                    #expect(refused.status == 422 && refused.field == "ids", "\(path) \(body)")
                    #expect(refused.hint?.contains("dataset") == true)
                }
                #expect(await refusal(client, path, #"{"datset":"x"}"#).field == "datset")
                #expect(await refusal(client, path, #"{"ids":["a b"]}"#).field == "ids[0]")
                #expect(await refusal(client, path, #"{"ids":[]}"#).status == 422)
            }
        }
    }

    @Test func `a part that does not exist is named, with those that do`() async throws {
        try await withServer { client in
            let refused = await refusal(client, "/admin/pause", #"{"what":["intake","judging"]}"#)
            #expect(refused.field == "what[1]")
            #expect(refused.hint == "one of intake, scoring, leasing, learning, sampling")
            #expect(await refusal(client, "/admin/resume", #"{"what":["intake"],"reason":"x"}"#).field == "reason")
            let paused = await client.send(
                "POST", "/admin/pause", json: #"{"what":["intake","learning"],"reason":"disk"}"#)
            #expect(paused?.json["paused"]?.text == #"{"intake":"disk","learning":"disk"}"#)
        }
    }

    @Test func `a lease's time has bounds, on taking and on prolonging it`() async throws {
        try await withServer { client in
            _ = await client.send(
                "POST", "/v1/prompts",
                json: #"{"prompts":[{"id":"p","text":"2+2?","task":{"type":"math","answer":"4"}}]}"#)
            for seconds in ["0", "3601", "\"x\""] {
                let body = #"{"kind":"score","worker":"w","lease_seconds":\#(seconds)}"#
                #expect(await refusal(client, "/v1/leases", body).field == "lease_seconds", "\(seconds)")
                let beat = #"{"lease_seconds":\#(seconds)}"#
                #expect(await refusal(client, "/v1/leases/l/heartbeat", beat).field == "lease_seconds", "\(seconds)")
            }
            let taken = await client.send(
                "POST", "/v1/leases", json: #"{"kind":"score","worker":"w","lease_seconds":3600}"#)
            #expect(taken?.status == 200, "\(taken?.text ?? "")")
        }
    }

    @Test func `a verdict that contradicts its own tests is refused, and the others of its batch are taken`()
        async throws
    {
        try await withServer { client in
            _ = await client.send(
                "POST", "/v1/prompts",
                json: #"{"prompts":[{"id":"p","text":"2+2?","task":{"type":"math","answer":"4"}}]}"#)
            let lease = await client.send("POST", "/v1/leases", json: #"{"kind":"score","worker":"w"}"#)
            let id = try #require(lease?.json["lease_id"]?.string)
            let tests = #"{"passed":1,"total":2,"cases":[{"outcome":"accepted"},{"outcome":"wrong_answer"}]}"#
            let body =
                #"{"verdicts":[{"rollout_id":"a","attempt":1,"verdict":{"verdict":"passed","tests":\#(tests)}},"#
                + #"{"rollout_id":"b","attempt":1,"verdict":{"verdict":"failed","tests":\#(tests)}}]}"#
            let answer = await client.send("POST", "/v1/leases/\(id)/verdicts", json: body)
            #expect(answer?.status == 200)
            let entries = answer?.json["verdicts"]?.elements
            #expect(entries?[0]["error"]?["field"]?.string == "verdicts[0].verdict.tests.passed")
            #expect(entries?[1]["status"] == .string("scored"))
        }
    }
}
