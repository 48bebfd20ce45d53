// Evaluations inside a running service: the in-process model, the list of endpoints, the bound on how many run, a stop.
import Domain
import Storage
import Synchronization
import Testing

@testable import Service

@Suite struct ServerEvaluationTests {
    /// Answers nothing until it is told to, then everything with the same text.
    private final class Gate: SampleSource {
        let isOpen = Mutex(false)
        let asked = Mutex(0)

        func sample(_ request: SampleRequest) async throws -> SampledAnswer {
            asked.withLock { $0 += 1 }
            while !isOpen.withLock({ $0 }) { try await Task.sleep(for: .milliseconds(5)) }
            return SampledAnswer(text: "\\boxed{2}", finishReason: .stop, seconds: 0.01)
        }
    }

    private func request(_ settings: EvaluationSettings) -> EvaluationRequest {
        EvaluationRequest(concurrency: 2) { _ throws(InputError) in settings }
    }

    private func addPrompts(_ service: RolloutService) async throws {
        let receipts = try await service.submit(
            prompts: (0..<3).map {
                PromptSubmission(
                    id: PromptID("p\($0)"), dataset: "sums", content: .text("1+1?"),
                    task: .math(MathTask(answers: ["2"])))
            })
        for receipt in receipts { _ = try receipt.get() }
    }

    @Test func `the in-process model is evaluated, and the same seed samples the same`() async throws {
        let fixture = try ServiceFixture()
        let settings = try fixture.settings(model: try fixture.writeTinyModel(), isLearning: false)
        try await fixture.run(settings) { service in
            #expect(try await service.waits { $0.status().policyVersion != nil })
            try await addPrompts(service)
            var texts: [[String?]] = []
            for label in ["a", "b"] {
                let asked = EvaluationSettings(
                    dataset: "sums", model: .policy(PolicyVersion(0)), samples: 2, maxTokens: 8, seed: 5, label: label)
                let begun = try await service.beginEvaluation(request(asked))
                #expect(begun.isRunning)
                var status = begun
                for _ in 0..<500 where status.isRunning || !status.run.isFinished {
                    try await Task.sleep(for: .milliseconds(20))
                    status = try await service.evaluationRun(begun.run.id)
                }
                #expect(status.run.isFinished && status.run.progress.judged == 6)
                let problems = try await service.ledger.evaluationProblems(of: begun.run.id)
                var own: [String?] = []
                for problem in problems {
                    own.append(
                        try await service.ledger.evaluationText(of: begun.run.id, problem: problem, sample: 1))
                }
                texts.append(own)
                let report = try await service.evaluationReport(begun.run.id, comparedWith: nil)
                #expect(report.lengths?.counted == 6 && (report.lengths?.max ?? 99) <= 8)
            }
            #expect(texts[0] == texts[1] && texts[0].count == 3)
            #expect(try await service.evaluationRuns(limit: 9).count == 2)
        }
    }

    @Test func `an endpoint is asked only where the operator named it`() async throws {
        let fixture = try ServiceFixture()
        var settings = try fixture.settings(model: nil, isLearning: false)
        let gate = Gate()
        settings.evaluationEndpoints = EvaluationEndpoints(allowed: ["http://10.0.0.7:8000/v1/"]) { _, _, _ in gate }
        try await fixture.run(settings) { service in
            try await addPrompts(service)
            for url in [
                "http://10.0.0.7:8000", "http://10.0.0.7:8000/v11", "http://10.0.0.7:8000/v1/../x",
                "http://10.0.0.7:8000/v1@evil", "http://evil/v1", "http://10.0.0.7:8000/v1/?a=b",
            ] {
                let asked = EvaluationSettings(
                    dataset: "sums", model: .endpoint(url: url, model: "m"), samples: 1, maxTokens: 8)
                let fault = await #expect(throws: InputError.self) { try await service.beginEvaluation(request(asked)) }
                #expect(fault?.field == "endpoint", "\(url)")
            }
            #expect(gate.asked.withLock { $0 } == 0)
        }
    }

    @Test func `a stop ends it, the same request goes on, and a third at a time is refused`() async throws {
        let fixture = try ServiceFixture()
        var settings = try fixture.settings(model: nil, isLearning: false)
        let gate = Gate()
        settings.evaluationEndpoints = EvaluationEndpoints(allowed: ["http://h/v1"]) { _, _, _ in gate }
        try await fixture.run(settings) { service in
            try await addPrompts(service)
            func asked(_ label: String) -> EvaluationSettings {
                EvaluationSettings(
                    dataset: "sums", model: .endpoint(url: "http://h/v1", model: "m"), samples: 1, maxTokens: 8,
                    label: label)
            }
            let first = try await service.beginEvaluation(request(asked("1")))
            let second = try await service.beginEvaluation(request(asked("2")))
            let fault = await #expect(throws: ServiceError.self) {
                try await service.beginEvaluation(request(asked("3")))
            }
            #expect(fault?.code == .overloaded)
            let stopped = try await service.stopEvaluation(second.run.id)
            #expect(!stopped.isRunning && stopped.run.progress.sampled == 0)
            // Asked again while it runs, it is the same one.
            #expect(try await service.beginEvaluation(request(asked("1"))).run.id == first.run.id)
            gate.isOpen.withLock { $0 = true }
            #expect(try await service.beginEvaluation(request(asked("2"))).run.id == second.run.id)
            for id in [first.run.id, second.run.id] {
                var status = try await service.evaluationRun(id)
                for _ in 0..<500 where status.isRunning {
                    try await Task.sleep(for: .milliseconds(20))
                    status = try await service.evaluationRun(id)
                }
                #expect(status.run.isFinished)
                let report = try await service.evaluationReport(id, comparedWith: nil)
                #expect(report.all.average?.mean == 1)
            }
            let none = await #expect(throws: InputError.self) {
                try await service.evaluationRun(EvaluationID("evl-none"))
            }
            #expect(none?.code == .notFound)
        }
    }
}
