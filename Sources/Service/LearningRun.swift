// Learning for a number of updates without a server: what `rolloutd train` and each run of `rolloutd compare` do.
import Domain
import Logging
import ServiceLifecycle
import UnixSignals

/// One run of the learner up to a version.
package enum LearningRun {
    /// Learns until the policy has the version that `settings.updatesMax` names, then closes everything.
    ///
    /// Everything goes through the ledger as under `serve`; a run that reached its version already ends at once.
    ///
    /// - Parameter signals: Signals that end the run early, after the step it is in.
    /// - Returns: The status as the run left it; `phase` is `failed`, or `paused` below the version, when it fell short.
    /// - Throws: `ServiceError` when the service cannot be put together.
    package static func finish(
        _ settings: ServiceSettings, clock: WallClock, identifiers: IdentifierSource, signals: [UnixSignal] = [],
        events: @escaping LearningEventHandler, logger: Logger
    ) async throws -> StatusSnapshot {
        var settings = settings
        settings.carriesOutEvaluations = false
        let assembled = try await RolloutService.assemble(
            settings: settings, clock: clock, identifiers: identifiers, events: events, logger: logger)
        let finish = FinishWhenResting(service: assembled.service)
        let group = ServiceGroup(
            configuration: .init(
                services: assembled.loops.map { .init(service: $0) }
                    + [.init(service: finish, successTerminationBehavior: .gracefullyShutdownGroup)],
                gracefulShutdownSignals: signals, logger: logger))
        do {
            try await group.run()
        } catch {
            await assembled.close()
            throw error
        }
        await assembled.close()
        return assembled.service.status()
    }
}

extension StatusSnapshot {
    /// Why the run did not reach a version; nil when it did.
    package func shortfall(of version: PolicyVersion) -> String? {
        if phase != .failed, (policyVersion ?? PolicyVersion(-1)) >= version { return nil }
        return phaseDetail ?? "it was stopped"
    }
}

/// Ends the group when the learner rests: at its last update, after an alarm, or because it failed.
private struct FinishWhenResting: Service {
    let service: RolloutService

    func run() async throws {
        await withGracefulShutdownHandler {
            while !Task.isShuttingDownGracefully {
                let status = service.status()
                // Nobody is there to resume a learner that an alarm has paused.
                if status.phase == .paused || status.phase == .failed { break }
                try? await Task.sleep(for: .milliseconds(20))
            }
            service.beginShutdown()
        } onGracefulShutdown: {
            service.beginShutdown()
        }
    }
}
