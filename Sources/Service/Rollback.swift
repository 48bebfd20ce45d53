// Going back to an earlier policy. History stays: the old weights and moments become a new version, recorded as an update
// of its own, so that versions only rise, no rollout is learned from twice, and generators see that something changed.
import Domain
import Storage

/// Which policy to go back to.
package enum RollbackTarget: Sendable, Equatable {
    case version(PolicyVersion)
    /// The one with the best held-out accuracy of all whose weights are kept.
    case best
}

/// A rollback as an update of the ledger.
enum RollbackRecord {
    /// Its name where an update has its objective's.
    static let objective = "rollback"
    /// The metric that says which version's weights it took.
    static let metric = "rolled_back_to"

    /// The version that an update went back to, or nil for an update that learned.
    static func target(of record: UpdateRecord) -> PolicyVersion? {
        guard record.objective == objective else { return nil }
        return record[metric].map { PolicyVersion(Int($0)) }
    }

    /// The version with the best greedy accuracy on all held-out prompts; the later of equals.
    static func best(_ evaluations: [EvaluationRecord], among kept: Set<PolicyVersion>) -> PolicyVersion? {
        evaluations.filter { $0.kind == "all" && kept.contains($0.version) }
            .max { ($0.greedyAccuracy, $0.version) < ($1.greedyAccuracy, $1.version) }?.version
    }
}

extension RolloutService {
    /// The version that a target means now.
    ///
    /// - Throws: `ServiceError.conflict` when the learner is off, `InputError` for a version without kept weights.
    package func keptVersion(of target: RollbackTarget) async throws -> PolicyVersion {
        guard settings.isLearning else {
            throw ServiceError(.conflict, "the learner is off", hint: "start the service with --learner on")
        }
        let kept = Set(try await inLedger { try await $0.checkpoints() }.map(\.version))
        switch target {
        case .version(let version):
            guard kept.contains(version) else {
                let newest = policies.newestVersion?.description ?? "none"
                throw InputError(
                    .notFound, "the weights of policy \(version) are not kept", field: "rollback_to",
                    hint: "GET /v1/policies lists the versions with weights; the newest is \(newest)")
            }
            return version
        case .best:
            let evaluations = try await inLedger { try await $0.evaluations(limit: StatusBoard.evaluationsKept) }
            guard let best = RollbackRecord.best(evaluations, among: kept) else {
                throw InputError(
                    .notFound, "no policy with kept weights was measured on held-out prompts", field: "rollback_to",
                    hint: "name a version instead of best")
            }
            return best
        }
    }

    /// Goes back to an earlier policy at the next update boundary, also while the learner is paused.
    ///
    /// A restart before that forgets the request; the policy is then what it was.
    ///
    /// - Parameter version: One that `keptVersion(of:)` named.
    package func rollBackLearner(to version: PolicyVersion) { learner.requestRollback(to: version) }
}

extension LearningSession {
    /// Carries out a rollback that was asked for: restores model, optimiser and moments, and commits them as the next
    /// version. What was sampled meanwhile stays, with its own log-probs; `max_staleness` decides on it as on any other.
    mutating func goBack(to target: PolicyVersion) async throws {
        guard let source = try await context.ledger.checkpoints().first(where: { $0.version == target }) else {
            context.events(.alarm("policy \(target) is no longer kept, so nothing was rolled back"))
            return
        }
        let from = version
        try await trainer.restore(source, from: context.checkpoints)
        let manifest = try await trainer.checkpoint(from.next, in: context.checkpoints, learnerState: state.text)
        let record = UpdateRecord(
            version: from.next, createdAt: context.clock.now(), objective: RollbackRecord.objective,
            metrics: [.init(RollbackRecord.metric, Double(target.number))],
            provenance: UpdateProvenance(
                settings: LearnerSettingsText.write(context.learner.settings), checkpointDigest: manifest.digest,
                judgedThrough: 0))
        try await context.ledger.commit(update: UpdateCommit(record: record, groups: [], checkpoint: manifest))
        policy = PublishedPolicy(version: from.next, weights: await trainer.snapshot())
        context.policies.publish(policy, tokenizer: trainer.tokenizer)
        // Alarms were about the policy that is gone.
        recent = []
        context.board.append(record)
        context.board.update { $0.alarms = [] }
        context.changes.notify()
        context.events(.rolledBack(to: target, version: from.next))
        try await prune()
    }
}
