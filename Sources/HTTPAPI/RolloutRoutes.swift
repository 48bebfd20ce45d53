// POST and GET /v1/rollouts, one rollout with its judgements, and the export.
import Domain
import HTTPTypes
import Hummingbird
import Logging
import NIOCore
import StrictJSON

/// Storing, reading and exporting rollouts.
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
            return jsonResponse(.members(["judgements": .array(records.map(\.json))]))
        },
    ]
}

private func submitRollouts(_ call: Call, _ service: some ServiceFacade) async throws -> Response {
    let items = try await call.readItems(
        "rollouts", count: 1...Limits.rolloutsPerRequestMax, linesMax: Limits.rolloutsPerRequestMax,
        readBinary: { (bytes) throws(InputError) in
            try RolloutBinary.read(bytes, countMax: Limits.rolloutsPerRequestMax)
        }, RolloutSubmission.init(json:))
    let accepted = items.compactMap { try? $0.get() }
    let receipts = accepted.isEmpty ? [] : try await service.submit(rollouts: accepted, by: call.caller)
    return batchResponse(
        "rollouts", merge(items, with: receipts, in: "rollouts").map { $0.map(\.json) }, success: .accepted)
}

/// The filters of a listing: each has an index, so that a page costs the same in a ledger of any size. An export reads all
/// anyway and takes every filter.
private let listFilters = ["status", "dataset", "prompt_id", "group_id", "policy_version"]

private func filter(_ query: QueryParameters) throws(InputError) -> RolloutFilter {
    var filter = RolloutFilter(
        status: try query.choice("status", RolloutStatus.self), dataset: try query.name("dataset"),
        promptID: try query.identifier("prompt_id", PromptID.self),
        groupID: try query.identifier("group_id", GroupID.self), policyVersion: try query.version("policy_version"))
    filter.createdAfter = try query.moment("created_after")
    filter.createdBefore = try query.moment("created_before")
    filter.outcome = try query.choice("verdict", Verdict.Outcome.self)
    filter.minReward = try query.number("min_reward")
    filter.maxReward = try query.number("max_reward")
    filter.consumedByUpdate = try query.integer("consumed_by_update", in: 1...Int(Int32.max))
    filter.generator = try query.name("generator")
    return filter
}

private func listRollouts(_ call: Call, _ service: some ServiceFacade) async throws -> Response {
    let query = try call.query(listFilters + ["before", "limit"])
    let cursor = try query.integer("before", in: 0...Limits.cursorMax).map { Int64($0) }
    let page = try await service.listRollouts(
        matching: try filter(query), before: cursor, limit: try query.limit())
    return jsonResponse(
        .members([
            "rollouts": .array(page.rollouts.map(\.json)),
            "next_before": page.nextCursor.map { .integer($0) } ?? .null,
        ]))
}

/// Streams rollouts page by page; the client's pace is the database's.
private func exportRollouts(_ call: Call, _ service: some ServiceFacade) throws -> Response {
    let query = try call.query(RolloutFilter.names + ["format", "fields", "include"])
    let filter = try filter(query)
    let shape = try ExportShape(
        format: try query.choice("format", ExportShape.Format.self) ?? .ndjson,
        fields: try query.text("fields", bytesMax: Limits.fieldListBytesMax),
        include: try query.text("include", bytesMax: Limits.fieldListBytesMax))
    let logger = call.logger
    let isBinary = call.acceptsBinaryRollouts
    if isBinary, shape != .whole {
        throw InputError(
            .invalidValue, "the binary form has all fields of a rollout and nothing else", field: "fields",
            hint: "leave format, fields and include out, or ask for NDJSON")
    }
    let body = ResponseBody { writer in
        var lines = ExportWriter(shape)
        if isBinary { try await writer.write(ByteBuffer(bytes: RolloutBinary.magic)) }
        var cursor: Int64? = 0
        while let from = cursor {
            let page: ExportPage
            do {
                page = try await service.exportRollouts(
                    matching: filter, from: from, limit: Limits.exportPageRows, shape: shape)
            } catch {
                // The status is sent already; a connection that breaks off tells the client that the stream is not whole.
                logger.error("export broke off", metadata: ["error": "\(error)"])
                throw error
            }
            let next = page.rows.isEmpty ? nil : page.nextCursor
            let (chunk, rest) = try await DecodingQueue.run { [lines] in
                var lines = lines
                guard !isBinary else { return (ByteBuffer(bytes: binary(page.rows)), lines) }
                for row in page.rows { lines.append(row) }
                let chunk = ByteBuffer(bytes: lines.take(isLast: next == nil))
                return (chunk, lines)
            }
            lines = rest
            if chunk.readableBytes > 0 { try await writer.write(chunk) }
            cursor = next
        }
        try await writer.finish(nil)
    }
    return Response(
        status: .ok,
        headers: [.contentType: isBinary ? binaryRolloutsType : "application/x-ndjson", .vary: "accept"], body: body)
}

/// Rollouts in binary, as they follow each other in an export.
private func binary(_ rows: [ExportedRollout]) -> [UInt8] {
    var bytes: [UInt8] = []
    for row in rows { row.rollout.appendBinary(to: &bytes) }
    return bytes
}
