// Evaluations in the ledger: one for equal settings, samples once each, verdicts once each, prompts that came later left out.
import Domain
import Foundation
import GRDB
import StrictJSON
import Testing

@testable import Storage

struct EvaluationTests {
    private func settings(_ dataset: String = "arithmetic", label: String = "") -> EvaluationSettings {
        EvaluationSettings(dataset: dataset, model: .policy(PolicyVersion(1)), samples: 2, maxTokens: 8, label: label)
    }

    private func answer(_ text: String = "\\boxed{2}") -> SampledAnswer {
        SampledAnswer(text: text, finishReason: .stop, promptTokens: 3, responseTokens: 4, seconds: 0.5)
    }

    @Test func `equal settings are one evaluation, over the prompts that were there`() async throws {
        try await withLedger { ledger, fixture in
            try await ledger.addPrompt(mathPrompt("a"))
            try await ledger.addPrompt(mathPrompt("b"))
            let first = try await ledger.openEvaluation(settings())
            try await ledger.addPrompt(mathPrompt("late"))
            #expect(try await ledger.openEvaluation(settings()).id == first.id)
            #expect(try await ledger.evaluationProblems(of: first.id).map(\.id.text) == ["a", "b"])
            let second = try await ledger.openEvaluation(settings(label: "again"))
            #expect(second.id != first.id && second.problems == 3 && second.wanted == 6)
            let again = try fixture.reopened()
            #expect(try await again.evaluationRun(first.id).settings == settings())
            #expect(try await again.evaluationRuns(limit: 9).map(\.id) == [second.id, first.id])
            try await again.close()
            let fault = await #expect(throws: InputError.self) { try await ledger.openEvaluation(settings("none")) }
            #expect(fault?.code == .notFound && fault?.field == "dataset")
        }
    }

    @Test func `a sample is stored once, and its text comes back as it came`() async throws {
        try await withLedger { ledger, _ in
            try await ledger.addPrompt(mathPrompt("a"))
            let run = try await ledger.openEvaluation(settings())
            let problem = try #require(try await ledger.evaluationProblems(of: run.id).first)
            let text = String(repeating: "um, 🙂\u{0} ", count: 4_000)
            #expect(try await ledger.record(answer: answer(text), of: run.id, problem: problem.seq, sample: 0))
            #expect(try await !ledger.record(answer: answer("other"), of: run.id, problem: problem.seq, sample: 0))
            #expect(try await ledger.record(answer: answer(""), of: run.id, problem: problem.seq, sample: 1))
            #expect(try await ledger.evaluationText(of: run.id, problem: problem, sample: 0) == text)
            #expect(try await ledger.evaluationText(of: run.id, problem: problem, sample: 1)?.isEmpty == true)
            #expect(try await ledger.evaluationRun(run.id).progress == EvaluationProgress(sampled: 2))
        }
    }

    @Test func `the share of right samples is told of each problem that has a decided one`() async throws {
        try await withLedger { ledger, _ in
            for id in ["a", "b", "c"] { try await ledger.addPrompt(mathPrompt(id)) }
            let run = try await ledger.openEvaluation(settings())
            #expect(try await ledger.evaluationShares(of: run.id) == [])
            for problem in try await ledger.evaluationProblems(of: run.id) {
                for sample in 0..<2 {
                    try await ledger.record(answer: answer(), of: run.id, problem: problem.seq, sample: sample)
                }
            }
            let works = try await ledger.unjudgedSamples(of: run.id, limit: 9)
            let verdicts: [Verdict] = [
                .passed("right"), .failed("wrong"), .passed("right"), .passed("right"),
                .undetermined(.init(code: .sandboxUnavailable, message: "no")),
                .undetermined(.init(code: .sandboxUnavailable, message: "no")),
            ]
            try await ledger.record(sampleVerdicts: zip(works, verdicts).map { ($0.seq, $1) })
            #expect(try await ledger.evaluationShares(of: run.id) == [0.5, 1])
        }
    }

    @Test func `a verdict counts once, and undetermined samples go back to the judges`() async throws {
        try await withLedger { ledger, _ in
            try await ledger.addPrompt(mathPrompt("a"))
            let run = try await ledger.openEvaluation(settings())
            let problem = try #require(try await ledger.evaluationProblems(of: run.id).first)
            for sample in 0..<2 {
                try await ledger.record(answer: answer(), of: run.id, problem: problem.seq, sample: sample)
            }
            let works = try await ledger.unjudgedSamples(of: run.id, limit: 9)
            #expect(works.map(\.response) == ["\\boxed{2}", "\\boxed{2}"])
            let lost = Verdict.undetermined(InfrastructureFailure(code: .slotLost, message: "gone"))
            try await ledger.record(sampleVerdicts: [
                (works[0].seq, .passed("right", extracted: "2")), (works[1].seq, lost),
            ])
            try await ledger.record(sampleVerdicts: [(works[0].seq, .failed("late"))])
            var samples = try await ledger.evaluationSamples(of: run.id)
            #expect(samples.map(\.outcome) == [.passed, .undetermined] && samples[0].extracted == "2")
            #expect(samples[1].failure == "slot_lost" && samples[0].responseTokens == 4)
            #expect(
                try await ledger.evaluationRun(run.id).progress
                    == EvaluationProgress(sampled: 2, judged: 2, undetermined: 1))
            #expect(try await ledger.requeueUndetermined(of: run.id) == 1)
            samples = try await ledger.evaluationSamples(of: run.id)
            #expect(samples.map(\.outcome) == [.passed, nil])
            #expect(try await ledger.evaluationRun(run.id).progress == EvaluationProgress(sampled: 2, judged: 1))
        }
    }

    @Test func `labels of metadata are text or whole numbers`() async throws {
        try await withLedger { ledger, _ in
            for (id, value) in [("a", JSONValue.string("hard")), ("b", .integer(5)), ("c", .array([])), ("d", .null)] {
                var prompt = mathPrompt(id)
                prompt.metadata = .members(["difficulty": value, "subject": .string("algebra")])
                try await ledger.addPrompt(prompt)
            }
            let run = try await ledger.openEvaluation(settings())
            let problems = try await ledger.evaluationProblems(of: run.id)
            #expect(problems.map(\.difficulty) == ["hard", "5", nil, nil])
            #expect(problems.allSatisfy { $0.subject == "algebra" && $0.taskType == "math" })
        }
    }
}
