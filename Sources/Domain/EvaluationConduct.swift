// Who carries an evaluation out, and in which state it is.

/// The state of an evaluation, by its name on the wire.
package enum EvaluationState: String, Sendable, CaseIterable {
    /// A server carries it out as soon as it can.
    case queued
    case running
    /// Nobody carries it out; the same settings, or a resume, go on.
    case stopped
    /// It ended before its end, and its fault says why; the same settings, or a resume, go on.
    case failed
    /// Every sample is there and has a verdict, be it undetermined.
    case complete
}

/// Who carries an evaluation out, as the ledger has it.
package struct EvaluationConduct: Sendable, Equatable {
    /// The holder's name of a server: a ledger has one.
    package static let server = "server"

    /// Whether a server of this ledger goes on with it by itself, after a restart too.
    package var isWanted: Bool
    /// Samples that the server asks for at a time.
    package var concurrency: Int
    /// The process that has it; it counts until `heldUntil`.
    package var holder: String?
    package var heldUntil: Timestamp?
    /// Why it does not go on.
    package var fault: String?

    package init(
        isWanted: Bool = false, concurrency: Int = 32, holder: String? = nil, heldUntil: Timestamp? = nil,
        fault: String? = nil
    ) {
        self.isWanted = isWanted
        self.concurrency = concurrency
        self.holder = holder
        self.heldUntil = heldUntil
        self.fault = fault
    }

    /// Who has it at a time: `server`, or a command's name; nil when nobody has.
    package func holder(at now: Timestamp) -> String? {
        guard let holder, let heldUntil, heldUntil > now else { return nil }
        return holder
    }
}

/// How a session of an evaluation ended, for the ledger.
package enum EvaluationEnding: Sendable {
    /// All is there; what it found.
    case complete(EvaluationFigures)
    /// It cannot go on without somebody's help.
    case failed(String)
    /// It was stopped; whether a server goes on is as it was.
    case interrupted
}

extension EvaluationRun {
    /// The state at a time; `isRunning` is what the process that asks knows of its own work.
    package func state(at now: Timestamp, isRunning: Bool = false) -> EvaluationState {
        if isRunning || conduct.holder(at: now) != nil { return .running }
        if conduct.isWanted, conduct.fault == nil { return .queued }
        if isFinished { return .complete }
        return conduct.fault == nil ? .stopped : .failed
    }
}
