// Handing out work: groups to sample and rollouts to judge.
import Domain
import Learning
import Storage

extension RolloutService {
    /// Leases work, waiting up to `waitSeconds` for it; nil when there is none.
    package func lease(_ request: LeaseRequest) async throws -> Lease? {
        let deadline = ContinuousClock.now + .seconds(min(max(0, request.waitSeconds), Limits.waitSecondsMax))
        while true {
            try refuseWhenStopping()
            let seen = changes.generation
            if let lease = try await leaseNow(request) {
                logger.given(lease)
                return lease
            }
            let remaining = (deadline - ContinuousClock.now).milliseconds / 1000
            if remaining <= 0 { return nil }
            await changes.wait(beyond: seen, seconds: remaining)
        }
    }

    private func leaseNow(_ request: LeaseRequest) async throws -> Lease? {
        let version = policies.newestVersion ?? PolicyVersion(0)
        let wanted = learner.settings
        var scope = settings.isLearning ? wanted.scope : PromptScope()
        if let dataset = request.dataset { scope.dataset = dataset }
        let newMax = try await newGroupsAllowed(wanted, version)
        let groupSize = wanted.groupSize
        return try await inLedger { [scope] ledger in
            switch request.kind {
            case .generate:
                try await ledger.leaseGroups(
                    worker: request.worker, max: request.max, groupSize: groupSize, policyVersion: version,
                    scope: scope, newMax: newMax, seconds: Limits.leaseSeconds)
            case .score:
                try await ledger.leaseScoring(
                    worker: request.worker, max: request.max, seconds: Limits.leaseSeconds)
            }
        }
    }

    /// How many new groups may be handed out: so many that updates can take all that are under way before they are stale
    /// (the admission bound of AReaL, arXiv 2505.24298, section 5.1). Returned groups are not held back by it.
    private func newGroupsAllowed(_ wanted: LearnerSettings, _ version: PolicyVersion) async throws -> Int {
        guard settings.isLearning, wanted.pacesLeases else { return .max }
        let oldest = PolicyVersion(max(0, version.number - wanted.maxStaleness))
        let underway = try await inLedger { try await $0.groupsUnderway(oldestVersion: oldest, scope: wanted.scope) }
        return max(0, (wanted.maxStaleness + 1) * wanted.groupsPerUpdate - underway)
    }

    /// Moves a lease's deadline to `Limits.leaseSeconds` from now.
    package func heartbeat(_ id: LeaseID) async throws -> Lease {
        try await inLedger { try await $0.heartbeat(id, seconds: Limits.leaseSeconds) }
    }

    /// Gives a lease's unfinished work back.
    package func release(_ id: LeaseID) async throws {
        try await inLedger { try await $0.release(id) }
        changes.notify()
    }

    /// Takes the verdicts of a scoring lease; one answer for each, in order. Rewards follow the learner's scheme.
    package func record(
        verdicts: [(rolloutID: RolloutID, attempt: Int, verdict: Verdict)], lease: LeaseID
    ) async throws -> [Result<RolloutStatus, InputError>] {
        var results: [ScoringResult] = []
        for item in verdicts {
            let response = try await inLedger { try await $0.rollout(item.rolloutID) }?.response ?? ""
            results.append(
                ScoringResult(
                    rolloutID: item.rolloutID, attempt: item.attempt, verdict: item.verdict,
                    reward: learner.settings.rewardScheme.reward(for: item.verdict, response: response)))
        }
        let replacesFailed = learner.settings.groupPolicy.replacesFailed
        let answers = try await inLedger { [results] in
            try await $0.record(results: results, lease: lease, replacesFailed: replacesFailed)
        }
        logger.judged(results, answers, lease: lease)
        changes.notify()
        return answers
    }
}
