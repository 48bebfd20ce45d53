// POST and GET /v1/prompts, GET /v1/prompts/{id}.
import Domain
import HTTPTypes
import Hummingbird
import StrictJSON

/// Storing and reading prompts.
func promptEndpoints(_ service: some ServiceFacade) -> [Endpoint] {
    [
        Endpoint(.post, "/v1/prompts", access: .roles([.generate, .train])) { call in
            try await submitPrompts(call, service)
        },
        Endpoint(.get, "/v1/prompts") { call in try await listPrompts(call, service) },
        Endpoint(.get, "/v1/prompts/{id}") { call in
            _ = try call.query([])
            return jsonResponse(try await service.prompt(try call.identifier("id", PromptID.self)).json)
        },
    ]
}

private func submitPrompts(_ call: Call, _ service: some ServiceFacade) async throws -> Response {
    let items = try await call.readItems(
        "prompts", count: 1...Limits.promptsPerRequestMax, linesMax: Limits.promptLinesMax, PromptSubmission.init(json:)
    )
    let accepted = items.compactMap { try? $0.get() }
    var receipts: [Result<PromptReceipt, InputError>] = []
    for start in stride(from: 0, to: accepted.count, by: Limits.promptsPerRequestMax) {
        let batch = accepted[start..<min(start + Limits.promptsPerRequestMax, accepted.count)]
        receipts += try await service.submit(prompts: Array(batch))
    }
    return batchResponse(
        "prompts", merge(items, with: receipts, in: "prompts").map { $0.map(\.json) }, success: .created)
}

private func listPrompts(_ call: Call, _ service: some ServiceFacade) async throws -> Response {
    let query = try call.query(["dataset", "after", "limit"])
    let limit = try query.limit()
    let page = try await service.prompts(
        dataset: try query.name("dataset"), after: try query.identifier("after", PromptID.self), limit: limit)
    return jsonResponse(
        .members([
            "prompts": .array(page.prompts.map(\.json)),
            "next_after": page.nextAfter.map { .string($0.text) } ?? .null,
        ]))
}
