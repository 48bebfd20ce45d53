// Batches of responses in, verdicts out: math on a Dispatch queue, code in the sandbox, order kept.
import Dispatch
import Domain
import Sandboxing
import StrictJSON
import Verification

/// One response and what it is judged against.
package struct JudgeItem: Sendable {
    package var response: String
    package var task: VerificationTask
    package init(response: String, task: VerificationTask) {
        self.response = response
        self.task = task
    }
}

/// A verdict and what it took.
package struct Judgement: Sendable {
    package var verdict: Verdict
    package var elapsedMilliseconds: Double

    /// The CPU time it took, in seconds.
    var computeSeconds: Double {
        verdict.testSeconds ?? (verdict.sandbox == nil ? elapsedMilliseconds / 1_000 : 0)
    }
}

extension Verdict {
    /// The CPU seconds of the tests that ran, which is all but the start of a program; nil where there are none. A verdict
    /// that was remembered took none.
    var testSeconds: Double? {
        guard let tests else { return nil }
        guard sandbox?.isRemembered != true else { return 0 }
        return tests.cases.reduce(0) { $0 + max(0, $1.timeMilliseconds) } / 1_000
    }
}

/// Judges batches away from the tasks that serve requests.
package struct Judge: Sendable {
    private let math: MathVerifier
    private let code: CodeVerifier?
    private let graders: GraderVerifier
    /// Code items of one batch in flight at once; the sandbox queues what is beyond its slots.
    let codeConcurrency: Int
    private let queue = DispatchQueue(label: "judge.math", qos: .utility, attributes: .concurrent)

    package init(math: MathVerifier, code: CodeVerifier?, codeConcurrency: Int) {
        self.math = math
        self.code = code
        graders = GraderVerifier(sandbox: code?.sandbox)
        self.codeConcurrency = codeConcurrency
    }

    /// Whether code can be judged at all.
    package var judgesCode: Bool { code != nil }

    /// Runs a program for its output alone.
    func run(_ program: ProgramRun, goOn: (@Sendable (Int, ProgramResult) -> Bool)?) async -> ProgramReport {
        guard let code else { return .undecided(Self.noSandbox) }
        return await code.run(program, goOn: goOn)
    }

    /// The value that a grader gives a sample.
    func grade(_ grader: Grader, sample: String, item: JSONValue) async -> GraderReport {
        await graders.grade(grader, sample: sample, item: item)
    }

    /// The version of the interpreter that runs Python, as `3.11.2`; nil when code cannot be judged.
    var interpreterVersion: String? { code?.sandbox.interpreterVersion }

    private static let noSandbox = InfrastructureFailure(
        code: .sandboxUnavailable,
        message: "no sandbox can be had on this machine, so code is not judged; see /readyz for what is missing")

    /// One judgement for each item, in order. When the task is cancelled, programs that have not begun are undetermined
    /// (`interrupted`); those that run come to their end.
    package func judge(_ items: [JudgeItem]) async -> [Judgement] {
        var mathIndices: [Int] = []
        var codeIndices: [Int] = []
        for (index, item) in items.enumerated() {
            if case .math = item.task { mathIndices.append(index) } else { codeIndices.append(index) }
        }
        async let ofMath = judgeMath(items, at: mathIndices)
        async let ofCode = judgeCode(items, at: codeIndices)
        let found = await ofMath + ofCode
        return found.sorted { $0.0 < $1.0 }.map(\.1)
    }

    private func judgeMath(_ items: [JudgeItem], at indices: [Int]) async -> [(Int, Judgement)] {
        guard !indices.isEmpty else { return [] }
        return await withCheckedContinuation { continuation in
            queue.async {
                let clock = ContinuousClock()
                continuation.resume(
                    returning: indices.compactMap { index in
                        guard case .math(let task) = items[index].task else { return nil }
                        let start = clock.now
                        var verdict = math.verify(response: items[index].response, task: task)
                        verdict.verifier = MathVerifier.version
                        return (
                            index, Judgement(verdict: verdict, elapsedMilliseconds: (clock.now - start).milliseconds)
                        )
                    })
            }
        }
    }

    private func judgeCode(_ items: [JudgeItem], at indices: [Int]) async -> [(Int, Judgement)] {
        await withTaskGroup(of: (Int, Judgement).self) { group in
            var found: [(Int, Judgement)] = []
            found.reserveCapacity(indices.count)
            for (position, index) in indices.enumerated() {
                if position >= codeConcurrency, let done = await group.next() { found.append(done) }
                group.addTask { (index, await judgeCode(items[index])) }
            }
            for await done in group { found.append(done) }
            return found
        }
    }

    private func judgeCode(_ item: JudgeItem) async -> Judgement {
        let clock = ContinuousClock()
        let start = clock.now
        guard !Task.isCancelled else {
            let failure = InfrastructureFailure(code: .interrupted, message: "the judge was stopped before its turn")
            return Judgement(verdict: .undetermined(failure), elapsedMilliseconds: 0)
        }
        let verdict: Verdict
        switch item.task {
        case .grader(let task): verdict = await graders.verify(response: item.response, task: task)
        case .code(let task):
            guard let code else {
                return Judgement(verdict: .undetermined(Self.noSandbox), elapsedMilliseconds: 0)
            }
            verdict = await code.verify(response: item.response, task: task)
        // Judged apart, on the queue.
        case .math(let task): verdict = math.verify(response: item.response, task: task)
        }
        return Judgement(verdict: verdict, elapsedMilliseconds: (clock.now - start).milliseconds)
    }
}

extension Duration {
    /// The duration in milliseconds.
    package var milliseconds: Double {
        Double(components.seconds) * 1e3 + Double(components.attoseconds) * 1e-15
    }
}
