// POST /v1/rescore, GET /v1/rescores and /v1/rescores/{id}: judging again, and what it changed.
import Domain
import HTTPTypes
import Hummingbird
import Service
import StrictJSON

/// Judging stored rollouts again.
func rescoreEndpoints(_ service: some ServiceFacade) -> [Endpoint] {
    [
        Endpoint(
            .post, "/v1/rescore", access: .roles([.train]), audit: .members(RolloutFilter.names + ["limit", "dry_run"])
        ) { call in
            let request = try await call.readBody(RescoreRequest.init(json:))
            let receipt = try await service.rescore(
                request.filter, limit: request.limit, isDryRun: request.isDryRun)
            return jsonResponse(
                .members([
                    "queued": .integer(Int64(receipt.queued)),
                    "rescore_id": receipt.id.map { .string($0.text) } ?? .null,
                ]), status: .accepted)
        },
        Endpoint(.get, "/v1/rescores") { call in
            let query = try call.query(["before", "limit"])
            let cursor = try query.integer("before", in: 0...Limits.cursorMax).map { Int64($0) }
            let page = try await service.rescores(before: cursor, limit: try query.limit())
            return jsonResponse(
                .members([
                    "rescores": .array(page.records.map { .object($0.members) }),
                    "next_before": page.nextCursor.map { .integer($0) } ?? .null,
                ]))
        },
        Endpoint(.get, "/v1/rescores/{id}") { call in
            _ = try call.query([])
            return jsonResponse(json(of: try await service.rescoreReport(try call.identifier("id", RescoreID.self))))
        },
    ]
}

/// Which rollouts are to be judged again.
private struct RescoreRequest: Sendable {
    var filter: RolloutFilter
    var limit: Int
    var isDryRun: Bool

    init(json: JSONValue) throws(InputError) {
        let fields = try JSONFields(json, known: RolloutFilter.names + ["limit", "dry_run"])
        filter = try RolloutFilter(fields: fields)
        limit = try fields.optionalInteger("limit", in: 1...Limits.rescoreMax) ?? 1_000
        isDryRun = try fields.optionalBool("dry_run") ?? false
    }
}

private func json(of report: RescoreReport) -> JSONValue {
    let progress = report.progress
    let advantages = report.advantages
    return .object(
        report.record.members + [
            JSONMember(
                "progress",
                .members([
                    "waiting": .integer(Int64(progress.waiting)), "decided": .integer(Int64(progress.decided)),
                    "undetermined": .integer(Int64(progress.undetermined)),
                    "dropped": .integer(Int64(progress.dropped)), "deleted": .integer(Int64(progress.deleted)),
                ])),
            JSONMember("verdicts", .array(report.changes.map(json(of:)))),
            JSONMember(
                "verdicts_changed",
                .integer(Int64(report.changes.filter { $0.before != $0.after }.reduce(0) { $0 + $1.rollouts }))),
            JSONMember("rewards_changed", .integer(Int64(report.changes.reduce(0) { $0 + $1.rewardsChanged }))),
            JSONMember(
                "advantages",
                .members([
                    "estimator": .string(report.estimator), "groups": .integer(Int64(advantages.groups)),
                    "more": .bool(advantages.hasMore), "sign_flips": .integer(Int64(advantages.flips)),
                    "groups_gained": .integer(Int64(advantages.groupsGained)),
                    "groups_lost": .integer(Int64(advantages.groupsLost)),
                    "examples": .array(advantages.examples.map(json(of:))),
                ])),
        ])
}

private func json(of change: VerdictChange) -> JSONValue {
    .members([
        "task_type": .string(change.taskType), "before": change.before.map { .string($0.rawValue) } ?? .null,
        "after": .string(change.after.rawValue),
        "verifier_before": change.verifierBefore.map { .string($0) } ?? .null,
        "verifier_after": change.verifierAfter.map { .string($0) } ?? .null,
        "rollouts": .integer(Int64(change.rollouts)), "rewards_changed": .integer(Int64(change.rewardsChanged)),
    ])
}

private func json(of flip: AdvantageFlip) -> JSONValue {
    .members([
        "rollout_id": .string(flip.rollout.text), "group_id": .string(flip.group.text),
        "reward_before": .double(flip.rewardBefore), "reward_after": .double(flip.rewardAfter),
        "advantage_before": .double(flip.advantageBefore), "advantage_after": .double(flip.advantageAfter),
    ])
}
