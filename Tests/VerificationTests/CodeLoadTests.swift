// Verdicts do not flip when many programs are judged at once, and a hostile neighbour changes nothing.
import Domain
import Sandboxing
import Testing

@testable import Verification

@Suite struct CodeLoadTests {
    @Test func `a busy pool gives the same verdicts as a quiet one`() async {
        let verifier = await CodeTestBench.verifier()
        guard verifier.sandbox.tier != .unavailable else { return }
        let programs: [(source: String, outcome: TestSummary.Outcome)] = [
            ("print(int(input()) * 2)", .accepted), ("print(int(input()) * 3)", .wrongAnswer), ("1 / 0", .runtimeError),
            ("x = bytearray(10 ** 9)", .memoryLimitExceeded), ("print(", .compileError),
            ("import os\nos.fork()", .runtimeError),
            ("import sys\nwhile True: sys.stdout.write('x' * 100000)", .outputLimitExceeded),
        ]
        await withTaskGroup(of: (Int, TestSummary.Outcome?).self) { group in
            for round in 0..<84 {
                group.addTask {
                    let index = round % programs.count
                    let verdict = await CodeTestBench.judge(programs[index].source, [("21", "42")]) {
                        $0.memoryLimitMegabytes = 128
                    }
                    return (index, verdict.outcomes.first)
                }
            }
            for await (index, outcome) in group { #expect(outcome == programs[index].outcome) }
        }
        #expect(verifier.sandbox.statistics.rebuilt == 0)
    }
}
