// What the server does with requests that are right: answers, batches, ids, tags, methods.
import Domain
import HTTPAPI
import Service
import StrictJSON
import Synchronization
import TestSupport
import Testing

private let prompt = #"{"prompts":[{"id":"p-1","text":"2+2?","task":{"type":"math","answer":"4"}}]}"#
private let rollout =
    #"{"rollouts":[{"id":"r-1","prompt_id":"p-1","response":"4","token_ids":[1,2],"logprobs":[-0.5,0],"policy_version":3}]}"#

@Suite struct WireTests {
    @Test func `a prompt is stored once and read back`() async throws {
        try await withServer { client in
            let first = await client.send("POST", "/v1/prompts", json: prompt)
            #expect(first?.status == 201 && first?.text == #"{"prompts":[{"id":"p-1","created":true}]}"#)
            let second = await client.send("POST", "/v1/prompts", json: prompt)
            #expect(second?.status == 201 && second?.text == #"{"prompts":[{"id":"p-1","created":false}]}"#)
            let other = await client.send("POST", "/v1/prompts", json: prompt.replacing("2+2", with: "2+3"))
            #expect(other?.status == 409 && other?.json["error"]?["code"] == .string("conflict"))
            #expect(other?.json["error"]?["field"] == .string("prompts[0].id"))
            let read = await client.send("GET", "/v1/prompts/p-1")
            #expect(read?.status == 200 && read?.json["text"] == .string("2+2?"))
            #expect(read?.headers["content-type"] == "application/json")
            #expect(await client.send("GET", "/v1/prompts?limit=1")?.json["next_after"] == .null, "nothing follows")
            _ = await client.send("POST", "/v1/prompts", json: prompt.replacing("p-1", with: "p-2"))
            #expect(await client.send("GET", "/v1/prompts?limit=1")?.json["next_after"] == .string("p-1"))
        }
    }

    @Test func `a batch reports per item and keeps what is right`() async throws {
        try await withServer { client in
            let body =
                #"{"prompts":[{"id":"a","text":"x","task":{"type":"math","answer":"1"}},{"id":"b","txt":"x","task":{"type":"math","answer":"1"}}]}"#
            let answer = await client.send("POST", "/v1/prompts", json: body)
            #expect(answer?.status == 201 && answer?.json["prompts"]?.elements?.count == 2)
            #expect(answer?.json["prompts"]?.elements?[1]["error"]?["field"] == .string("prompts[1].txt"))
            #expect(answer?.json["prompts"]?.elements?[1]["error"]?["hint"] == .string("did you mean \"text\"?"))
            #expect(await client.send("GET", "/v1/prompts/a")?.status == 200)
            #expect(await client.send("GET", "/v1/prompts/b")?.status == 404)
        }
    }

    @Test func `NDJSON is taken line by line`() async throws {
        try await withServer { client in
            let lines =
                #"{"id":"n-1","text":"x","task":{"type":"math","answer":"1"}}"# + "\r\n\n{broken\n"
                + #"{"id":"n-2","text":"y","task":{"type":"math","answer":"2"}}"#
            let answer = await client.send(
                "POST", "/v1/prompts", json: lines, headers: ["content-type": "application/x-ndjson; charset=UTF-8"])
            let items = answer?.json["prompts"]?.elements
            #expect(answer?.status == 201 && items?.count == 3)
            #expect(items?[1]["error"]?["code"] == .string("malformed_json"))
            #expect(items?[1]["error"]?["field"] == .string("prompts[1]"))
            #expect(items?[2]["id"] == .string("n-2"))
        }
    }

