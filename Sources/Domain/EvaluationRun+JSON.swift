// Evaluations as they stand on the wire and in the ledger. The ledger tells evaluations apart by the text of their settings.
import StrictJSON

extension EvaluationSettings {
    /// The members of settings.
    package static let names = [
        "dataset", "endpoint", "model", "policy_version", "samples", "temperature", "top_p", "top_k",
        "repetition_penalty", "max_tokens", "thinking", "seed", "label",
    ]

    /// Every member, in one order, so that equal settings are equal texts.
    package var json: JSONValue {
        var endpoint = JSONValue.null
        var name = JSONValue.null
        var version = JSONValue.null
        switch model {
        case .endpoint(let url, let model): (endpoint, name) = (.string(url), .string(model))
        case .policy(let number): version = .integer(Int64(number.number))
        }
        return .members([
            "dataset": .string(dataset), "endpoint": endpoint, "model": name, "policy_version": version,
            "samples": .integer(Int64(samples)), "temperature": .double(temperature), "top_p": .double(topP),
            "top_k": .integer(Int64(topK)), "repetition_penalty": .double(repetitionPenalty),
            "max_tokens": .integer(Int64(maxTokens)), "thinking": isThinking.map { .bool($0) } ?? .null,
            "seed": seed.map { .integer(Int64($0)) } ?? .null, "label": .string(label),
        ])
    }

    /// Reads settings; without an endpoint `fallback` is the policy that is meant when none is named.
    package init(fields: JSONFields, fallback: PolicyVersion?) throws(InputError) {
        let url = try fields.optionalString("endpoint", bytes: 1...Limits.endpointBytesMax)
        let name = try fields.optionalName("model")
        let version = try fields.optionalInteger("policy_version", in: 0...Int(Int32.max)).map { PolicyVersion($0) }
        self.init(
            dataset: try fields.name("dataset"),
            model: try EvaluationSettings.model(url, name, version ?? fallback, isNamed: version != nil),
            samples: try fields.optionalInteger("samples", in: 1...Limits.evaluationSamplesMax) ?? 1,
            temperature: try fields.optionalNumber("temperature", in: 0...10) ?? 0.6,
            topP: try fields.optionalNumber("top_p", in: 0.000_001...1) ?? 0.95,
            topK: try fields.optionalInteger("top_k", in: 0...Limits.tokenIDMax) ?? 0,
            repetitionPenalty: try fields.optionalNumber(
                "repetition_penalty", in: 1 / Limits.repetitionPenaltyMax...Limits.repetitionPenaltyMax) ?? 1,
            maxTokens: try fields.integer("max_tokens", in: 1...Limits.evaluationTokensMax),
            isThinking: try fields.optionalBool("thinking"),
            seed: try fields.optionalInteger("seed", in: 0...Int(Int32.max)),
            label: try fields.optionalString("label", bytes: 0...Limits.nameLengthMax) ?? "")
    }

    private static func model(
        _ url: String?, _ name: String?, _ version: PolicyVersion?, isNamed: Bool
    ) throws(InputError) -> EvaluatedModel {
        guard let url else {
            guard name == nil else {
                throw InputError(
                    .invalidValue, "a model is named, and no server that has it", field: "model",
                    hint: "send endpoint, or leave out model to evaluate the in-process one")
            }
            guard let version else {
                throw InputError(
                    .missingField, "the field is required", field: "endpoint",
                    hint: "name a server, or a policy_version of the in-process model")
            }
            return .policy(version)
        }
        guard !isNamed else {
            throw InputError(
                .invalidValue, "an evaluation has one model", field: "policy_version",
                hint: "leave out endpoint, or policy_version")
        }
        guard url.hasPrefix("http://") || url.hasPrefix("https://") else {
            throw InputError(.invalidValue, "no http or https URL", field: "endpoint", hint: "as http://host:8000/v1")
        }
        guard let name else { throw InputError(.missingField, "the field is required", field: "model") }
        return .endpoint(url: url, model: name)
    }

    /// Reads what `json` wrote.
    package init(json: JSONValue) throws(InputError) {
        self = try EvaluationSettings(fields: try JSONFields(json, known: EvaluationSettings.names), fallback: nil)
    }
}

extension EvaluationRun {
    /// The run on the wire in the state that its holder knows; `detail` says why it failed, or what it waits for.
    package func json(_ state: EvaluationState, detail: String? = nil, holder: String? = nil) -> JSONValue {
        .members([
            "id": .string(id.text), "status": .string(state.rawValue),
            "detail": (detail ?? (state == .failed ? conduct.fault : nil)).map { .string($0) } ?? .null,
            "carried_out_by": holder.map { .string($0 == EvaluationConduct.server ? $0 : "command") } ?? .null,
            "concurrency": .integer(Int64(conduct.concurrency)), "settings": settings.json,
            "problems": .integer(Int64(problems)), "samples_wanted": .integer(Int64(wanted)),
            "samples_stored": .integer(Int64(progress.sampled)), "samples_judged": .integer(Int64(progress.judged)),
            "samples_undetermined": .integer(Int64(progress.undetermined)), "seconds": .double(seconds),
            "figures": figures?.json ?? .null, "created_at": .string(createdAt.rfc3339),
        ])
    }

    /// Which one it is and how far, as events and the status document tell it.
    package var eventMembers: [JSONMember] {
        var (model, version) = (JSONValue.null, JSONValue.null)
        switch settings.model {
        case .endpoint(_, let name): model = .string(name)
        case .policy(let number): version = .integer(Int64(number.number))
        }
        return [
            JSONMember("id", .string(id.text)), JSONMember("dataset", .string(settings.dataset)),
            JSONMember("model", model), JSONMember("policy_version", version),
            JSONMember("samples_wanted", .integer(Int64(wanted))),
            JSONMember("samples_stored", .integer(Int64(progress.sampled))),
            JSONMember("samples_judged", .integer(Int64(progress.judged))),
            JSONMember("samples_undetermined", .integer(Int64(progress.undetermined))),
        ]
    }
}
