// Keys, origins, keep-alive, expectations, shutdown: what concerns the connection rather than the operation.
import Domain
import HTTPAPI
import Service
import ServiceLifecycle
import StrictJSON
import Synchronization
import TestSupport
import Testing

@Suite struct ConnectionTests {
    @Test func `keys are required where there are any, except for probes and the description`() async throws {
        try await withServer(configure: { $0.apiKeys = ["k-1", "k-2"] }) { client in
            for path in ["/v1/prompts", "/metrics", "/admin/status", "/", "/v1/models"] {
                let answer = await client.send("GET", path)
                #expect(answer?.status == 401 && answer?.headers["www-authenticate"] == "Bearer", "\(path)")
                #expect(await client.send("GET", path, headers: ["authorization": "Bearer k-3"])?.status == 401)
                #expect(await client.send("GET", path, headers: ["authorization": "Bearer k-2"])?.status == 200)
            }
            #expect(await client.send("GET", "/v1/prompts", headers: ["authorization": "Basic k-1"])?.status == 401)
            for path in ["/healthz", "/readyz", "/openapi.yaml"] {
                #expect(await client.send("GET", path)?.status == 200)
            }
        }
    }

    @Test func `a browser opens the page with a key as the password, and changes nothing with it`() async throws {
        try await withServer(configure: { $0.apiKeys = ["k-1", "k:2"] }) { client in
            let asked = await client.send("GET", "/", headers: ["accept": "text/html,*/*;q=0.8"])
            #expect(asked?.status == 401)
            #expect(asked?.headers["www-authenticate"] == "Basic realm=\"rolloutd\", charset=\"UTF-8\"")
            // "me:k-1", ":k:2", "me:k-3", no colon, no base64.
            let answers = [
                ("bWU6ay0x", 200), ("Oms6Mg==", 200), ("bWU6ay0z", 401), ("ay0x", 401), ("k-1", 401), ("", 401),
            ]
            for (credentials, status) in answers {
                let headers = ["authorization": "Basic " + credentials]
                #expect(await client.send("GET", "/", headers: headers)?.status == status, "\(credentials)")
                #expect(await client.send("GET", "/admin/status", headers: headers)?.status == status)
                // Another site's form would carry the remembered password too.
                let change = await client.send("POST", "/v1/prompts", json: "{}", headers: headers)
                #expect(change?.status == 401, "\(credentials)")
                #expect(await client.send("PATCH", "/v1/learner", json: "{}", headers: headers)?.status == 401)
            }
        }
    }

