// /v1/evaluations: the held-out measurements, and evaluations of data sets: begun, looked at, stopped, reported.
import Domain
import HTTPTypes
import Hummingbird
import NIOCore
import Service
import StrictJSON

/// Measurements and evaluations.
func evaluationEndpoints(_ service: some ServiceFacade) -> [Endpoint] {
    [
        Endpoint(.get, "/v1/evaluations") { call in
            let query = try call.query(["limit"])
            let limit = try query.limit()
            let evaluations = try await service.evaluations(limit: limit)
            let runs = try await service.evaluationRuns(limit: limit)
            return jsonResponse(
                .members([
                    "evaluations": .array(evaluations.map(\.json)), "runs": .array(runs.map(\.json)),
                ]))
        },
        Endpoint(
            .post, "/v1/evaluations", access: .roles([.train]),
            audit: .members(EvaluationSettings.names + ["concurrency"])
        ) { call in
            let request = try await call.readBody(EvaluationRequest.init(json:))
            return jsonResponse(try await service.beginEvaluation(request).json, status: .accepted)
        },
        Endpoint(.get, "/v1/evaluations/{id}") { call in
            _ = try call.query([])
            return jsonResponse(try await service.evaluationRun(try call.identifier("id", EvaluationID.self)).json)
        },
        Endpoint(.post, "/v1/evaluations/{id}/stop", access: .roles([.train]), audit: .members([])) { call in
            let id = try call.identifier("id", EvaluationID.self)
            try await call.readOptionalBody { json in _ = try JSONFields(json, known: []) }
            return jsonResponse(try await service.stopEvaluation(id).json)
        },
        Endpoint(.post, "/v1/evaluations/{id}/resume", access: .roles([.train]), audit: .members([])) { call in
            let id = try call.identifier("id", EvaluationID.self)
            try await call.readOptionalBody { json in _ = try JSONFields(json, known: []) }
            return jsonResponse(try await service.resumeEvaluation(id).json, status: .accepted)
        },
        Endpoint(.get, "/v1/evaluations/{id}/report") { call in try await report(call, service) }.asPage,
    ]
}

private func report(_ call: Call, _ service: some ServiceFacade) async throws -> Response {
    let query = try call.query(["format", "compare"])
    let id = try call.identifier("id", EvaluationID.self)
    let name = try query.text("format", bytesMax: 10) ?? EvaluationDocument.Form.json.rawValue
    guard let form = EvaluationDocument.Form(rawValue: name) else {
        throw InputError(
            .invalidValue, "there is no such form of a report", field: "format", hint: "json, text, html or svg")
    }
    let other = try query.identifier("compare", EvaluationID.self)
    let status = try await service.evaluationRun(id)
    let report = try await service.evaluationReport(id, comparedWith: other)
    let text = EvaluationDocument(report).text(form, status: status)
    return Response(
        status: .ok, headers: [.contentType: form.mediaType],
        body: ResponseBody(byteBuffer: ByteBuffer(string: text)))
}

extension EvaluationRequest {
    /// Reads the body of `POST /v1/evaluations`.
    init(json: JSONValue) throws(InputError) {
        let fields = try JSONFields(json, known: EvaluationSettings.names + ["concurrency"])
        let concurrency =
            try fields.optionalInteger("concurrency", in: 1...Limits.evaluationConcurrencyMax) ?? 32
        // Whatever can be wrong is said before the newest policy is looked up.
        _ = try EvaluationSettings(fields: fields, fallback: PolicyVersion(0))
        self.init(concurrency: concurrency) { newest throws(InputError) in
            try EvaluationSettings(fields: fields, fallback: newest)
        }
    }
}
