// Judging by graders: templates filled, texts compared, programs called in the sandbox, numbers put together.
import Domain
import Sandboxing
import StrictJSON

/// Judges samples by graders.
package struct GraderVerifier: Sendable {
    private let sandbox: SandboxPool?
    private let recent: RecentVerdicts?

    /// A judge over a sandbox; without one, graders with programs are undecided. With `remembering` (bytes, 0 for none), a
    /// response that a program graded a moment ago, or grades now, is not graded again, by the rules of `CodeVerifier`.
    package init(sandbox: SandboxPool?, remembering: Int = 16_777_216) {
        self.sandbox = sandbox
        recent = remembering > 0 ? RecentVerdicts(bytesMax: remembering) : nil
    }

    /// What a program sees of a sample: its text, and its JSON if it is any.
    package static func sample(_ text: String) -> JSONValue {
        .members(["output_text": .string(text), "output_json": parsed(text) ?? .null])
    }

    private static func parsed(_ text: String) -> JSONValue? {
        let limits = JSONLimits(depth: Limits.jsonDepthMax, bytes: Limits.responseBytesMax)
        return try? JSONValue.parse(text: text, limits: limits)
    }

    /// The value of a sample.
    package func grade(_ grader: Grader, sample: String, item: JSONValue) async -> GraderReport {
        await grade(grader, GraderVerifier.sample(sample), item)
    }

    /// The verdict on a response: passed from the task's threshold on, with the value as `score`.
    ///
    /// What the task itself gets wrong (a template or formula without its value, a program that does not compile) is undetermined.
    package func verify(response: String, task: GraderTask) async -> Verdict {
        guard task.grader.runsPrograms, let recent else { return await decide(response, task) }
        let key = JSONValue.array([
            .string(GraderVerifier.version), VerificationTask.grader(task).json, .string(response),
        ])
        return await recent.verdict(for: key.serialized()) { await decide(response, task) }
    }

    private func decide(_ response: String, _ task: GraderTask) async -> Verdict {
        var verdict: Verdict
        switch await grade(task.grader, sample: response, item: task.item) {
        case .undecided(let failure): verdict = .undetermined(failure)
        case .graded(let result): verdict = GraderVerifier.verdict(result, task)
        }
        verdict.verifier = GraderVerifier.version
        return verdict
    }

    private static func verdict(_ result: GraderResult, _ task: GraderTask) -> Verdict {
        var reason = "the grader \"\(task.grader.name)\" gave \(result.value)"
        // Whatever the response, such a program grades nothing; one that raises may do so because of the response.
        if result.calls.contains(where: { $0.outcome == .compileError }) {
            return .undetermined(
                InfrastructureFailure(code: .unreadableTask, message: "the grader's program does not compile"))
        }
        for fault in result.faults {
            switch fault {
            case .invalidVariable(let path):
                return .undetermined(
                    InfrastructureFailure(code: .unreadableTask, message: "the grader's item has no \(path)"))
            case .formula:
                return .undetermined(
                    InfrastructureFailure(code: .unreadableTask, message: "the grader's formula has no finite value"))
            case .sampleParse(let path): reason = "the response has no \(path)"
            case .program(let message): reason = "the grader's program failed: " + message
            case .tooLong: reason = "the text is longer than texts are compared"
            }
        }
        let reward = min(max(result.value, 0), 1)
        reason = excerpt(reason, bytes: Limits.extractedBytesMax)
        let accepted = result.calls.count { $0.outcome == .accepted }
        let tests =
            result.calls.isEmpty
            ? nil : TestSummary(passed: accepted, total: result.calls.count, cases: result.calls)
        var verdict: Verdict =
            reward >= task.passThreshold ? .passed(reason, tests: tests) : .failed(reason, tests: tests)
        verdict.score = result.value
        verdict.sandbox = result.sandbox
        return verdict
    }

    private func grade(_ grader: Grader, _ sample: JSONValue, _ item: JSONValue) async -> GraderReport {
        switch grader.rule {
        case .stringCheck(let input, let reference, let operation):
            return .graded(
                comparing(input, reference, sample, item) { text, other in
                    GraderVerifier.holds(text, operation, other) ? 1 : 0
                })
        case .textSimilarity(let input, let reference, let metric):
            return .graded(
                comparing(input, reference, sample, item) { similarity($0, to: $1, by: metric) })
        case .python(let source): return await run(source, sample, item)
        case .multi(let members, let formula):
            return await combine(members, formula, sample, item)
        }
    }

    private func comparing(
        _ input: GraderTemplate, _ reference: GraderTemplate, _ sample: JSONValue, _ item: JSONValue,
        _ compare: (String, String) -> Double
    ) -> GraderResult {
        do throws(GraderTemplate.MissingValue) {
            let (text, other) = (
                try input.filled(item: item, sample: sample), try reference.filled(item: item, sample: sample)
            )
            guard max(text.utf8.count, other.utf8.count) <= Limits.graderTextBytesMax else {
                return GraderResult(fault: .tooLong)
            }
            return GraderResult(value: compare(text, other))
        } catch {
            return GraderResult(fault: error.root == .item ? .invalidVariable(error.path) : .sampleParse(error.path))
        }
    }

    private static func holds(_ text: String, _ operation: Grader.Operation, _ reference: String) -> Bool {
        // By scalars, as Python compares: to Swift's strings a letter with an accent is also the letter and the accent.
        let (a, b) = (Array(text.utf8), Array(reference.utf8))
        return switch operation {
        case .eq: a == b
        case .ne: a != b
        case .like: contains(a, b)
        case .ilike: contains(Array(text.lowercased().utf8), Array(reference.lowercased().utf8))
        }
    }

    private static func contains(_ text: [UInt8], _ part: [UInt8]) -> Bool {
        var matcher = 0
        guard !part.isEmpty else { return true }
        // Knuth, Morris and Pratt: no text makes it slow.
        var borders = [Int](repeating: 0, count: part.count)
        for index in part.indices.dropFirst() {
            var length = borders[index - 1]
            while length > 0, part[length] != part[index] { length = borders[length - 1] }
            borders[index] = part[length] == part[index] ? length + 1 : 0
        }
        for byte in text {
            while matcher > 0, part[matcher] != byte { matcher = borders[matcher - 1] }
            if part[matcher] == byte { matcher += 1 }
            if matcher == part.count { return true }
        }
        return false
    }

    private func combine(
        _ members: [Grader.Member], _ formula: GraderFormula, _ sample: JSONValue, _ item: JSONValue
    ) async -> GraderReport {
        var whole = GraderResult(value: 0)
        for member in members {
            switch await grade(member.grader, sample, item) {
            case .undecided(let failure): return .undecided(failure)
            case .graded(let part):
                whole.parts.append((member.key, part.value))
                whole.faults += part.faults
                whole.calls += part.calls
                whole.sandbox = part.sandbox ?? whole.sandbox
            }
        }
        let values = Dictionary(whole.parts.map { ($0.key, $0.value) }) { first, _ in first }
        if let value = formula.value(values) {
            whole.value = value
        } else {
            whole.faults.append(.formula)
        }
        return .graded(whole)
    }

    /// Calls `grade(sample, item)` as tests of a function call theirs; a jail that broke is tried again in a fresh one.
    private func run(_ source: String, _ sample: JSONValue, _ item: JSONValue) async -> GraderReport {
        guard let sandbox else {
            return .undecided(
                InfrastructureFailure(code: .sandboxUnavailable, message: "no sandbox can be had on this machine"))
        }
        let job = SandboxJob(
            language: .python, source: source,
            work: .calls(name: "grade", arguments: [JSONValue.array([sample, item]).serialized()]),
            cpuSeconds: Limits.graderCPUSeconds, memoryMegabytes: Limits.graderMemoryMegabytes)
        let tier = sandbox.tier.rawValue
        var report = GraderReport.undecided(InfrastructureFailure(code: .interrupted, message: "not run"))
        for _ in 0..<Limits.codeJudgingAttemptsMax {
            report = await sandbox.run(job) { report, waited in
                GraderReport(report, SandboxUse(tier: tier, queueMilliseconds: Double(waited)))
            }
            guard case .undecided(let failure) = report, isOfOneJail(failure.code) else { break }
        }
        return report
    }
}

