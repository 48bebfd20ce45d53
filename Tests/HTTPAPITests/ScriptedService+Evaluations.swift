// The scripted service's evaluations of data sets: one that is finished, with a little of everything in it.
import Domain
import HTTPAPI
@testable import Service
import StrictJSON
import Synchronization

extension ScriptedService {
    private var evaluation: EvaluationRun {
        EvaluationRun(
            id: EvaluationID("evl-1"),
            settings: EvaluationSettings(
                dataset: "aime24", model: .endpoint(url: "http://h/v1", model: "<b>m&m</b>"), samples: 2, topK: 20,
                repetitionPenalty: 1.05, maxTokens: 64, isThinking: true, seed: 0, label: "l"),
            problems: 2, progress: EvaluationProgress(sampled: 4, judged: 4, undetermined: 1), seconds: 3.5,
            createdAt: time,
            figures: EvaluationFigures(
                average: MeanInterval(mean: 0.75, low: 0.5, high: 1, count: 2),
                pass: MeanInterval(mean: 1, low: 1, high: 1, count: 2), passK: 1,
                majority: MeanInterval(mean: 0.5, low: 0.5, high: 0.5, count: 1), truncatedShare: 0.25))
    }

    /// The status with that evaluation running and another one waiting.
    func withEvaluations(_ snapshot: StatusSnapshot) -> StatusSnapshot {
        var snapshot = snapshot
        snapshot.operations.evaluations = [EvaluationActivity(run: evaluation, perSecond: 1.5, secondsLeft: nil)]
        snapshot.operations.queuedEvaluations = 1
        return snapshot
    }

    func beginEvaluation(_ request: EvaluationRequest) async throws -> EvaluationStatus {
        try await enter()
        var run = evaluation
        run.settings = try request.settings(currentVersion)
        return EvaluationStatus(run: run, state: .running, holder: EvaluationConduct.server)
    }

    func evaluationRuns(limit: Int) async throws -> [EvaluationStatus] {
        try await enter()
        return [EvaluationStatus(run: evaluation, state: .complete)]
    }

    func evaluationRun(_ id: EvaluationID) async throws -> EvaluationStatus {
        try await enter()
        guard id == evaluation.id else { throw InputError(.notFound, "there is no evaluation \(id)") }
        return EvaluationStatus(run: evaluation, state: .complete)
    }

    func resumeEvaluation(_ id: EvaluationID) async throws -> EvaluationStatus { try await evaluationRun(id) }

    func stopEvaluation(_ id: EvaluationID) async throws -> EvaluationStatus { try await evaluationRun(id) }

    func evaluationReport(_ id: EvaluationID, comparedWith other: EvaluationID?) async throws -> EvaluationReport {
        let run = try await evaluationRun(id).run
        let problems = [
            EvaluationProblem(
                seq: 1, id: PromptID("p-1"), taskType: "math", difficulty: "easy", subject: "<i>sums</i>"),
            EvaluationProblem(seq: 2, id: PromptID("p-2"), taskType: "code"),
        ]
        let samples = [
            EvaluationSample(
                problem: 1, index: 0, outcome: .passed, extracted: "4", promptTokens: 5, responseTokens: 9, seconds: 1),
            EvaluationSample(
                problem: 1, index: 1, outcome: .failed, extracted: "<script>alert(1)</script>", isTruncated: true,
                promptTokens: 5, responseTokens: 64, seconds: 2),
            EvaluationSample(problem: 2, index: 0, outcome: .undetermined, failure: "sandbox_fault", seconds: 1),
            EvaluationSample(problem: 2, index: 1, outcome: .passed, responseTokens: 7, seconds: 1),
        ]
        return EvaluationReport(
            run: run, problems: problems, samples: samples, other: other.map { _ in (run, samples) })
    }
}
