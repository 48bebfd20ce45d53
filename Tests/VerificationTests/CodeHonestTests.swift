// The honest kit: what users write must be graded as they expect, whatever the mistakes that judges are known to make.
import Domain
import Sandboxing
import Testing

@testable import Verification

@Suite struct CodeHonestTests {
    static let kit = ["streams", "calls", "assertions", "compiled"].flatMap { CodeCase.read("code/\($0).cases") }

    @Test func `the kit is there`() {
        #expect(Self.kit.count >= 120)
        #expect(Self.kit.allSatisfy { !$0.program.isEmpty })
    }

    @Test(arguments: kit) func `an honest program is graded right`(_ honest: CodeCase) async throws {
        let verifier = await CodeTestBench.verifier()
        guard verifier.sandbox.tier != .unavailable else { return }
        let task = try honest.task()
        let fence = honest.settings["language"] == "cpp" ? "cpp" : "python"
        let verdict = await verifier.verify(response: "```\(fence)\n\(honest.program)```", task: task)
        #expect(verdict.outcome == (honest.outcomes == ["passed"] ? .passed : .failed), "\(verdict)")
        let failing = verdict.outcomes.first { $0 != .accepted }
        #expect(honest.outcomes.contains(failing?.rawValue ?? "passed"), "\(verdict)")
        if let passed = honest.settings["passed"] { #expect(verdict.tests?.passed == Int(passed), "\(verdict)") }
        if let reason = honest.settings["reason"] { #expect(verdict.reason.contains(reason), "\(verdict)") }
        if task.stopAtFirstFailure, let failing = verdict.outcomes.firstIndex(where: { $0 != .accepted }) {
            #expect(verdict.outcomes.count == failing + 1, "nothing runs after the first failure")
        }
    }
}
