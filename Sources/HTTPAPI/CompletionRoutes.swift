// POST /v1/completions and /v1/chat/completions on the in-process model, and GET /v1/models.
import Domain
import HTTPTypes
import Hummingbird
import Service
import StrictJSON

/// Sampling from the in-process model in OpenAI's forms.
func completionEndpoints(_ service: some ServiceFacade) -> [Endpoint] {
    [
        Endpoint(.get, "/v1/models") { call in
            _ = try call.query([])
            return try await listModels(service)
        },
        Endpoint(
            .post, "/v1/completions", access: .roles([.generate, .train]), refusal: openAIRefusal
        ) { call in
            let request = try await call.readBody { try TextCompletion(json: $0) }
            let asked = request.sampling(version: try version(of: request.fields.model, service))
            if request.fields.streaming != nil {
                let stream = try await service.stream(asked)
                let title = title("cmpl-", call, service, stream.prompts)
                return call.streamed(stream, TextChunks(request, stream.prompts, title))
            }
            return try await call.whileClientStays {
                let results = try await service.complete(asked)
                return jsonResponse(request.answer(results, title("cmpl-", call, service, results)))
            }
        },
        Endpoint(
            .post, "/v1/chat/completions", access: .roles([.generate, .train]), refusal: openAIRefusal
        ) { call in
            let request = try await call.readBody { try ChatCompletion(json: $0) }
            let asked = [request.sampling(version: try version(of: request.fields.model, service))]
            if request.fields.streaming != nil {
                let stream = try await service.stream(asked)
                let title = title("chatcmpl-", call, service, stream.prompts)
                return call.streamed(stream, ChatChunks(request, stream.prompts, title))
            }
            return try await call.whileClientStays {
                let results = try await service.complete(asked)
                guard let result = results.first else { throw ServiceError(.internal, "a completion was lost") }
                return jsonResponse(request.answer(result, title("chatcmpl-", call, service, results)))
            }
        },
    ]
}

private func title(
    _ prefix: String, _ call: Call, _ service: some ServiceFacade, _ results: [CompletionResult]
) -> AnswerTitle {
    AnswerTitle(
        id: prefix + call.id, model: modelName(service), created: now(service),
        version: results.first?.version ?? PolicyVersion(0))
}

private func modelName(_ service: some ServiceFacade) -> String { service.modelDescription()?.name ?? "policy" }

/// Seconds since 1970, by the service's clock.
private func now(_ service: some ServiceFacade) -> Int64 { service.status().now.milliseconds / 1000 }

/// The policy that a model's name means: `policy` is the newest, `policy@12` a certain one.
func version(of model: String?, _ service: some ServiceFacade) throws(InputError) -> PolicyVersion? {
    guard let model else { return nil }
    let name = modelName(service)
    if model == name || model == "policy" { return nil }
    for prefix in [name + "@", "policy@"] where model.hasPrefix(prefix) {
        if let number = Int(model.dropFirst(prefix.count)), number >= 0 { return PolicyVersion(number) }
    }
    throw InputError(
        .notFound, "there is no model \"\(model.prefix(80))\"", field: "model",
        hint: "\"\(name)\" is the newest policy, \"\(name)@12\" a certain one")
}

private func listModels(_ service: some ServiceFacade) async throws -> Response {
    guard let model = service.modelDescription(), let newest = service.status().policyVersion else {
        return jsonResponse(.members(["object": .string("list"), "data": .array([])]))
    }
    func entry(_ id: String, _ version: PolicyVersion, created: Int64) -> JSONValue {
        .members([
            "id": .string(id), "object": .string("model"), "created": .integer(created),
            "owned_by": .string("rolloutd"),
            "policy_version": .integer(Int64(version.number)), "context_length": .integer(Int64(model.contextLength)),
        ])
    }
    let records = try await service.keptPolicies(limit: Limits.pinnedModelsMax)
    let created = try await service.policyRecords(before: nil, limit: 1).first?.createdAt.milliseconds ?? 0
    let pinned = records.map {
        entry("\(model.name)@\($0.version)", $0.version, created: $0.createdAt.milliseconds / 1000)
    }
    return jsonResponse(
        .members([
            "object": .string("list"), "data": .array([entry(model.name, newest, created: created / 1000)] + pinned),
        ]))
}
