// Retention on request: what would go, and letting it go.
import Domain
import Storage

extension RolloutService {
    /// Deletes the groups that a policy no longer keeps, or only counts them.
    ///
    /// - Parameters:
    ///   - policy: Nil takes the service's own.
    ///   - limit: Groups at most; the report says whether there are more.
    package func applyRetention(
        _ policy: RetentionPolicy?, isDryRun: Bool, limit: Int
    ) async throws -> RetentionReport {
        let policy = policy ?? settings.retention
        guard policy.deletes else {
            throw InputError(
                .missingField, "no bound is given and the service has none", field: "days",
                hint: "send days, bytes or updates, or start the service with --retention-days")
        }
        if isDryRun { return try await inLedger { try await $0.retentionPreview(policy, limit: limit) } }
        try refuseWhenStopping()
        var report = RetentionReport()
        while report.groups < limit, !learner.isStopping {
            let room = limit - report.groups
            let step = try await inLedger { try await $0.retain(policy, limit: room) }
            counters.increment(.rolloutsDeleted, by: step.rollouts)
            guard step.groups > 0 else { return report }
            report.add(step)
        }
        report.hasMore = try await inLedger { try await $0.retentionPreview(policy, limit: 1) }.groups > 0
        return report
    }
}
