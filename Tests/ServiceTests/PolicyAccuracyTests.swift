// The accuracies of the in-process model on data sets: those of the reports, version by version, and again when samples change.
import Domain
import Storage
import Testing

@testable import Service

struct PolicyAccuracyTests {
    private func settings(_ model: EvaluatedModel, label: String = "") -> EvaluationSettings {
        EvaluationSettings(
            dataset: "sums", model: model, samples: 2, temperature: 1, maxTokens: 8, seed: 5, label: label)
    }

    /// An evaluation whose samples have these verdicts, problem by problem.
    private func evaluate(
        _ ledger: Ledger, _ settings: EvaluationSettings, _ verdicts: [Verdict]
    ) async throws -> EvaluationID {
        let run = try await ledger.openEvaluation(settings)
        for problem in try await ledger.evaluationProblems(of: run.id) {
            for sample in 0..<2 {
                _ = try await ledger.record(
                    answer: SampledAnswer(
                        text: "x", finishReason: .stop, promptTokens: 1, responseTokens: 1, seconds: 0.1),
                    of: run.id, problem: problem.seq, sample: sample)
            }
        }
        let works = try await ledger.unjudgedSamples(of: run.id, limit: 99)
        try await ledger.record(sampleVerdicts: zip(works, verdicts).map { ($0.seq, $1) })
        return run.id
    }

    /// The list once nothing is pending.
    private func settled(_ service: RolloutService) async throws -> [PolicyAccuracy] {
        for _ in 0..<200 {
            let list = try await service.policyAccuracies(limit: 40)
            if list.pending == 0 { return list.accuracies }
            try await Task.sleep(for: .milliseconds(10))
        }
        Issue.record("still pending")
        return []
    }

    @Test func `each version has the interval of its report, and a verdict that comes later counts`() async throws {
        let fixture = try ServiceFixture()
        try await fixture.run(try fixture.settings(model: nil, isLearning: false)) { service in
            let ledger = service.ledger
            _ = try await service.submit(
                prompts: (0..<3).map { number in
                    PromptSubmission(
                        id: PromptID("p\(number)"), dataset: "sums", content: .text("\(number)?"),
                        task: .math(MathTask(answers: ["1"])))
                })
            let (right, wrong) = (Verdict.passed("right"), Verdict.failed("wrong"))
            let undecided = Verdict.undetermined(.init(code: .sandboxUnavailable, message: "no"))
            let first = try await evaluate(
                ledger, settings(.policy(PolicyVersion(1))), [right, wrong, right, right, wrong, wrong])
            let second = try await evaluate(
                ledger, settings(.policy(PolicyVersion(4))), [right, right, right, right, undecided, undecided])
            // Another model's and one without a decision are not of this run.
            _ = try await evaluate(
                ledger, settings(.endpoint(url: "http://h/v1", model: "m")), [right, right, right, right, right, right])
            _ = try await evaluate(
                ledger, settings(.policy(PolicyVersion(5)), label: "none"), Array(repeating: undecided, count: 6))
            let found = try await settled(service)
            #expect(found.map(\.version.number) == [1, 4] && found.map(\.evaluation) == [first, second])
            #expect(Set(found.map(\.line)) == ["sums avg@2, T 1.0"])
            for (accuracy, share) in zip(found, [0.5, 1]) {
                let report = try await service.evaluationReport(accuracy.evaluation, comparedWith: nil)
                #expect(accuracy.interval == report.all.average && accuracy.interval.mean == share)
            }
            #expect(try await ledger.requeueUndetermined(of: second) == 2)
            let works = try await ledger.unjudgedSamples(of: second, limit: 9)
            try await ledger.record(sampleVerdicts: works.map { ($0.seq, wrong) })
            let again = try await settled(service)
            #expect(again.last?.interval.mean == 2.0 / 3 && again.first == found.first)
        }
    }
}
