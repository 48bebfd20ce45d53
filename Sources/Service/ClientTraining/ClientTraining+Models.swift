// Models that clients train: made, asked for work in order, saved, unloaded.
import Domain
import Logging
import Modeling

extension ClientTraining {
    /// Begins to make a model that starts as a policy; nil is the newest.
    ///
    /// - Returns: The model's name, and the request whose answer says that it is there. The same request again returns the same.
    package func createModel(
        _ session: ClientSessionID, number: Int, base: String, version: PolicyVersion?, adapter: ClientAdapter?
    ) throws -> (model: ClientModelID, request: ClientRequestID) {
        try refuseWhenStopping()
        try touch(session)
        let id = ClientModelID("\(session):train:\(number)")
        let request = ClientRequestID("\(id):create")
        guard try requests.begin(request, asking: CreationKey(base: base, version: version, adapter: adapter)) else {
            return (id, request)
        }
        do {
            sweep()
            guard models.count + creating < Limits.clientModelsMax else {
                throw ServiceError(
                    .overloaded, "\(models.count + creating) models of clients are in memory",
                    hint: "unload one, or end a client that is not needed", retryAfterSeconds: 10)
            }
            guard policies.newest != nil else { throw PolicyStore.notYet }
        } catch {
            requests.withdraw(request)
            throw error
        }
        creating += 1
        Task { await make(id, session, request, base: base, version: version, adapter: adapter) }
        return (id, request)
    }

    /// What makes a request to create a model the same.
    private struct CreationKey: Hashable {
        let base: String
        let version: PolicyVersion?
        let adapter: ClientAdapter?
    }

    private func make(
        _ id: ClientModelID, _ session: ClientSessionID, _ request: ClientRequestID, base: String,
        version: PolicyVersion?, adapter: ClientAdapter?
    ) async {
        defer { creating -= 1 }
        do {
            let policy = try await policies.policy(version)
            let trainer = try await ComputeThread.run("client-model") { [files, threads] in
                ClientModel(
                    try files.begin(policy.weights, adapter: adapter, threads: threads), threads: threads)
            }
            guard sessions[session] != nil else {
                throw ClientFailure(isClients: true, message: "its session is over")
            }
            models[id] = Model(
                session: session, trainer: trainer,
                report: ClientModelReport(id: id, base: base, adapter: adapter, lastRequest: clock.now()))
            sessions[session]?.models.append(id)
            logger.info("a client trains a model", metadata: ["model": "\(id)", "from": "\(policy.version)"])
            finish(request, .success(.created(id)))
        } catch { finish(request, .failure(failure(error))) }
    }

    /// A model, or `not_found`.
    package func model(_ id: ClientModelID) throws -> ClientModelReport {
        guard let model = models[id] else { throw Self.unknownModel(id) }
        return model.report
    }

    /// All models in memory, by name.
    package func allModels() -> [ClientModelReport] {
        models.values.map(\.report).sorted { $0.id.text < $1.id.text }
    }

    static func unknownModel(_ id: ClientModelID) -> InputError {
        InputError(
            .notFound, "there is no model \(id.text.prefix(80)) in memory", field: "model_id",
            hint: "make one, or go on from a checkpoint: create_training_client_from_state")
    }

    /// Puts a request behind those that the model has; the same number with the same content is the same request.
    package func submit(_ work: ClientWork, to id: ClientModelID, number: Int) throws -> ClientRequestID {
        try refuseWhenStopping()
        guard let model = models[id] else { throw Self.unknownModel(id) }
        try touch(model.session)
        let request = ClientRequestID("\(id):\(number)")
        guard try requests.begin(request, asking: work) else { return request }
        do { try admit(work, to: model) } catch {
            requests.withdraw(request)
            throw error
        }
        models[id]?.report.lastRequest = clock.now()
        models[id]?.queue.append((request, work))
        if !model.isBusy {
            models[id]?.isBusy = true
            Task { await workOff(id) }
        }
        return request
    }

    /// Throws when the model's client has too much waiting.
    private func admit(_ work: ClientWork, to model: Model) throws {
        let tokens = models.values.joined(\.queue).reduce(work.tokens) { $0 + $1.work.tokens }
        guard model.queue.count < Limits.clientRequestsWaitingMax, tokens <= Limits.clientTokensWaitingMax else {
            throw ServiceError(
                .overloaded, "\(model.queue.count) requests of the model and \(tokens) tokens of all wait",
                hint: "fetch answers before you send more", retryAfterSeconds: 1)
        }
    }

