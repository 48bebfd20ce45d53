// A code task with a program, ready for the sandbox, and the reading of what the sandbox reports.
import Domain
import Sandboxing
import StrictJSON

/// One program and one task: the job (inputs only) and, kept here, the expected values.
struct PreparedTask: Sendable {
    let task: CodeTask
    let job: SandboxJob
    private let expected: [Expected]
    /// Which of the whole task's tests is the first here, from 0, and how many the whole task has; nil when this is all of it.
    private let place: (first: Int, total: Int)?

    private enum Expected: Sendable {
        case output([UInt8])
        case value(JSONValue)
    }

    /// Nil when the task has no tests, or has calls or assertions for a language other than Python.
    ///
    /// - Parameter place: Of a part of a longer task, its first test and the number of all.
    init?(_ task: CodeTask, program: String, place: (first: Int, total: Int)? = nil) {
        self.task = task
        self.place = place
        let work: SandboxJob.Work
        if case .standardStreams = task.tests {} else if task.language != .python { return nil }
        switch task.tests {
        case .standardStreams(let tests):
            guard !tests.isEmpty else { return nil }
            work = .streams(tests.map { Array($0.input.utf8) })
            expected = tests.map { .output(Array($0.output.utf8)) }
        case .entryPoint(let name, let tests):
            guard !tests.isEmpty else { return nil }
            work = .calls(name: name, arguments: tests.map { encoded(.array($0.arguments)) })
            expected = tests.map { .value($0.expected) }
        case .assertions(let text):
            work = .assertions(text)
            expected = []
        }
        var job = SandboxJob(
            language: task.language == .python ? .python : .cpp, source: program, work: work,
            cpuSeconds: task.timeLimitSeconds, memoryMegabytes: task.memoryLimitMegabytes)
        job.contestPrelude = task.prelude == .contest
        self.job = job
    }

    /// All that a verdict depends on, as exact bytes: two equal keys mean the same program on the same tests.
    var key: [UInt8] {
        var key: [UInt8] = []
        func add(_ part: [UInt8]) {
            withUnsafeBytes(of: part.count.littleEndian) { key += $0 }
            key += part
        }
        let settings =
            "\(job.language) \(job.contestPrelude) \(job.cpuSeconds) \(job.memoryMegabytes) \(task.stopAtFirstFailure) "
            + "\(String(describing: task.floatTolerance)) \(CodeVerifier.version)"
        add(Array(settings.utf8))
        add(Array(job.source.utf8))
        switch job.work {
        case .streams(let inputs):
            add(Array("streams".utf8))
            inputs.forEach(add)
        case .calls(let name, let arguments):
            add(Array("calls".utf8))
            add(Array(name.utf8))
            arguments.forEach(add)
        case .assertions(let text):
            add(Array("assertions".utf8))
            add(Array(text.utf8))
        }
        for value in expected {
            switch value {
            case .output(let bytes): add(bytes)
            case .value(let value): add(encoded(value))
            }
        }
        return key
    }

    /// What one case means.
    func outcome(of result: SandboxCase, test: Int) -> TestSummary.Outcome {
        switch result.status {
        case .late, .notRun: return .timeLimitExceeded
        // The kernel's own limit on CPU time may end the process a moment before the supervisor's clock does.
        case .missing where result.cpuSeconds >= task.timeLimitSeconds: return .timeLimitExceeded
        case .memory: return .memoryLimitExceeded
        case .output: return .outputLimitExceeded
        case .raised, .missing: return .runtimeError
        case .notJSON, .refuted: return .wrongAnswer
        case .ended:
            guard result.exitCode == 0 && result.signal == 0 else { return .runtimeError }
            guard test < expected.count, case .output(let output) = expected[test] else { return .runtimeError }
            return outputMatches(result.output, expected: output, tolerance: task.floatTolerance)
                ? .accepted : .wrongAnswer
        case .value:
            guard test < expected.count, case .value(let value) = expected[test] else {
                // An assertion that held: the harness saw it, in a process that the program does not own.
                return expected.isEmpty ? .accepted : .runtimeError
            }
            guard let actual = try? JSONValue.parse(result.output, limits: .returned) else { return .wrongAnswer }
            return valueMatches(actual, expected: value, tolerance: task.floatTolerance) ? .accepted : .wrongAnswer
        }
    }

    /// The verdict that a report means.
    func verdict(on report: SandboxReport, excerpt: String) -> Verdict {
        switch report {
        case .undecided(let obstacle, let message):
            return .undetermined(
                InfrastructureFailure(code: failureCode(of: obstacle), message: message), extracted: excerpt)
        case .uncompiled(let message):
            var tests = TestSummary(
                passed: 0, total: max(expected.count, 1), cases: [.init(outcome: .compileError, timeMilliseconds: 0)])
            tests.log = tail(message)
            return .failed("compile_error: " + firstFault(message), extracted: excerpt, tests: tests)
        case .ran(let results, let total):
            return verdict(on: results, total: total, excerpt: excerpt)
        }
    }

