// `rolloutd train`: learning without a server.
import ArgumentParser
import Domain
import Foundation
import Logging
import Service
import ServiceLifecycle
import UnixSignals

struct TrainCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "train", abstract: "Learn for some updates without serving, then stop.",
        discussion: """
            Everything goes through the ledger as under `serve`, so `rolloutd serve` goes on where this stopped.

            Example:
              rolloutd train --updates 100 --database run.sqlite --seed 7 --set learning_rate=5e-5

            Exit status: 0 when the version was reached, 1 when learning failed or an alarm paused it before.
            """)

    @OptionGroup var run: RunOptions

    @Option(help: "Stop when the policy has this version.")
    var updates: Int

    func run() async throws {
        guard updates > 0 else { throw ValidationError("--updates must be at least 1") }
        let settings = try RunSettings(
            run, flags: ["updates": String(updates)], environment: ProcessInfo.processInfo.environment
        ).service()
        LoggingSystem.bootstrap { StreamLogHandler.standardError(label: $0) }
        var logger = Logger(label: "rolloutd")
        logger.logLevel = .notice
        let reporter = TerminalReporter()
        try makeParentDirectory(of: settings.databasePath)
        let assembled = try await RolloutService.assemble(
            settings: settings, clock: .system, identifiers: .system, events: { reporter.show($0) }, logger: logger)
        let finish = FinishAtVersion(service: assembled.service, version: PolicyVersion(updates))
        let group = ServiceGroup(
            configuration: .init(
                services: assembled.loops.map { .init(service: $0) }
                    + [.init(service: finish, successTerminationBehavior: .gracefullyShutdownGroup)],
                gracefulShutdownSignals: [.sigterm, .sigint], logger: logger))
        try await group.run()
        await assembled.close()
        let snapshot = assembled.service.status()
        let reached = snapshot.policyVersion
        reporter.line("stopped at policy \(reached?.description ?? "none")")
        guard snapshot.phase == .failed || finish.isPausedShort(of: snapshot) else { return }
        reporter.line("before the \(updates) updates that were asked for: \(snapshot.phaseDetail ?? "learning failed")")
        throw ExitCode(1)
    }
}

/// Ends the group when a version has been reached, or when the learner cannot go on.
private struct FinishAtVersion: Service {
    let service: RolloutService
    let version: PolicyVersion

    /// Whether learning rests before it reached the version.
    func isPausedShort(of status: StatusSnapshot) -> Bool {
        status.phase == .paused && (status.policyVersion ?? PolicyVersion(0)) < version
    }

    func run() async throws {
        await withGracefulShutdownHandler {
            while !Task.isShuttingDownGracefully {
                let status = service.status()
                // Nobody is there to resume a learner that an alarm has paused.
                if status.phase == .paused || status.phase == .failed { break }
                try? await Task.sleep(for: .milliseconds(100))
            }
            service.beginShutdown()
        } onGracefulShutdown: {
            service.beginShutdown()
        }
    }
}
