// POST and GET /v1/groups, and one group with its members.
import Domain
import HTTPTypes
import Hummingbird
import StrictJSON

/// Opening groups by name, and reading all of them.
func groupEndpoints(_ service: some ServiceFacade) -> [Endpoint] {
    [
        Endpoint(.post, "/v1/groups", access: .roles([.generate])) { call in
            let items = try await call.readItems(
                "groups", count: 1...Limits.groupsPerRequestMax, linesMax: Limits.groupsPerRequestMax,
                GroupSubmission.init(json:))
            let accepted = items.compactMap { try? $0.get() }
            let receipts = accepted.isEmpty ? [] : try await service.open(groups: accepted)
            return batchResponse(
                "groups", merge(items, with: receipts, in: "groups").map { $0.map(\.json) }, success: .created)
        },
        Endpoint(.get, "/v1/groups") { call in
            let query = try call.query(["status", "dataset", "prompt_id", "before", "limit"])
            let filter = GroupQuery(
                status: try query.choice("status", GroupStatus.self), dataset: try query.name("dataset"),
                promptID: try query.identifier("prompt_id", PromptID.self))
            let page = try await service.groups(
                matching: filter, before: try query.integer("before", in: 0...Limits.cursorMax).map { Int64($0) },
                limit: try query.limit())
            return jsonResponse(
                .members([
                    "groups": .array(page.groups.map(\.json)),
                    "next_before": page.nextCursor.map { .integer($0) } ?? .null,
                ]))
        },
        Endpoint(.get, "/v1/groups/{id}") { call in
            _ = try call.query([])
            return jsonResponse(try await service.groupDetail(try call.identifier("id", GroupID.self)).json)
        },
    ]
}
