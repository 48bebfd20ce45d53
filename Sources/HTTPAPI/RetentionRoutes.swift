// POST /admin/retention: what of the past would go, and letting it go.
import Domain
import HTTPTypes
import Hummingbird
import StrictJSON

/// Retention on request.
func retentionEndpoints(_ service: some ServiceFacade) -> [Endpoint] {
    [
        Endpoint(
            .post, "/admin/retention", audit: .members(["dry_run", "days", "bytes", "updates", "limit"])
        ) { call in
            let request = try await call.readBody(RetentionRequest.init(json:))
            let report = try await service.applyRetention(
                request.policy, isDryRun: request.isDryRun, limit: request.limit)
            return jsonResponse(json(of: report, isDryRun: request.isDryRun))
        }
    ]
}

/// Which groups are to go, or to be counted.
private struct RetentionRequest: Sendable {
    /// Nil: the service's own bounds.
    var policy: RetentionPolicy?
    var isDryRun: Bool
    var limit: Int

    init(json: JSONValue) throws(InputError) {
        let fields = try JSONFields(json, known: ["dry_run", "days", "bytes", "updates", "limit"])
        let wanted = RetentionPolicy(
            days: try fields.optionalNumber("days", in: 0...Limits.retentionDaysMax),
            bytes: try fields.optionalInteger("bytes", in: 0...Limits.retentionBytesMax),
            updates: try fields.optionalInteger("updates", in: 0...Limits.retentionUpdatesMax))
        policy = wanted.deletes ? wanted : nil
        isDryRun = try fields.optionalBool("dry_run") ?? true
        limit = try fields.optionalInteger("limit", in: 1...Limits.retentionGroupsMax) ?? 10_000
    }
}

private func json(of report: RetentionReport, isDryRun: Bool) -> JSONValue {
    .members([
        "dry_run": .bool(isDryRun), "groups": .integer(Int64(report.groups)),
        "rollouts": .integer(Int64(report.rollouts)), "bytes": .integer(Int64(report.bytes)),
        "oldest": report.oldest.map { .string($0.rfc3339) } ?? .null,
        "newest": report.newest.map { .string($0.rfc3339) } ?? .null, "more": .bool(report.hasMore),
    ])
}
