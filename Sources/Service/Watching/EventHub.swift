// The stream of events in memory: one ring for all watchers, each of which holds no more than its place in it.
//
// A watcher that is slower than the ring turns over is told that it missed something; it never makes the ring longer.
import Domain
import StrictJSON
import Synchronization

/// Takes in what happens and hands it to watchers in one order.
package final class EventHub: Sendable {
    /// An event as it is sent, but for its id.
    struct Entry: Sendable {
        var position: EventPosition
        var type: EventType
        /// `event:` and `data:` lines.
        var frame: [UInt8]
    }

    /// What a watcher at some place is to do.
    enum Reading: Sendable {
        case events([Entry])
        case nothing
        /// The ring does not go back to its place; `oldest` is where the ring begins.
        case lost(oldest: EventPosition)
        case stopped
    }

    private struct State {
        var entries: [Entry] = []
        /// Entries before this index are gone; the array is compacted when they are half of it.
        var head = 0
        var bytes = 0
        /// The place before the oldest entry, and after the newest.
        var oldest: EventPosition
        var newest: EventPosition
        var isStopped = false
        var watchers = 0
        var refusals: [RefusalKey: Int] = [:]
        var notes: [(type: EventType, data: JSONValue)] = []
        var counts: [EventType: Int] = [:]
        var gaps = 0
    }

    private struct RefusalKey: Hashable {
        var status: Int
        var code: String
    }

    /// Rises with each event, and once more at the end.
    let signal = ChangeSignal()
    private let state: Mutex<State>

    /// - Parameters:
    ///   - epoch: A name for this run that no other run has.
    ///   - newest: The newest event that the ledger keeps.
    package init(epoch: String, newest: Int64) {
        let start = EventPosition(durable: newest, epoch: epoch.replacing(".", with: "-"), number: 0)
        state = Mutex(State(oldest: start, newest: start))
    }

    // MARK: In

    /// Takes in a commit.
    package func take(_ news: CommitNews) {
        var events: [(type: EventType, durable: Int64?, data: JSONValue)] = []
        if !news.accepted.isEmpty { events.append((.rolloutAccepted, nil, EventData.accepted(news))) }
        if !news.judged.isEmpty { events.append((.rolloutJudged, nil, EventData.judged(news))) }
        events += news.events.map { ($0.type, $0.sequence, EventData.kept($0)) }
        publish(events)
    }

    /// Tells what the ledger does not keep; the caller may have tried to.
    func publish(_ type: EventType, _ data: JSONValue) { publish([(type, nil, data)]) }

    private func publish(_ events: [(type: EventType, durable: Int64?, data: JSONValue)]) {
        guard !events.isEmpty else { return }
        let framed = events.map { event in
            (
                event.type, event.durable,
                Array("event: \(event.type.rawValue)\ndata: ".utf8) + event.data.serialized() + [0x0A]
            )
        }
        state.withLock { state in
            for (type, durable, frame) in framed {
                state.newest.number += 1
                if let durable { state.newest.durable = durable }
                state.entries.append(Entry(position: state.newest, type: type, frame: frame))
                state.bytes += frame.count
                state.counts[type, default: 0] += 1
            }
            Self.shorten(&state)
        }
        signal.notify()
    }

    private static func shorten(_ state: inout State) {
        while state.entries.count - state.head > Limits.eventsInMemory
            || (state.bytes > Limits.eventBytesInMemory && state.head < state.entries.count - 1)
        {
            state.bytes -= state.entries[state.head].frame.count
            state.oldest = state.entries[state.head].position
            state.entries[state.head].frame = []
            state.head += 1
        }
        if state.head > Limits.eventsInMemory {
            state.entries.removeFirst(state.head)
            state.head = 0
        }
    }

    /// Counts a request that was turned away; told once a second by `tellRefusals`.
    package func refuse(status: Int, code: String) {
        state.withLock { state in
            let key = RefusalKey(status: status, code: code)
            guard state.refusals[key] != nil || state.refusals.count < 16 else { return }
            state.refusals[key, default: 0] += 1
        }
    }

    /// Tells what was turned away since the last call, in one event.
    func tellRefusals(at now: Timestamp) {
        let refusals = state.withLock { state in
            defer { state.refusals = [:] }
            return state.refusals
        }
        guard !refusals.isEmpty else { return }
        let entries = refusals.sorted { ($0.key.status, $0.key.code) < ($1.key.status, $1.key.code) }.map {
            JSONValue.members([
                "status": .integer(Int64($0.key.status)), "code": .string($0.key.code),
                "count": .integer(Int64($0.value)),
            ])
        }
        publish(.limitReached, .members(["at": .string(now.rfc3339), "refused": .array(entries)]))
    }

    /// Leaves something to be kept in the ledger by the next `takeNotes`; beyond 64 the oldest goes.
    package func note(_ type: EventType, _ data: JSONValue) {
        state.withLock { state in
            if state.notes.count >= 64 { state.notes.removeFirst() }
            state.notes.append((type, data))
        }
    }

    /// What was left to be kept.
    func takeNotes() -> [(type: EventType, data: JSONValue)] {
        state.withLock { state in
            defer { state.notes = [] }
            return state.notes
        }
    }

    // MARK: Out

    /// The place after the newest event.
    var newest: EventPosition { state.withLock { $0.newest } }

    /// Events after a place, up to so many bytes; at least one if there is any.
    func read(after position: EventPosition, bytesMax: Int) -> Reading {
        state.withLock { state in
            guard position.epoch == state.newest.epoch, position.number >= state.oldest.number,
                position.number <= state.newest.number
            else { return .lost(oldest: state.oldest) }
            let first = state.head + Int(position.number - state.oldest.number)
            guard first < state.entries.count else { return state.isStopped ? .stopped : .nothing }
            var bytes = 0
            var end = first
            while end < state.entries.count, end == first || bytes + state.entries[end].frame.count <= bytesMax {
                bytes += state.entries[end].frame.count
                end += 1
            }
            return .events(Array(state.entries[first..<end]))
        }
    }

    /// Takes a place for a watcher; false when there are too many.
    func enter() -> Bool {
        state.withLock { state in
            guard state.watchers < Limits.eventWatchersMax else { return false }
            state.watchers += 1
            return true
        }
    }

    /// Gives a watcher's place back.
    func leave() { state.withLock { $0.watchers -= 1 } }

    /// Notes that a watcher was told of a gap.
    func countGap() { state.withLock { $0.gaps += 1 } }

    /// Ends all streams once they have what there is.
    package func stop() {
        state.withLock { $0.isStopped = true }
        signal.notify()
    }

    /// Watchers now.
    var watchers: Int { state.withLock { $0.watchers } }

    /// Events and gaps since the start, for /metrics.
    func write(to text: inout MetricsText) {
        let (watchers, counts, gaps) = state.withLock { ($0.watchers, $0.counts, $0.gaps) }
        text.single("rolloutd_event_subscribers", .gauge, "Open streams of events.", Double(watchers))
        text.each(
            "rolloutd_events_total", .counter, "Events by type.", by: "type",
            EventType.allCases.map { ($0.rawValue, Double(counts[$0, default: 0])) })
        text.single("rolloutd_event_gaps_total", .counter, "Gaps that streams of events told of.", Double(gaps))
    }
}
