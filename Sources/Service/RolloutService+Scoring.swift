// Scoring without storing, and judging again what is stored.
import Domain
import Learning
import Storage

extension RolloutService {
    /// Scores up to `Limits.scoreItemsMax` items and stores nothing; results keep the order of the items.
    package func score(_ items: [ScoreItem], scheme: RewardScheme) async throws -> [ScoreResult] {
        guard items.count <= Limits.scoreItemsMax else {
            throw InputError(
                .tooLarge, "\(items.count) items in one request", field: "items",
                hint: "send at most \(Limits.scoreItemsMax) a request")
        }
        let judgements = await judge.judge(items.map { JudgeItem(response: $0.response, task: $0.task) })
        return zip(items, judgements).map { item, judgement in
            counters.count(judgement, task: item.task)
            return ScoreResult(
                verdict: judgement.verdict,
                reward: scheme.reward(for: judgement.verdict, response: item.response),
                elapsedMilliseconds: judgement.elapsedMilliseconds)
        }
    }

    /// Puts stored rollouts back into the queue to be judged again; their old verdicts stay as lineage.
    ///
    /// Rollouts that an update has consumed are judged again too, but the update stays as it is.
    package func rescore(_ filter: RolloutFilter, limit: Int) async throws -> Int {
        let count = try await inLedger { try await $0.requestRescore(matching: filter, limit: limit) }
        changes.notify()
        return count
    }

    /// All judgements of a rollout, oldest first.
    package func judgements(of id: RolloutID) async throws -> [JudgementRecord] {
        try await inLedger { try await $0.verdictHistory(of: id) }
    }
}
