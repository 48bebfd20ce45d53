// Tinker's samplers, and the answers that its clients ask for until they are there.
import Domain
import Hummingbird
import Service
import StrictJSON

func tinkerSamplingEndpoints(_ service: some ServiceFacade) -> [Endpoint] {
    [
        tinker(.post, "create_sampling_session", tinkerSamplers) { call in
            let request = try await call.readBody { try CreateSamplingSession(JSONFields(ofAny: $0)) }
            let id = try await clientTraining(service).createSampler(
                request.session, number: request.number, from: try request.source.resolved(service))
            return jsonResponse(
                .members([
                    "type": .string("create_sampling_session"), "sampling_session_id": .string(id.text),
                ]))
        },
        tinker(.post, "asample", tinkerSamplers) { call in
            let request = try await call.readBody { try SampleRequest(JSONFields(ofAny: $0)) }
            let training = try clientTraining(service)
            let id: ClientRequestID
            switch request.source {
            case .session(let sampler, let number):
                id = try await training.sample(request.sampling, from: sampler, number: number)
            case .named(let source):
                id = try await training.sample(request.sampling, from: try source.resolved(service))
            }
            return jsonResponse(.members(["request_id": .string(id.text), "model_id": .null]))
        },
        tinker(.get, "samplers/{id}", tinkerSamplers) { call in
            let report = try await clientTraining(service).sampler(
                call.identifier("id", ClientSamplerID.self))
            return jsonResponse(
                .members([
                    "sampler_id": .string(report.id.text), "base_model": .string(report.base),
                    "model_path": report.path.map { .string($0.description) } ?? .null,
                ]))
        },
        tinker(.post, "retrieve_future", tinkerSamplers) { call in
            let id = try await call.readBody {
                try JSONFields(ofAny: $0).identifier("request_id", ClientRequestID.self)
            }
            let progress = try await clientTraining(service).progress(
                id, waitSeconds: Limits.clientAnswerWaitSeconds)
            return futureResponse(progress, id)
        },
    ]
}

/// 408 is "not yet" to the SDK, which asks again at once; 410 makes it send the request anew.
private func futureResponse(_ progress: ClientProgress, _ id: ClientRequestID) -> Response {
    switch progress {
    case .waiting:
        jsonResponse(
            .members([
                "type": .string("try_again"), "request_id": .string(id.text), "queue_state": .string("active"),
            ]), status: .requestTimeout)
    case .gone:
        tinkerFailure(
            "the answer to \(id) is not here: it was kept \(Int(Limits.clientAnswerSeconds)) s, or the server started anew",
            isClients: false, status: .gone)
    case .failed(let failure): tinkerFailure(failure.message, isClients: failure.isClients)
    case .done(let answer): jsonResponse(tinkerAnswer(answer))
    }
}

private func tinkerAnswer(_ answer: ClientAnswer) -> JSONValue {
    switch answer {
    case .created(let id): .members(["type": .string("create_model"), "model_id": .string(id.text)])
    case .unloaded(let id): .members(["type": .string("unload_model"), "model_id": .string(id.text)])
    case .pass(let pass): passAnswer(pass)
    case .stepped(let norm, let isApplied):
        .members([
            "metrics": .members([
                "grad_norm": .double(norm.isFinite ? norm : Double.greatestFiniteMagnitude),
                "applied": .double(isApplied ? 1 : 0),
            ])
        ])
    case .saved(let path):
        .members([
            "type": .string(path.kind == .training ? "save_weights" : "save_weights_for_sampler"),
            "path": .string(path.description),
        ])
    case .loaded(let path, let model):
        .members([
            "type": .string("load_weights"), "path": .string(path.description), "model_id": .string(model.text),
        ])
    case .sampler(let id):
        .members(["type": .string("save_weights_for_sampler"), "sampling_session_id": .string(id.text)])
    case .samples(let samples, let prompt):
        .members([
            "type": .string("sample"),
            "sequences": .array(
                samples.map { sample in
                    .members([
                        "stop_reason": .string(sample.finishReason == .stop ? "stop" : "length"),
                        "tokens": .integers32(sample.tokens), "logprobs": .floats(sample.logprobs),
                    ])
                }),
            "prompt_logprobs": prompt.map { values in
                .array(values.map { value in value.map { .float($0) } ?? .null })
            } ?? .null,
        ])
    }
}

