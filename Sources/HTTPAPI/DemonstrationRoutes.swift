// POST and GET /v1/demonstrations: what the model is to imitate in an SFT stage.
import Domain
import HTTPTypes
import Hummingbird
import StrictJSON

/// Storing and reading demonstrations.
func demonstrationEndpoints(_ service: some ServiceFacade) -> [Endpoint] {
    [
        Endpoint(.post, "/v1/demonstrations", access: .roles([.train])) { call in
            try await submitDemonstrations(call, service)
        },
        Endpoint(.get, "/v1/demonstrations") { call in try await listDemonstrations(call, service) },
    ]
}

private func submitDemonstrations(_ call: Call, _ service: some ServiceFacade) async throws -> Response {
    let items = try await call.readItems(
        "demonstrations", count: 1...Limits.demonstrationsPerRequestMax, linesMax: Limits.promptLinesMax,
        DemonstrationSubmission.init(json:))
    let accepted = items.compactMap { try? $0.get() }
    var receipts: [Result<DemonstrationReceipt, InputError>] = []
    for start in stride(from: 0, to: accepted.count, by: Limits.demonstrationsPerRequestMax) {
        let batch = accepted[start..<min(start + Limits.demonstrationsPerRequestMax, accepted.count)]
        receipts += try await service.submit(demonstrations: Array(batch))
    }
    return batchResponse(
        "demonstrations", merge(items, with: receipts, in: "demonstrations").map { $0.map(\.json) }, success: .created)
}

private func listDemonstrations(_ call: Call, _ service: some ServiceFacade) async throws -> Response {
    let query = try call.query(["dataset", "after", "limit"])
    let limit = try query.limit()
    let dataset = try query.name("dataset")
    let found = try await service.demonstrations(
        dataset: dataset, after: try query.identifier("after", DemonstrationID.self), limit: limit)
    let count = try await service.demonstrationCount(dataset: dataset)
    let next: JSONValue = found.count == limit ? found.last.map { .string($0.id.text) } ?? .null : .null
    return jsonResponse(
        .members([
            "demonstrations": .array(found.map(\.json)), "count": .integer(Int64(count)), "next_after": next,
        ]))
}
