// The client against real sockets: answers, bounds, and each way in which no answer comes.
import Dispatch
import Foundation
import Outbound
import TestSupport
import Testing

@Suite struct OutboundClientTests {
    private func url(_ server: ScriptedServer, _ path: String = "/") -> String {
        "http://127.0.0.1:\(server.port)\(path)"
    }

    @Test func `method, path, headers and body arrive as they were given, and the answer comes back whole`()
        async throws
    {
        let server = try ScriptedServer { request in
            .status(
                201, headers: ["X-Seen": request.method], body: String(decoding: request.body.reversed(), as: UTF8.self)
            )
        }
        defer { server.close() }
        let client = try OutboundClient()
        let answer = try await client.send(
            OutboundRequest(
                .post, url(server, "/a?b=c"), headers: [("authorization", "Bearer k"), ("x-empty", "")],
                body: Array("abc".utf8)))
        #expect(answer.status == 201)
        #expect(answer.headers["x-seen"] == "POST")
        #expect(answer.body == Array("cba".utf8))
        let request = try #require(server.received.first)
        #expect(request.path == "/a?b=c")
        #expect(request.headers["authorization"] == "Bearer k")
        #expect(request.headers["x-empty"] == "")
        #expect(request.headers["expect"] == nil)
        _ = try await client.send(OutboundRequest(.delete, url(server)))
        _ = try await client.send(OutboundRequest(.post, url(server)))
        #expect(server.received.map(\.method) == ["POST", "DELETE", "POST"])
        #expect(server.received.last?.headers["content-length"] == "0")
    }

    @Test func `a connection is used again, and one that the server closed is made anew`() async throws {
        let server = try ScriptedServer { request in
            request.path == "/close" ? .raw("HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n") : .status(200)
        }
        defer { server.close() }
        let client = try OutboundClient()
        for path in ["/", "/", "/close", "/"] { _ = try await client.send(OutboundRequest(.get, url(server, path))) }
        #expect(server.received.map(\.connection) == [1, 1, 1, 2])
    }

    @Test func `a redirect is an answer, not followed`() async throws {
        let server = try ScriptedServer { _ in .status(302, headers: ["location": "/elsewhere"]) }
        defer { server.close() }
        let answer = try await OutboundClient().send(OutboundRequest(.get, url(server)))
        #expect(answer.status == 302 && answer.headers["location"] == "/elsewhere")
        #expect(server.received.count == 1)
    }

    @Test func `an answer that is too long is refused however it claims its length`() async throws {
        let long = String(repeating: "x", count: 5_000)
        let server = try ScriptedServer { request in
            request.path == "/claimed"
                ? .status(200, body: long)
                : request.path == "/head"
                    ? .raw("HTTP/1.1 200 OK\r\n" + String(repeating: "x-h: \(long)\r\n", count: 20) + "\r\n")
                    : .raw("HTTP/1.1 200 OK\r\n\r\n" + long)
        }
        defer { server.close() }
        let client = try OutboundClient()
        for path in ["/claimed", "/endless", "/head"] {
            await #expect(throws: OutboundError.tooLarge(limit: 4_999), "\(path)") {
                try await client.send(OutboundRequest(.get, url(server, path), answerBytesMax: 4_999))
            }
        }
        let fits = try await client.send(OutboundRequest(.get, url(server, "/endless"), answerBytesMax: 5_000))
        #expect(fits.body.count == 5_000)
    }

    @Test func `each way in which no answer comes has its own error, and says whether to try again`() async throws {
        let server = try ScriptedServer { request in
            switch request.path {
            case "/late": .silence(3)
            case "/half": .raw("HTTP/1.1 200 OK\r\ncontent-length: 10\r\n\r\nhalf")
            default: .raw("")
            }
        }
        let client = try OutboundClient()
        func error(_ url: String, seconds: Double = 10) async -> OutboundError? {
            do {
                _ = try await client.send(OutboundRequest(.get, url, totalSeconds: seconds))
                return nil
            } catch { return error as? OutboundError }
        }
        if case .timedOut? = await error(url(server, "/late"), seconds: 0.2) {} else { Issue.record("late") }
        if case .lost? = await error(url(server, "/half")) {} else { Issue.record("half") }
        if case .lost? = await error(url(server, "/nothing")) {} else { Issue.record("nothing") }
        let secure = await error("https://127.0.0.1:\(server.port)/")
        if case .tls? = secure {} else { Issue.record("\(secure.map(\.description) ?? "no error")") }
        #expect(secure?.isTemporary == false)
        for bad in ["ftp://127.0.0.1/", "file:///etc/passwd", "127.0.0.1", "http://127.0.0.1/a b", "http://"] {
            if case .badRequest? = await error(bad) {} else { Issue.record("\(bad)") }
        }
        let port = server.port
        server.close()
        let refused = await error("http://127.0.0.1:\(port)/")
        if case .refused? = refused {} else { Issue.record("\(refused.map(\.description) ?? "no error")") }
        #expect(refused?.isTemporary == true)
    }

    @Test func `a header cannot smuggle another one in`() async throws {
        let client = try OutboundClient()
        for header in [("a", "b\r\nc: d"), ("a\r\nb", "c"), ("", "c"), ("a:", "b")] {
            do {
                _ = try await client.send(OutboundRequest(.get, "http://127.0.0.1:9/", headers: [header]))
                Issue.record("\(header) was sent")
            } catch {
                if case .badRequest? = error as? OutboundError {} else { Issue.record("\(error)") }
            }
        }
    }

    @Test(.timeLimit(.minutes(1)))
    func `fifty requests wait at once without holding each other, and cancelling ends one at once`() async throws {
        let server = try ScriptedServer { request in
            if request.path == "/slow" { usleep(400_000) }
            return request.path == "/never" ? .silence(20) : .status(200)
        }
        defer { server.close() }
        let client = try OutboundClient(exchangesMax: 51)
        let clock = ContinuousClock()
        let start = clock.now
        let never = Task { try await client.send(OutboundRequest(.get, url(server, "/never"))) }
        try await withThrowingTaskGroup(of: Int.self) { group in
            for _ in 0..<50 {
                group.addTask { try await client.send(OutboundRequest(.get, self.url(server, "/slow"))).status }
            }
            for try await status in group { #expect(status == 200) }
        }
        #expect(clock.now - start < .seconds(5), "they waited for one another")
        never.cancel()
        await #expect(throws: CancellationError.self) { try await never.value }
        #expect(clock.now - start < .seconds(6))
    }

    @Test func `beyond its bound a client refuses, and a closed one ends what is under way`() async throws {
        let server = try ScriptedServer { _ in .silence(20) }
        defer { server.close() }
        let client = try OutboundClient(exchangesMax: 1)
        let first = Task { try await client.send(OutboundRequest(.get, url(server))) }
        while server.received.isEmpty { try await Task.sleep(for: .milliseconds(5)) }
        await #expect(throws: OutboundError.busy(limit: 1)) {
            try await client.send(OutboundRequest(.get, url(server)))
        }
        client.close()
        await #expect(throws: OutboundError.closed) { try await first.value }
        await #expect(throws: OutboundError.closed) { try await client.send(OutboundRequest(.get, url(server))) }
    }
}
