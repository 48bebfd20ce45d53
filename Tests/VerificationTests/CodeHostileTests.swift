// The hostile kit, through the real judge and the real jail: nothing passes that must not, nothing is reached, nothing
// stays behind, and the next honest program is judged as ever.
import Domain
import Sandboxing
import Testing

@testable import Verification

@Suite struct CodeHostileTests {
    static let kit = ["exhaustion", "probes", "cheats", "compiled"].flatMap { CodeCase.read("sandbox/\($0).cases") }

    @Test func `the kit is there`() {
        #expect(Self.kit.count >= 120)
        #expect(Self.kit.allSatisfy { !$0.program.isEmpty && $0.settings["outcome"] != nil })
    }

    @Test(arguments: kit) func `a hostile program gets what it must`(_ hostile: CodeCase) async throws {
        let verifier = await CodeTestBench.verifier()
        // Without a jail the kit must not run anywhere, and then every verdict is undetermined.
        guard verifier.sandbox.tier != .unavailable else { return }
        let fence = hostile.settings["language"] == "cpp" ? "cpp" : "python"
        let verdict = await verifier.verify(
            response: "```\(fence)\n\(hostile.program)```", task: try hostile.task())
        let outcome =
            verdict.outcome == .passed ? "passed" : verdict.tests?.cases.first?.outcome.rawValue ?? "no outcome"
        #expect(hostile.outcomes.contains(outcome), "\(verdict)")
        #expect(verdict.outcome != .undetermined, "\(verdict)")
        #expect((verdict.outcome == .passed) == (outcome == "passed"))
        let honest = await CodeTestBench.judge("print(sum(map(int, input().split())))", [("1 2\n", "3\n")])
        #expect(honest.outcome == .passed, "after it: \(honest)")
    }

    @Test func `no expected output ever stands in a reason`() async throws {
        let verdict = await CodeTestBench.judge("print(1)", [("", "the-secret-output\n")])
        #expect(!"\(verdict)".contains("the-secret-output"))
    }
}
