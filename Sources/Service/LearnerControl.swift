// The learner's switches: hyper-parameters, pause and resume, stop. Changed by requests, read by the loop.
import Domain
import Learning
import Synchronization

/// What people can change while the learner runs.
package final class LearnerControl: Sendable {
    private struct State {
        var settings: LearnerSettings
        var isPaused = false
        var pauseReason: String?
        var isStopping = false
        var rollback: PolicyVersion?
    }

    private let state: Mutex<State>
    private let changes: ChangeSignal

    package init(settings: LearnerSettings, changes: ChangeSignal) {
        state = Mutex(State(settings: settings))
        self.changes = changes
    }

    /// The hyper-parameters of the next update.
    package var settings: LearnerSettings { state.withLock { $0.settings } }

    /// Whether the learner rests.
    package var isPaused: Bool { state.withLock { $0.isPaused } }

    /// Why it rests, when an alarm or a person said so.
    package var pauseReason: String? { state.withLock { $0.pauseReason } }

    /// Whether the service is shutting down; loops end at their next step.
    package var isStopping: Bool { state.withLock { $0.isStopping } }

    /// Replaces the hyper-parameters from the next update on.
    package func replace(_ settings: LearnerSettings) {
        state.withLock { $0.settings = settings }
        changes.notify()
    }

    /// Lets the learner rest after the step it is in.
    package func pause(_ reason: String) {
        state.withLock {
            $0.isPaused = true
            $0.pauseReason = reason
        }
        changes.notify()
    }

    /// Lets the learner go on.
    package func resume() {
        state.withLock {
            $0.isPaused = false
            $0.pauseReason = nil
        }
        changes.notify()
    }

    /// The version to go back to at the next update boundary, if somebody asked for it.
    package var pendingRollback: PolicyVersion? { state.withLock { $0.rollback } }

    /// Asks the learner to go back; a later request replaces an earlier one.
    func requestRollback(to version: PolicyVersion) {
        state.withLock { $0.rollback = version }
        changes.notify()
    }

    /// Notes that a rollback was carried out, unless another was asked for meanwhile.
    func finishRollback(to version: PolicyVersion) {
        state.withLock { if $0.rollback == version { $0.rollback = nil } }
    }

    /// Begins the shutdown.
    package func stop() {
        state.withLock { $0.isStopping = true }
        changes.notify()
    }
}