    private func verdict(on results: [SandboxCase], total: Int, excerpt: String) -> Verdict {
        let first = place?.first ?? 0
        let cases = results.enumerated().map { index, result in
            TestSummary.Case(
                outcome: outcome(of: result, test: index), timeMilliseconds: result.cpuSeconds * 1000,
                memoryMegabytes: result.peakKilobytes > 0 ? Double(result.peakKilobytes) / 1_024 : nil)
        }
        let passed = cases.count { $0.outcome == .accepted }
        var tests = TestSummary(passed: passed, total: total, cases: cases)
        guard let failing = cases.firstIndex(where: { $0.outcome != .accepted }) else {
            guard passed == total, total > 0 else {
                let failure = InfrastructureFailure(code: .sandboxFault, message: "some tests were not run")
                return .undetermined(failure, extracted: excerpt, tests: tests)
            }
            return .passed("all \(total) tests accepted", extracted: excerpt, tests: tests)
        }
        // Every test that ran was right: that the jail could not be held for longer is no fault of the program.
        guard results[failing].status != .notRun else {
            tests.cases = Array(cases[..<failing])
            let failure = InfrastructureFailure(
                code: .beyondCaps,
                message:
                    "tests from \(first + failing + 1) on were not run: all together take longer than a program may hold a jail"
            )
            return .undetermined(failure, extracted: excerpt, tests: tests)
        }
        let worst = cases[failing].outcome
        var reason = "\(worst.rawValue): test \(first + failing + 1) of \(place?.total ?? total)"
        if worst == .runtimeError { reason += detail(results[failing]) }
        if let skipped = results.firstIndex(where: { $0.status == .notRun }) {
            reason += "; from test \(first + skipped + 1) on not run, the program's time was used up"
        }
        tests.output = outputExcerpt(results[failing], test: failing)
        tests.log = logExcerpt(results[failing], test: failing)
        return .failed(reason, extracted: excerpt, tests: tests)
    }

    /// The beginning of what a program wrote to standard output, nil when it wrote nothing or the answer is in it.
    private func outputExcerpt(_ result: SandboxCase, test: Int) -> String? {
        guard !result.output.isEmpty, test < expected.count, case .output(let answer) = expected[test] else {
            return nil
        }
        let written = result.output.prefix(Limits.codeExcerptBytesMax)
        guard !shows(Array(written), answer) else { return nil }
        return excerpt(String(decoding: written, as: UTF8.self), bytes: Limits.codeExcerptBytesMax)
    }

    /// The end of what a program wrote to standard error, or of an exception's text; nil when the answer is in it.
    private func logExcerpt(_ result: SandboxCase, test: Int) -> String? {
        guard !result.note.isEmpty, test < expected.count else { return nil }
        if case .output(let answer) = expected[test], shows(Array(result.note.utf8), answer) { return nil }
        return tail(result.note)
    }

    /// Whether the expected output stands in a text.
    private func shows(_ text: [UInt8], _ answer: [UInt8]) -> Bool {
        let start = answer.firstIndex { $0 > 32 } ?? answer.endIndex
        let end = answer.lastIndex { $0 > 32 }.map { $0 + 1 } ?? start
        return start < end && text.contains(answer[start..<end])
    }

    /// Why a run failed, in the program's own words (the last line of its standard error).
    private func detail(_ result: SandboxCase) -> String {
        if result.status == .missing { return ": the process ended before it returned" }
        if result.signal != 0 { return ": signal \(result.signal)" }
        let lines = result.note.split(separator: "\n")
        guard let last = lines.last, result.status != .ended || lines.count > 0 else {
            return ": exit code \(result.exitCode)"
        }
        let prefix = "ModuleNotFoundError: No module named '"
        if last.hasPrefix(prefix) {
            return ": the module \(last.dropFirst(prefix.count).prefix { $0 != "'" }) is not installed"
        }
        return ": " + Verification.excerpt(String(last), bytes: 200)
    }
}

/// Why nothing can be said about a program.
func failureCode(of obstacle: SandboxReport.Obstacle) -> InfrastructureFailure.Code {
    switch obstacle {
    case .unavailable: .sandboxUnavailable
    case .fault: .sandboxFault
    case .launcher: .launcherFailed
    case .version: .verifierVersion
    case .lost: .slotLost
    case .queueTimeout: .queueTimeout
    case .interrupted: .interrupted
    case .toolchainMissing: .toolchainMissing
    case .unreadable: .unreadableTask
    }
}

private func encoded(_ value: JSONValue) -> [UInt8] {
    var writer = JSONWriter(reserving: 256)
    writer.append(value)
    return writer.take()
}

/// The first line that says what is wrong; compilers say first where.
private func firstFault(_ text: String) -> String {
    let lines = text.split(separator: "\n")
    return excerpt(String(lines.first { $0.contains("error:") } ?? lines.first ?? "no message"), bytes: 300)
}

/// The end of a text, as long as an excerpt may be.
private func tail(_ text: String) -> String {
    String(decoding: Array(text.utf8.suffix(Limits.codeExcerptBytesMax - 3)), as: UTF8.self)
}

extension JSONLimits {
    /// A returned value: as deep as the parser goes, as long as an output may be.
    fileprivate static let returned = JSONLimits(depth: JSONLimits.depthCeiling, bytes: 67_108_864)
}