    @Test func `a rollout is acknowledged, read and exported`() async throws {
        try await withServer { client in
            _ = await client.send("POST", "/v1/prompts", json: prompt)
            let posted = await client.send("POST", "/v1/rollouts", json: rollout)
            #expect(posted?.status == 202 && posted?.json["rollouts"]?.elements?[0]["status"] == .string("queued"))
            #expect(
                await client.send("POST", "/v1/rollouts", json: rollout)?.json["rollouts"]?.elements?[0]["created"]
                    == .bool(false))
            let changed = rollout.replacing("\"response\":\"4\"", with: "\"response\":\"5\"")
            #expect(await client.send("POST", "/v1/rollouts", json: changed)?.status == 409)
            let read = await client.send("GET", "/v1/rollouts/r-1?wait_seconds=0.5")
            #expect(read?.json["token_ids"]?.text == "[1,2]" && read?.json["logprobs"]?.text == "[-0.5,0.0]")
            let listed = await client.send("GET", "/v1/rollouts?status=scored&limit=5")
            #expect(listed?.json["rollouts"]?.elements?.count == 1)
            let export = await client.send("GET", "/v1/rollouts/export")
            #expect(export?.headers["content-type"] == "application/x-ndjson")
            #expect(export?.text.split(separator: "\n").count == 1)
        }
    }

    @Test func `an export of many pages is whole and in order`() async throws {
        try await withServer { client in
            _ = await client.send("POST", "/v1/prompts", json: prompt)
            let items = (100..<200).map { #"{"id":"r-\#($0)","prompt_id":"p-1","response":"x","policy_version":0}"# }
            let posted = await client.send(
                "POST", "/v1/rollouts", json: "{\"rollouts\":[\(items.joined(separator: ","))]}")
            #expect(posted?.status == 202)
            let lines = await client.send("GET", "/v1/rollouts/export")?.text.split(separator: "\n") ?? []
            let ids = try lines.map { try JSONValue.parse(text: String($0))["id"] }
            #expect(ids == (100..<200).map { .string("r-\($0)") })
        }
    }

    @Test func `scores keep their order, and an unreadable item is undetermined`() async throws {
        try await withServer { client in
            let body =
                #"{"items":[{"task":{"type":"math","answer":"3/4"},"response":"\\boxed{3/4}"},{"task":{"type":"math"},"response":"x"},{"task":{"type":"math","answer":"1"},"response":"none"}]}"#
            let answer = await client.send("POST", "/v1/score", json: body)
            let results = answer?.json["results"]?.elements
            #expect(answer?.status == 200 && results?.count == 3)
            #expect(results?[0]["verdict"] == .string("passed") && results?[0]["reward"] == .double(1))
            #expect(results?[1]["verdict"] == .string("undetermined") && results?[1]["reward"] == .null)
            #expect(results?[1]["error"]?["field"] == .string("items[1].task.answer"))
            #expect(results?[2]["verdict"] == .string("failed") && results?[2]["reward"] == .double(0))
        }
    }

    @Test func `a lease is taken, kept, used and given back`() async throws {
        try await withServer { client in
            let nothing = await client.send("POST", "/v1/leases", json: #"{"kind":"generate","worker":"w"}"#)
            #expect(nothing?.status == 204 && nothing?.body.isEmpty == true)
            _ = await client.send("POST", "/v1/prompts", json: prompt)
            let lease = await client.send("POST", "/v1/leases", json: #"{"kind":"generate","worker":"w","max":8}"#)
            let id = try #require(lease?.json["lease_id"]?.string)
            #expect(lease?.json["groups"]?.elements?[0]["prompt"]?["task"] == nil)
            #expect(await client.send("POST", "/v1/leases/\(id)/heartbeat")?.json["attempt"] == .integer(1))
            let verdicts =
                #"{"verdicts":[{"rollout_id":"r","attempt":1,"verdict":{"verdict":"passed"}},{"rollout_id":"s","attempt":2,"verdict":{"verdict":"failed"}}]}"#
            let recorded = await client.send("POST", "/v1/leases/\(id)/verdicts", json: verdicts)
            #expect(recorded?.status == 200 && recorded?.json["verdicts"]?.elements?[0]["status"] == .string("scored"))
            #expect(recorded?.json["verdicts"]?.elements?[1]["error"]?["code"] == .string("stale_lease"))
            #expect(await client.send("POST", "/v1/leases/\(id)/release", json: "{}")?.status == 200)
            #expect(await client.send("POST", "/v1/leases/\(id)/release")?.status == 404)
        }
    }

    @Test func `completions have OpenAI's form with token ids and log-probs`() async throws {
        let service = ScriptedService()
        try await withServer(service) { client in
            let body =
                #"{"model":"tiny@2","prompt":["2+2","x"],"max_tokens":4,"n":2,"logprobs":1,"echo":true,"seed":9,"stop":"\n"}"#
            let answer = await client.send("POST", "/v1/completions", json: body)
            let choices = try #require(answer?.json["choices"]?.elements)
            #expect(answer?.status == 200 && choices.count == 4 && choices[3]["index"] == .integer(3))
            #expect(choices[0]["text"] == .string("2+24é") && answer?.json["policy_version"] == .integer(2))
            #expect(choices[0]["logprobs"]?["token_logprobs"]?.text == "[null,-1.0,-2.0,-0.25,-0.1]")
            #expect(choices[0]["logprobs"]?["text_offset"]?.text == "[0,1,2,3,4]")
            #expect(choices[0]["prompt_token_ids"]?.text == "[5,6,7]" && choices[0]["token_ids"]?.text == "[52,1]")
            #expect(answer?.json["usage"]?["total_tokens"] == .integer(14))
            #expect(answer?.json["logprobs_mode"] == .string("processed_logprobs"))
            let sent = service.state.withLock { $0.completions }
            #expect(
                sent.count == 2 && sent[0].seed == 9 && sent[0].stop == ["\n"] && sent[0].version == PolicyVersion(2))
            let ids = await client.send(
                "POST", "/v1/completions", json: #"{"prompt":[1,2],"return_tokens_as_token_ids":true,"logprobs":0}"#)
            #expect(ids?.json["choices"]?.elements?[0]["logprobs"]?["tokens"]?.text == #"["token_id:52","token_id:1"]"#)
            let chat = await client.send(
                "POST", "/v1/chat/completions",
                json: #"{"messages":[{"role":"user","content":"hi"}],"logprobs":true,"max_completion_tokens":3}"#)
            #expect(chat?.json["choices"]?.elements?[0]["message"]?["content"] == .string("4é"))
            #expect(
                chat?.json["choices"]?.elements?[0]["logprobs"]?["content"]?.elements?[1]["bytes"]?.text == "[195,169]")
            #expect(service.state.withLock { $0.completions.last?.maximumTokens } == 3)
        }
    }

    @Test func `likeliest tokens, min_p and the repetition penalty go through`() async throws {
        let service = ScriptedService()
        try await withServer(service) { client in
            let text = await client.send(
                "POST", "/v1/completions",
                json: #"{"prompt":"x","logprobs":3,"min_p":0.05,"repetition_penalty":1.2,"echo":true}"#)
            #expect(text?.status == 200 && text?.headers["connection"] == "close")
            let top = text?.json["choices"]?.elements?[0]["logprobs"]?["top_logprobs"]
            // Two tokens of one text: the likelier is told. The sampled one is told in any case.
            #expect(
                top?.text
                    == #"[null,{"+":-1.0},{"2":-2.0},{"4":-0.25,"5":-1.5},{"4":-0.25,"5":-1.5,"é":-0.1}]"#)
            let sent = service.state.withLock { $0.completions.last }
            #expect(sent?.minP == 0.05 && sent?.repetitionPenalty == 1.2 && sent?.topLogprobs == 3)
            let chat = await client.send(
                "POST", "/v1/chat/completions",
                json: #"{"messages":[{"role":"user","content":"hi"}],"logprobs":true,"top_logprobs":2}"#)
            let listed = chat?.json["choices"]?.elements?[0]["logprobs"]?["content"]?.elements?[1]["top_logprobs"]
            #expect(listed?.elements?.map { $0["token"] } == [.string("4"), .string("5")])
            #expect(listed?.elements?[1]["logprob"] == .double(-1.5))
        }
    }

    @Test func `what the sampler cannot do is refused by name`() async throws {
        try await withServer { client in
            for (member, field) in [
                (#""stream":1"#, "stream"), (#""stream_options":{"include_usage":true}"#, "stream_options"),
                (#""stream":true,"stream_options":{"x":1}"#, "stream_options.x"), (#""min_p":1.1"#, "min_p"),
                (#""repetition_penalty":0"#, "repetition_penalty"),
                (#""presence_penalty":1"#, "presence_penalty"),
                (#""logprobs":21"#, "logprobs"), (#""best_of":3"#, "best_of"), (#""logit_bias":{"1":2}"#, "logit_bias"),
                (#""max_tokens":0"#, "max_tokens"), (#""n":65"#, "n"), (#""temperature":-1"#, "temperature"),
                (#""stop":[1]"#, "stop"), (#""model":"gpt-4""#, "model"),
            ] {
                let answer = await client.send("POST", "/v1/completions", json: "{\"prompt\":\"x\",\(member)}")
                #expect(answer?.status == (field == "model" ? 404 : 400), "\(member)")
                #expect(answer?.json["error"]?["param"] == .string(field), "\(member): \(answer?.text ?? "")")
                #expect(answer?.json["error"]?["type"] == .string("invalid_request_error"))
            }
            for bad in ["[]", "5", "[[]]", "[1,\"a\"]", "[-1]", "\"\""] {
                let answer = await client.send("POST", "/v1/completions", json: "{\"prompt\":\(bad)}")
                #expect(
                    answer?.status == 400 && answer?.json["error"]?["field"]?.string?.hasPrefix("prompt") == true,
                    "\(bad)")
            }
        }
    }

    @Test func `weights carry their version as a tag`() async throws {
        try await withServer { client in
            let weights = await client.send("GET", "/v1/policies/latest/weights")
            #expect(weights?.body == [1, 2, 3, 250] && weights?.headers["etag"] == "\"policy-3\"")
            #expect(weights?.headers["x-policy-version"] == "3")
            let again = await client.send(
                "GET", "/v1/policies/latest/weights", headers: ["if-none-match": "\"policy-3\""])
            #expect(again?.status == 304 && again?.body.isEmpty == true)
            #expect(
                await client.send("GET", "/v1/policies/2/weights", headers: ["if-none-match": "\"policy-3\""])?.status
                    == 200)
            #expect(await client.send("GET", "/v1/policies/9/weights")?.status == 404)
            #expect(await client.send("GET", "/v1/policies/new/weights")?.status == 422)
        }
    }

    @Test func `the learner is read and changed in the same flat form`() async throws {
        let service = ScriptedService()
        try await withServer(service) { client in
            let before = await client.send("GET", "/v1/learner")
            #expect(before?.json["state"] == .string("running") && before?.json["objective"] == .string("gppo"))
            let after = await client.send("PATCH", "/v1/learner", json: #"{"state":"paused","learning_rate":1e-5}"#)
            #expect(after?.json["state"] == .string("paused") && after?.json["learning_rate"] == .double(1e-5))
            let unknown = await client.send("PATCH", "/v1/learner", json: #"{"state":"running","learning_rat":1}"#)
            #expect(unknown?.status == 422 && unknown?.json["error"]?["field"] == .string("learning_rat"))
            #expect(
                await client.send("GET", "/v1/learner")?.json["state"] == .string("paused"),
                "nothing was changed by half")
            #expect(await client.send("PATCH", "/v1/learner", json: "{}")?.status == 422)
            #expect(await client.send("PATCH", "/v1/learner", json: #"{"state":"asleep"}"#)?.status == 422)
            let back = await client.send("PATCH", "/v1/learner", json: #"{"rollback_to":1}"#)
            #expect(back?.status == 200 && back?.json["rolling_back_to"] == .integer(1))
            let never = await client.send("PATCH", "/v1/learner", json: #"{"rollback_to":99,"learning_rate":1}"#)
            #expect(never?.status == 404 && never?.json["error"]?["field"] == .string("rollback_to"))
            #expect(await client.send("PATCH", "/v1/learner", json: #"{"rollback_to":"worst"}"#)?.status == 422)
            service.state.withLock { $0.phase = .off }
            #expect(
                await client.send("PATCH", "/v1/learner", json: #"{"state":"running","learning_rate":2e-5}"#)?.status
                    == 409)
            #expect(await client.send("GET", "/v1/learner")?.json["learning_rate"] == .double(1e-5))
        }
    }

    @Test func `HEAD answers as GET without a body, other methods with 405 and Allow`() async throws {
        try await withServer { client in
            let head = await client.send("HEAD", "/healthz")
            #expect(head?.status == 200 && head?.headers["content-length"] == "15" && head?.body.isEmpty == true)
            let wrong = await client.send("DELETE", "/v1/prompts")
            #expect(wrong?.status == 405 && wrong?.headers["allow"] == "POST, GET, HEAD")
            #expect(wrong?.json["error"]?["code"] == .string("method_not_allowed"))
            #expect(await client.send("GET", "/v1/score")?.headers["allow"] == "POST")
            #expect(await client.send("GET", "/v1/nothing")?.status == 404)
            #expect(await client.send("GET", "/v1/prompts/")?.status == 422)
        }
    }

    @Test func `an id with a slash is one segment when it is encoded`() async throws {
        try await withServer { client in
            _ = await client.send("POST", "/v1/prompts", json: prompt.replacing("p-1", with: "set/1"))
            #expect(await client.send("GET", "/v1/prompts/set%2F1")?.status == 200)
            #expect(await client.send("GET", "/v1/prompts/set/1")?.status == 404)
        }
    }

    @Test func `each answer carries a request id, the client's own where it can stand in a log`() async throws {
        try await withServer { client in
            #expect(
                await client.send("GET", "/healthz", headers: ["x-request-id": "abc-1"])?.headers["x-request-id"]
                    == "abc-1")
            #expect(await client.send("GET", "/healthz")?.headers["x-request-id"]?.hasPrefix("req-") == true)
            let long = String(repeating: "x", count: 65)
            #expect(
                await client.send("GET", "/healthz", headers: ["x-request-id": long])?.headers["x-request-id"] != long)
        }
    }

    @Test func `readiness names what is missing`() async throws {
        let service = ScriptedService()
        try await withServer(service) { client in
            #expect(await client.send("GET", "/readyz")?.status == 200)
            service.state.withLock { $0.isReady = false }
            let answer = await client.send("GET", "/readyz")
            #expect(answer?.status == 503 && answer?.headers["retry-after"] == "5")
            #expect(answer?.json["checks"]?.elements?[0]["name"] == .string("ledger"))
        }
    }

    @Test func `metrics count the answers by status`() async throws {
        try await withServer { client in
            for _ in 0..<3 { _ = await client.send("GET", "/healthz") }
            _ = await client.send("GET", "/nothing")
            let metrics = await client.send("GET", "/metrics")
            #expect(metrics?.headers["content-type"] == "text/plain; version=0.0.4; charset=utf-8")
            #expect(metrics?.text.contains("rolloutd_http_requests_total{status=\"200\"} 3\n") == true)
            #expect(metrics?.text.contains("rolloutd_http_requests_total{status=\"404\"} 1\n") == true)
        }
    }
}
