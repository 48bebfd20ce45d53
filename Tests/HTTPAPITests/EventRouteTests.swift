// GET /v1/events over real sockets: headers, ids, filters, limits, and a reader that takes nothing.
import Domain
import Foundation
import HTTPAPI
@testable import Service
import StrictJSON
import Synchronization
import TestSupport
import Testing

@Suite(.serialized) struct EventRouteTests {
    private static let prompt = #"{"prompts":[{"id":"p","text":"2+2?","task":{"type":"math","answer":"4"}}]}"#

    private static func rollout(_ id: String) -> String {
        #"{"rollouts":[{"id":"\#(id)","prompt_id":"p","response":"\\boxed{4}","policy_version":0}]}"#
    }

    @Test(.timeLimit(.minutes(1))) func `a stream tells a post and its verdict, and goes on after a lost connection`()
        async throws
    {
        try await withDirectory { directory in
            try await withRealServer(directory) { client in
                _ = await client.send("POST", "/v1/prompts", json: Self.prompt)
                let stream = await client.events(
                    "/v1/events",
                    started: { Task { _ = await client.send("POST", "/v1/rollouts", json: Self.rollout("r-1")) } },
                    until: { $0.events.contains { $0.type == "rollout.judged" } })
                #expect(stream.status == 200 && stream.headers["content-type"] == "text/event-stream")
                #expect(stream.headers["cache-control"] == "no-store")
                let accepted = try #require(stream.events.first { $0.type == "rollout.accepted" })
                #expect(accepted.data["rollouts"]?.elements?.first?["id"] == .string("r-1"))
                // While nobody listens.
                _ = await client.send("POST", "/v1/rollouts", json: Self.rollout("r-2"))
                let again = await client.events("/v1/events", after: stream.lastID) {
                    $0.events.contains { $0.type == "rollout.judged" }
                }
                let ids = again.events.filter { $0.type == "rollout.accepted" }.flatMap {
                    $0.data["rollouts"]?.elements?.compactMap { $0["id"]?.string } ?? []
                }
                #expect(ids == ["r-2"], "\(again.events)")
                #expect(!again.events.contains { $0.type == "gap" })
                let filtered = await client.events("/v1/events?types=rollout.judged&last_event_id=\(accepted.id)") {
                    $0.events.count >= 2
                }
                #expect(Set(filtered.events.map(\.type)) == ["rollout.judged"])
            }
        }
    }

    @Test(.timeLimit(.minutes(1))) func `a shutdown ends open streams with a last event and a whole body`() async throws
    {
        let reading = Mutex<Task<EventStream, Never>?>(nil)
        try await withDirectory { directory in
            try await withRealServer(directory) { client in
                let (started, start) = AsyncStream.makeStream(of: Void.self)
                let task = Task { await client.events("/v1/events", started: { start.yield() }) { _ in false } }
                reading.withLock { $0 = task }
                var iterator = started.makeAsyncIterator()
                await iterator.next()
            }
        }
        let ended = try #require(await reading.withLock { $0 }?.value)
        #expect(ended.events.map(\.type).last == "stream.end" && ended.isComplete)
    }

    @Test func `unknown types, ids and parameters are refused by name`() async throws {
        try await withServer { client in
            let type = await client.send("GET", "/v1/events?types=rollout.judged,rollouts")
            #expect(type?.status == 422 && type?.json["error"]?["field"] == .string("types"))
            let id = await client.send("GET", "/v1/events", headers: ["last-event-id": "seven"])
            #expect(id?.status == 422 && id?.json["error"]?["field"] == .string("last_event_id"))
            #expect(await client.send("GET", "/v1/events?type=alarm")?.status == 422)
            let head = await client.send("HEAD", "/v1/events")
            #expect(head?.status == 200 && head?.body == [])
        }
    }

    @Test(.timeLimit(.minutes(1))) func `a reader that takes nothing is closed, and another gets all`() async throws {
        let hub = EventHub(epoch: "a", newest: 0)
        let service = ScriptedService()
        service.state.withLock { $0.hub = hub }
        try await withServer(service, configure: { $0.readSecondsMax = 0.5 }) { client in
            // Ends the streams before the server waits for them.
            defer { hub.stop() }
            let text = String(repeating: "x", count: 100_000)
            async let stuck: Void = client.exchange { connection in
                connection.write("GET /v1/events HTTP/1.1\r\nhost: 127.0.0.1:\(client.port)\r\n\r\n")
                connection.rest(seconds: 8)
            }
            while hub.watchers == 0 { try await Task.sleep(for: .milliseconds(10)) }
            // More than the buffers of any socket on the way.
            for _ in 0..<300 {
                hub.publish(.alarm, .members(["message": .string(text)]))
                try await Task.sleep(for: .milliseconds(5))
            }
            var isClosed = false
            for _ in 0..<300 where !isClosed {
                isClosed = hub.watchers == 0
                try await Task.sleep(for: .milliseconds(20))
            }
            #expect(isClosed, "the reader still holds its stream")
            let other = await client.events("/v1/events", after: "0.a.298") { $0.events.count == 2 }
            #expect(other.events.map(\.id) == ["0.a.299", "0.a.300"])
            await stuck
        }
    }

    @Test(.timeLimit(.minutes(1))) func `an idle stream outlives the server's patience with idle connections`()
        async throws
    {
        let hub = EventHub(epoch: "a", newest: 0)
        let service = ScriptedService()
        service.state.withLock { $0.hub = hub }
        try await withServer(
            service,
            configure: {
                $0.idleSeconds = 0.3
                $0.readSecondsMax = 0.3
            }
        ) { client in
            defer { hub.stop() }
            let publishing = Task {
                try await Task.sleep(for: .seconds(2))
                hub.publish(.alarm, .members(["message": .string("late")]))
            }
            let stream = await client.events("/v1/events") { !$0.events.isEmpty }
            #expect(stream.events.map(\.type) == ["alarm"] && stream.heartbeats > 5)
            try await publishing.value
        }
    }

    @Test func `streams beyond the bound are told to come back`() async throws {
        let hub = EventHub(epoch: "a", newest: 0)
        let service = ScriptedService()
        service.state.withLock { $0.hub = hub }
        let places = (0..<Limits.eventWatchersMax).compactMap { _ in EventPlace(hub) }
        try await withServer(service) { client in
            let answer = await client.send("GET", "/v1/events")
            #expect(answer?.status == 429 && answer?.headers["retry-after"] != nil)
            #expect(places.count == Limits.eventWatchersMax)
        }
    }
}
