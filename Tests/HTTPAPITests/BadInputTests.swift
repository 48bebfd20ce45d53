// Bad input on the wire: each a clear 4xx with code, field and hint, nothing stored by half, and the server lives on.
import Domain
import HTTPAPI
import Service
import StrictJSON
import Synchronization
import TestSupport
import Testing

@Suite struct BadInputTests {
    private static let rollout = #""prompt_id":"p-1","response":"x","policy_version":0"#

    @Test(
        arguments: [
            ("{", 400, "malformed_json", nil), ("", 400, "malformed_json", nil),
            ("{\"rollouts\":[]} x", 400, "malformed_json", nil),
            ("[]", 422, "wrong_type", nil), ("{}", 422, "missing_field", "rollouts"),
            ("{\"rollouts\":{}}", 422, "wrong_type", "rollouts"),
            ("{\"rollouts\":[]}", 422, "invalid_value", "rollouts"),
            ("{\"rollout\":[]}", 422, "unknown_field", "rollout"),
            ("{\"rollouts\":[5]}", 422, "wrong_type", "rollouts[0]"),
            (
                "{\"rollouts\":[{\(rollout),\"token_ids\":[1,2],\"logprobs\":[-1]}]}", 422, "length_mismatch",
                "rollouts[0].logprobs"
            ),
            (
                "{\"rollouts\":[{\(rollout),\"token_ids\":[1],\"logprobs\":[0.5]}]}", 422, "invalid_value",
                "rollouts[0].logprobs"
            ),
            (
                "{\"rollouts\":[{\(rollout),\"token_ids\":[1],\"logprobs\":[NaN]}]}", 422, "invalid_value",
                "rollouts[0].logprobs[0]"
            ),
            (
                "{\"rollouts\":[{\(rollout),\"token_ids\":[1],\"logprobs\":[-Infinity]}]}", 422, "invalid_value",
                "rollouts[0].logprobs[0]"
            ),
            (
                "{\"rollouts\":[{\(rollout),\"token_ids\":[1],\"logprobs\":[-1e999]}]}", 422, "invalid_value",
                "rollouts[0].logprobs[0]"
            ),
            (
                "{\"rollouts\":[{\(rollout),\"token_ids\":[\"1\"],\"logprobs\":[-1]}]}", 422, "wrong_type",
                "rollouts[0].token_ids"
            ),
            ("{\"rollouts\":[{\(rollout),\"tokens\":[1]}]}", 422, "unknown_field", "rollouts[0].tokens"),
            ("{\"rollouts\":[{\(rollout),\"prompt_id\":\"q\"}]}", 400, "malformed_json", "rollouts[0]"),
            (
                "{\"rollouts\":[{\"prompt_id\":\"nobody\",\"response\":\"x\",\"policy_version\":0}]}", 404, "not_found",
                "rollouts[0].prompt_id"
            ),
            (
                "{\"rollouts\":[{\"prompt_id\":\"p-1\",\"response\":\"x\",\"policy_version\":99}]}", 409,
                "stale_policy", "rollouts[0].policy_version"
            ),
            (
                "{\"rollouts\":[{\"prompt_id\":\"p-1\",\"response\":5,\"policy_version\":0}]}", 422, "wrong_type",
                "rollouts[0].response"
            ),
        ] as [(String, Int, String, String?)])
    func `a bad rollout is refused with code and field`(body: String, status: Int, code: String, field: String?)
        async throws
    {
        let service = ScriptedService()
        try await withServer(service) { client in
            _ = await client.send(
                "POST", "/v1/prompts",
                json: #"{"prompts":[{"id":"p-1","text":"x","task":{"type":"math","answer":"1"}}]}"#)
            let answer = await client.send("POST", "/v1/rollouts", json: body)
            #expect(answer?.status == status, "\(answer?.text ?? "no answer")")
            #expect(answer?.json["error"]?["code"] == .string(code))
            #expect(answer?.json["error"]?["field"]?.string == field)
            #expect(answer?.json["error"]?["message"]?.string?.isEmpty == false)
            #expect(service.state.withLock { $0.rollouts.isEmpty }, "nothing was stored")
            #expect(await client.send("GET", "/healthz")?.status == 200)
        }
    }

    @Test func `broken UTF-8 is refused`() async throws {
        try await withServer { client in
            let body = Array(#"{"prompts":[{"text":""#.utf8) + [0xC3, 0x28] + Array(#""}]}"#.utf8)
            let answer = await client.send("POST", "/v1/prompts", body: body)
            #expect(answer?.status == 400 && answer?.json["error"]?["field"] == .string("prompts[0].text"))
        }
    }

    @Test func `too deep, too many and too long are refused`() async throws {
        try await withServer { client in
            let deep = "{\"items\":" + String(repeating: "[", count: 100_000)
            #expect(await client.send("POST", "/v1/score", json: deep)?.json["error"]?["code"] == .string("too_large"))
            let item = #"{"task":{"type":"math","answer":"1"},"response":"x"}"#
            let many = "{\"items\":[" + Array(repeating: item, count: 1_025).joined(separator: ",") + "]}"
            #expect(await client.send("POST", "/v1/score", json: many)?.json["error"]?["field"] == .string("items"))
            let long = String(repeating: "x", count: Limits.responseBytesMax + 1)
            let response = #"{"items":[{"task":{"type":"math","answer":"1"},"response":"\#(long)"}]}"#
            let answer = await client.send("POST", "/v1/score", json: response)
            #expect(answer?.status == 422 && answer?.json["error"]?["field"] == .string("items[0].response"))
        }
    }

    @Test func `a body beyond the cap is refused whether or not its length is announced`() async throws {
        try await withServer(configure: { $0.bodyBytesMax = 10_000 }) { client in
            let body = [UInt8](repeating: 0x20, count: 200_000)
            let announced = await client.send("POST", "/v1/score", body: body)
            #expect(announced?.status == 413 && announced?.json["error"]?["code"] == .string("body_too_large"))
            let chunked = await client.exchange { connection -> HTTPAnswer? in
                connection.write("POST /v1/score HTTP/1.1\r\nhost: localhost\r\ntransfer-encoding: chunked\r\n\r\n")
                for _ in 0..<20 { connection.write("3e8\r\n" + String(repeating: " ", count: 1000) + "\r\n") }
                return connection.readAnswer()
            }
            #expect(chunked?.status == 413 && chunked?.headers["connection"] == "close")
        }
    }

    @Test func `bodies beyond the memory for all of them wait outside`() async throws {
        let scores =
            #"{"items":[{"task":{"type":"math","answer":"1"},"response":"\#(String(repeating: "x", count: 3_000))"}]}"#
        try await withServer(configure: { $0.bodyBytesInFlightMax = 4_000 }) { client in
            let second = await client.exchange { connection -> HTTPAnswer? in
                let head = "POST /v1/score HTTP/1.1\r\nhost: localhost\r\ncontent-length: \(scores.utf8.count)\r\n\r\n"
                connection.write(head)
                connection.rest(seconds: 0.3)
                let other = HTTPConnection(port: client.port)
                defer { other.close() }
                other.write(head)
                return other.readAnswer()
            }
            #expect(second?.status == 429 && second?.headers["retry-after"] == "1")
            try await Task.sleep(for: .milliseconds(200))
            #expect(await client.send("POST", "/v1/score", json: scores)?.status == 200, "the memory was given back")
        }
    }

    @Test func `a truncated body gets 400`() async throws {
        try await withServer { client in
            let answer = await client.exchange { connection -> HTTPAnswer? in
                connection.write("POST /v1/score HTTP/1.1\r\nhost: localhost\r\ncontent-length: 100\r\n\r\n{\"items\":")
                connection.finishWriting()
                return connection.readAnswer()
            }
            #expect(answer?.status == 400 && answer?.json["error"]?["code"] == .string("truncated_body"))
        }
    }

    @Test func `a client that sends its body too slowly is cut off`() async throws {
        try await withServer(configure: { $0.readSecondsMax = 0.3 }) { client in
            let (answer, isClosed) = await client.exchange { connection -> (HTTPAnswer?, Bool) in
                connection.write("POST /v1/score HTTP/1.1\r\nhost: localhost\r\ncontent-length: 100\r\n\r\n{")
                let answer = connection.readAnswer()
                return (answer, connection.isClosedByServer())
            }
            #expect(answer?.status == 408 && answer?.json["error"]?["code"] == .string("request_timeout"))
            #expect(isClosed)
        }
    }

    @Test func `a client that never finishes its headers is cut off`() async throws {
        try await withServer(configure: { $0.idleSeconds = 0.3 }) { client in
            let isClosed = await client.exchange { connection -> Bool in
                connection.write("POST /v1/score HTTP/1.1\r\nhost: loc")
                return connection.isClosedByServer()
            }
            #expect(isClosed)
            #expect(await client.send("GET", "/healthz")?.status == 200)
        }
    }

    @Test func `a client that does not take its answer is cut off`() async throws {
        let service = ScriptedService()
        try await withServer(service, configure: { $0.readSecondsMax = 0.3 }) { client in
            _ = await client.send(
                "POST", "/v1/prompts", json: #"{"prompts":[{"id":"p","text":"x","task":{"type":"math","answer":"1"}}]}"#
            )
            let response = String(repeating: "x", count: 500_000)
            for index in 0..<40 {
                let body =
                    #"{"rollouts":[{"id":"r-\#(index)","prompt_id":"p","response":"\#(response)","policy_version":0}]}"#
                _ = await client.send("POST", "/v1/rollouts", json: body)
            }
            let answer = await client.exchange { connection -> HTTPAnswer? in
                connection.write("GET /v1/rollouts/export HTTP/1.1\r\nhost: localhost\r\n\r\n")
                connection.rest(seconds: 1.5)
                return connection.readAnswer()
            }
            #expect((answer?.body.count ?? 0) < 20_000_000, "the stream broke off")
            #expect(await client.send("GET", "/healthz")?.status == 200)
        }
    }

    @Test func `wrong content types and encodings are refused`() async throws {
        try await withServer { client in
            for type in [
                "text/plain", "application/x-www-form-urlencoded", "application/json; charset=latin1",
                "application/x-ndjson",
            ] {
                let answer = await client.send("POST", "/v1/score", json: "{}", headers: ["content-type": type])
                #expect(
                    answer?.status == 415 && answer?.json["error"]?["hint"]?.string?.hasPrefix("send ") == true,
                    "\(type)")
            }
            let packed = await client.send("POST", "/v1/score", json: "{}", headers: ["content-encoding": "br"])
            #expect(packed?.status == 415 && packed?.json["error"]?["code"] == .string("unsupported_encoding"))
        }
    }

    @Test func `unknown, repeated and broken query parameters are refused`() async throws {
        try await withServer { client in
            for (query, field) in [
                ("limit=0", "limit"), ("limit=x", "limit"), ("limit=201", "limit"), ("limits=5", "limits"),
                ("limit=1&limit=2", "limit"), ("after=%20", "after"), ("dataset=", "dataset"),
            ] {
                let answer = await client.send("GET", "/v1/prompts?\(query)")
                #expect(answer?.status == 422 && answer?.json["error"]?["field"] == .string(field), "\(query)")
            }
            #expect(await client.send("GET", "/v1/prompts?dataset=%zz")?.status == 422)
            #expect(await client.send("GET", "/v1/rollouts?status=done")?.status == 422)
            #expect(await client.send("GET", "/v1/rollouts/x?wait_seconds=61")?.status == 422)
            #expect(await client.send("GET", "/v1/rollouts/x?wait_seconds=nan")?.status == 422)
            #expect(await client.send("GET", "/v1/prompts/%ff")?.status == 400)
        }
    }

    @Test func `headers beyond their cap and lines that are no HTTP are refused`() async throws {
        try await withServer { client in
            let long = await client.send("GET", "/healthz", headers: ["x-long": String(repeating: "x", count: 40_000)])
            #expect(long?.status == 400 && long?.json["error"]?["code"] == .string("malformed_request"))
            for garbage in [
                "\u{16}\u{3}\u{1} this is no HTTP\r\n\r\n", "GET /\r\n\r\n", "GET / HTTP/1.1\r\nbad header\r\n\r\n",
            ] {
                let answer = await client.exchange { connection -> HTTPAnswer? in
                    connection.write(garbage)
                    return connection.readAnswer()
                }
                #expect(
                    answer?.status == 400 && answer?.json["error"]?["code"] == .string("malformed_request"),
                    "\(garbage)")
            }
            #expect(await client.send("GET", "/healthz")?.status == 200)
        }
    }

    @Test func `random bytes never bring the server down`() async throws {
        try await withServer { client in
            var state: UInt64 = 11
            for _ in 0..<60 {
                let body = (0..<200).map { _ -> UInt8 in
                    state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
                    return UInt8(state >> 56)
                }
                let answer = await client.send("POST", "/v1/rollouts", body: body)
                // One that begins with a digit or an N is a number to begin with.
                #expect([400, 422].contains(answer?.status ?? 0))
            }
            #expect(await client.send("GET", "/healthz")?.status == 200)
        }
    }
}
