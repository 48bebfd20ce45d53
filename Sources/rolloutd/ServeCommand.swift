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
              rolloutd serve --scoring off                       others judge: rolloutd score-worker --server URL
              rolloutd serve --set learning_rate=5e-5 --set objective=cispo

            Settings come from flags, then ROLLOUTD_* in the environment, then --config. The server binds to loopback;
            any other --host needs API keys: rolloutd keys create, or ROLLOUTD_API_KEYS (comma-separated, for admins).
            """)

    @OptionGroup var run: RunOptions

    @OptionGroup var retention: RetentionOptions

    @Option(help: "The address to listen on. [ROLLOUTD_HOST]")
    var host: String?

    @Option(help: "The port to listen on; 0 takes a free one and prints it. [ROLLOUTD_PORT]")
    var port: Int?

    @Option(help: "on: sample and train; off: only what clients ask for. [ROLLOUTD_LEARNER]")
    var learner: String?

    @Option(
        help:
            "on: judge what is queued here; off: leave it to workers, as rolloutd score-worker. [ROLLOUTD_SCORING]")
    var scoring: String?

    @Option(
        help:
            "Seconds from SIGTERM or ctrl-C to the end, at most; a second signal ends at once. [ROLLOUTD_SHUTDOWN_SECONDS]"
    )
    var shutdownSeconds: Int?

    @Option(help: "Stop learning after so many updates, and go on serving. [ROLLOUTD_UPDATES]")
    var updates: Int?

    @Option(help: "Where POST /admin/backup puts its copies; by default beside the database. [ROLLOUTD_BACKUPS]")
    var backups: String?

    @Option(
        help:
            "The certificate chain as PEM, to serve HTTPS; needs a build with --traits TLS. [ROLLOUTD_TLS_CERTIFICATE]")
    var tlsCertificate: String?

    @Option(help: "The certificate's private key as PEM. [ROLLOUTD_TLS_KEY]")
    var tlsKey: String?

    @Option(
        help:
            "on: a proxy is in front, and the last address of its X-Forwarded-For is the client's. [ROLLOUTD_BEHIND_PROXY]"
    )
    var behindProxy: String?

    @Option(
        help:
            "Protocols of other systems that are answered as well: all, none, or some of sandboxfusion,remote-rewards,nemo-gym,piston,vllm,graders; see docs/integrations. [ROLLOUTD_DIALECTS]"
    )
    var dialects: String?

    @Option(
        help:
            "Addresses of models that clients may have evaluated, by commas, as http://10.0.0.7:8000/v1. [ROLLOUTD_EVALUATION_ENDPOINTS]"
    )
    var evaluationEndpoints: String?

    @Option(
        help: "A directory with ledgers of other runs, shown beside this one at /runs/compare. [ROLLOUTD_RUNS]")
    var runs: String?
    @Option(
        help:
            "A PEM file of the authorities to trust when those are asked by https, instead of the system's. [ROLLOUTD_EVALUATION_CA_FILE]"
    )
    var evaluationCaFile: String?

    @Option(help: "The log's lines on standard error: text or json. [ROLLOUTD_LOG_FORMAT]")
    var logFormat: String?

    func run() async throws {
        ProcessMemory.boundHeaps()
        let settings = try RunSettings(
            run,
            flags: [
                "host": host, "port": port.map(String.init), "learner": learner, "updates": updates.map(String.init),
                "scoring": scoring, "shutdown_seconds": shutdownSeconds.map(String.init),
                "backups": backups, "log_format": logFormat,
                "tls_certificate": tlsCertificate, "tls_key": tlsKey, "behind_proxy": behindProxy,
                "dialects": dialects, "evaluation_endpoints": evaluationEndpoints,
                "evaluation_ca_file": evaluationCaFile, "runs": runs,
            ].merging(retention.values) { $1 }, environment: ProcessInfo.processInfo.environment)
        let http = try Self.httpConfiguration(settings)
        var serviceSettings = try settings.service()
        serviceSettings.backups = settings["backups"]
        serviceSettings.runDirectory = settings["runs"]
        let logger = try Self.logger(settings)
        let reporter = TerminalReporter()
        serviceSettings.evaluationEndpoints = try EvaluationEndpoints.named(
            settings["evaluation_endpoints"], certificates: settings["evaluation_ca_file"],
            warn: { logger.warning("evaluation endpoints", metadata: ["warning": "\($0)"]) })
        let refusal = ValidationError(
            "refusing to listen on \(http.host) without API keys: make one with rolloutd keys create --database "
                + "\(serviceSettings.databasePath) --name me --role admin, set ROLLOUTD_API_KEYS, or use --host 127.0.0.1"
        )
        // Only a database can hold keys; one that is not there need not be made to be refused.
        guard
            http.isLoopback || !http.apiKeys.isEmpty
                || FileManager.default.fileExists(atPath: serviceSettings.databasePath)
        else { throw refusal }
        try makeParentDirectory(of: serviceSettings.databasePath)
        let assembled = try await RolloutService.assemble(
            settings: serviceSettings, clock: .system, identifiers: .system, secrets: .system,
            events: { reporter.show($0) }, logger: logger)
        guard http.isLoopback || !http.apiKeys.isEmpty || assembled.service.access.hasLiveKeys else {
            await assembled.close()
            throw refusal
        }
        if !serviceSettings.isScoring {
            reporter.line("scoring: off here; start rolloutd score-worker --server URL where rollouts are to be judged")
        }
        reporter.line("data: \(serviceSettings.databasePath) (checkpoints in \(serviceSettings.checkpointDirectory))")
        let server = try buildApplication(
            service: assembled.service, configuration: http, logger: logger,
            onBound: { address in
                reporter.line(
                    "serving on \(http.tls == nil ? "http" : "https")://\(address)/  (status page, API; stop with ctrl-C)"
                )
            }
        )
        let deadline = ShutdownDeadline(seconds: serviceSettings.shutdownSeconds)
        let watching = deadline.endOnSecondSignal()
        defer { watching.cancel() }
        try await runUntilStopped(assembled, server: server, deadline: deadline, logger: logger)
        reporter.line("stopped; everything accepted is stored")
    }

    /// Loops and server in one group: a signal stops intake first, then the loops finish the step they are in.
    private func runUntilStopped(
        _ assembled: AssembledService, server: some Service, deadline: ShutdownDeadline, logger: Logger
    ) async throws {
        let stopper = StopOnShutdown(service: assembled.service, deadline: deadline)
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
        }.filter { !$0.isEmpty }
        var http = HTTPConfiguration(
            host: host, port: try settings.integer("port", 0...65_535, default: 8080), apiKeys: keys)
        http.isBehindProxy = try settings.isOn("behind_proxy", default: false)
        do { http.dialects = try Dialect.reading(settings["dialects"] ?? "all") } catch {
            throw ValidationError("\(error)")
        }
        switch (settings["tls_certificate"], settings["tls_key"]) {
        case (nil, nil): break
        case (let certificate?, let key?):
            http.tls = TLSFiles(certificate: certificate, key: key)
            do { try http.tls?.check() } catch let fault as InputError { throw ValidationError("\(fault)") }
        default: throw ValidationError("--tls-certificate and --tls-key belong together")
        }
        return http
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
    let deadline: ShutdownDeadline

    func run() async throws {
        try await gracefulShutdown()
        deadline.start("the time to stop is over: ended at once; everything accepted is stored")
        service.beginShutdown()
    }
}

/// Makes the directory that a file will lie in.
func makeParentDirectory(of path: String) throws {
    let directory = URL(fileURLWithPath: path).deletingLastPathComponent().path
    try FileManager.default.createDirectory(atPath: directory, withIntermediateDirectories: true)
}