    @Test func `without keys, web pages of other sites are refused`() async throws {
        try await withServer { client in
            let page = await client.send("POST", "/v1/prompts", json: "{}", headers: ["origin": "http://evil.example"])
            #expect(page?.status == 403 && page?.json["error"]?["code"] == .string("forbidden"))
            #expect(
                await client.send("GET", "/v1/prompts", headers: ["host": "evil.example:\(client.port)"])?.status == 403
            )
            #expect(await client.send("GET", "/v1/prompts", headers: ["host": "127.0.0.1.evil.example"])?.status == 403)
            #expect(
                await client.send("GET", "/v1/prompts", headers: ["host": "localhost:\(client.port)"])?.status == 200)
            let own = "http://127.0.0.1:\(client.port)"
            #expect(await client.send("GET", "/v1/prompts", headers: ["origin": own])?.status == 200)
        }
    }

    @Test func `a connection serves one request after another`() async throws {
        try await withServer { client in
            let statuses = await client.exchange { connection -> [Int] in
                (0..<5).compactMap { _ in
                    connection.write("GET /healthz HTTP/1.1\r\nhost: localhost\r\n\r\n")
                    return connection.readAnswer()?.status
                }
            }
            #expect(statuses == [200, 200, 200, 200, 200])
        }
    }

    @Test func `a client that asks first is told to go on, or told why not`() async throws {
        try await withServer(configure: { $0.bodyBytesMax = 1000 }) { client in
            let head = "POST /v1/score HTTP/1.1\r\nhost: localhost\r\nexpect: 100-continue\r\ncontent-length: "
            let (first, second) = await client.exchange { connection -> (Int?, Int?) in
                connection.write(head + "2\r\n\r\n")
                let first = connection.readAnswer()?.status
                connection.write("{}")
                return (first, connection.readAnswer()?.status)
            }
            #expect(first == 100 && second == 422)
            let refused = await client.exchange { connection -> Int? in
                connection.write(head + "2000\r\n\r\n")
                return connection.readAnswer()?.status
            }
            #expect(refused == 413)
        }
    }

    @Test func `overload and failure say when to come back, and never say what broke`() async throws {
        let service = ScriptedService()
        try await withServer(service) { client in
            service.fail(ServiceError(.overloaded, "the queue is full", retryAfterSeconds: 2.5))
            let busy = await client.send("GET", "/v1/prompts")
            #expect(busy?.status == 429 && busy?.headers["retry-after"] == "3")
            service.fail(ServiceError(.shuttingDown, "stopping"))
            #expect(await client.send("GET", "/v1/prompts")?.headers["retry-after"] == "1")
            struct Secret: Error { let detail = "password" }
            service.fail(Secret())
            let broken = await client.send("GET", "/v1/prompts")
            #expect(broken?.status == 500 && broken?.text.contains("password") == false)
            #expect(broken?.json["error"]?["code"] == .string("internal_error"))
        }
    }

    @Test func `a graceful shutdown finishes the request in flight and takes no new one`() async throws {
        let service = ScriptedService()
        try await withServer(service) { client, group in
            service.delay(.milliseconds(600))
            async let slow = client.send(
                "POST", "/v1/prompts", json: #"{"prompts":[{"id":"p","text":"x","task":{"type":"math","answer":"1"}}]}"#
            )
            try await Task.sleep(for: .milliseconds(250))
            await group.triggerGracefulShutdown()
            #expect(await slow?.status == 201)
            try await Task.sleep(for: .milliseconds(200))
            #expect(await client.send("GET", "/healthz") == nil)
        }
        #expect(service.state.withLock { $0.prompts.count } == 1)
    }

    @Test func `a client that leaves ends its completion, and only that`() async throws {
        let service = ScriptedService()
        try await withServer(service) { client in
            service.delay(.seconds(30))
            for path in ["completions", "chat/completions"] {
                let body =
                    path.hasPrefix("chat") ? #"{"messages":[{"role":"user","content":"x"}]}"# : #"{"prompt":"x"}"#
                _ = await client.exchange { connection in
                    connection.write(
                        "POST /v1/\(path) HTTP/1.1\r\nhost: 127.0.0.1:\(client.port)\r\n"
                            + "content-length: \(body.utf8.count)\r\n\r\n\(body)")
                    connection.rest(seconds: 0.2)
                    #expect(service.state.withLock { $0.cancelled } == (path.hasPrefix("chat") ? 1 : 0))
                }
                let wanted = path.hasPrefix("chat") ? 2 : 1
                for _ in 0..<250 where service.state.withLock({ $0.cancelled }) < wanted {
                    try await Task.sleep(for: .milliseconds(20))
                }
                #expect(service.state.withLock { $0.cancelled } == wanted)
            }
            service.delay(nil)
            #expect(await client.send("POST", "/v1/completions", json: #"{"prompt":"x"}"#)?.status == 200)
        }
    }

    @Test func `many connections at once are all answered`() async throws {
        try await withServer { client in
            await withTaskGroup(of: Int?.self) { group in
                for _ in 0..<40 { group.addTask { await client.send("GET", "/admin/status")?.status } }
                for await status in group { #expect(status == 200) }
            }
        }
    }

    @Test func `a large body is decoded away from the others`() async throws {
        let service = ScriptedService()
        try await withServer(service) { client in
            _ = await client.send(
                "POST", "/v1/prompts", json: #"{"prompts":[{"id":"p","text":"x","task":{"type":"math","answer":"1"}}]}"#
            )
            let ids = JSONValue.integers(Array(repeating: 12_345, count: 20_000)).text
            let logprobs = JSONValue.doubles(Array(repeating: -0.123456789, count: 20_000)).text
            let items = (0..<4).map {
                #"{"id":"r-\#($0)","prompt_id":"p","response":"x","policy_version":0,"token_ids":\#(ids),"logprobs":\#(logprobs)}"#
            }
            let answer = await client.send(
                "POST", "/v1/rollouts", json: "{\"rollouts\":[\(items.joined(separator: ","))]}")
            #expect(answer?.status == 202)
            #expect(service.state.withLock { $0.rollouts.values.allSatisfy { $0.tokenIDs.count == 20_000 } })
        }
    }
}
