// What the commands and the server need of stored evaluations: opening one, its report, the policy that is to answer.
import Domain
import Modeling
import Storage

/// The evaluations of a ledger.
package struct EvaluationArchive: Sendable {
    private let ledger: Ledger

    /// The evaluations of this ledger.
    package init(ledger: Ledger) { self.ledger = ledger }

    /// The evaluation with these settings, stored or new. Throws `InputError` or `ServiceError`.
    package func open(_ settings: EvaluationSettings) async throws -> EvaluationRun {
        try await inLedger { try await $0.openEvaluation(settings) }
    }

    /// An evaluation, or `not_found`.
    package func run(_ id: EvaluationID) async throws -> EvaluationRun {
        try await inLedger { try await $0.evaluationRun(id) }
    }

    /// The last evaluations, newest first.
    package func runs(limit: Int) async throws -> [EvaluationRun] {
        try await inLedger { try await $0.evaluationRuns(limit: limit) }
    }

    /// The report of an evaluation as it stands, beside another one where that is named.
    package func report(
        _ id: EvaluationID, comparedWith other: EvaluationID? = nil, prices: TokenPrices? = nil
    ) async throws -> EvaluationReport {
        let run = try await run(id)
        let (problems, samples) = try await inLedger {
            (try await $0.evaluationProblems(of: id), try await $0.evaluationSamples(of: id))
        }
        var second: (run: EvaluationRun, samples: [EvaluationSample])?
        if let other {
            second = (try await self.run(other), try await inLedger { try await $0.evaluationSamples(of: other) })
        }
        let compared = second
        // Thousands of resamples and comparisons: seconds for the largest.
        let report = try await ComputeThread.run("evaluation-report") {
            EvaluationReport(run: run, problems: problems, samples: samples, prices: prices, other: compared)
        }
        if other != nil, report.comparison == nil {
            throw InputError(
                .conflict, "the two evaluations have no problem in common that is judged in both", field: "compare")
        }
        return report
    }

    /// The policy of a version of the run in `checkpoints`, ready to answer; nil is the newest.
    ///
    /// Throws `InputError.notFound` when there is none, or its weights are not kept.
    package func policySource(
        _ version: PolicyVersion?, checkpoints: CheckpointDirectory, modelDirectory: String?, threads: Int
    ) async throws -> (version: PolicyVersion, source: PolicySampleSource) {
        let kept = try await inLedger { try await $0.checkpoints() }
        guard let manifest = version == nil ? kept.last : kept.first(where: { $0.version == version }) else {
            throw InputError(
                .notFound, version.map { "the weights of policy \($0) are not kept" } ?? "there is no policy yet",
                hint: kept.isEmpty
                    ? "rolloutd train makes one"
                    : "kept are \(kept.map(\.version.description).joined(separator: ", "))")
        }
        return try await ComputeThread.run("load-policy") {
            let weights = try checkpoints.weights(of: manifest)
            let tokenizer = try Tokenizer.load(directory: modelDirectory ?? checkpoints.path)
            return (
                manifest.version,
                PolicySampleSource(
                    policy: PublishedPolicy(version: manifest.version, weights: weights), tokenizer: tokenizer,
                    sampler: Sampler(threads: threads))
            )
        }
    }

    private func inLedger<Value>(_ work: (Ledger) async throws -> Value) async throws -> Value {
        do {
            return try await work(ledger)
        } catch let error as LedgerError {
            throw ServiceError(ledger: error)
        }
    }
}
