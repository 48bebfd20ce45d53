// One watcher's way through the stream, as the bytes of Server-Sent Events (WHATWG HTML, section 9.2): what it missed, from
// the ledger; that it missed something, where the ledger does not have it; then what happens, at its own pace.
import Domain
import Storage
import StrictJSON

/// A watcher's place in the line of watchers, given back with its last reference.
final class EventPlace: Sendable {
    private let hub: EventHub

    /// Nil when there are too many watchers.
    init?(_ hub: EventHub) {
        guard hub.enter() else { return nil }
        self.hub = hub
    }

    deinit { hub.leave() }
}

/// One stream of events. Ask for the `next` bytes until there are none.
package struct EventFeed: Sendable {
    /// How the feed paces itself; tests make it quick.
    package struct Pace: Sendable {
        /// A sign of life after so many seconds without events.
        package var heartbeatSeconds: Double
        /// Events gather for so many seconds before they are sent.
        package var gatherSeconds: Double
        package init(
            heartbeatSeconds: Double = Limits.eventHeartbeatSeconds, gatherSeconds: Double = Limits.eventGatherSeconds
        ) {
            self.heartbeatSeconds = heartbeatSeconds
            self.gatherSeconds = gatherSeconds
        }
    }

    /// A client that lost its connection comes back after so many milliseconds.
    private static let retryMilliseconds = 2_000
    /// Events read from the ledger at once.
    private static let pageRows = 256

    private let hub: EventHub
    /// Where kept events are read back from; without one, what is not in memory counts as lost.
    private let ledger: Ledger?
    private let types: Set<EventType>
    private let place: EventPlace
    private let pace: Pace
    private var position: EventPosition
    private var hasBegun = false
    private var isOver = false
    private var sentAt: ContinuousClock.Instant?

    /// - Parameters:
    ///   - position: The last event that the client has; nil begins with what happens from now on.
    ///   - types: The types that it wants.
    init(
        hub: EventHub, ledger: Ledger?, types: Set<EventType>, position: EventPosition?, place: EventPlace,
        pace: Pace = Pace()
    ) {
        self.hub = hub
        self.ledger = ledger
        self.types = types
        self.place = place
        self.pace = pace
        self.position = position ?? hub.newest
    }

    /// The next bytes to send, at most about `Limits.eventChunkBytes`; nil when the stream is over.
    package mutating func next() async throws -> [UInt8]? {
        guard !isOver else { return nil }
        guard hasBegun else {
            hasBegun = true
            // An id without data: a client that loses the connection before the first event comes back to this place.
            return Array("retry: \(Self.retryMilliseconds)\nid: \(position.text)\n\n".utf8)
        }
        if let sentAt, pace.gatherSeconds > 0 {
            try await Task.sleep(until: sentAt.advanced(by: .seconds(pace.gatherSeconds)))
        }
        let bytes = try await nextBytes()
        sentAt = .now
        return bytes
    }

    private mutating func nextBytes() async throws -> [UInt8] {
        let heartbeat = ContinuousClock.now.advanced(by: .seconds(pace.heartbeatSeconds))
        while true {
            let seen = hub.signal.generation
            switch hub.read(after: position, bytesMax: Limits.eventChunkBytes) {
            case .events(let entries):
                position = entries.last?.position ?? position
                let wanted = entries.filter { types.contains($0.type) }
                if !wanted.isEmpty { return wanted.flatMap { Self.framed($0.frame, $0.position) } }
            case .lost(let oldest):
                return try await catchUp(to: oldest)
            case .stopped:
                isOver = true
                return Self.framed(Array("event: stream.end\ndata: {\"reason\":\"shutting_down\"}\n".utf8), position)
            case .nothing:
                let remaining = ContinuousClock.now.duration(to: heartbeat).milliseconds / 1000
                // The id goes along: a client that filters types would otherwise stay at its last one's place.
                guard remaining > 0 else { return Array(": heartbeat\nid: \(position.text)\n\n".utf8) }
                await hub.signal.wait(beyond: seen, seconds: remaining)
                try Task.checkCancellation()
            }
        }
    }

    /// A page of what the ledger kept since the client's place, or, after the last page, what is lost of the rest.
    private mutating func catchUp(to oldest: EventPosition) async throws -> [UInt8] {
        var bytes: [UInt8] = []
        let from = lostFrom ?? position
        if lostFrom == nil {
            lostFrom = position
            trimmed = try await ledger?.trimmedEventTypes(after: position.durable) ?? []
        }
        while let ledger, position.durable < oldest.durable {
            guard bytes.count < Limits.eventChunkBytes else { return bytes }
            let page = try await ledger.events(
                after: position.durable, through: oldest.durable, types: types, limit: Self.pageRows)
            for event in page.events {
                let frame = Array("event: \(event.type.rawValue)\ndata: ".utf8) + EventData.kept(event).serialized()
                bytes += Self.framed(
                    frame + [0x0A], EventPosition(durable: event.sequence, epoch: Self.replayed, number: 0))
            }
            position = EventPosition(durable: page.through, epoch: Self.replayed, number: 0)
        }
        lostFrom = nil
        position = oldest
        return bytes + gap(from: from, to: oldest)
    }

    /// The epoch of places within what was read back.
    private static let replayed = "replayed"
    /// Where the client was when it began to catch up.
    private var lostFrom: EventPosition?
    /// Types of which the ledger forgot some since.
    private var trimmed: Set<EventType> = []

    /// Tells which events between two places cannot be told any more; nothing when none of the types wanted is among them.
    private func gap(from: EventPosition, to: EventPosition) -> [UInt8] {
        var missing = types.filter { !$0.isDurable }.union(trimmed.intersection(types))
        if ledger == nil || from.durable > to.durable { missing = types }
        let isSameRun = from.epoch == to.epoch
        // Of the same run it is known how many there were; those that the ledger kept were told.
        let lost = isSameRun ? max(0, to.number - from.number - max(0, to.durable - from.durable)) : nil
        guard !missing.isEmpty, lost != 0 else { return Array("id: \(to.text)\n\n".utf8) }
        hub.countGap()
        let data = JSONValue.members([
            "after": .string(from.text), "through": .string(to.text),
            "reason": .string(isSameRun ? "slow" : from.durable > to.durable ? "other_ledger" : "restart"),
            "missed_at_most": lost.map { .integer($0) } ?? .null,
            "types": .array(EventType.allCases.filter(missing.contains).map { .string($0.rawValue) }),
        ])
        return Self.framed(Array("event: gap\ndata: ".utf8) + data.serialized() + [0x0A], to)
    }

    private static func framed(_ frame: [UInt8], _ position: EventPosition) -> [UInt8] {
        frame + Array("id: \(position.text)\n\n".utf8)
    }
}
