// Streams of events: nothing twice, nothing lost in silence, at whatever pace and over restarts.
import Domain
import Storage
import StrictJSON
import TestSupport
import Testing

@testable import Service

/// The text of a feed's bytes, block by block.
private struct Block: Equatable {
    var type: String?
    var id: String?
    var data: JSONValue?

    static func all(_ bytes: [UInt8]) -> [Block] {
        String(decoding: bytes, as: UTF8.self).split(separator: "\n\n").map { text in
            var block = Block()
            for line in text.split(separator: "\n") {
                if line.hasPrefix("event: ") { block.type = String(line.dropFirst(7)) }
                if line.hasPrefix("id: ") { block.id = String(line.dropFirst(4)) }
                if line.hasPrefix("data: ") { block.data = try? JSONValue.parse(Array(line.dropFirst(6).utf8)) }
            }
            return block
        }
    }
}

private let quick = EventFeed.Pace(heartbeatSeconds: 0.02, gatherSeconds: 0)
private let every = Set(EventType.allCases)

private func feed(
    _ hub: EventHub, _ ledger: Ledger? = nil, types: Set<EventType> = every, after id: String? = nil
) throws -> EventFeed {
    let position: EventPosition? = if let id { try EventPosition(id) } else { nil }
    return EventFeed(
        hub: hub, ledger: ledger, types: types, position: position, place: try #require(EventPlace(hub)), pace: quick)
}

extension EventFeed {
    /// Blocks with data until there is nothing new, the greeting left out.
    fileprivate mutating func drain() async throws -> [Block] {
        var blocks: [Block] = []
        while let bytes = try await next() {
            let new = Block.all(bytes)
            if new.allSatisfy({ $0.data == nil }) && !String(decoding: bytes, as: UTF8.self).hasPrefix("retry:") {
                break
            }
            blocks += new.filter { $0.data != nil }
        }
        return blocks
    }
}

private func alarm(_ text: String) -> JSONValue { .members(["message": .string(text)]) }

@Suite struct EventFeedTests {
    @Test(.timeLimit(.minutes(1))) func `a client that comes back goes on where it was, with nothing twice`()
        async throws
    {
        let hub = EventHub(epoch: "a", newest: 0)
        var first = try feed(hub)
        let greeting = Block.all(try #require(try await first.next()))
        #expect(greeting == [Block(type: nil, id: "0.a.0", data: nil)])
        for index in 0..<5 { hub.publish(.alarm, alarm("\(index)")) }
        let seen = Block.all(try #require(try await first.next()))
        #expect(seen.map(\.id) == (1...5).map { "0.a.\($0)" })
        var second = try feed(hub, after: seen[2].id)
        #expect(try await second.drain().map { $0.data?["message"] } == [.string("3"), .string("4")])
        // A client that lost its connection before the first event has the greeting's id.
        var third = try feed(hub, after: greeting[0].id)
        #expect(try await third.drain().count == 5)
    }

    @Test(.timeLimit(.minutes(1))) func `a slow reader costs no memory and is told what it missed`() async throws {
        let hub = EventHub(epoch: "a", newest: 0)
        var slow = try feed(hub)
        _ = try await slow.next()
        let count = Limits.eventsInMemory + 10
        for index in 0..<count { hub.publish(.limitReached, .members(["n": .integer(Int64(index))])) }
        let blocks = try await slow.drain()
        #expect(blocks.first?.type == "gap")
        #expect(blocks.first?.data?["reason"] == .string("slow"))
        #expect(blocks.first?.data?["missed_at_most"] == .integer(10))
        #expect(blocks.first?.data?["after"] == .string("0.a.0"))
        #expect(blocks.first?.data?["through"] == .string("0.a.10"))
        #expect(blocks.first?.id == "0.a.10")
        #expect(blocks.count == Limits.eventsInMemory + 1)
        #expect(blocks.last?.data?["n"] == .integer(Int64(count - 1)))
        #expect(blocks.filter { $0.type == "gap" }.count == 1)
    }

    @Test(.timeLimit(.minutes(1))) func `large events are bounded by their bytes`() async throws {
        let hub = EventHub(epoch: "a", newest: 0)
        let text = String(repeating: "x", count: 100_000)
        for _ in 0..<400 { hub.publish(.alarm, alarm(text)) }
        var late = try feed(hub, after: "0.a.0")
        let blocks = try await late.drain()
        #expect(blocks.count > 100 && blocks.count <= Limits.eventBytesInMemory / 100_000 + 2)
    }

    @Test(.timeLimit(.minutes(1))) func `types that were not asked for are left out, and the place moves on`()
        async throws
    {
        let hub = EventHub(epoch: "a", newest: 0)
        var feed = try feed(hub, types: [.alarm])
        _ = try await feed.next()
        for index in 0..<100 { hub.publish(index == 50 ? .alarm : .limitReached, alarm("\(index)")) }
        let blocks = try await feed.drain()
        #expect(blocks.map(\.type) == ["alarm"])
        let heartbeat = try #require(try await feed.next())
        #expect(String(decoding: heartbeat, as: UTF8.self) == ": heartbeat\nid: 0.a.100\n\n")
    }

    @Test(.timeLimit(.minutes(1))) func `a shutdown ends the stream with what there is and a last event`() async throws
    {
        let hub = EventHub(epoch: "a", newest: 0)
        var feed = try feed(hub)
        _ = try await feed.next()
        hub.publish(.alarm, alarm("last"))
        hub.stop()
        #expect(Block.all(try #require(try await feed.next())).map(\.type) == ["alarm"])
        #expect(Block.all(try #require(try await feed.next())).map(\.type) == ["stream.end"])
        #expect(try await feed.next() == nil)
    }

    @Test func `the number of streams is bounded, and a stream that ended gives its place back`() throws {
        let hub = EventHub(epoch: "a", newest: 0)
        var places = (0..<Limits.eventWatchersMax).compactMap { _ in EventPlace(hub) }
        #expect(places.count == Limits.eventWatchersMax && EventPlace(hub) == nil)
        places.removeLast()
        #expect(EventPlace(hub) != nil)
        places = []
        #expect(hub.watchers == 0)
    }

    @Test func `an id that no server gave is refused`() {
        for text in ["", "1", "a.b.c", "1.a", "-1.a.0", "1.a.-1", "1.a\n.2", "1.a.2.3"] {
            #expect(throws: InputError.self, "\(text)") { try EventPosition(text) }
        }
    }
}

@Suite struct EventServiceTests {
    @Test(.timeLimit(.minutes(1))) func `over a restart kept events come once each, and the rest is told as a gap`()
        async throws
    {
        let fixture = try ServiceFixture()
        var settings = try fixture.settings(model: nil, isLearning: false)
        let ids = Box<[String]>([])
        try await fixture.run(settings) { service in
            var feed = try await service.events(after: nil, types: every)
            _ = try await feed.next()
            try await service.storePrompt("p")
            try await service.postGroup(prompt: "p", right: [0])
            var blocks: [Block] = []
            while !blocks.contains(where: { $0.type == "group.ready" }), let bytes = try await feed.next() {
                blocks += Block.all(bytes).filter { $0.data != nil }
            }
            let accepted = blocks.filter { $0.type == "rollout.accepted" }
            #expect(accepted.compactMap { $0.data?["count"]?.integer }.reduce(0, +) == 4)
            let judged = blocks.filter { $0.type == "rollout.judged" }.compactMap { $0.data?["rollouts"]?.elements }
            #expect(Set(judged.flatMap { $0 }.compactMap { $0["id"]?.string }) == ["p/0", "p/1", "p/2", "p/3"])
            let ready = try #require(blocks.first { $0.type == "group.ready" })
            #expect(ready.data?["prompt_id"] == .string("p") && ready.data?["rollouts"] == .integer(4))
            ids.value = [try #require(blocks.first?.id), try #require(ready.id)]
            // Happens while nobody looks.
            try await service.storePrompt("q")
            try await service.postGroup(prompt: "q", right: [0])
            _ = try await service.waits { try await $0.rollout(RolloutID("q/3")).status == .scored }
        }
        settings.seed += 1
        try await fixture.run(settings) { service in
            var feed = try await service.events(after: ids.value[1], types: every)
            var blocks: [Block] = []
            while !blocks.contains(where: { $0.type == "gap" }), let bytes = try await feed.next() {
                blocks += Block.all(bytes).filter { $0.data != nil }
            }
            let groups = blocks.filter { $0.type == "group.ready" }
            #expect(groups.map { $0.data?["prompt_id"] } == [.string("q")])
            let gap = try #require(blocks.last)
            #expect(gap.data?["reason"] == .string("restart") && gap.data?["missed_at_most"] == .null)
            #expect(
                gap.data?["types"]?.elements
                    == ["rollout.accepted", "rollout.judged", "evaluation.progress", "limit.reached"].map {
                        .string($0)
                    })
            #expect(gap.data?["after"] == .string(ids.value[1]))
            // From an id in the middle of what was read back: the rest, once.
            var again = try await service.events(after: groups[0].id, types: [.groupReady])
            try await service.storePrompt("r")
            try await service.postGroup(prompt: "r", right: [1])
            var later: [Block] = []
            while later.isEmpty, let bytes = try await again.next() {
                later += Block.all(bytes).filter { $0.data != nil }
            }
            #expect(later.map { $0.data?["prompt_id"] } == [.string("r")], "no gap for types that are all kept")
        }
    }

    @Test(.timeLimit(.minutes(1))) func `refusals of a second are one event, and the learner's state is kept`()
        async throws
    {
        let fixture = try ServiceFixture()
        try await fixture.run(try fixture.settings(model: nil, isLearning: false)) { service in
            var feed = try await service.events(after: nil, types: [.limitReached, .learnerState])
            for _ in 0..<7 { service.noteRefusal(status: 429, code: "overloaded") }
            var blocks: [Block] = []
            while blocks.count < 2, let bytes = try await feed.next() {
                blocks += Block.all(bytes).filter { $0.data != nil }
            }
            let refused = try #require(blocks.first { $0.type == "limit.reached" })
            #expect(refused.data?["refused"]?.text == #"[{"status":429,"code":"overloaded","count":7}]"#)
            #expect(blocks.first { $0.type == "learner.state" }?.data?["state"] == .string("off"))
            #expect(service.prometheusText().contains("rolloutd_refused_requests_total{reason=\"overloaded\"} 7\n"))
        }
    }

    @Test(.timeLimit(.minutes(1))) func `a wait for one rollout sleeps while others are posted`() async throws {
        let fixture = try ServiceFixture()
        try await fixture.run(try fixture.settings(model: nil, isLearning: false)) { service in
            try await service.storePrompt("p")
            let waiters = service.waiters
            let mine = waiters.enter(RolloutID("p/0"))
            let other = waiters.enter(RolloutID("nobody"))
            try await service.postGroup(prompt: "p", right: [0])
            #expect(try await service.rollout(RolloutID("p/0"), waitSeconds: 30).status == .scored)
            #expect(mine.generation == 1, "woken once, by its own verdict")
            #expect(other.generation == 0)
            waiters.leave(RolloutID("p/0"))
            waiters.leave(RolloutID("nobody"))
            let waiting = Task { try await service.rollout(RolloutID("p/1"), waitSeconds: 30) }
            #expect(try await waiting.value.status == .scored)
        }
    }
}

/// A value that a sendable closure may set.
private final class Box<Value: Sendable>: @unchecked Sendable {
    var value: Value
    init(_ value: Value) { self.value = value }
}
