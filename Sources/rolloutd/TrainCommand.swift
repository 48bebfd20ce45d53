// `rolloutd train`: learning without a server.
import ArgumentParser
import Domain
import Foundation
import Logging
import Service
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
        let status = try await LearningRun.finish(
            settings, clock: .system, identifiers: .system, signals: [.sigterm, .sigint],
            events: { reporter.show($0) }, logger: logger)
        reporter.line("stopped at policy \(status.policyVersion?.description ?? "none")")
        guard status.phase == .failed || status.phase == .paused,
            let shortfall = status.shortfall(of: PolicyVersion(updates))
        else { return }
        reporter.line("before the \(updates) updates that were asked for: \(shortfall)")
        throw ExitCode(1)
    }
}
