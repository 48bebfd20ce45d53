// The service that turns what nobody's commit says into events, once a second: refusals, alarms, the learner's state; and
// forgets old events.
import Domain
import Logging
import ServiceLifecycle
import Storage
import StrictJSON

/// Runs once a second until the service stops.
struct EventPump: Service {
    private static let period = Duration.seconds(1)
    /// Seconds between two looks for events to forget: at full load a type grows by a few thousand meanwhile.
    private static let trimEvery = 30

    let ledger: Ledger
    let hub: EventHub
    let board: StatusBoard
    let learner: LearnerControl
    let clock: WallClock
    let logger: Logger

    func run() async throws {
        var states = LearnerStateWatch()
        var ticks = 0
        var logged = hub.newest.durable
        while !Task.isShuttingDownGracefully, !Task.isCancelled, !learner.isStopping {
            hub.tellRefusals(at: clock.now())
            if let data = states.look(at: board.snapshot()) { hub.note(.learnerState, data) }
            await keepNotes()
            await log(&logged)
            ticks += 1
            if ticks % Self.trimEvery == 0 { await trim() }
            try await Task.sleep(for: Self.period)
        }
        await keepNotes()
        await log(&logged)
        try await gracefulShutdown()
    }

    /// What the ledger cannot keep now is told all the same: an alarm about a full disk is one of those.
    private func keepNotes() async {
        let notes = hub.takeNotes()
        guard !notes.isEmpty else { return }
        do {
            try await ledger.record(events: notes)
        } catch {
            logger.error("events are told but not kept", metadata: ["error": "\(error)"])
            for note in notes {
                guard case .object(let members) = note.data else { continue }
                hub.publish(note.type, .object([JSONMember("at", .string(clock.now().rfc3339))] + members))
            }
        }
    }

    /// Writes a line for each group, lease and policy since the last time; the ledger has them, whatever the ring holds.
    private func log(_ logged: inout Int64) async {
        let newest = hub.newest.durable
        guard logger.logLevel <= .info, newest > logged else {
            logged = newest
            return
        }
        do {
            while logged < newest {
                let page = try await ledger.events(
                    after: logged, through: newest, types: [.groupReady, .leaseEnded, .policyPublished],
                    limit: Limits.upkeepRowsPerWrite)
                for event in page.events { logger.happened(event) }
                logged = page.through
            }
        } catch {
            logger.error("events are not in the log", metadata: ["error": "\(error)"])
            logged = newest
        }
    }

    private func trim() async {
        do {
            try await ledger.trimEvents()
        } catch {
            logger.error("old events are not forgotten", metadata: ["error": "\(error)"])
        }
    }
}

/// Notices when the learner begins something else: learning, waiting, resting.
///
/// A learner without groups looks for some once a second and is learning for that moment; so a state counts when it is seen
/// twice in a row.
struct LearnerStateWatch {
    private var told: String?
    private var seen: String?

    /// The data of an event, when there is a new state.
    mutating func look(at snapshot: StatusSnapshot) -> JSONValue? {
        let state = Self.state(snapshot.phase)
        defer { seen = state }
        guard state == seen, state != told else { return nil }
        told = state
        return .members([
            "state": .string(state), "detail": snapshot.phaseDetail.map { .string($0) } ?? .null,
            "policy_version": snapshot.policyVersion.map { .integer(Int64($0.number)) } ?? .null,
        ])
    }

    /// The phases of an update are one state: they change several times a second.
    private static func state(_ phase: LearnerPhase) -> String {
        switch phase {
        case .sampling, .scoring, .training, .evaluating: "learning"
        case .off, .starting, .coldStart, .waiting, .paused, .failed: phase.rawValue
        }
    }
}
