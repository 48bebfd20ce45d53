// What operators do: hand work out again or take it out, end a lease, let parts rest, drain the service for an upgrade.
import Domain
import Storage

/// How far a service is with ending what is under way.
package struct DrainReport: Sendable, Equatable {
    /// Whether somebody asked for it.
    package var isDraining: Bool
    /// Rollouts that wait for a judge, and that a judge holds.
    package var waiting: Int
    package var judging: Int
    /// Groups that a generator holds.
    package var leasedGroups: Int
    /// Whether the learner is between updates and begins no other.
    package var isLearnerResting: Bool
    package init(isDraining: Bool, waiting: Int, judging: Int, leasedGroups: Int, isLearnerResting: Bool) {
        self.isDraining = isDraining
        self.waiting = waiting
        self.judging = judging
        self.leasedGroups = leasedGroups
        self.isLearnerResting = isLearnerResting
    }

    /// Nothing is under way any more: the service can be stopped and nobody's work is cut short.
    package var isDrained: Bool {
        isDraining && waiting == 0 && judging == 0 && leasedGroups == 0 && isLearnerResting
    }
}

extension RolloutService {
    /// Opens discarded groups again and sends undetermined rollouts back to the judges.
    package func requeue(_ selection: WorkSelection) async throws -> SteeredWork {
        let newest = policies.newestVersion ?? PolicyVersion(0)
        let done = try await inLedger { try await $0.requeue(selection, newest: newest) }
        changes.notify()
        return done
    }

    /// Takes work out that no update has consumed.
    package func discard(_ selection: WorkSelection) async throws -> SteeredWork {
        let done = try await inLedger { try await $0.discard(selection) }
        changes.notify()
        return done
    }

    /// Ends a lease and gives its work to others.
    package func revoke(_ id: LeaseID) async throws -> SteeredWork {
        let done = try await inLedger { try await $0.revoke(id) }
        changes.notify()
        return done
    }

    /// Lets parts rest, from their next step on and over restarts.
    package func pause(_ parts: Set<ServicePart>, reason: String) async throws {
        try await switchTo { state in for part in parts { state.paused[part] = reason } }
    }

    /// Lets parts work again; ends a drain when it held one of them.
    package func resume(_ parts: Set<ServicePart>) async throws {
        try await switchTo { state in
            for part in parts { state.paused[part] = nil }
            if parts.contains(.leasing) || parts.contains(.learning) { state.isDraining = false }
        }
    }

    /// Which parts rest.
    package func switchState() -> ServiceSwitchState { switches.current }

    /// Begins nothing new: no groups are handed out and no update is begun; what is under way comes to its end.
    package func drain() async throws -> DrainReport {
        try await switchTo { $0.isDraining = true }
        return try await drainReport()
    }

    /// How far a drain is.
    package func drainReport() async throws -> DrainReport {
        let work = try await inLedger { try await $0.workUnderway() }
        let phase = board.snapshot().phase
        return DrainReport(
            isDraining: switches.current.isDraining, waiting: work.waiting, judging: work.judging,
            leasedGroups: work.leasedGroups, isLearnerResting: [.off, .paused, .failed].contains(phase))
    }

    private func switchTo(_ change: (inout ServiceSwitchState) -> Void) async throws {
        var next = switches.current
        change(&next)
        let text = ServiceSwitchText.write(next)
        try await inLedger { try await $0.set(ServiceSwitchText.settingName, to: text) }
        switches.replace(next)
    }

    /// Throws when an operator lets a part rest.
    func refuseWhenPaused(_ part: ServicePart) throws {
        guard let reason = switches.reason(part) else { return }
        throw ServiceError(
            .unavailable, reason, hint: "send the same request again later, or POST /admin/resume",
            retryAfterSeconds: 10)
    }
}
