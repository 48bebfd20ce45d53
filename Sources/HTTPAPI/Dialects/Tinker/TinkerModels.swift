// Tinker's models: made, trained, saved, loaded.
import Domain
import Hummingbird
import Service
import StrictJSON

func tinkerModelEndpoints(_ service: some ServiceFacade) -> [Endpoint] {
    [
        tinker(.post, "create_model") { call in
            let (base, fields) = try await call.readBody { json in
                let fields = try JSONFields(ofAny: json)
                return (try fields.name("base_model"), try CreateModelFields(fields))
            }
            let made = try await clientTraining(service).createModel(
                fields.session, number: fields.number, base: base, version: try version(of: base, service),
                adapter: fields.adapter)
            return untypedFuture(made.request, made.model)
        },
        tinker(.post, "get_info") { call in
            let id = try await call.readBody { try JSONFields(ofAny: $0).identifier("model_id", ClientModelID.self) }
            let report = try await clientTraining(service).model(id)
            return jsonResponse(
                .members([
                    "type": .string("get_info"), "model_id": .string(id.text), "model_name": .string(report.base),
                    "is_lora": .bool(report.adapter != nil),
                    "lora_rank": report.adapter.map { .integer(Int64($0.rank)) } ?? .null,
                    "model_data": .members([
                        "arch": .string("qwen3"), "model_name": .string(report.base), "tokenizer_id": .null,
                    ]),
                ]))
        },
        tinker(.post, "unload_model") { call in
            // This request has no number in the SDK, and is the model's last.
            let id = try await call.readBody { try JSONFields(ofAny: $0).identifier("model_id", ClientModelID.self) }
            return untypedFuture(try await clientTraining(service).submit(.unload, to: id, number: -1), id)
        },
        work("forward", service) { .forward(try readBatch($0, "forward_input")) },
        work("forward_backward", service) { .forwardBackward(try readBatch($0, "forward_backward_input")) },
        work("optim_step", service) { fields in
            .step(try fields.nested("adam_params") { json throws(InputError) in try readStep(JSONFields(ofAny: json)) })
        },
        work("save_weights", service) { fields in
            .save(
                name: try checkpointName(fields) ?? "step-\(try readNumber(fields))",
                overwrites: try fields.optionalBool("overwrite") ?? false)
        },
        work("load_weights", service) { fields in
            .load(
                try ClientCheckpointPath(fields.string("path", bytes: 1...Limits.identifierBytesMax * 2)),
                withMoments: try fields.optionalBool("optimizer") ?? false)
        },
        work("save_weights_for_sampler", service) { fields in
            if let name = try checkpointName(fields) { return .saveForSampling(name: name) }
            let model = try fields.identifier("model_id", ClientModelID.self)
            guard let session = sessionName(of: model) else {
                throw InputError(.invalidValue, "not a model's name", field: "model_id")
            }
            let number = try fields.integer("sampling_session_seq_id", in: 0...Limits.cursorMax)
            return .sampler(ClientTraining.samplerID(session, number: number))
        },
    ]
}

/// An operation that puts work behind what a model has to do.
private func work(
    _ path: String, _ service: some ServiceFacade,
    _ read: @escaping @Sendable (JSONFields) throws -> ClientWork
) -> Endpoint {
    tinker(.post, path) { call in
        let (id, number, work) = try await call.readBody { json in
            let fields = try JSONFields(ofAny: json)
            return (try fields.identifier("model_id", ClientModelID.self), try readNumber(fields), try read(fields))
        }
        return untypedFuture(try await clientTraining(service).submit(work, to: id, number: number), id)
    }
}

/// `UntypedAPIFuture`.
private func untypedFuture(_ request: ClientRequestID, _ model: ClientModelID) -> Response {
    jsonResponse(.members(["request_id": .string(request.text), "model_id": .string(model.text)]))
}

private func readNumber(_ fields: JSONFields) throws(InputError) -> Int {
    try fields.integer("seq_id", in: 0...Limits.cursorMax)
}

/// The session in `SESSION:train:0`.
private func sessionName(of model: ClientModelID) -> ClientSessionID? {
    model.text.firstRange(of: ":train:").map { ClientSessionID(String(model.text[..<$0.lowerBound])) }
}

private func checkpointName(_ fields: JSONFields) throws(InputError) -> String? {
    if let seconds = try fields.optionalInteger("ttl_seconds", in: 0...Limits.cursorMax) {
        throw InputError(
            .invalidValue, "checkpoints do not expire after \(seconds) s", field: "ttl_seconds",
            hint: "leave it out, and delete those that are not needed")
    }
    return try fields.optionalString("path", bytes: 1...Limits.identifierBytesMax)
}

/// The fields of `create_model`.
private struct CreateModelFields: Sendable {
    let session: ClientSessionID
    let number: Int
    let adapter: ClientAdapter?

    init(_ fields: JSONFields) throws(InputError) {
        session = try fields.identifier("session_id", ClientSessionID.self)
        number = try fields.integer("model_seq_id", in: 0...Limits.cursorMax)
        guard fields.has("lora_config") else {
            adapter = nil
            return
        }
        adapter = try fields.nested("lora_config") { json throws(InputError) in
            let fields = try JSONFields(ofAny: json)
            let adapter = ClientAdapter(
                rank: try fields.integer("rank", in: 1...Limits.clientAdapterRankMax),
                seed: try fields.optionalInteger("seed", in: 0...Int.max).map { UInt64($0) },
                trainsAttention: try fields.optionalBool("train_attn") ?? true,
                trainsFeedForward: try fields.optionalBool("train_mlp") ?? true)
            // train_unembed is read and has no effect: docs/integrations/tinker.md says so.
            guard adapter.trainsAttention || adapter.trainsFeedForward else {
                throw InputError(
                    .invalidValue, "an adapter of the unembedding alone is not trained", field: "train_unembed",
                    hint: "send train_attn or train_mlp as true")
            }
            return adapter
        }
    }
}

private func readStep(_ fields: JSONFields) throws(InputError) -> ClientStep {
    let largest = Double(Float.greatestFiniteMagnitude)
    let norm = try fields.optionalNumber("grad_clip_norm", in: 0...largest) ?? 0
    return ClientStep(
        learningRate: try fields.optionalNumber("learning_rate", in: 0...1) ?? 1e-4,
        beta1: try fields.optionalNumber("beta1", in: 0...0.999_999_9) ?? 0.9,
        beta2: try fields.optionalNumber("beta2", in: 0...0.999_999_9) ?? 0.95,
        // Smaller ones are no 32-bit floats.
        epsilon: try fields.optionalNumber("eps", in: 1e-37...1) ?? 1e-12,
        weightDecay: try fields.optionalNumber("weight_decay", in: 0...1e3) ?? 0,
        gradientNormMax: norm > 0 ? norm : nil)
}