    private func workOff(_ id: ClientModelID) async {
        while let model = models[id], let next = model.queue.first, !isStopping {
            models[id]?.queue.removeFirst()
            do { finish(next.id, .success(try await answer(next.work, model, id))) } catch {
                finish(next.id, .failure(failure(error)))
            }
        }
        models[id]?.isBusy = false
    }

    private func answer(_ work: ClientWork, _ model: Model, _ id: ClientModelID) async throws -> ClientAnswer {
        switch work {
        case .forward(let batch): return .pass(try await model.trainer.pass(batch, addsGradients: false))
        case .forwardBackward(let batch):
            let pass = try await model.trainer.pass(batch, addsGradients: true)
            counters.increment(.clientTokensTrained, by: pass.tokens)
            return .pass(pass)
        case .step(let step):
            let result = try await model.trainer.step(step)
            if result.applied { counters.increment(.clientSteps) }
            return .stepped(gradientNorm: result.gradientNorm, isApplied: result.applied)
        case .save(let name, let overwrites):
            let path = try ClientCheckpointPath(id, .training, name: name)
            try await save(path, model, overwrites: overwrites) { try await model.trainer.save(to: $0) }
            return .saved(path)
        case .load(let path, let withMoments):
            guard path.kind == .training, files.checkpoint(path) != nil else { throw Self.unknownCheckpoint(path) }
            try await model.trainer.load(files.content(of: path), withMoments: withMoments)
            return .loaded(path, id)
        case .saveForSampling(let name):
            let path = try ClientCheckpointPath(id, .sampling, name: name)
            try await save(path, model, overwrites: true) { try await model.trainer.saveWeights(to: $0) }
            return .saved(path)
        case .sampler(let sampler):
            keep(await model.trainer.snapshot(), as: sampler, of: model, id)
            return .sampler(sampler)
        case .unload:
            unload(id, because: "it was unloaded")
            return .unloaded(id)
        }
    }

    /// Forgets a model; requests that wait for it come to nothing.
    func unload(_ id: ClientModelID, because reason: String) {
        guard let model = models.removeValue(forKey: id) else { return }
        for (request, _) in model.queue {
            finish(request, .failure(ClientFailure(isClients: true, message: "the model is gone: \(reason)")))
        }
    }

    // MARK: Checkpoints

    private func save(
        _ path: ClientCheckpointPath, _ model: Model, overwrites: Bool, _ write: (String) async throws -> Void
    ) async throws {
        let exists = files.checkpoint(path) != nil
        guard overwrites || !exists else {
            throw ClientFailure(
                isClients: true, message: "\(path) exists; save it with overwrite, or under another name")
        }
        guard exists || files.checkpoints().count < Limits.clientCheckpointsMax else {
            throw ClientFailure(
                isClients: true,
                message: "\(Limits.clientCheckpointsMax) checkpoints are kept already: delete some that are not needed")
        }
        try files.prepare(path)
        try await write(files.content(of: path))
        try files.describe(path, base: model.report.base, adapter: model.report.adapter, now: clock.now())
    }

    static func unknownCheckpoint(_ path: ClientCheckpointPath) -> InputError {
        InputError(
            .notFound, "there is no checkpoint \(path)", field: "path",
            hint: "GET /api/v1/checkpoints lists those that are kept")
    }

    /// Checkpoints, oldest first; of one model when it is named.
    package func checkpoints(of model: ClientModelID? = nil) -> [ClientCheckpoint] { files.checkpoints(of: model) }

    /// A checkpoint, or `not_found`.
    package func checkpoint(_ path: ClientCheckpointPath) throws -> ClientCheckpoint {
        guard let found = files.checkpoint(path) else { throw Self.unknownCheckpoint(path) }
        return found
    }

    /// Removes a checkpoint, or `not_found`.
    package func delete(_ path: ClientCheckpointPath) throws {
        guard try files.remove(path) else { throw Self.unknownCheckpoint(path) }
    }
}

extension Sequence {
    /// The elements of all of the elements' sequences.
    fileprivate func joined<Part: Sequence>(_ part: (Element) -> Part) -> [Part.Element] { flatMap { part($0) } }
}
