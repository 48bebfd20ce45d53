// Evaluations that clients of the server begin, look at and stop.
import Domain
import Storage

/// An evaluation as a client asks for it.
package struct EvaluationRequest: Sendable {
    /// The settings, for the policy that is meant when no endpoint and no version is named.
    package var settings: @Sendable (_ newest: PolicyVersion?) throws(InputError) -> EvaluationSettings
    /// Samples asked for at a time.
    package var concurrency: Int
    package init(
        concurrency: Int,
        settings: @escaping @Sendable (_ newest: PolicyVersion?) throws(InputError) -> EvaluationSettings
    ) {
        self.settings = settings
        self.concurrency = concurrency
    }
}

extension RolloutService {
    private var archive: EvaluationArchive { EvaluationArchive(ledger: ledger) }

    /// Begins an evaluation, or goes on with the one of the same settings.
    package func beginEvaluation(_ request: EvaluationRequest) async throws -> EvaluationStatus {
        try refuseWhenStopping()
        let settings = try request.settings(policies.newestVersion)
        let source = try await source(settings, concurrency: request.concurrency)
        let run = try await archive.open(settings)
        let runner = EvaluationRunner(
            ledger: ledger, judge: judge, source: source, concurrency: request.concurrency)
        try desk.begin(run.id, logger: logger) { try await runner.run(run).fault }
        return EvaluationStatus(run: run, isRunning: true)
    }

    private func source(_ settings: EvaluationSettings, concurrency: Int) async throws -> any SampleSource {
        switch settings.model {
        case .policy(let version):
            let policy = try await policies.policy(version)
            guard let tokenizer = policies.tokenizer else { throw PolicyStore.notYet }
            return PolicySampleSource(policy: policy, tokenizer: tokenizer, sampler: sampler)
        case .endpoint(let url, let model):
            guard let endpoints = self.settings.evaluationEndpoints, endpoints.allows(url) else {
                throw InputError(
                    .invalidValue, "this server may not ask \(url)", field: "endpoint",
                    hint: "name it in evaluation_endpoints where the server is started, or use rolloutd evaluate")
            }
            return try endpoints.source(url, model, concurrency)
        }
    }

    /// The last evaluations, newest first.
    package func evaluationRuns(limit: Int) async throws -> [EvaluationStatus] {
        try await archive.runs(limit: limit).map { EvaluationStatus(run: $0, isRunning: desk.isRunning($0.id)) }
    }

    /// How far an evaluation is, or `not_found`.
    package func evaluationRun(_ id: EvaluationID) async throws -> EvaluationStatus {
        EvaluationStatus(run: try await archive.run(id), isRunning: desk.isRunning(id))
    }

    /// Ends an evaluation for now; what is stored stays, and the same request goes on with it.
    package func stopEvaluation(_ id: EvaluationID) async throws -> EvaluationStatus {
        _ = try await archive.run(id)
        await desk.stop(id)
        return try await evaluationRun(id)
    }

    /// The report of an evaluation as it stands.
    package func evaluationReport(
        _ id: EvaluationID, comparedWith other: EvaluationID?
    ) async throws -> EvaluationReport {
        try await archive.report(id, comparedWith: other)
    }
}
