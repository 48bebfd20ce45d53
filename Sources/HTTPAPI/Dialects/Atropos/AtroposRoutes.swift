// The trajectory API of Atropos (atroposlib 0.4.0, api/server.py): environments post groups of sequences, a trainer takes batches.
// Its GET / is our dashboard.
import Domain
import HTTPTypes
import Hummingbird
import NIOCore
import Service
import StrictJSON

/// Atropos' operations, but for those of groups and batches.
///
/// Its environments try a post again on 5xx and drop their data on 4xx, so whatever means "not now" is 503.
func atroposEndpoints(_ service: some ServiceFacade) -> [Endpoint] {
    atroposTrainerEndpoints(service) + atroposEnvironmentEndpoints(service) + trajectoryEndpoints(service) + [
        Endpoint(
            .get, "/reset_data", access: .roles([.train]), audit: .members([]), refusal: refuseAtropos
        ) { call in
            try refuseUnasked(call)
            try await service.clearTrajectories()
            return Response(
                status: .ok, headers: [.contentType: "text/plain; charset=utf-8"],
                body: ResponseBody(byteBuffer: ByteBuffer(string: "Reset successful")))
        }
    ]
}

private func atroposTrainerEndpoints(_ service: some ServiceFacade) -> [Endpoint] {
    [
        Endpoint(.post, "/register", access: .roles([.train]), refusal: refuseAtropos) { call in
            let registration = try await call.readBody { try TrainerRegistration(atropos: $0) }
            let number = try await service.register(trainer: registration)
            return jsonResponse(.members(["uuid": .bigInteger(number.description)]))
        },
        Endpoint(.get, "/wandb_info", refusal: refuseAtropos) { _ in
            let run = try await service.trajectoryRun()
            return jsonResponse(
                .members([
                    "group": run.map { .string($0.registration.group) } ?? .null,
                    "project": run.map { .string($0.registration.project) } ?? .null,
                ]))
        },
        Endpoint(.get, "/info", refusal: refuseAtropos) { _ in
            let registration = try await service.trajectoryRun()?.registration
            return jsonResponse(
                .members([
                    "batch_size": .integer(Int64(registration?.batchSize ?? -1)),
                    "max_token_len": .integer(Int64(registration?.tokensMax ?? -1)),
                ]))
        },
        Endpoint(.get, "/status", refusal: refuseAtropos) { _ in
            let run = try await service.trajectoryRun()
            return jsonResponse(
                .members([
                    "current_step": .integer(Int64(run?.step ?? 0)), "queue_size": .integer(Int64(run?.queued ?? 0)),
                ]))
        },
    ]
}

private func atroposEnvironmentEndpoints(_ service: some ServiceFacade) -> [Endpoint] {
    [
        Endpoint(.post, "/register-env", access: .roles([.generate]), refusal: refuseAtropos) { call in
            let registration = try await call.readBody { try EnvironmentRegistration(atropos: $0) }
            guard let receipt = try await service.register(environment: registration) else {
                return jsonResponse(.members(["status": .string("wait for trainer to start")]))
            }
            let trainer = receipt.run.registration
            return jsonResponse(
                .members([
                    "status": .string("success"), "env_id": .integer(receipt.id), "wandb_name": .string(receipt.name),
                    "checkpoint_dir": .string(trainer.checkpointDirectory),
                    "starting_step": .integer(Int64(receipt.run.step)),
                    "checkpoint_interval": .integer(Int64(trainer.checkpointInterval)),
                    "num_steps": .integer(Int64(trainer.steps)),
                ]))
        },
        Endpoint(.post, "/disconnect-env", access: .roles([.generate]), refusal: refuseAtropos) { call in
            let id = try await call.readBody { try environmentID($0) }
            guard try await service.disconnect(environment: id) else {
                return jsonResponse(
                    .members([
                        "status": .string("failure"), "error": .string("there is no environment \(id)"),
                    ]))
            }
            return jsonResponse(.members(["status": .string("success")]))
        },
        // A GET with a body, as its environments send it.
        Endpoint(.get, "/status-env", refusal: refuseAtropos) { call in
            let id = try await call.readBody { try environmentID($0) }
            guard let queue = try await service.environmentQueue(of: id) else {
                throw InputError(
                    .invalidValue, "there is no environment \(id)", field: "env_id",
                    hint: "register again with POST /register-env")
            }
            return jsonResponse(
                .members([
                    "current_step": .integer(Int64(queue.step)), "queue_size": .integer(Int64(queue.queueSize)),
                    "unallocated_fraction": .double(queue.unallocatedFraction),
                    "self_queue_size": .integer(Int64(queue.ownQueueSize)),
                    "max_group_size": .integer(Int64(queue.largestGroup)), "env_weight": .double(queue.weight),
                ]))
        },
    ]
}

/// FastAPI's form of an error: 422 for what cannot be read, 503 for whatever passes, a text for a body that is no gzip.
func refuseAtropos(_ answer: ErrorAnswer) -> Response {
    let code = answer.error["code"]?.string
    if code == "malformed_encoding" {
        return Response(
            status: .badRequest, headers: [.contentType: "text/plain; charset=utf-8"],
            body: ResponseBody(byteBuffer: ByteBuffer(string: "Invalid gzip payload")))
    }
    var headers = answer.headers
    // What arrived broken or late arrives whole the next time.
    let passes = answer.status.code >= 500 || answer.status == .tooManyRequests || answer.status == .requestTimeout
    guard !passes else {
        headers[.retryAfter] = headers[.retryAfter] ?? "1"
        return jsonResponse(
            .members(["detail": .string(answer.line)]), status: .serviceUnavailable, headers: headers)
    }
    let isUnread = answer.status == .unprocessableContent || code == InputError.Code.malformedJSON.rawValue
    guard isUnread else {
        return jsonResponse(.members(["detail": .string(answer.line)]), status: answer.status, headers: headers)
    }
    let place = [JSONValue.string("body")] + (answer.error["field"]?.string.map { [.string($0)] } ?? [])
    return jsonResponse(
        .members([
            "detail": .array([
                .members([
                    "type": answer.error["code"] ?? .null, "loc": .array(place), "msg": .string(answer.line),
                ])
            ])
        ]), status: .unprocessableContent, headers: headers)
}

/// Refuses a GET that changes something when a page of another site asks for it, as an image could, and when only its head is
/// wanted.
func refuseUnasked(_ call: Call) throws(HTTPFault) {
    guard call.request.method != .head else {
        throw HTTPFault(
            status: .methodNotAllowed, code: "method_not_allowed", message: "HEAD is not possible here",
            hint: "use GET", headers: [.allow: "GET"])
    }
    guard let name = HTTPField.Name("Sec-Fetch-Site"), let site = call.request.headers[name],
        !["same-origin", "none"].contains(site)
    else { return }
    throw HTTPFault(
        status: .forbidden, code: "forbidden", message: "pages of other sites may not ask for this",
        hint: "call it from a program")
}
