// Tinker's routes, as its SDK 0.24.1 calls them in JSON. Every operation that takes time answers with the name of a request, whose
// answer is asked for until it is there.
import Domain
import HTTPTypes
import Hummingbird
import Service
import StrictJSON

/// Tinker's operations under /api/v1.
func tinkerEndpoints(_ service: some ServiceFacade) -> [Endpoint] {
    tinkerSessionEndpoints(service) + tinkerModelEndpoints(service) + tinkerSamplingEndpoints(service)
        + tinkerLookupEndpoints(service) + tinkerRefusals()
}

/// One operation of Tinker's.
func tinker(
    _ method: HTTPRequest.Method, _ path: String, _ access: Endpoint.Access = .roles([.train]),
    _ handle: @escaping @Sendable (Call) async throws -> Response
) -> Endpoint {
    Endpoint(method, "/api/v1/" + path, access: access, refusal: refuse, handle)
}

/// Who may sample.
let tinkerSamplers = Endpoint.Access.roles([.generate, .train])

/// The models of clients, or 503 where there are none.
func clientTraining(_ service: some ServiceFacade) throws -> ClientTraining {
    guard let training = service.clientTraining else {
        throw ServiceError(.unavailable, "this service trains no models of clients", retryAfterSeconds: 30)
    }
    return training
}

/// The SDK prints `error` and looks at the status: 408, 409, 429 and 5xx are tried again, others are raised.
private func refuse(_ answer: ErrorAnswer) -> Response {
    let isClients = answer.status.code < 500 && answer.status != .tooManyRequests
    // What later SDKs send, whatever the client's configuration says.
    let advice = answer.status == .unsupportedMediaType ? "; protobuf is not read: pip install tinker==0.24.1" : ""
    return tinkerFailure(
        answer.line + advice, isClients: isClients, status: answer.status == .conflict ? .badRequest : answer.status,
        headers: answer.headers)
}

/// `RequestFailedResponse`.
func tinkerFailure(
    _ message: String, isClients: Bool, status: HTTPResponse.Status = .ok, headers: HTTPFields = [:]
) -> Response {
    jsonResponse(
        .members(["error": .string(message), "category": .string(isClients ? "user" : "server")]), status: status,
        headers: headers)
}

// MARK: Sessions

private func tinkerSessionEndpoints(_ service: some ServiceFacade) -> [Endpoint] {
    [
        tinker(.get, "healthz", .open) { _ in jsonResponse(.members(["status": .string("ok")])) },
        tinker(.post, "client/config", tinkerSamplers) { call in
            try await call.readBody { _ = try JSONFields(ofAny: $0) }
            return jsonResponse(clientConfiguration)
        },
        tinker(.get, "get_server_capabilities", tinkerSamplers) { _ in
            guard let model = service.modelDescription() else { throw modelNotReady }
            return jsonResponse(
                .members([
                    "supported_models": .array([
                        .members([
                            "model_name": .string(model.name),
                            "max_context_length": .integer(Int64(model.contextLength)), "trainable": .bool(true),
                            "sampleable": .bool(true),
                        ])
                    ])
                ]))
        },
        tinker(.post, "create_session", tinkerSamplers) { call in
            let sdk = try await call.readBody { try JSONFields(ofAny: $0).optionalString("sdk_version", bytes: 0...64) }
            let id = try await clientTraining(service).openSession()
            return jsonResponse(
                .members([
                    "type": .string("create_session"), "session_id": .string(id.text), "info_message": .null,
                    "warning_message": .null, "error_message": sdk.flatMap(complaint).map { .string($0) } ?? .null,
                ]))
        },
        tinker(.post, "session_heartbeat", tinkerSamplers) { call in
            let id = try await call.readBody {
                try JSONFields(ofAny: $0).identifier("session_id", ClientSessionID.self)
            }
            try await clientTraining(service).beat(id)
            return jsonResponse(.members(["type": .string("session_heartbeat")]))
        },
        // What the SDK tells of itself is read, and kept nowhere.
        tinker(.post, "telemetry", tinkerSamplers) { call in
            try await call.readBody { _ = try JSONFields(ofAny: $0) }
            return jsonResponse(.members(["status": .string("accepted")]))
        },
        tinker(.get, "sessions") { _ in
            let ids = try await clientTraining(service).openSessions()
            return jsonResponse(.members(["sessions": .array(ids.map { .string($0.text) })]))
        },
        tinker(.get, "sessions/{id}") { call in
            let made = try await clientTraining(service).session(call.identifier("id", ClientSessionID.self))
            return jsonResponse(
                .members([
                    "training_run_ids": .array(made.models.map { .string($0.text) }),
                    "sampler_ids": .array(made.samplers.map { .string($0.text) }),
                ]))
        },
    ]
}

/// What a client's log should say of its SDK: from 0.25 on they read protobuf only. Nil when all is well, or nothing is known.
private func complaint(about sdk: String) -> String? {
    let numbers = sdk.split(separator: ".").prefix(2).map { Int($0) }
    guard numbers.count == 2, let major = numbers[0], let minor = numbers[1], (major, minor) > (0, 24) else {
        return nil
    }
    return "tinker \(sdk) reads protobuf, and this server speaks JSON: pip install tinker==0.24.1"
}

/// The flags that keep the SDK to JSON over HTTP/1.1, and its requests in order.
private let clientConfiguration = JSONValue.members([
    "pjwt_auth_enabled": .bool(false), "proto_write_fwdbwd": .bool(false), "parallel_fwdbwd_chunks": .bool(false),
    "fwd_via_fwdbwd": .bool(false), "use_pyqwest_transport": .bool(false),
    "create_model_via_load_weights": .bool(false),
    "sample_max_concurrent_requests": .integer(Int64(Limits.completionSequencesInFlightMax)),
])

/// The model is still being made or loaded.
let modelNotReady = ServiceError(.unavailable, "the model is not ready yet", retryAfterSeconds: 2)

// MARK: What is not there

private func tinkerRefusals() -> [Endpoint] {
    let reasons: [(HTTPRequest.Method, String, String)] = [
        (.post, "auth/token", "keys are sent as they are; there is no exchange for tokens"),
        (
            .get, "training_runs/{id}/checkpoints/{kind}/{name}/archive",
            "checkpoints are not packed for download; those of the policy are under /v1/policies/{version}/weights"
        ),
        (.post, "training_runs/{id}/checkpoints/{kind}/{name}/publish", "checkpoints are not shared between accounts"),
        (
            .delete, "training_runs/{id}/checkpoints/{kind}/{name}/publish",
            "checkpoints are not shared between accounts"
        ),
        (.put, "training_runs/{id}/checkpoints/{kind}/{name}/ttl", "checkpoints stay until they are deleted"),
        (.get, "audit", "rolloutd's own log of what admins did is under /admin/audit"),
        (.get, "billing/usage/events", "nothing is billed"),
        (.put, "sessions/{id}/project", "there are no projects"),
        (.get, "sessions/{id}/trace_export", "sessions are not traced"),
    ]
    return reasons.map { method, path, reason in
        tinker(method, path) { _ in
            tinkerFailure("not implemented: " + reason, isClients: true, status: .notImplemented)
        }
    }
}
