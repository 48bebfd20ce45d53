// The evaluations that a server carries out: a task each, a few at a time; how far they are, for the page, the metrics and events.
import Domain
import StrictJSON
import Synchronization

/// An evaluation and its state as this server knows it.
package struct EvaluationStatus: Sendable {
    package var run: EvaluationRun
    package var state: EvaluationState
    /// Why it failed, or what it waits for.
    package var detail: String?
    /// Who carries it out: `server`, or a command's name; nil when nobody does.
    package var holder: String?
    package init(run: EvaluationRun, state: EvaluationState, detail: String? = nil, holder: String? = nil) {
        self.run = run
        self.state = state
        self.detail = detail
        self.holder = holder
    }

    /// Whether somebody is at it now.
    package var isRunning: Bool { state == .running }

    /// The status on the wire.
    package var json: JSONValue { run.json(state, detail: detail, holder: holder) }
}

/// An evaluation under way, for the status page and its events.
package struct EvaluationActivity: Sendable {
    package var run: EvaluationRun
    /// Samples judged a second since this server began with it, and the seconds that the rest will take; nil before it is known.
    package var perSecond: Double
    package var secondsLeft: Double?
}

/// Holds the tasks of the evaluations under way.
final class EvaluationDesk: Sendable {
    private struct Entry {
        var task: Task<Void, Never>?
        var run: EvaluationRun
        let began = ContinuousClock.now
        /// Judged when it began.
        let judged: Int
        var told: ContinuousClock.Instant?
    }

    private struct State {
        var entries: [EvaluationID: Entry] = [:]
        /// What those that wait for something outside wait for.
        var reasons: [EvaluationID: String] = [:]
        var queued = 0
        var isStopped = false
        /// Seconds of those that have ended.
        var seconds = 0.0
    }

    private let state = Mutex(State())
    /// Rises when an evaluation has ended or another one is wanted.
    let changes = ChangeSignal()

    /// Whether an evaluation is under way.
    func isRunning(_ id: EvaluationID) -> Bool { state.withLock { $0.entries[id] != nil } }

    /// Whether another one may begin.
    var hasPlace: Bool { state.withLock { !$0.isStopped && $0.entries.count < Limits.evaluationsRunningMax } }

    /// Evaluations that wait for their turn, as of the last look.
    var queued: Int { state.withLock { $0.queued } }

    /// Why an evaluation waits although there may be a place.
    func reason(_ id: EvaluationID) -> String? { state.withLock { $0.reasons[id] } }

    /// Notes how many wait, and for what.
    func note(queued: Int, reasons: [EvaluationID: String]) {
        state.withLock {
            $0.queued = queued
            $0.reasons = reasons
        }
    }

    /// Begins an evaluation unless it is under way or there is no place; whether it began.
    @discardableResult
    func begin(_ run: EvaluationRun, _ work: @escaping @Sendable () async -> Void) -> Bool {
        state.withLock { state in
            guard !state.isStopped, state.entries[run.id] == nil, state.entries.count < Limits.evaluationsRunningMax
            else { return false }
            var entry = Entry(run: run, judged: run.progress.judged - run.progress.undetermined)
            entry.task = Task { [self] in
                await work()
                self.state.withLock { state in
                    guard let entry = state.entries.removeValue(forKey: run.id) else { return }
                    state.seconds += entry.began.duration(to: .now).milliseconds / 1_000
                }
                changes.notify()
            }
            state.entries[run.id] = entry
            return true
        }
    }

    /// Takes in how far an evaluation is; what to tell of it when it was not told lately.
    func take(_ run: EvaluationRun) -> EvaluationActivity? {
        state.withLock { state in
            guard var entry = state.entries[run.id] else { return nil }
            entry.run = run
            let now = ContinuousClock.now
            let isDue = now - (entry.told ?? entry.began) >= .seconds(Limits.evaluationTellSeconds)
            if isDue { entry.told = now }
            state.entries[run.id] = entry
            return isDue ? Self.activity(entry) : nil
        }
    }

    /// The evaluations under way, oldest first.
    var running: [EvaluationActivity] {
        state.withLock { $0.entries.values.sorted { $0.began < $1.began }.map(Self.activity) }
    }

    /// Seconds of evaluations since the start of the process.
    var seconds: Double {
        state.withLock { state in
            state.entries.values.reduce(state.seconds) { $0 + $1.began.duration(to: .now).milliseconds / 1_000 }
        }
    }

    private static func activity(_ entry: Entry) -> EvaluationActivity {
        let seconds = max(0.001, entry.began.duration(to: .now).milliseconds / 1_000)
        let rate = max(0, Double(entry.run.progress.judged - entry.judged)) / seconds
        let left = Double(max(0, entry.run.wanted - entry.run.progress.judged))
        return EvaluationActivity(run: entry.run, perSecond: rate, secondsLeft: rate > 0 ? left / rate : nil)
    }

    /// Ends an evaluation and returns when it has.
    func stop(_ id: EvaluationID) async {
        let task = state.withLock { $0.entries[id]?.task }
        task?.cancel()
        await task?.value
    }

    /// Asks all to end, and begins no others.
    func stopAll() {
        let tasks = state.withLock { state in
            state.isStopped = true
            return state.entries.values.compactMap(\.task)
        }
        for task in tasks { task.cancel() }
        changes.notify()
    }

    /// Returns when all have ended, or after so many seconds.
    func finish(seconds: Double) async {
        let end = ContinuousClock.now + .seconds(seconds)
        while !Task.isCancelled, ContinuousClock.now < end {
            let seen = changes.generation
            if state.withLock({ $0.entries.isEmpty }) { return }
            await changes.wait(beyond: seen, seconds: 0.5)
        }
    }
}
