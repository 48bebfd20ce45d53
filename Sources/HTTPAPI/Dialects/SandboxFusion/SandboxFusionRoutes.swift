// SandboxFusion's routes, as sandbox-fusion 0.3.7 and verl 0.9.1 call them.
import Domain
import HTTPTypes
import Hummingbird
import StrictJSON

/// SandboxFusion's operations.
///
/// What keeps a program from running is answered 504 and nothing else: verl repeats a request on that status only and counts
/// every other failure as a wrong answer of the model.
func sandboxFusionEndpoints(_ service: some ServiceFacade) -> [Endpoint] {
    [
        Endpoint(.post, "/run_code", access: .roles([.score]), refusal: refuse) { call in
            let request = try await call.readBody { try RunCodeRequest(json: $0) }
            let report = try await service.run(request.program, by: call.caller, goOn: nil)
            return jsonResponse(try request.answer(report))
        },
        Endpoint(.post, "/submit", access: .roles([.score]), refusal: refuse) { call in
            let request = try await call.readBody { try SubmitRequest(json: $0) }
            return jsonResponse(try await request.judge(service, by: call.caller))
        },
        Endpoint(.get, "/v1/ping", access: .open, refusal: refuse) { _ in jsonResponse(.string("pong")) },
        Endpoint(.get, "/list_datasets", refusal: refuse) { _ in jsonResponse(.array([])) },
    ]
}

/// FastAPI's form of an error, and 504 in place of whatever means "not now".
private func refuse(_ answer: ErrorAnswer) -> Response {
    let isClients = answer.status.code < 500 && answer.status != .tooManyRequests
    guard isClients else {
        var headers = answer.headers
        headers[.retryAfter] = headers[.retryAfter] ?? "1"
        return jsonResponse(.members(["detail": .string(answer.line)]), status: .gatewayTimeout, headers: headers)
    }
    guard answer.status == .unprocessableContent else {
        return jsonResponse(.members(["detail": .string(answer.line)]), status: answer.status, headers: answer.headers)
    }
    let place = [JSONValue.string("body")] + (answer.error["field"]?.string.map { [.string($0)] } ?? [])
    return jsonResponse(
        .members([
            "detail": .array([
                .members([
                    "type": answer.error["code"] ?? .null, "loc": .array(place), "msg": .string(answer.line),
                ])
            ])
        ]), status: answer.status, headers: answer.headers)
}