/// `ForwardBackwardOutput`; a metric's name says how the SDK puts those of several requests together.
private func passAnswer(_ pass: ClientPass) -> JSONValue {
    .members([
        "loss_fn_output_type": .string("ArrayRecord"),
        "loss_fn_outputs": .array(
            pass.logprobs.map { logprobs in
                .members([
                    "logprobs": .members([
                        "data": .floats(logprobs), "dtype": .string("float32"),
                        "shape": .integers([Int64(logprobs.count)]),
                    ])
                ])
            }),
        "metrics": .members([
            "loss:sum": .double(pass.loss), "tokens:sum": .double(Double(pass.tokens)),
            "tokens_below_range:sum": .double(Double(pass.below)),
            "tokens_above_range:sum": .double(Double(pass.above)), "ratio_max:max": .double(pass.ratioMax),
        ]),
    ])
}

// MARK: Reading

/// Weights by name: a policy's or a checkpoint's.
private struct NamedWeights: Sendable {
    let base: String?
    let path: ClientCheckpointPath?

    init(_ fields: JSONFields) throws(InputError) {
        path = try fields.optionalString("model_path", bytes: 1...Limits.identifierBytesMax * 2).map {
            (text) throws(InputError) in try ClientCheckpointPath(text)
        }
        base = try fields.optionalName("base_model")
        guard path != nil || base != nil else {
            throw InputError(.missingField, "base_model or model_path is required", field: "base_model")
        }
    }

    func resolved(_ service: some ServiceFacade) throws(InputError) -> ClientTraining.SamplerSource {
        if let path { return .checkpoint(path) }
        return .policy(name: base ?? "policy", try version(of: base, service))
    }
}

private struct CreateSamplingSession: Sendable {
    let session: ClientSessionID
    let number: Int
    let source: NamedWeights

    init(_ fields: JSONFields) throws(InputError) {
        session = try fields.identifier("session_id", ClientSessionID.self)
        number = try fields.integer("sampling_session_seq_id", in: 0...Limits.cursorMax)
        source = try NamedWeights(fields)
    }
}

private struct SampleRequest: Sendable {
    enum Source: Sendable {
        case session(ClientSamplerID, number: Int)
        case named(NamedWeights)
    }

    let source: Source
    let sampling: ClientSampling

    init(_ fields: JSONFields) throws(InputError) {
        if let id = try fields.optionalIdentifier("sampling_session_id", ClientSamplerID.self) {
            source = .session(id, number: try fields.integer("seq_id", in: 0...Int.max))
        } else {
            source = .named(try NamedWeights(fields))
        }
        if let top = try fields.optionalInteger("topk_prompt_logprobs", in: 0...Limits.tokenIDMax), top > 0 {
            throw InputError(
                .invalidValue, "the likeliest tokens of a prompt are not told", field: "topk_prompt_logprobs",
                hint: "send 0; prompt_logprobs gives those of its own tokens")
        }
        let prompt = try fields.nested("prompt", readModelInput)
        let count = try fields.optionalInteger("num_samples", in: 1...Limits.completionSequencesMax) ?? 1
        let scoresPrompt = try fields.optionalBool("prompt_logprobs") ?? false
        sampling = try fields.nested("sampling_params") { json throws(InputError) in
            let fields = try JSONFields(ofAny: json)
            var sampling = ClientSampling(
                prompt: prompt, count: count,
                maximumTokens: try fields.optionalInteger("max_tokens", in: 0...Limits.tokensMax),
                temperature: try fields.optionalNumber("temperature", in: 0...2) ?? 1,
                topP: try fields.optionalNumber("top_p", in: 0.001...1) ?? 1,
                topK: max(0, try fields.optionalInteger("top_k", in: -1...Limits.tokenIDMax) ?? 0),
                seed: try fields.optionalInteger("seed", in: 0...Int.max).map { UInt64($0) },
                scoresPrompt: scoresPrompt)
            try readStops(fields, into: &sampling)
            return sampling
        }
    }
}

/// `stop` is a string, strings, or token ids.
private func readStops(_ fields: JSONFields, into sampling: inout ClientSampling) throws(InputError) {
    guard let stop = fields.value("stop") else { return }
    let elements = stop.string.map { [.string($0)] } ?? stop.elements ?? [stop]
    guard elements.count <= Limits.stopStringsMax else {
        throw InputError(.tooLarge, "\(elements.count) stops", field: "stop", hint: "at most \(Limits.stopStringsMax)")
    }
    for element in elements {
        if let id = element.integer, (0...Int64(Limits.tokenIDMax)).contains(id) {
            sampling.stopTokens.append(Int32(id))
        } else if let text = element.string, (1...Limits.stopBytesMax).contains(text.utf8.count) {
            sampling.stopStrings.append(text)
        } else {
            throw InputError(
                .invalidValue, "neither a token id nor a string of 1 to \(Limits.stopBytesMax) bytes", field: "stop")
        }
    }
}
