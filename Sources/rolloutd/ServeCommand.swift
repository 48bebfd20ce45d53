// `rolloutd serve`: the service, its loops and the HTTP server, until a signal ends them.
import ArgumentParser
import Domain
import Foundation
import HTTPAPI
import Logging
import Service
import ServiceLifecycle
import UnixSignals

struct ServeCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "serve",
        abstract: "Serve the HTTP API, judge rollouts, and learn.",
        discussion: """
            Examples:
              rolloutd serve                                     a small model learns from the built-in data
              rolloutd serve --model ~/Qwen3-0.6B --database run.sqlite
              rolloutd serve --learner off                       a ledger and a judge, nothing is sampled or trained
              rolloutd serve --set learning_rate=5e-5 --set objective=cispo

            Settings come from flags, then ROLLOUTD_* in the environment, then --config. The server binds to loopback;
            any other --host needs API keys (ROLLOUTD_API_KEYS, comma-separated).
            """)

    @OptionGroup var run: RunOptions

    @Option(help: "The address to listen on. [ROLLOUTD_HOST]")
    var host: String?

    @Option(help: "The port to listen on; 0 takes a free one and prints it. [ROLLOUTD_PORT]")
    var port: Int?

    @Option(help: "on: sample and train; off: only what clients ask for. [ROLLOUTD_LEARNER]")
    var learner: String?

    @Option(help: "Stop learning after so many updates, and go on serving. [ROLLOUTD_UPDATES]")
    var updates: Int?

    @Option(help: "The log's lines on standard error: text or json. [ROLLOUTD_LOG_FORMAT]")
    var logFormat: String?

    func run() async throws {
        let settings = try RunSettings(
            run,
            flags: [
                "host": host, "port": port.map(String.init), "learner": learner, "updates": updates.map(String.init),
                "log_format": logFormat,
            ], environment: ProcessInfo.processInfo.environment)
        let http = try Self.httpConfiguration(settings)
        let serviceSettings = try settings.service()
        let logger = try Self.logger(settings)
        let reporter = TerminalReporter()
        try makeParentDirectory(of: serviceSettings.databasePath)
        let assembled = try await RolloutService.assemble(
            settings: serviceSettings, clock: .system, identifiers: .system, events: { reporter.show($0) },
            logger: logger)
        reporter.line("data: \(serviceSettings.databasePath) (checkpoints in \(serviceSettings.checkpointDirectory))")
        let server = buildApplication(
            service: assembled.service, configuration: http, logger: logger,
            onBound: { address in reporter.line("serving on http://\(address)/  (status page, API; stop with ctrl-C)") }
        )
        try await runUntilStopped(assembled, server: server, logger: logger)
        reporter.line("stopped; everything accepted is stored")
    }

    /// Loops and server in one group: a signal stops intake first, then the loops finish the step they are in.
    private func runUntilStopped(_ assembled: AssembledService, server: some Service, logger: Logger) async throws {
        let stopper = StopOnShutdown(service: assembled.service)
        let group = ServiceGroup(
            configuration: .init(
                // The last is asked to stop first, and tells the others.
                services: (assembled.loops + [server, stopper]).map { .init(service: $0) },
                gracefulShutdownSignals: [.sigterm, .sigint], logger: logger))
        do {
            try await group.run()
        } catch {
            await assembled.close()
            throw error
        }
        await assembled.close()
    }

    private static func httpConfiguration(_ settings: RunSettings) throws -> HTTPConfiguration {
        let host = settings["host"] ?? "127.0.0.1"
        let keys = (settings["api_keys"] ?? "").split(separator: ",").map {
            String($0).trimmingCharacters(in: .whitespaces)
        }
        guard isLoopback(host) || !keys.isEmpty else {
            throw ValidationError(
                "refusing to listen on \(host) without API keys: set ROLLOUTD_API_KEYS, or use --host 127.0.0.1")
        }
        return HTTPConfiguration(
            host: host, port: try settings.integer("port", 0...65_535, default: 8080), apiKeys: keys)
    }

    private static func isLoopback(_ host: String) -> Bool {
        host == "localhost" || host == "::1" || host.hasPrefix("127.")
    }

    private static func logger(_ settings: RunSettings) throws -> Logger {
        switch settings["log_format"] ?? "text" {
        case "text": LoggingSystem.bootstrap { StreamLogHandler.standardError(label: $0) }
        case "json": LoggingSystem.bootstrap { JSONLogHandler.standardError(label: $0) }
        case let other: throw ValidationError("log_format must be text or json, not \(other)")
        }
        var logger = Logger(label: "rolloutd")
        logger.logLevel = settings["log_level"].flatMap { Logger.Level(rawValue: $0) } ?? .notice
        return logger
    }
}

/// Tells the service that it is stopping as soon as the group begins its graceful shutdown.
private struct StopOnShutdown: Service {
    let service: RolloutService

    func run() async throws {
        try await gracefulShutdown()
        service.beginShutdown()
    }
}

/// Makes the directory that a file will lie in.
func makeParentDirectory(of path: String) throws {
    let directory = URL(fileURLWithPath: path).deletingLastPathComponent().path
    try FileManager.default.createDirectory(atPath: directory, withIntermediateDirectories: true)
}
