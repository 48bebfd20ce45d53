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

    /// Has an evaluation carried out, or goes on with the one of the same settings: at once, or when its turn comes.
    ///
    /// Throws `ServiceError.overloaded` when too many wait.
    package func beginEvaluation(_ request: EvaluationRequest) async throws -> EvaluationStatus {
        try refuseWhenStopping()
        let settings = try request.settings(policies.newestVersion)
        // What cannot be asked is refused before anything is stored.
        _ = try await evaluationSource(settings, concurrency: request.concurrency)
        return try await want(try await archive.open(settings), concurrency: request.concurrency)
    }

    /// Goes on with a stopped or failed evaluation, as its settings posted again would.
    package func resumeEvaluation(_ id: EvaluationID) async throws -> EvaluationStatus {
        try refuseWhenStopping()
        let run = try await archive.run(id)
        _ = try await evaluationSource(run.settings, concurrency: run.conduct.concurrency)
        return try await want(run, concurrency: run.conduct.concurrency)
    }

    private func want(_ run: EvaluationRun, concurrency: Int) async throws -> EvaluationStatus {
        let status = status(of: run)
        let isSettled = run.isFinished && run.progress.undetermined == 0 && run.figures != nil
        guard status.state != .running, !isSettled else { return status }
        let limit = Limits.evaluationsQueuedMax + Limits.evaluationsRunningMax
        let waiting = try await inLedger { try await $0.queuedEvaluations(limit: limit) }
            .filter { !desk.isRunning($0.id) }
        guard waiting.count < Limits.evaluationsQueuedMax || run.conduct.isWanted else {
            throw ServiceError(
                .overloaded, "\(waiting.count) evaluations wait for their turn", hint: "stop one, or wait for an end",
                retryAfterSeconds: 30)
        }
        _ = try await inLedger { try await $0.want(run.id, concurrency: concurrency) }
        await beginQueuedEvaluations()
        return try await evaluationRun(run.id)
    }

    /// What answers an evaluation; throws when it may not be asked, or is not there.
    func evaluationSource(_ settings: EvaluationSettings, concurrency: Int) async throws -> any SampleSource {
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
            return try endpoints.source(
                .init(url: url, model: model, concurrency: concurrency) { [counters] _, _ in
                    counters.increment(.evaluationRetries)
                })
        }
    }

    private func status(of run: EvaluationRun) -> EvaluationStatus {
        let now = clock.now()
        let isHere = desk.isRunning(run.id)
        let state = run.state(at: now, isRunning: isHere)
        let detail: String? =
            switch state {
            case .failed: run.conduct.fault
            case .queued: desk.reason(run.id) ?? "waits for its turn"
            case .running, .stopped, .complete: nil
            }
        return EvaluationStatus(
            run: run, state: state, detail: detail,
            holder: isHere ? EvaluationConduct.server : run.conduct.holder(at: now))
    }

    /// The last evaluations, newest first.
    package func evaluationRuns(limit: Int) async throws -> [EvaluationStatus] {
        try await archive.runs(limit: limit).map(status(of:))
    }

    /// How far an evaluation is, or `not_found`.
    package func evaluationRun(_ id: EvaluationID) async throws -> EvaluationStatus {
        status(of: try await archive.run(id))
    }

    /// Ends an evaluation for now, after a restart too; what is stored stays, and the same request or a resume goes on with it.
    /// One that a command carries out runs on: its command stops it.
    package func stopEvaluation(_ id: EvaluationID) async throws -> EvaluationStatus {
        _ = try await inLedger { try await $0.unwant(id) }
        await desk.stop(id)
        desk.changes.notify()
        return try await evaluationRun(id)
    }

    /// The report of an evaluation as it stands.
    package func evaluationReport(
        _ id: EvaluationID, comparedWith other: EvaluationID?
    ) async throws -> EvaluationReport {
        try await archive.report(id, comparedWith: other)
    }
}
