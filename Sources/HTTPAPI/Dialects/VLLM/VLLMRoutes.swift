// The control paths of vLLM's server, for trainers that expect them beside /v1/completions: health, version, pause and resume.
// Weights do not come from outside, so the paths that push them are refused with the reason.
import Domain
import HTTPTypes
import Hummingbird
import Service
import StrictJSON

/// vLLM's operations.
func vllmEndpoints(_ service: some ServiceFacade) -> [Endpoint] {
    let served = [
        Endpoint(.get, "/health", access: .open) { _ in
            guard service.modelDescription() != nil else {
                throw ServiceError(.unavailable, "the model is not ready yet", retryAfterSeconds: 5)
            }
            return Response(status: .ok)
        },
        Endpoint(.get, "/version", access: .open) { _ in
            jsonResponse(.members(["version": .string("rolloutd-\(Release.version)")]))
        },
        Endpoint(.get, "/is_paused") { _ in
            jsonResponse(.members(["is_paused": .bool(service.switchState().reason(.sampling) != nil)]))
        },
        Endpoint(.post, "/pause", audit: .members([])) { call in
            let query = try call.query(["mode", "wait_for_inflight_requests", "clear_cache"])
            let mode = try query.choice("mode", CompletionSettling.self)
            let waits = try query.text("wait_for_inflight_requests", bytesMax: 5)?.lowercased() == "true"
            _ = try await call.readOptionalBody { $0 }
            return try await call.whileClientStays {
                try await service.pause([.sampling], reason: "by /pause")
                try await service.settleCompletions(mode ?? (waits ? .wait : .abort))
                return jsonResponse(.members(["status": .string("paused")]))
            }
        },
        Endpoint(.post, "/resume", audit: .members([])) { call in
            _ = try await call.readOptionalBody { $0 }
            try await service.resume([.sampling])
            return jsonResponse(.members(["status": .string("resumed")]))
        },
        // The pages of a prompt are shared while its sequences live and by no later request: there is nothing to reset.
        Endpoint(.post, "/reset_prefix_cache") { call in
            _ = try await call.readOptionalBody { $0 }
            return Response(status: .ok)
        },
    ]
    return served + refusedPaths.map { path in refused(path.method, path.path, path.reason) }
}

/// What vLLM has and this server has not.
private let refusedPaths: [(method: HTTPRequest.Method, path: String, reason: String)] =
    [
        "/init_weight_transfer_engine", "/start_weight_update", "/update_weights", "/finish_weight_update",
        "/reload_weights",
    ]
    .map { (.post, $0, "weights are not pushed into this server: its own learner makes them") }
    + ["/v1/load_lora_adapter", "/v1/unload_lora_adapter"].map {
        (.post, $0, "adapters are not loaded: policies are whole and come from this server's learner")
    } + [
        (.post, "/collective_rpc", "there are no workers of vLLM to call"),
        (.get, "/get_world_size", "there are no ranks: the model is sampled in this process"),
        (.post, "/scale_elastic_ep", "there are no ranks: the model is sampled in this process"),
        (.post, "/sleep", "the model is never unloaded"), (.post, "/wake_up", "the model is never unloaded"),
        (.get, "/is_sleeping", "the model is never unloaded"),
        (.post, "/tokenize", "tokens are in every answer: send echo and max_tokens 0 to /v1/completions"),
        (.post, "/detokenize", "texts are in every answer: send the token ids as prompt to /v1/completions"),
    ]

/// An operation that answers 501 with the reason.
private func refused(_ method: HTTPRequest.Method, _ path: String, _ reason: String) -> Endpoint {
    Endpoint(method, path, access: .keyed) { _ in
        throw HTTPFault(
            status: .notImplemented, code: "not_supported", message: reason,
            hint: "docs/integrations/vllm-trl.md says what is there instead")
    }
}
