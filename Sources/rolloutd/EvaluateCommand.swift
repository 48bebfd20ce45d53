// `rolloutd evaluate`: a data set's problems put to a model, judged, and reported; the same command again goes on.
import ArgumentParser
import Domain
import Foundation
import HTTPAPI
import Outbound
import RemoteSampling
import Sandboxing
import Service
import Storage
import StrictJSON
import UnixSignals
import Verification

struct EvaluateCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "evaluate",
        abstract: "Measure a model on a data set of the ledger: avg@k, pass@k, maj@k, with intervals.",
        discussion: """
            Asks a server that speaks OpenAI's chat completions, or the in-process model, for samples of each prompt of the data
            set, judges them and prints a report. Every sample is stored as it comes: the same command again, after any
            interruption, asks only for what is missing and judges again what nobody could judge.

            Examples:
              rolloutd evaluate --dataset aime24 --endpoint http://127.0.0.1:8000/v1 --model Klear-Reasoner-8B \\
                --samples 64 --temperature 0.6 --top-p 0.95 --max-tokens 65536
              rolloutd evaluate --dataset problems --in-process --samples 8 --max-tokens 200 --out report.html
              rolloutd evaluate --list

            An API key of the endpoint comes from ROLLOUTD_ENDPOINT_KEY only. docs/EVALUATION.md has the protocols.
            Exit status: 0 complete, 1 stopped before the end (the same command goes on), 64 wrong usage.
            """)

    @OptionGroup var database: DatabaseOption
    @OptionGroup var asked: EvaluationOptions

    @Option(help: "Samples asked for at a time.") var concurrency = 32
    @Option(help: "Programs judged at once in the sandbox.")
    var slots = max(1, min(4, ProcessInfo.processInfo.activeProcessorCount))
    @Option(help: "Threads that sample the in-process model.")
    var threads = max(1, min(2, ProcessInfo.processInfo.activeProcessorCount))
    @Option(name: .customLong("in-process-model"), help: "The directory that the in-process model began from, if any.")
    var modelDirectory: String?

    @Option(help: "Write the report here too: .html, .json, .txt or .svg; again for further files.") var out: [String] =
        []
    @Option(help: "The id of another evaluation to compare with, problem by problem.") var compare: String?
    @Option(help: "Price of a million prompt tokens.") var pricePrompt: Double?
    @Option(help: "Price of a million response tokens.") var priceResponse: Double?
    @Flag(help: "Ask for nothing: judge what is left and report.") var reportOnly = false
    @Flag(help: "List the evaluations of the ledger.") var list = false
    @Option(help: "A PEM file of the authorities to trust for https, instead of the system's.") var caFile: String?

    func run() async throws {
        try check()
        let ledger = try database.openExisting()
        let archive = EvaluationArchive(ledger: ledger)
        do {
            if list {
                try await printList(archive)
            } else {
                try await evaluate(ledger, archive)
            }
        } catch let error as InputError {
            try? await ledger.close()
            throw ValidationError("\(error)")
        } catch {
            try? await ledger.close()
            throw error
        }
        try await ledger.close()
    }

    private func check() throws {
        guard (1...Limits.evaluationConcurrencyMax).contains(concurrency) else {
            throw ValidationError("--concurrency must be 1 to \(Limits.evaluationConcurrencyMax)")
        }
        guard (1...256).contains(slots), (1...256).contains(threads) else {
            throw ValidationError("--slots and --threads must be 1 to 256")
        }
        guard compare.map(isValidIdentifier) ?? true else {
            throw ValidationError("--compare takes an evaluation's id")
        }
        if let caFile, !FileManager.default.isReadableFile(atPath: caFile) {
            throw ValidationError("the file \(caFile) of --ca-file cannot be read")
        }
        do {
            for path in out { _ = try EvaluationDocument.Form(path: path) }
        } catch {
            throw ValidationError("\(error)")
        }
    }

    private func printList(_ archive: EvaluationArchive) async throws {
        for run in try await archive.runs(limit: Limits.pageRowsMax) {
            let progress = run.progress
            let average =
                run.figures?.average.map { "avg@\(run.settings.samples) \(fixed($0.mean * 100, 1)) %  " } ?? ""
            print(
                "\(run.id)  \(run.settings.dataset)  \(run.settings.model.description)  "
                    + "\(run.state(at: WallClock.system.now()).rawValue)  "
                    + "\(progress.judged) of \(run.wanted) judged, \(progress.undetermined) undetermined  \(average)"
                    + run.createdAt.rfc3339)
        }
    }

    private func evaluate(_ ledger: Ledger, _ archive: EvaluationArchive) async throws {
        let reporter = EvaluationReporter()
        let (settings, source) = try await prepare(archive, reporter)
        let run = try await archive.open(settings)
        reporter.begin(run)
        var fault: String?
        if !reportOnly || run.progress.sampled > run.progress.judged {
            fault = try await work(run, ledger, source, reporter)
        }
        let prices =
            pricePrompt != nil || priceResponse != nil
            ? TokenPrices(prompt: pricePrompt ?? 0, response: priceResponse ?? 0) : nil
        let report = try await archive.report(
            run.id, comparedWith: compare.map { EvaluationID($0) }, prices: prices)
        print(report.text, terminator: "")
        for path in out {
            let document = EvaluationDocument(report)
            try Data(document.text(try EvaluationDocument.Form(path: path)).utf8).write(
                to: URL(fileURLWithPath: path))
        }
        if let fault {
            FileHandle.standardError.write(Data("evaluate: stopped: \(fault); the same command goes on\n".utf8))
            throw ExitCode.failure
        }
        guard report.run.isFinished else { throw ExitCode.failure }
    }

    /// What is asked, and who answers.
    private func prepare(
        _ archive: EvaluationArchive, _ reporter: EvaluationReporter
    ) async throws -> (EvaluationSettings, any SampleSource) {
        if asked.inProcess {
            let (version, source) = try await archive.policySource(
                asked.version.map { PolicyVersion($0) },
                checkpoints: CheckpointDirectory(path: database.database + ".checkpoints"),
                modelDirectory: modelDirectory, threads: threads)
            return (try asked.settings(.policy(version)), source)
        }
        guard let url = asked.endpoint, let model = asked.model else {
            throw ValidationError("name --endpoint and --model, or --in-process")
        }
        let key = ProcessInfo.processInfo.environment["ROLLOUTD_ENDPOINT_KEY"]
        if key != nil, let warning = ChatEndpoint.keyWarning(url) { reporter.line("evaluate: " + warning) }
        let client = try OutboundClient(exchangesMax: concurrency, certificates: caFile)
        let source = ChatEndpoint(
            client: client, url: url, model: model, key: key,
            jitter: { Double.random(in: 0...1) }, waiting: { reporter.waiting($0, seconds: $1) })
        return (try asked.settings(.endpoint(url: url, model: model)), source)
    }

    /// Samples and judges until the end or a signal; why it stopped early, or nil.
    private func work(
        _ run: EvaluationRun, _ ledger: Ledger, _ source: any SampleSource, _ reporter: EvaluationReporter
    ) async throws -> String? {
        let pool = await SandboxStart.pool(slots: slots)
        let code = pool.tier == .unavailable ? nil : CodeVerifier(sandbox: pool)
        let judge = Judge(math: MathVerifier(), code: code, codeConcurrency: slots * 2)
        let stop = EvaluationStop()
        // What is there is judged, and nothing is asked for.
        if reportOnly { stop.request() }
        let runner = EvaluationRunner(
            ledger: ledger, judge: judge, source: source, concurrency: concurrency, holder: CommandHolder.own,
            isGone: CommandHolder.isGone, stop: stop, events: { reporter.show($0) })
        let working = Task { try await runner.run(run) }
        let stopping = Task {
            var count = 0
            for await _ in await UnixSignalsSequence(trapping: .sigterm, .sigint) {
                count += 1
                reporter.line(
                    count == 1
                        ? "stopping: samples under way are waited for; a second signal gives them up"
                        : "stopping at once: what has come is stored")
                if count == 1 { stop.request() } else { working.cancel() }
            }
        }
        let result = await working.result
        stopping.cancel()
        await pool.shutdown()
        let outcome = try result.get()
        reporter.end(outcome)
        return reportOnly ? nil : outcome.fault ?? (outcome.run.isFinished ? nil : "it is not complete")
    }
}
