// POST and GET /v1/rollouts, one rollout with its judgements, export and rescoring.
import Domain
import HTTPTypes
import Hummingbird
import Logging
import NIOCore
import StrictJSON

/// Storing, reading, exporting and rescoring rollouts.
func rolloutEndpoints(_ service: some ServiceFacade) -> [Endpoint] {
    [
        Endpoint(.post, "/v1/rollouts", access: .roles([.generate])) { call in
            try await submitRollouts(call, service)
        },
        Endpoint(.get, "/v1/rollouts") { call in try await listRollouts(call, service) },
        Endpoint(.get, "/v1/rollouts/export", access: .roles([.train])) { call in try exportRollouts(call, service) },
        Endpoint(.get, "/v1/rollouts/{id}") { call in
            let waitSeconds = try call.query(["wait_seconds"]).waitSeconds()
            let id = try call.identifier("id", RolloutID.self)
            return jsonResponse(try await service.rollout(id, waitSeconds: waitSeconds).json)
        },
        Endpoint(.get, "/v1/rollouts/{id}/judgements") { call in
            _ = try call.query([])
            let id = try call.identifier("id", RolloutID.self)
            _ = try await service.rollout(id, waitSeconds: 0)
            let records = try await service.judgements(of: id)
            return jsonResponse(.members(["judgements": .array(records.map(json(of:)))]))
        },
        Endpoint(
            .post, "/v1/rescore", access: .roles([.train]), audit: .members(filterParameters + ["limit"])
        ) { call in try await rescore(call, service) },
    ]
}

private func submitRollouts(_ call: Call, _ service: some ServiceFacade) async throws -> Response {
    let items = try await call.readItems(
        "rollouts", count: 1...Limits.rolloutsPerRequestMax, linesMax: Limits.rolloutsPerRequestMax,
        RolloutSubmission.init(json:))
    let accepted = items.compactMap { try? $0.get() }
    let receipts = accepted.isEmpty ? [] : try await service.submit(rollouts: accepted, by: call.caller)
    return batchResponse(
        "rollouts", merge(items, with: receipts, in: "rollouts").map { $0.map(\.json) }, success: .accepted)
}

private let filterParameters = ["status", "dataset", "prompt_id", "group_id", "policy_version"]

private func filter(_ query: QueryParameters) throws(InputError) -> RolloutFilter {
    RolloutFilter(
        status: try query.choice("status", RolloutStatus.self), dataset: try query.text("dataset"),
        promptID: try query.identifier("prompt_id", PromptID.self),
        groupID: try query.identifier("group_id", GroupID.self), policyVersion: try query.version("policy_version"))
}

private func listRollouts(_ call: Call, _ service: some ServiceFacade) async throws -> Response {
    let query = try call.query(filterParameters + ["before", "limit"])
    let cursor = try query.integer("before", in: 0...Int.max).map { Int64($0) }
    let page = try await service.rollouts(matching: try filter(query), before: cursor, limit: try query.limit())
    return jsonResponse(
        .members([
            "rollouts": .array(page.rollouts.map(\.summaryJSON)),
            "next_before": page.nextCursor.map { .integer($0) } ?? .null,
        ]))
}

/// Streams rollouts page by page; the client's pace is the database's.
private func exportRollouts(_ call: Call, _ service: some ServiceFacade) throws -> Response {
    let filter = try filter(try call.query(filterParameters))
    let logger = call.logger
    let body = ResponseBody { writer in
        var cursor: Int64? = 0
        while let from = cursor {
            let page: RolloutPage
            do {
                page = try await service.exportRollouts(matching: filter, from: from, limit: Limits.exportPageRows)
            } catch {
                // The status is sent already; a connection that breaks off tells the client that the stream is not whole.
                logger.error("export broke off", metadata: ["error": "\(error)"])
                throw error
            }
            let lines = try await DecodingQueue.run {
                var lines = JSONWriter()
                for rollout in page.rollouts {
                    rollout.append(to: &lines)
                    lines.append(raw: "\n")
                }
                return ByteBuffer(bytes: lines.take())
            }
            if lines.readableBytes > 0 { try await writer.write(lines) }
            cursor = page.rollouts.isEmpty ? nil : page.nextCursor
        }
        try await writer.finish(nil)
    }
    return Response(status: .ok, headers: [.contentType: "application/x-ndjson"], body: body)
}

private func json(of record: JudgementRecord) -> JSONValue {
    .members([
        "verdict": record.verdict.json, "reward": record.reward.map { .double($0) } ?? .null,
        "attempt": .integer(Int64(record.attempt)), "created_at": .string(record.createdAt.rfc3339),
        "current": .bool(record.isCurrent),
    ])
}

/// Which rollouts are to be judged again.
private struct RescoreRequest: Sendable {
    var filter: RolloutFilter
    var limit: Int

    init(json: JSONValue) throws(InputError) {
        let fields = try JSONFields(json, known: filterParameters + ["limit"])
        filter = RolloutFilter(
            status: try fields.optionalChoice("status", RolloutStatus.self),
            dataset: try fields.optionalString("dataset", bytes: 1...Limits.nameBytesMax),
            promptID: try fields.optionalIdentifier("prompt_id", PromptID.self),
            groupID: try fields.optionalIdentifier("group_id", GroupID.self),
            policyVersion: try fields.optionalInteger("policy_version", in: 0...Int(Int32.max)).map {
                PolicyVersion($0)
            })
        limit = try fields.optionalInteger("limit", in: 1...Limits.rescoreMax) ?? 1_000
    }
}

private func rescore(_ call: Call, _ service: some ServiceFacade) async throws -> Response {
    let request = try await call.readBody(RescoreRequest.init(json:))
    let count = try await service.rescore(request.filter, limit: request.limit)
    return jsonResponse(.members(["queued": .integer(Int64(count))]), status: .accepted)
}