extension GraderReport {
    fileprivate init(_ report: SandboxReport, _ use: SandboxUse) {
        switch report {
        case .undecided(let obstacle, let message):
            self = .undecided(InfrastructureFailure(code: failureCode(of: obstacle), message: message))
        case .uncompiled(let message):
            var result = GraderResult(fault: .program(excerpt(message, bytes: Limits.codeExcerptBytesMax)))
            result.calls = [.init(outcome: .compileError, timeMilliseconds: 0)]
            self = .graded(result)
        case .ran(let cases, _):
            guard let only = cases.first else {
                self = .undecided(InfrastructureFailure(code: .sandboxFault, message: "the call has no result"))
                return
            }
            var result = GraderResult(only)
            result.calls = [
                .init(
                    outcome: outcome(only, isGraded: result.faults.isEmpty), timeMilliseconds: only.cpuSeconds * 1_000,
                    memoryMegabytes: Double(only.peakKilobytes) / 1_024)
            ]
            result.sandbox = use
            self = .graded(result)
        }
    }
}

extension GraderResult {
    fileprivate init(_ result: SandboxCase) {
        let fault: String
        switch result.status {
        case .value:
            let value = try? JSONValue.parse(
                result.output, limits: JSONLimits(depth: Limits.jsonDepthMax, bytes: Limits.responseBytesMax))
            if let number = value?.number ?? value?.bool.map({ $0 ? 1 : 0 }), number.isFinite {
                self.init(value: number)
                return
            }
            fault = "grade returned no number"
        case .notJSON: fault = "grade returned no number"
        case .late, .notRun: fault = "it took more than \(Int(Limits.graderCPUSeconds)) seconds"
        case .memory: fault = "it took more than \(Limits.graderMemoryMegabytes) MiB"
        case .output: fault = "it wrote too much"
        case .raised, .missing, .ended, .refuted:
            fault = result.note.isEmpty ? "the process ended before it returned" : result.note
        }
        self.init(fault: .program(excerpt(fault, bytes: Limits.codeExcerptBytesMax)))
    }
}

/// How the call of a program went, in the words of tests.
private func outcome(_ result: SandboxCase, isGraded: Bool) -> TestSummary.Outcome {
    switch result.status {
    case .late, .notRun: .timeLimitExceeded
    // The kernel's own limit on CPU time may end the process a moment before the supervisor's clock does.
    case .missing where result.cpuSeconds >= Limits.graderCPUSeconds: .timeLimitExceeded
    case .memory: .memoryLimitExceeded
    case .output: .outputLimitExceeded
    case .value where isGraded: .accepted
    case .value, .notJSON: .wrongAnswer
    case .raised, .missing, .ended, .refuted: .runtimeError
    }
}
