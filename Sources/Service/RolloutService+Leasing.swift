// Handing out work: groups to sample and rollouts to judge.
import Domain
import Learning
import Storage

extension RolloutService {
    /// Leases work, waiting up to `waitSeconds` for it; nil when there is none.
    package func lease(_ request: LeaseRequest) async throws -> Lease? {
        guard request.worker != ScoringLoop.worker else {
            throw InputError(
                .invalidValue, "\"\(ScoringLoop.worker)\" is the name of the judge inside the service", field: "worker",
                hint: "name your worker differently, as \"judge-a\"")
        }
        let deadline = ContinuousClock.now + .seconds(min(max(0, request.waitSeconds), Limits.waitSecondsMax))
        while true {
            try refuseWhenStopping()
            try refuseWhenPaused(request.kind == .generate ? .leasing : .scoring)
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
        let seconds = request.leaseSeconds ?? Limits.leaseSeconds
        return try await inLedger { [scope] ledger in
            switch request.kind {
            case .generate:
                try await ledger.leaseGroups(
                    worker: request.worker, max: request.max, groupSize: groupSize, policyVersion: version,
                    scope: scope, newMax: newMax, seconds: seconds)
            case .score:
                try await ledger.leaseScoring(worker: request.worker, max: request.max, seconds: seconds)
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

    /// Moves a lease's deadline to so many seconds from now, `Limits.leaseSeconds` when nil.
    package func heartbeat(_ id: LeaseID, seconds: Double?) async throws -> Lease {
        try await inLedger { try await $0.heartbeat(id, seconds: seconds ?? Limits.leaseSeconds) }
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
        let texts = try await inLedger { try await $0.judgedTexts(of: verdicts.map(\.rolloutID)) }
        let scheme = learner.settings.rewardScheme
        let results = verdicts.map { item in
            ScoringResult(
                rolloutID: item.rolloutID, attempt: item.attempt, verdict: item.verdict,
                reward: scheme.reward(for: item.verdict, response: texts[item.rolloutID]?.response ?? ""))
        }
        let replacesFailed = learner.settings.groupPolicy.replacesFailed
        let answers = try await inLedger {
            try await $0.record(results: results, lease: lease, replacesFailed: replacesFailed)
        }
        try await charge(verdicts.map { ($0.rolloutID, $0.verdict) }, accepted: answers)
        for (item, answer) in zip(verdicts, answers) {
            guard case .success = answer, let taskType = texts[item.rolloutID]?.taskType else { continue }
            counters.count(item.verdict, taskType: taskType)
        }
        logger.judged(results, answers, lease: lease)
        changes.notify()
        return answers
    }

    /// Charges the keys whose rollouts a judge elsewhere has judged with the CPU time of the tests, as the judge tells it.
    private func charge(
        _ verdicts: [(RolloutID, Verdict)], accepted answers: [Result<RolloutStatus, InputError>]
    ) async throws {
        let taken = zip(verdicts, answers).filter { if case .success = $0.1 { true } else { false } }.map(\.0)
        guard access.hasKeys, !taken.isEmpty else { return }
        let lanes = try await inLedger { try await $0.lanes(of: taken.map(\.0)) }
        for (id, verdict) in taken {
            access.chargeScoring(verdict.testSeconds ?? 0, lane: lanes[id] ?? KeyLane.unnamed)
        }
    }
}
