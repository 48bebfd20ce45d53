// Code verdicts end to end: a response goes in, the real jail runs it, a verdict comes out.
import Domain
import Sandboxing
import Testing

@testable import Verification

@Suite struct CodeVerifierTests {
    @Test func `a right program passes all its tests`() async {
        let verdict = await CodeTestBench.judge(
            "print(sum(map(int, input().split())))", [("1 2\n", "3\n"), ("5 6", "11")])
        #expect(verdict.outcome == .passed, "\(verdict)")
        #expect(verdict.tests?.passed == 2)
    }

    @Test func `a wrong program fails with the first failing test named`() async {
        let verdict = await CodeTestBench.judge("print(3)", [("1 2\n", "3\n"), ("5 6", "11")])
        #expect(verdict.outcome == .failed)
        #expect(verdict.outcomes == [.accepted, .wrongAnswer])
        #expect(verdict.reason.contains("test 2 of 2"))
    }

    @Test func `an entry point is called with JSON and compared as JSON`() async throws {
        let verdict = try await CodeTestBench.judge(
            "def pair(a, b):\n    return (a, [b, (a,)])", entry: "pair", [("[1, \"x\"]", "[1, [\"x\", [1]]]")])
        #expect(verdict.outcome == .passed, "\(verdict)")
    }

    @Test func `a response without a program fails with no_code and runs nothing`() async {
        let task = CodeTask(language: .python, tests: .standardStreams([.init(input: "", output: "")]))
        let verdict = await CodeTestBench.verifier().verify(response: "I do not know.", task: task)
        #expect(verdict.outcome == .failed)
        #expect(verdict.reason == "no_code")
        #expect(verdict.tests == nil)
    }
}
