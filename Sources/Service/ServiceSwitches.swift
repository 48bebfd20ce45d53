// Which parts of the service rest, and whether it is being drained. Changed by operators, kept over restarts, looked at by
// every part before its next step.
import Domain
import StrictJSON
import Synchronization

/// What an operator has switched off.
package struct ServiceSwitchState: Sendable, Equatable {
    /// Parts that rest, each with the reason that was given.
    package var paused: [ServicePart: String] = [:]
    /// Whether no new work is begun so that the service can be replaced.
    package var isDraining = false
    package init() {}

    /// Why a part rests, or nil when it works. Draining stops leasing and learning; intake and scoring go on, so that what
    /// is under way comes to its end.
    package func reason(_ part: ServicePart) -> String? {
        if let reason = paused[part] { return "\(part.rawValue) is paused: \(reason)" }
        guard isDraining, part == .leasing || part == .learning else { return nil }
        return "the service is being drained, so \(part.rawValue) begins nothing new"
    }
}

/// The switches of one service.
package final class ServiceSwitches: Sendable {
    private let state: Mutex<ServiceSwitchState>
    private let changes: ChangeSignal

    package init(_ state: ServiceSwitchState = ServiceSwitchState(), changes: ChangeSignal) {
        self.state = Mutex(state)
        self.changes = changes
    }

    /// All switches.
    package var current: ServiceSwitchState { state.withLock { $0 } }

    /// Why a part rests, or nil when it works.
    package func reason(_ part: ServicePart) -> String? { state.withLock { $0.reason(part) } }

    /// Sets all switches and wakes who waits.
    package func replace(_ next: ServiceSwitchState) {
        state.withLock { $0 = next }
        changes.notify()
    }
}

/// The switches as the ledger keeps them.
enum ServiceSwitchText {
    /// The setting's name in the ledger.
    static let settingName = "service.switches"

    static func write(_ state: ServiceSwitchState) -> String {
        JSONValue.members([
            "paused": .object(
                state.paused.sorted { $0.key < $1.key }.map { JSONMember($0.key.rawValue, .string($0.value)) }),
            "draining": .bool(state.isDraining),
        ]).text
    }

    /// Reads what `write` wrote; a part that this version does not know is passed over.
    static func read(_ text: String) throws -> ServiceSwitchState {
        let json = try JSONValue.parse(text: text, limits: .standard)
        var state = ServiceSwitchState()
        state.isDraining = json["draining"]?.bool ?? false
        for part in ServicePart.allCases { state.paused[part] = json["paused"]?[part.rawValue]?.string }
        return state
    }
}
