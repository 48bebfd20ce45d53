// Judging programs: extraction, the sandbox, comparison of what came out with what was expected. The expected values
// stay in this process; only inputs go into the jail (assertions go in, but to another process than the program).
import Domain
import Sandboxing
import StrictJSON

/// Judges responses to code tasks.
package struct CodeVerifier: Sendable {
    package let sandbox: SandboxPool
    private let recent: RecentVerdicts?
    private let partBytes: Int

    /// A judge over `sandbox`. With `remembering` (bytes, 0 for none), a program that was judged on the same tests with
    /// the same limits a moment ago, or is being judged now, is not run again. Verdicts that the machine's load may have
    /// had a part in (time, memory) are shared with those who wait, not remembered; undetermined ones are neither.
    ///
    /// - Parameter partBytes: Inputs of tests that go into one jail; longer tasks are judged in parts.
    package init(
        sandbox: SandboxPool, remembering: Int = 33_554_432, partBytes: Int = Limits.codePartBytesMax
    ) {
        self.sandbox = sandbox
        self.partBytes = partBytes
        recent = remembering > 0 ? RecentVerdicts(bytesMax: remembering) : nil
    }

    /// Judges one response. A response without a program fails with reason `no_code`; a jail that could not do its work
    /// gives an undetermined verdict, never a failed one.
    package func verify(response: String, task: CodeTask) async -> Verdict {
        var verdict = await decide(response: response, task: task)
        verdict.verifier = Self.version
        return verdict
    }

    private func decide(response: String, task: CodeTask) async -> Verdict {
        guard let program = extractProgram(from: response, language: task.language) else { return .failed("no_code") }
        let excerpt = excerpt(program, bytes: Limits.extractedBytesMax)
        guard program.utf8.count <= Limits.codeSourceBytesMax else {
            return .failed(
                "compile_error: the program is longer than \(Limits.codeSourceBytesMax) bytes", extracted: excerpt,
                tests: TestSummary(
                    passed: 0, total: testCount(task), cases: [.init(outcome: .compileError, timeMilliseconds: 0)]))
        }
        let parts = task.parts(bytesMax: partBytes)
        guard parts.count <= 1 else { return await judge(parts, of: task, program: program, excerpt: excerpt) }
        guard let prepared = PreparedTask(task, program: program) else { return .unreadable(excerpt) }
        guard let recent else { return await judge(prepared, excerpt: excerpt) }
        return await recent.verdict(for: prepared.key) { await judge(prepared, excerpt: excerpt) }
    }

    /// Judges the parts of a task one after the other; what they took is not remembered, as their keys would be as long.
    private func judge(_ parts: [CodeTask], of task: CodeTask, program: String, excerpt: String) async -> Verdict {
        var whole = MergedVerdict(total: testCount(task), stopsAtFirstFailure: task.stopAtFirstFailure)
        let start = ContinuousClock.now
        for part in parts {
            guard ContinuousClock.now - start < .seconds(Limits.codeProgramSecondsMax) else {
                whole.skipTheRest(excerpt)
                break
            }
            guard let prepared = PreparedTask(part, program: program, place: (whole.cases.count, whole.total)) else {
                return .unreadable(excerpt)
            }
            guard whole.add(await judge(prepared, excerpt: excerpt), excerpt: excerpt) else { break }
        }
        return whole.verdict(excerpt)
    }

    private func judge(_ prepared: PreparedTask, excerpt: String) async -> Verdict {
        var goOn: (@Sendable (Int, SandboxCase) -> Bool)?
        if prepared.task.stopAtFirstFailure {
            goOn = { @Sendable test, result in prepared.outcome(of: result, test: test) == .accepted }
        }
        let tier = sandbox.tier.rawValue
        var retries = 0
        while true {
            var verdict = await sandbox.run(prepared.job, goOn: goOn) { report, waited in
                var verdict = prepared.verdict(on: report, excerpt: excerpt)
                verdict.sandbox = SandboxUse(tier: tier, queueMilliseconds: Double(waited))
                return verdict
            }
            verdict.sandbox?.retries = retries
            guard let failure = verdict.failure, isOfOneJail(failure.code), retries + 1 < Limits.codeJudgingAttemptsMax
            else { return verdict }
            retries += 1
        }
    }
}

extension Verdict {
    /// Of a task that says nothing to be run.
    fileprivate static func unreadable(_ excerpt: String) -> Verdict {
        .undetermined(
            InfrastructureFailure(code: .unreadableTask, message: "the task has no tests that can be run"),
            extracted: excerpt)
    }
}

/// Whether a fresh jail may well do what the last one could not.
func isOfOneJail(_ code: InfrastructureFailure.Code) -> Bool {
    [.sandboxFault, .launcherFailed, .slotLost].contains(code)
}

/// How many tests the task has, as far as it says so itself.
private func testCount(_ task: CodeTask) -> Int {
    switch task.tests {
    case .standardStreams(let tests): tests.count
    case .entryPoint(_, let tests): tests.count
    case .assertions: 1
    }
}

/// The longest prefix of at most `bytes` bytes that does not cut a character.
func excerpt(_ text: String, bytes: Int) -> String {
    guard text.utf8.count > bytes else { return text }
    var end = text.utf8.index(text.startIndex, offsetBy: bytes)
    while end > text.startIndex && end.samePosition(in: text) == nil { end = text.utf8.index(before: end) }
    return String(text[..<end])
}
