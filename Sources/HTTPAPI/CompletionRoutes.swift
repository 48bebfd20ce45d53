// POST /v1/completions and /v1/chat/completions on the in-process model, and GET /v1/models.
import Domain
import HTTPTypes
import Hummingbird
import Service
import StrictJSON
import Synchronization

/// Sampling from the in-process model in OpenAI's forms.
func completionEndpoints(_ service: some ServiceFacade) -> [Endpoint] {
    [
        Endpoint(.get, "/v1/models") { call in
            _ = try call.query([])
            return try await listModels(service)
        },
        Endpoint(.post, "/v1/completions", access: .roles([.generate, .train])) { call in
            try await answeringAsOpenAI(call, reading: TextCompletion.init(json:)) { call, request in
                let results = try await service.complete(
                    request.sampling(version: try version(of: request.fields.model, service)))
                return jsonResponse(
                    request.answer(results, id: "cmpl-" + call.id, name: modelName(service), created: now(service)))
            }
        },
        Endpoint(.post, "/v1/chat/completions", access: .roles([.generate, .train])) { call in
            try await answeringAsOpenAI(call, reading: ChatCompletion.init(json:)) { call, request in
                let results = try await service.complete([
                    request.sampling(version: try version(of: request.fields.model, service))
                ])
                guard let result = results.first else { throw ServiceError(.internal, "a completion was lost") }
                return jsonResponse(
                    request.answer(result, id: "chatcmpl-" + call.id, name: modelName(service), created: now(service)))
            }
        },
    ]
}

/// Works while the client stays: a client that closes its connection cancels the task, and the sampler gives its places
/// to others. The connection is spent afterwards, for what came over it was read ahead. Errors have OpenAI's `type` and
/// `param` beside our own members.
private func answeringAsOpenAI<Request: Sendable>(
    _ call: Call, reading read: @escaping @Sendable (JSONValue) throws(InputError) -> Request,
    _ work: @Sendable (Call, Request) async throws -> Response
) async throws -> Response {
    let hasArrived = Mutex(false)
    do {
        var response = try await call.request.body.consumeWithCancellationOnInboundClose { body in
            var call = call
            call.request.body = body
            let request = try await call.readBody(read)
            hasArrived.withLock { $0 = true }
            return try await work(call, request)
        }
        response.headers[.connection] = "close"
        return response
    } catch is CancellationError {
        // A body that does not come in time ends what comes from the client as its leaving does; whoever reads sees either.
        guard hasArrived.withLock({ $0 }) else {
            let late = HTTPFault.slowRequest(seconds: call.configuration.readSecondsMax)
            return errorAnswer(for: late, logger: call.logger).response
        }
        // Nobody reads it; the log and the counters should not call it a fault of ours.
        return errorAnswer(for: HTTPFault.clientLeft, logger: call.logger).response
    } catch {
        var answer = errorAnswer(for: error, logger: call.logger)
        guard case .object(var members) = answer.error else { return answer.response }
        let isClients = answer.status.code < 500 && answer.status != .tooManyRequests
        members.append(JSONMember("type", .string(isClients ? "invalid_request_error" : "server_error")))
        members.append(JSONMember("param", answer.error["field"] ?? .null))
        answer.error = .object(members)
        answer.headers[.connection] = "close"
        return answer.response
    }
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

/// Versions listed beside the newest.
private let pinnedModelsMax = 20

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
    let records = try await service.policyRecords(before: nil, limit: pinnedModelsMax)
    let created = records.first { $0.version == newest }?.createdAt.milliseconds ?? 0
    let pinned = records.filter(\.hasCheckpoint).map {
        entry("\(model.name)@\($0.version)", $0.version, created: $0.createdAt.milliseconds / 1000)
    }
    return jsonResponse(
        .members([
            "object": .string("list"), "data": .array([entry(model.name, newest, created: created / 1000)] + pinned),
        ]))
}
