// `rolloutd score-worker`: judges for a server on another host, until a signal ends it.
import ArgumentParser
import Domain
import Foundation
import Outbound
import RemoteScoring
import Sandboxing
import Service
import UnixSignals
import Verification

struct ScoreWorkerCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "score-worker",
        abstract: "Judge rollouts for a server on another host.",
        discussion: """
            Takes queued rollouts from the server in leases, judges them here (math, and programs in this machine's sandbox),
            and posts the verdicts. Run as many as you like, on as many hosts. A worker that is killed loses nothing: its
            work goes back when its lease runs out, and somebody else judges it.

            Examples:
              rolloutd serve --scoring off                                     on the server: judge nothing there
              rolloutd score-worker --server http://10.0.0.5:8080 --slots 16   on each host that judges
              ROLLOUTD_API_KEY=... rolloutd score-worker --server https://rollouts.example.org

            The API key comes from ROLLOUTD_API_KEY only: arguments are visible to every user of a machine. On SIGTERM or
            ctrl-C no new work is taken, verdicts under way are delivered, and the rest is given back within --stop-seconds;
            a second signal ends at once. Exit status: 0 stopped, 1 the server refuses this worker, 64 wrong usage.
            """)

    @Option(help: "The server's address, as http://10.0.0.5:8080. [ROLLOUTD_SERVER]")
    var server: String?

    @Option(help: "Programs judged at once in the sandbox.")
    var slots = max(1, ProcessInfo.processInfo.activeProcessorCount)

    @Option(help: "This worker's name in leases and histories. (default: host name and process id)")
    var worker: String?

    @Option(help: "Rollouts taken at once, 1 to \(Limits.leaseItemsMax). (default: 4 for each slot)")
    var batch: Int?

    @Option(help: "Seconds without a word after which the server gives this worker's work to others.")
    var leaseSeconds: Double = Limits.leaseSeconds

    @Option(help: "Seconds from a signal to the end, at most.")
    var stopSeconds: Double = 30

    @Option(help: "A PEM file of the authorities to trust for https, instead of the system's.")
    var caFile: String?

    func run() async throws {
        let environment = ProcessInfo.processInfo.environment
        guard let address = server ?? environment["ROLLOUTD_SERVER"], !address.isEmpty else {
            throw ValidationError("name the server: --server http://host:8080, or ROLLOUTD_SERVER")
        }
        try check()
        let reporter = TerminalReporter()
        let pool = await SandboxStart.pool(slots: slots)
        guard pool.tier != .unavailable else {
            throw ValidationError(
                "no sandbox can be had on this machine (\(pool.tierReason)), so programs cannot be judged here")
        }
        let judge = Judge(math: MathVerifier(), code: CodeVerifier(sandbox: pool), codeConcurrency: slots * 2)
        let client = try OutboundClient(certificates: caFile)
        let name = worker ?? "\(ProcessInfo.processInfo.hostName)-\(ProcessInfo.processInfo.processIdentifier)"
        let worker = ScoreWorker(
            server: ScoringServer(client: client, url: address, key: environment["ROLLOUTD_API_KEY"]), judge: judge,
            settings: ScoreWorkerSettings(
                worker: name, batch: batch ?? min(slots * 4, Limits.leaseItemsMax), slots: slots,
                leaseSeconds: leaseSeconds, finishSeconds: stopSeconds * 0.6),
            jitter: { Double.random(in: 0...1) }, events: { reporter.line("\(name): \($0.sentence)") })
        reporter.line(
            "\(name): judging for \(address) with \(slots) slots, sandbox tier \(pool.tier.rawValue) (stop with ctrl-C)"
        )
        let stopping = stopOnSignals(worker, reporter: reporter)
        let reporting = reportProgress(of: worker, name: name, reporter: reporter)
        defer {
            stopping.cancel()
            reporting.cancel()
        }
        do {
            try await worker.run()
        } catch let fault as ServerFault {
            reporter.line("\(name): \(worker.tally.sentence)")
            await pool.shutdown()
            FileHandle.standardError.write(Data("\(name): \(fault.sentence)\n".utf8))
            throw ExitCode.failure
        }
        await pool.shutdown()
        reporter.line("\(name): stopped; \(worker.tally.sentence)")
    }

    private func check() throws {
        guard (1...256).contains(slots) else { throw ValidationError("--slots must be 1 to 256") }
        guard (1...Limits.leaseItemsMax).contains(batch ?? 1) else {
            throw ValidationError("--batch must be 1 to \(Limits.leaseItemsMax)")
        }
        guard (1...Limits.leaseSecondsMax).contains(leaseSeconds) else {
            throw ValidationError("--lease-seconds must be 1 to \(Int(Limits.leaseSecondsMax))")
        }
        guard (1...Limits.shutdownSecondsMax).contains(stopSeconds) else {
            throw ValidationError("--stop-seconds must be 1 to \(Int(Limits.shutdownSecondsMax))")
        }
        guard isValidName(worker ?? "w") else {
            throw ValidationError("--worker must have \(nameRule)")
        }
    }

    /// The first signal stops gently, with a deadline; the second ends the process.
    private func stopOnSignals(_ worker: ScoreWorker, reporter: TerminalReporter) -> Task<Void, Never> {
        let deadline = ShutdownDeadline(seconds: stopSeconds)
        return Task {
            var count = 0
            for await signal in await UnixSignalsSequence(trapping: .sigterm, .sigint) {
                count += 1
                if count > 1 {
                    deadline.endNow("second signal (\(signal)): ended at once; leases run out by themselves")
                }
                reporter.line(
                    "stopping: no new work is taken; the rest is given back within \(fixed(stopSeconds, 0)) s")
                worker.stop()
                deadline.start("the time to stop is over: ended at once; leases run out by themselves")
            }
        }
    }

    /// A line every ten seconds in which something was judged.
    private func reportProgress(
        of worker: ScoreWorker, name: String, reporter: TerminalReporter
    ) -> Task<Void, Never> {
        Task {
            var last = worker.tally
            while !Task.isCancelled {
                try? await Task.sleep(for: .seconds(10))
                let tally = worker.tally
                if tally != last, !Task.isCancelled { reporter.line("\(name): \(tally.sentence)") }
                last = tally
            }
        }
    }
}

extension ScoreWorkerEvent {
    /// One line for a person.
    fileprivate var sentence: String {
        switch self {
        case .leased(let id, let rollouts): "took \(rollouts) rollouts (\(id))"
        case .waiting(let reason, let seconds): "waiting \(fixed(seconds, 1)) s: \(reason)"
        case .reached: "the server answers again"
        case .dropped(let count, let reason): "\(count) dropped: \(reason)"
        case .released(let id, let rollouts): "gave \(rollouts) rollouts back (\(id))"
        }
    }
}

extension ScoreWorkerTally {
    /// One line for a person.
    fileprivate var sentence: String {
        "\(math + code) judged (\(math) math, \(code) code): \(passed) passed, \(failed) failed, "
            + "\(undetermined) undetermined; \(delivered) delivered, \(dropped) dropped, \(released) given back"
    }
}

extension ServerFault {
    /// What a person must do about it.
    fileprivate var sentence: String {
        switch self {
        case .denied(let text):
            "the server does not let this worker score (\(text)); set ROLLOUTD_API_KEY to a key that may"
        case .leaseOver(let text), .refused(let text): "the server cannot be worked for: \(text)"
        case .temporary(let text, _): text
        }
    }
}
