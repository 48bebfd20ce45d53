// Streamed completions over a real socket: what each event has, when it comes, and how a stream ends that cannot go on.
import Domain
@testable import HTTPAPI
import Service
import StrictJSON
import Synchronization
import TestSupport
import Testing

@Suite struct CompletionStreamTests {
    /// The `data:` lines of a streamed answer; the last is `[DONE]` when it ended well.
    private func events(_ answer: HTTPAnswer?) -> [String] {
        (answer?.text ?? "").split(separator: "\n\n").map { event in
            #expect(event.hasPrefix("data: "))
            return String(event.dropFirst("data: ".count))
        }
    }

    private func chunks(_ answer: HTTPAnswer?) -> [JSONValue] {
        let events = events(answer)
        #expect(answer?.status == 200 && answer?.headers["content-type"] == "text/event-stream")
        #expect(events.last == "[DONE]")
        return events.dropLast().compactMap { try? JSONValue.parse(text: $0) }
    }

    @Test func `a streamed text comes in OpenAI's chunks, with its prompt, log-probs, ids and usage`() async throws {
        try await withServer { client in
            let body =
                #"{"prompt":["2+2","x"],"n":2,"echo":true,"logprobs":1,"stream":true,"return_token_ids":true,"stream_options":{"include_usage":true}}"#
            let all = chunks(await client.send("POST", "/v1/completions", json: body))
            // A prompt for each of four choices, two pieces of each, the usage.
            #expect(all.count == 4 + 8 + 1)
            #expect(Set(all.compactMap { $0["id"]?.string }).count == 1)
            for chunk in all {
                #expect(chunk["object"] == .string("text_completion") && chunk["policy_version"] == .integer(3))
                #expect(chunk["logprobs_mode"] == .string("processed_logprobs"))
            }
            for index in 0..<4 {
                let pieces = all.compactMap { $0["choices"]?.elements?.first }.filter {
                    $0["index"] == .integer(Int64(index))
                }
                #expect(pieces.compactMap { $0["text"]?.string }.joined() == "2+24é")
                #expect(pieces.map { $0["finish_reason"] } == [.null, .null, .string("stop")])
                #expect(pieces[0]["logprobs"]?["token_logprobs"]?.text == "[null,-1.0,-2.0]")
                #expect(pieces[0]["prompt_token_ids"]?.text == "[5,6,7]" && pieces[1]["prompt_token_ids"] == nil)
                #expect(pieces.map { $0["logprobs"]?["text_offset"]?.text } == ["[0,1,2]", "[3]", "[4]"])
                #expect(pieces.map { $0["token_ids"]?.text } == ["[]", "[52]", "[1]"])
                #expect(pieces[2]["logprobs"]?["top_logprobs"]?.text == #"[{"4":-0.25,"é":-0.1}]"#)
            }
            #expect(all.dropLast().allSatisfy { $0["usage"] == .null })
            #expect(all.last?["choices"]?.elements?.isEmpty == true)
            #expect(all.last?["usage"]?.text == #"{"prompt_tokens":6,"completion_tokens":8,"total_tokens":14}"#)
        }
    }

    @Test func `a streamed message begins with its role and ends with its reason`() async throws {
        try await withServer { client in
            let body =
                #"{"messages":[{"role":"user","content":"hi"}],"n":2,"stream":true,"logprobs":true,"top_logprobs":2}"#
            let all = chunks(await client.send("POST", "/v1/chat/completions", json: body))
            let choices = all.compactMap { $0["choices"]?.elements?.first }
            #expect(all.count == 6 && all.allSatisfy { $0["object"] == .string("chat.completion.chunk") })
            #expect(choices.prefix(2).map { $0["delta"]?["role"] } == [.string("assistant"), .string("assistant")])
            for index in 0..<2 {
                let own = choices.filter { $0["index"] == .integer(Int64(index)) }
                #expect(own.compactMap { $0["delta"]?["content"]?.string }.joined() == "4é")
                #expect(own.map { $0["finish_reason"] } == [.null, .null, .string("stop")])
                #expect(own[2]["logprobs"]?["content"]?.elements?[0]["bytes"]?.text == "[195,169]")
                #expect(own[2]["logprobs"]?["content"]?.elements?[0]["top_logprobs"]?.elements?.count == 2)
            }
            // Nobody asked for ids or usage.
            #expect(all.allSatisfy { $0["usage"] == nil && $0["prompt_token_ids"] == nil })
            #expect(choices.allSatisfy { $0["token_ids"] == nil })
            let ids = #"{"messages":[{"role":"user","content":"hi"}],"stream":true,"return_token_ids":true}"#
            let told = chunks(await client.send("POST", "/v1/chat/completions", json: ids))
            #expect(told.first?["prompt_token_ids"]?.text == "[5,6,7]")
            #expect(told.last?["choices"]?.elements?[0]["token_ids"]?.text == "[1]")
        }
    }

