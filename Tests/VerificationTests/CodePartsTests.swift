// Tasks that are judged in parts: the verdict is that of the whole, however they are cut.
import Domain
import Sandboxing
import StrictJSON
import Testing

@testable import Verification

@Suite struct CodePartsTests {
    private func task(_ count: Int, stops: Bool = false, language: CodeTask.Language = .python) -> CodeTask {
        let tests = (0..<count).map { CodeTask.StreamTest(input: "\($0)\n", output: "\(2 * $0)\n") }
        return CodeTask(
            language: language, tests: .standardStreams(tests), timeLimitSeconds: 1, stopAtFirstFailure: stops)
    }

    private func judge(_ source: String, _ task: CodeTask, partBytes: Int) async -> Verdict {
        let verifier = CodeVerifier(sandbox: await CodeTestBench.pool(), remembering: 0, partBytes: partBytes)
        let fence = task.language == .cpp ? "cpp" : "python"
        return await verifier.verify(response: "```\(fence)\n\(source)\n```", task: task)
    }

    /// Outcome, reason and the tests' outcomes; times differ from run to run.
    private func said(_ verdict: Verdict) -> [String] {
        let tests = verdict.tests
        return [
            verdict.outcome.rawValue, verdict.reason, verdict.failure?.code.rawValue ?? "", "\(tests?.passed ?? -1)",
            "\(tests?.total ?? -1)", tests?.output ?? "", tests?.log ?? "",
        ] + verdict.outcomes.map(\.rawValue)
    }

    @Test func `parts hold neighbours up to their bytes, and every test once`() {
        #expect(task(5).parts(bytesMax: 1 << 20).count == 1)
        let parts = task(12).parts(bytesMax: 6)
        #expect(parts.map { $0.parts(bytesMax: 1 << 20).count }.allSatisfy { $0 == 1 })
        let inputs = parts.map { part -> [String] in
            guard case .standardStreams(let tests) = part.tests else { return [] }
            return tests.map(\.input)
        }
        #expect(inputs.map(\.count) == [3, 3, 3, 2, 1])
        #expect(inputs.flatMap(\.self) == (0..<12).map { "\($0)\n" })
        #expect(task(3).parts(bytesMax: 1).count == 3, "a test that is larger has a part of its own")
        #expect(task(0).parts(bytesMax: 1).isEmpty)
    }

    @Test(arguments: [
        "print(int(input()) * 2)", "n = int(input())\nprint(n * 2 if n != 4 else 0)",
        "n = int(input())\nassert n < 3\nprint(n * 2)", "print(1", "n = int(input())\nprint(n * 2 if n % 3 else 'no')",
    ])
    func `a program has the same verdict in parts as in one`(_ source: String) async {
        for stops in [false, true] {
            let task = task(8, stops: stops)
            let whole = await judge(source, task, partBytes: 1 << 20)
            #expect(whole.outcome != .undetermined)
            for bytes in [1, 4, 7] {
                let cut = await judge(source, task, partBytes: bytes)
                #expect(said(cut) == said(whole), "\(source), parts of \(bytes), stops \(stops)")
            }
        }
    }

    @Test func `calls and compiled programs are judged in parts, too`() async {
        let calls = CodeTask(
            language: .python,
            tests: .entryPoint(
                name: "f",
                (0..<5).map { .init(arguments: [.integer($0), .string("x")], expected: .string("x\($0)")) }))
        #expect(await judge("def f(n, s): return s + str(n)", calls, partBytes: 1).outcome == .passed)
        let wrong = await judge("def f(n, s): return s + str(min(n, 3))", calls, partBytes: 1)
        #expect(wrong.reason == "wrong_answer: test 5 of 5", "\(wrong.reason)")
        let cpp = "#include <iostream>\nint main() { int n; std::cin >> n; std::cout << 2 * n << std::endl; }"
        let compiled = await judge(cpp, task(4, language: .cpp), partBytes: 1)
        #expect(compiled.outcome == .passed && compiled.tests?.cases.count == 4, "\(compiled)")
    }

    @Test func `a part that could not be judged leaves the whole undetermined, and is no failure`() {
        var whole = MergedVerdict(total: 6, stopsAtFirstFailure: false)
        let good = TestSummary(
            passed: 2, total: 2, cases: Array(repeating: .init(outcome: .accepted, timeMilliseconds: 1), count: 2))
        let goesOn1 = whole.add(.passed("all", tests: good), excerpt: "")
        #expect(goesOn1)
        let lost = InfrastructureFailure(code: .slotLost, message: "the jail ended")
        let goesOn2 = whole.add(.undetermined(lost), excerpt: "")
        #expect(!goesOn2)
        #expect(whole.verdict("").failure?.code == .slotLost && whole.verdict("").tests?.passed == 2)

        // Not even after a failure: what part of the tests passes is not known then.
        var failed = MergedVerdict(total: 6, stopsAtFirstFailure: false)
        var bad = good
        bad.cases[1].outcome = .wrongAnswer
        let goesOn3 = failed.add(.failed("wrong_answer: test 2 of 6", tests: bad), excerpt: "")
        #expect(goesOn3)
        let goesOn4 = failed.add(.undetermined(lost), excerpt: "")
        #expect(!goesOn4)
        #expect(failed.verdict("").outcome == .undetermined)
    }

    @Test func `tests for which no time is left count as out of time only after a failure`() {
        let good = TestSummary(passed: 1, total: 1, cases: [.init(outcome: .accepted, timeMilliseconds: 1)])
        var whole = MergedVerdict(total: 3, stopsAtFirstFailure: false)
        let goesOn5 = whole.add(.passed("all", tests: good), excerpt: "")
        #expect(goesOn5)
        whole.skipTheRest("")
        #expect(whole.verdict("").failure?.code == .beyondCaps && whole.verdict("").tests?.cases.count == 1)

        var late = MergedVerdict(total: 3, stopsAtFirstFailure: false)
        let out = TestSummary(passed: 0, total: 1, cases: [.init(outcome: .timeLimitExceeded, timeMilliseconds: 0)])
        let goesOn6 = late.add(.passed("all", tests: good), excerpt: "")
        #expect(goesOn6)
        let goesOn7 = late.add(.failed("time_limit_exceeded: test 2 of 3", tests: out), excerpt: "")
        #expect(!goesOn7)
        #expect(late.verdict("").outcome == .failed)
        #expect(late.verdict("").outcomes == [.accepted, .timeLimitExceeded, .timeLimitExceeded])
    }
}
