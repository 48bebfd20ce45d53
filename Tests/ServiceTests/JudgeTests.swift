// Judging batches: order kept, and no verdict where there is no judge.
import Domain
import Testing
import Verification

@testable import Service

@Suite struct JudgeTests {
    private let code = VerificationTask.code(
        CodeTask(language: .python, tests: .assertions("assert f(1) == 1")))

    @Test func `without a sandbox code is undetermined and has no reward, and math goes on`() async {
        let judge = Judge(math: MathVerifier(), code: nil, codeConcurrency: 2)
        let judged = await judge.judge([
            JudgeItem(response: "```python\ndef f(x): return x\n```", task: code),
            JudgeItem(response: "\\boxed{4}", task: .math(MathTask(answers: ["4"]))),
        ])
        #expect(judged.map(\.verdict.outcome) == [.undetermined, .passed])
        #expect(judged.first?.verdict.failure?.code == .sandboxUnavailable)
        for scheme in RewardScheme.allCases {
            #expect(judged.first.flatMap { scheme.reward(for: $0.verdict, response: "") } == nil)
        }
    }

    @Test func `verdicts come in the order of the responses`() async {
        let judge = Judge(math: MathVerifier(), code: nil, codeConcurrency: 2)
        let items = (0..<200).map {
            JudgeItem(response: "\\boxed{\($0)}", task: .math(MathTask(answers: ["\($0 - $0 % 2)"])))
        }
        let judged = await judge.judge(items)
        #expect(judged.map { $0.verdict.outcome == .passed } == (0..<200).map { $0 % 2 == 0 })
    }
}