    @Test func `the first piece arrives long before the last`() async throws {
        let service = ScriptedService()
        service.state.withLock { $0.pieceDelay = .milliseconds(250) }
        try await withServer(service) { client in
            let clock = ContinuousClock()
            let start = clock.now
            let (first, last) = await client.exchange { connection in
                let body = #"{"prompt":"x","n":4,"stream":true}"#
                connection.write(
                    "POST /v1/completions HTTP/1.1\r\nhost: 127.0.0.1:\(client.port)\r\n"
                        + "content-length: \(body.utf8.count)\r\n\r\n\(body)")
                var text = ""
                var first: Duration?
                while let more = connection.readSome(), !more.isEmpty {
                    text += String(decoding: more, as: UTF8.self)
                    if first == nil, text.contains("data: ") { first = clock.now - start }
                    if text.contains("[DONE]") { break }
                }
                return (first, clock.now - start)
            }
            #expect(last > .milliseconds(1_900))
            let firstAt = try #require(first)
            #expect(firstAt < last / 2)
        }
    }

    @Test func `a client that leaves a stream ends its sampling`() async throws {
        let service = ScriptedService()
        service.state.withLock { $0.pieceDelay = .seconds(20) }
        try await withServer(service) { client in
            for (calls, path) in ["completions", "chat/completions"].enumerated() {
                let prompt = calls == 0 ? #""prompt":"x""# : #""messages":[{"role":"user","content":"x"}]"#
                let body = "{\(prompt),\"stream\":true}"
                _ = await client.exchange { connection in
                    connection.write(
                        "POST /v1/\(path) HTTP/1.1\r\nhost: 127.0.0.1:\(client.port)\r\n"
                            + "content-length: \(body.utf8.count)\r\n\r\n\(body)")
                    #expect(connection.readSome()?.isEmpty == false)
                    #expect(service.state.withLock { $0.cancelled } == calls)
                }
                for _ in 0..<250 where service.state.withLock({ $0.cancelled }) <= calls {
                    try await Task.sleep(for: .milliseconds(20))
                }
                #expect(service.state.withLock { $0.cancelled } == calls + 1)
            }
        }
    }

    @Test func `an error on the way is an event and the stream is not said to be done`() async throws {
        let service = ScriptedService()
        service.state.withLock { $0.piecesMax = 1 }
        try await withServer(service) { client in
            let answer = await client.send("POST", "/v1/completions", json: #"{"prompt":"x","stream":true}"#)
            let events = events(answer)
            #expect(answer?.status == 200 && events.count == 2)
            let error = try JSONValue.parse(text: try #require(events.last))["error"]
            #expect(error?["code"] == .string("internal_error") && error?["type"] == .string("server_error"))
            // What is wrong from the start is an ordinary error.
            service.fail(ServiceError(.overloaded, "full", retryAfterSeconds: 5))
            let refused = await client.send("POST", "/v1/completions", json: #"{"prompt":"x","stream":true}"#)
            #expect(refused?.status == 429 && refused?.headers["retry-after"] == "5")
            #expect(refused?.json["error"]?["type"] == .string("server_error"))
        }
    }

    @Test func `vLLM's control paths pause and resume sampling, and say what is not there`() async throws {
        let service = ScriptedService()
        try await withServer(service) { client in
            #expect(await client.send("GET", "/health")?.status == 200)
            #expect(await client.send("GET", "/version")?.json["version"]?.string?.contains("rolloutd") == true)
            for (query, how) in [
                ("", CompletionSettling.abort), ("?mode=keep", .keep), ("?mode=wait", .wait), ("?mode=abort", .abort),
                ("?wait_for_inflight_requests=True", .wait),
            ] {
                let paused = await client.send("POST", "/pause" + query)
                #expect(paused?.status == 200 && paused?.text == #"{"status":"paused"}"#, "\(paused?.text ?? "")")
                #expect(service.state.withLock { $0.settled.last } == how)
                #expect(await client.send("GET", "/is_paused")?.text == #"{"is_paused":true}"#)
                #expect(await client.send("POST", "/resume")?.text == #"{"status":"resumed"}"#)
                #expect(await client.send("GET", "/is_paused")?.text == #"{"is_paused":false}"#)
            }
            #expect(await client.send("POST", "/pause?mode=later")?.status == 422)
            #expect(await client.send("POST", "/reset_prefix_cache")?.status == 200)
            for path in ["/collective_rpc", "/update_weights", "/init_weight_transfer_engine", "/sleep"] {
                let refused = await client.send("POST", path, json: "{}")
                #expect(refused?.status == 501 && refused?.json["error"]?["hint"]?.string?.contains("vllm") == true)
            }
        }
    }

    @Test func `only admins pause, and health needs no key`() async throws {
        let service = ScriptedService()
        try await withServer(service) { client in
            for (role, status) in [(KeyRole.generate, 403), (.admin, 200)] {
                // The service in memory has one key at a time.
                let headers = ["authorization": "Bearer " + service.addKey([role])]
                #expect(await client.send("GET", "/health")?.status == 200)
                #expect(await client.send("POST", "/pause?mode=keep")?.status == 401)
                let paused = await client.send("POST", "/pause?mode=keep", headers: headers)
                #expect(paused?.status == status, "\(paused?.text ?? "")")
                #expect(await client.send("POST", "/resume", headers: headers)?.status == status)
            }
        }
    }
}
