// Scoring without storing, and judging again what is stored.
import Domain
import Learning
import Storage
import StrictJSON
import Verification

extension RolloutService {
    /// Scores up to `Limits.scoreItemsMax` items and stores nothing; results keep the order of the items.
    package func score(
        _ items: [ScoreItem], scheme: RewardScheme, by caller: Caller
    ) async throws -> [ScoreResult] {
        try access.admitScoring(caller)
        guard items.count <= Limits.scoreItemsMax else {
            throw InputError(
                .tooLarge, "\(items.count) items in one request", field: "items",
                hint: "send at most \(Limits.scoreItemsMax) a request")
        }
        let judgements = await judge.judge(items.map { JudgeItem(response: $0.response, task: $0.task) })
        return zip(items, judgements).map { item, judgement in
            counters.count(judgement, task: item.task)
            access.chargeScoring(judgement.computeSeconds, lane: caller.lane)
            return ScoreResult(
                verdict: judgement.verdict,
                reward: scheme.reward(for: judgement.verdict, response: item.response),
                elapsedMilliseconds: judgement.elapsedMilliseconds)
        }
    }

    /// Puts stored rollouts back into the queue to be judged again; their old verdicts stay as lineage. A dry run only
    /// counts them, and has no id.
    ///
    /// Rollouts that an update has consumed are judged again too, but the update stays as it is.
    package func rescore(_ filter: RolloutFilter, limit: Int, isDryRun: Bool = false) async throws -> RescoreReceipt {
        if isDryRun {
            return RescoreReceipt(
                id: nil, queued: try await inLedger { try await $0.rescorable(matching: filter, limit: limit) })
        }
        try refuseWhenStopping()
        let id = RescoreID(identifiers.make("rsc"))
        let verifiers = JSONValue.members([
            "math": .string(MathVerifier.version), "code": .string(CodeVerifier.version),
            "grader": .string(GraderVerifier.version),
        ])
        let count = try await inLedger {
            try await $0.requestRescore(matching: filter, limit: limit, id: id, verifiers: verifiers)
        }
        changes.notify()
        return RescoreReceipt(id: id, queued: count)
    }

    /// Requests to judge again, newest first, and where the next page begins.
    package func rescores(
        before cursor: Int64?, limit: Int
    ) async throws -> (records: [RescoreRecord], nextCursor: Int64?) {
        try await inLedger { try await $0.rescores(before: cursor, limit: limit) }
    }

    /// How far a request is, and what it changed; advantages are taken as the learner would take them now.
    package func rescoreReport(_ id: RescoreID) async throws -> RescoreReport {
        guard let found = try await inLedger({ try await $0.rescore(id) }) else {
            throw InputError(
                .notFound, "there is no re-score \(id)", hint: "its id is in the answer of POST /v1/rescore")
        }
        let settings = learner.settings
        let changes = try await inLedger { try await $0.verdictChanges(by: id) }
        let groups = try await inLedger {
            try await $0.regradedGroups(by: id, limit: Limits.rescoreGroupsMax + 1)
        }
        let advantages = try await ComputeThread.run("rescore-report") {
            var changes = AdvantageChanges(Array(groups.prefix(Limits.rescoreGroupsMax)), settings: settings)
            changes.hasMore = groups.count > Limits.rescoreGroupsMax
            return changes
        }
        return RescoreReport(
            record: found.record, progress: found.progress, changes: changes, advantages: advantages,
            estimator: settings.advantage.rawValue)
    }

    /// All judgements of a rollout, oldest first.
    package func judgements(of id: RolloutID) async throws -> [JudgementRecord] {
        try await inLedger { try await $0.verdictHistory(of: id) }
    }
}
