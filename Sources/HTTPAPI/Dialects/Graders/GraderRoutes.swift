// OpenAI's graders: POST /v1/fine_tuning/alpha/graders/run and /validate, as its client knows them.
import Domain
import HTTPTypes
import Hummingbird
import Service
import StrictJSON

/// OpenAI's operations on graders. Graders that ask a model are 501 with the reason; a machine that cannot run programs is 503,
/// never a reward.
func graderEndpoints(_ service: some ServiceFacade) -> [Endpoint] {
    let path = "/v1/fine_tuning/alpha/graders/"
    return [
        Endpoint(.post, path + "run", access: .roles([.score]), refusal: openAIRefusal) { call in
            let request = try await call.readBody { try GraderRun(json: $0) }
            let clock = ContinuousClock()
            let start = clock.now
            let report = try await service.grade(
                request.grader, sample: request.sample, item: request.item, by: call.caller)
            switch report {
            case .undecided(let failure):
                throw ServiceError(
                    .unavailable, failure.message, hint: "send the same request again", retryAfterSeconds: 5)
            case .graded(let result):
                return jsonResponse(request.answer(result, seconds: (clock.now - start) / .seconds(1)))
            }
        },
        Endpoint(.post, path + "validate", access: .roles([.score]), refusal: openAIRefusal) { call in
            let grader = try await call.readBody { json in
                try readGrader(try JSONFields(ofAny: json))
            }
            return jsonResponse(.members(["grader": grader.json]))
        },
    ]
}

/// The body of `run`.
private struct GraderRun: Sendable {
    let grader: Grader
    let sample: String
    let item: JSONValue

    init(json: JSONValue) throws {
        let fields = try JSONFields(ofAny: json)
        grader = try readGrader(fields)
        sample = try fields.string("model_sample", bytes: 0...Limits.responseBytesMax)
        item = try readItem(fields)
    }

    /// The reward and what OpenAI's clients read beside it.
    func answer(_ result: GraderResult, seconds: Double) -> JSONValue {
        .members([
            "reward": .double(result.value),
            "sub_rewards": .object(result.parts.map { JSONMember($0.key, .double($0.value)) }),
            "metadata": .members([
                "name": .string(grader.name), "type": .string(grader.type), "errors": errors(result.faults),
                "execution_time": .double(seconds),
                "scores": .object(result.parts.map { JSONMember($0.key, .double($0.value)) }),
                "token_usage": .null, "sampled_model_name": .null,
            ]),
            "model_grader_token_usage_per_model": .object([]),
        ])
    }
}

/// The `grader` of a body; what OpenAI has and nobody here judges is 501.
private func readGrader(_ fields: JSONFields) throws -> Grader {
    let json = try fields.required("grader")
    let reason =
        json["type"]?.string.flatMap { Grader.refusedTypes[$0] }
        ?? json["evaluation_metric"]?.string.flatMap { Grader.refusedMetrics[$0] }
    if let reason {
        throw HTTPFault(
            status: .notImplemented, code: "not_supported", message: reason,
            hint: "string_check, text_similarity, python and multi are judged here")
    }
    do throws(InputError) { return try Grader(json: json) } catch { throw error.inside("grader") }
}

/// `metadata.errors`: each of OpenAI's flags, and what the program said.
private func errors(_ faults: [GraderFault]) -> JSONValue {
    var flags: Set<String> = []
    var details: String?
    for fault in faults {
        switch fault {
        case .invalidVariable: flags.insert("invalid_variable_error")
        case .sampleParse: flags.insert("sample_parse_error")
        case .formula: flags.insert("other_error")
        case .tooLong: flags.insert("truncated_observation_error")
        case .program(let message):
            flags.insert("python_grader_runtime_error")
            details = details ?? message
        }
    }
    func flag(_ name: String) -> JSONValue { .bool(flags.contains(name)) }
    return .members([
        "formula_parse_error": flag("formula_parse_error"), "sample_parse_error": flag("sample_parse_error"),
        "truncated_observation_error": flag("truncated_observation_error"),
        "unresponsive_reward_error": flag("unresponsive_reward_error"),
        "invalid_variable_error": flag("invalid_variable_error"), "other_error": flag("other_error"),
        "python_grader_server_error": flag("python_grader_server_error"), "python_grader_server_error_type": .null,
        "python_grader_runtime_error": flag("python_grader_runtime_error"),
        "python_grader_runtime_error_details": details.map { .string($0) } ?? .null,
        "model_grader_server_error": flag("model_grader_server_error"),
        "model_grader_refusal_error": flag("model_grader_refusal_error"),
        "model_grader_parse_error": flag("model_grader_parse_error"), "model_grader_server_error_details": .null,
    ])
}
