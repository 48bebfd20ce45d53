// `rolloutd compare`: methods x seeds from one starting policy, as a table with intervals, curves, and raw data.
import ArgumentParser
import Domain
import Foundation
import HTTPAPI
import Logging
import Service
import UnixSignals

struct CompareCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "compare",
        abstract: "Run several methods with several seeds from one starting policy, and say how they differ.",
        discussion: """
            Every run starts from the same checkpoint (version 0 of --database, made by a cold start when it is missing) and
            is a ledger of its own in --out, so that `rolloutd replay` and SQL work on it. A seed chooses prompts, samples
            and mini-batches, the same for all methods. The same command again goes on where it stopped.

            Writes table.md (means with 95 % intervals, and differences from the first method paired by seed), runs.ndjson
            (every number of every update and evaluation) and one SVG a curve. Methods are named as for `rolloutd objective`;
            hyper-parameters of one method follow it between commas, those of all methods come from --set.

            Example, off-policy enough that methods can differ (look at "tokens out of range"):
              rolloutd compare --database start.sqlite --out comparison --seeds 5 --updates 60 \\
                --method gppo --method clip-higher --method cispo --method ce-gppo,beta1=0.75,beta2=1 \\
                --set mini_batches=8 --set epochs=2
            """)

    @OptionGroup var run: RunOptions

    @Option(name: .customLong("method"), help: "A method; name it again for each further one.")
    var methods: [String] = ["gppo", "clip-higher", "cispo", "ce-gppo,beta1=0.75,beta2=1"]

    @Option(help: "Runs of each method.") var seeds: Int = 5
    @Option(help: "The first seed; the others follow it.") var firstSeed: UInt64 = 1
    @Option(help: "Updates of each run.") var updates: Int
    @Option(help: "The directory for ledgers, table, curves and data.") var out: String

    func run() async throws {
        guard updates > 0 else { throw ValidationError("--updates must be at least 1") }
        guard (1...Limits.comparisonSeedsMax).contains(seeds) else {
            throw ValidationError("--seeds must be 1 to \(Limits.comparisonSeedsMax)")
        }
        var settings = try RunSettings(run, flags: [:], environment: ProcessInfo.processInfo.environment).service()
        guard settings.plan.stages.isEmpty else {
            throw ValidationError("a comparison has one stage: leave stages out of the config file and use --set")
        }
        // The last measurement is the one with samples.
        settings.evaluation.sampledEvery = updates
        let plan = ComparisonPlan(
            base: settings, methods: try methods.map { try ComparedMethod($0) },
            seeds: (0..<UInt64(seeds)).map { firstSeed &+ $0 }, updates: updates, directory: out)
        LoggingSystem.bootstrap { StreamLogHandler.standardError(label: $0) }
        var logger = Logger(label: "rolloutd")
        logger.logLevel = .error
        try makeParentDirectory(of: settings.databasePath)
        let reporter = ComparisonReporter(runs: methods.count * seeds, updates: updates)
        let comparison = MethodComparison(
            plan, clock: .system, identifiers: .system, signals: [.sigterm, .sigint], logger: logger)
        let runs = try await comparison.run(events: { reporter.show($0) }, finished: { reporter.finished($0, $1) })
        try write(runs)
    }

    private func write(_ runs: [ComparedRun]) throws {
        let directory = URL(fileURLWithPath: out)
        let table = ComparisonTable(runs).markdown
        try Data(table.utf8).write(to: directory.appendingPathComponent("table.md"))
        let lines = runs.flatMap(\.lines).map { $0 + "\n" }.joined()
        try Data(lines.utf8).write(to: directory.appendingPathComponent("runs.ndjson"))
        for chart in ComparisonCharts(runs).all {
            try Data(chart.document.utf8).write(to: directory.appendingPathComponent(chart.fileName))
        }
        print(table, terminator: "")
    }
}
