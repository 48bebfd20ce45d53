// POST /v1/score: verdicts and rewards without storing anything.
import Domain
import HTTPTypes
import Hummingbird
import Service
import StrictJSON

/// Scoring.
func scoreEndpoints(_ service: some ServiceFacade) -> [Endpoint] {
    [Endpoint(.post, "/v1/score", access: .roles([.score])) { call in try await score(call, service) }]
}

/// The body of a scoring request.
private struct ScoreRequest: Sendable {
    var items: [Result<ScoreItem, InputError>]
    var scheme: RewardScheme

    init(json: JSONValue) throws(InputError) {
        let fields = try JSONFields(json, known: ["items", "reward"])
        let elements = try fields.array("items", count: 1...Limits.scoreItemsMax)
        items = readItems(elements, in: "items", ScoreItem.init(json:))
        scheme = .binary
        guard fields.has("reward") else { return }
        scheme = try fields.nested("reward") { (json) throws(InputError) in
            try JSONFields(json, known: ["scheme"]).choice("scheme", RewardScheme.self)
        }
    }
}

extension ScoreItem {
    /// Reads `{"task","response"}`.
    fileprivate init(json: JSONValue) throws(InputError) {
        let fields = try JSONFields(json, known: ["task", "response"])
        self.init(
            task: try fields.nested("task", VerificationTask.init(json:)),
            response: try fields.string("response", bytes: 0...Limits.responseBytesMax))
    }
}

private func score(_ call: Call, _ service: some ServiceFacade) async throws -> Response {
    let request = try await call.readBody(ScoreRequest.init(json:))
    let items = request.items.compactMap { try? $0.get() }
    if items.isEmpty {
        return batchResponse("results", request.items.map { $0.map { _ in .null } }, success: .ok)
    }
    let results = try await service.score(items, scheme: request.scheme, by: call.caller)
    var remaining = results.makeIterator()
    let entries = request.items.map { item -> JSONValue in
        switch item {
        case .failure(let fault): return refusedItem(fault)
        case .success:
            guard let result = remaining.next() else { return .null }
            return result.verdict.resultJSON(reward: result.reward, elapsedMilliseconds: result.elapsedMilliseconds)
        }
    }
    return jsonResponse(.members(["results": .array(entries)]))
}

/// An item that could not be read among others that could: nobody knows whether its response is right.
private func refusedItem(_ fault: InputError) -> JSONValue {
    .members([
        "verdict": .string(Verdict.Outcome.undetermined.rawValue), "reward": .null, "reason": .string(fault.message),
        "extracted": .null, "error": fault.json, "elapsed_ms": .double(0),
    ])
}
