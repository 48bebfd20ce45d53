// Running a program for its output alone: the sandbox's report in the terms of a client. Judges nothing.
import Domain
import Sandboxing

extension CodeVerifier {
    /// Runs a program on its inputs. With `goOn`, it is asked after each input whether the next one shall run; it is called
    /// from one thread at a time.
    ///
    /// A jail that broke is tried again in a fresh one, within `Limits.codeJudgingAttemptsMax`.
    package func run(
        _ program: ProgramRun, goOn: (@Sendable (Int, ProgramResult) -> Bool)? = nil
    ) async -> ProgramReport {
        let job = SandboxJob(
            language: program.language == .python ? .python : .cpp, source: program.source,
            work: .streams(program.inputs), cpuSeconds: program.cpuSeconds, memoryMegabytes: program.memoryMegabytes)
        var decide: (@Sendable (Int, SandboxCase) -> Bool)?
        if let goOn { decide = { goOn($0, ProgramResult($1, limit: program.cpuSeconds)) } }
        var report = ProgramReport.undecided(InfrastructureFailure(code: .interrupted, message: "not run"))
        for _ in 0..<Limits.codeJudgingAttemptsMax {
            report = await sandbox.run(job, goOn: decide, queueSeconds: program.queueSeconds) { report, _ in
                ProgramReport(report, limit: program.cpuSeconds)
            }
            guard case .undecided(let failure) = report, isOfOneJail(failure.code) else { break }
        }
        return report
    }
}

extension ProgramReport {
    fileprivate init(_ report: SandboxReport, limit: Double) {
        switch report {
        case .ran(let cases, _): self = .ran(cases.map { ProgramResult($0, limit: limit) })
        case .uncompiled(let message): self = .uncompiled(message)
        case .undecided(let obstacle, let message):
            self = .undecided(InfrastructureFailure(code: failureCode(of: obstacle), message: message))
        }
    }
}

extension ProgramResult {
    fileprivate init(_ result: SandboxCase, limit: Double) {
        let ending: Ending =
            switch result.status {
            case .late: .late
            // The kernel's own limit on CPU time may end the process a moment before the supervisor's clock does.
            case .missing where result.cpuSeconds >= limit: .late
            case .memory: .memory
            case .output: .output
            case .notRun: .notRun
            case .ended: result.signal == 0 ? .exited(result.exitCode) : .killed(signal: result.signal)
            // Without a result nothing says that it ended well, whatever its status was.
            case .value, .raised, .notJSON, .refuted, .missing:
                result.signal == 0 ? .exited(max(1, result.exitCode)) : .killed(signal: result.signal)
            }
        self.init(
            ending: ending, output: result.output, errors: result.note, cpuSeconds: result.cpuSeconds,
            peakKilobytes: result.peakKilobytes)
    }
}
