// What Tinker's REST client looks up: models ("training runs") and checkpoints.
import Domain
import Hummingbird
import Service
import StrictJSON

func tinkerLookupEndpoints(_ service: some ServiceFacade) -> [Endpoint] {
    [
        tinker(.post, "weights_info") { call in
            let path = try await call.readBody {
                try ClientCheckpointPath(
                    JSONFields(ofAny: $0).string("tinker_path", bytes: 1...Limits.identifierBytesMax * 2))
            }
            let checkpoint = try await clientTraining(service).checkpoint(path)
            return jsonResponse(
                .members([
                    "base_model": .string(checkpoint.base), "is_lora": .bool(checkpoint.adapter != nil),
                    "lora_rank": checkpoint.adapter.map { .integer(Int64($0.rank)) } ?? .null,
                    "train_unembed": .bool(false),
                    "train_mlp": .bool(checkpoint.adapter?.trainsFeedForward ?? true),
                    "train_attn": .bool(checkpoint.adapter?.trainsAttention ?? true),
                ]))
        },
        tinker(.get, "training_runs") { call in
            let training = try clientTraining(service)
            let runs = await training.allModels()
            let page = try readPage(call, more: ["access_scope", "project_id"])
            var answers: [JSONValue] = []
            for run in runs.dropFirst(page.offset).prefix(page.limit) {
                answers.append(runAnswer(run, await training.checkpoints(of: run.id)))
            }
            return jsonResponse(
                .members(["training_runs": .array(answers), "cursor": cursor(page, total: runs.count)]))
        },
        tinker(.get, "training_runs/{id}") { call in
            let training = try clientTraining(service)
            let run = try await training.model(call.identifier("id", ClientModelID.self))
            return jsonResponse(runAnswer(run, await training.checkpoints(of: run.id)))
        },
        tinker(.get, "training_runs/{id}/checkpoints") { call in
            let found = try await clientTraining(service).checkpoints(of: modelName(call))
            return jsonResponse(.members(["checkpoints": .array(found.map(checkpointAnswer))]))
        },
        tinker(.delete, "training_runs/{id}/checkpoints/{kind}/{name}") { call in
            let path = try ClientCheckpointPath(
                "tinker://\(try modelName(call))/\(call.parameters["kind"] ?? "")/\(call.parameters["name"] ?? "")")
            try await clientTraining(service).delete(path)
            return Response(status: .noContent)
        },
        tinker(.get, "checkpoints") { call in
            let page = try readPage(call, more: ["project_id", "access_scope"])
            let found = try await clientTraining(service).checkpoints()
            return jsonResponse(
                .members([
                    "checkpoints": .array(
                        found.dropFirst(page.offset).prefix(page.limit).map(checkpointAnswer)),
                    "cursor": cursor(page, total: found.count),
                ]))
        },
    ]
}

/// The model of a path, which is also the name of a directory.
private func modelName(_ call: Call) throws(InputError) -> ClientModelID {
    let id = try call.identifier("id", ClientModelID.self)
    // Its reader refuses what is no name of a directory.
    return try ClientCheckpointPath("tinker://\(id)/weights/any").model
}

private struct Page {
    let offset: Int
    let limit: Int
}

private func readPage(_ call: Call, more: [String]) throws(InputError) -> Page {
    let query = try call.query(["limit", "offset"] + more)
    return Page(
        offset: try query.integer("offset", in: 0...Limits.cursorMax) ?? 0,
        limit: try query.integer("limit", in: 1...Limits.pageRowsMax) ?? 20)
}

private func cursor(_ page: Page, total: Int) -> JSONValue {
    .members([
        "offset": .integer(Int64(page.offset)), "limit": .integer(Int64(page.limit)),
        "total_count": .integer(Int64(total)),
    ])
}

private func runAnswer(_ run: ClientModelReport, _ checkpoints: [ClientCheckpoint]) -> JSONValue {
    func last(_ kind: ClientCheckpointPath.Kind) -> JSONValue {
        checkpoints.last { $0.path.kind == kind }.map(checkpointAnswer) ?? .null
    }
    return .members([
        "training_run_id": .string(run.id.text), "base_model": .string(run.base), "model_owner": .string("rolloutd"),
        "is_lora": .bool(run.adapter != nil), "corrupted": .bool(false),
        "lora_rank": run.adapter.map { .integer(Int64($0.rank)) } ?? .null,
        "last_request_time": .string(run.lastRequest.rfc3339), "last_checkpoint": last(.training),
        "last_sampler_checkpoint": last(.sampling), "user_metadata": .null,
    ])
}

private func checkpointAnswer(_ checkpoint: ClientCheckpoint) -> JSONValue {
    .members([
        "checkpoint_id": .string(checkpoint.path.id),
        "checkpoint_type": .string(checkpoint.path.kind == .training ? "training" : "sampler"),
        "time": .string(checkpoint.createdAt.rfc3339), "tinker_path": .string(checkpoint.path.description),
        "size_bytes": .integer(Int64(checkpoint.bytes)), "public": .bool(false), "expires_at": .null,
    ])
}
