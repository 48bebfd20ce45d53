// Sampling from the policy, from a model's present weights, and from checkpoints that clients saved.
import Domain
import Modeling

extension ClientTraining {
    /// Where a sampler's weights come from.
    package enum SamplerSource: Sendable, Hashable {
        /// A policy under the name that the client gave it; nil is the newest.
        case policy(name: String, PolicyVersion?)
        case checkpoint(ClientCheckpointPath)
    }

    /// The name of a session's sampler of a number.
    package static func samplerID(_ session: ClientSessionID, number: Int) -> ClientSamplerID {
        ClientSamplerID("\(session):sample:\(number)")
    }

    /// Makes a sampler; the same number again returns the same.
    package func createSampler(
        _ session: ClientSessionID, number: Int, from source: SamplerSource
    ) async throws -> ClientSamplerID {
        try refuseWhenStopping()
        try touch(session)
        let id = Self.samplerID(session, number: number)
        guard samplers[id] == nil else { return id }
        let (weights, report) = try await load(source, for: id)
        try touch(session)
        add(SamplerEntry(session: session, report: report, weights: weights), id)
        return id
    }

    private func load(
        _ source: SamplerSource, for id: ClientSamplerID
    ) async throws -> (ModelWeights, ClientSamplerReport) {
        switch source {
        case .policy(let name, let version):
            return (try await policies.policy(version).weights, ClientSamplerReport(id: id, base: name, path: nil))
        case .checkpoint(let path):
            guard let checkpoint = files.checkpoint(path) else { throw Self.unknownCheckpoint(path) }
            let content = files.content(of: path)
            let weights = try await ComputeThread.run("client-weights") { [threads] in
                path.kind == .sampling
                    ? try ModelWeights.load(directory: content, threads: threads)
                    : try TrainableModel(restoring: content, threads: threads).snapshot()
            }
            return (weights, ClientSamplerReport(id: id, base: checkpoint.base, path: path))
        }
    }

    /// Keeps a model's present weights for sampling, and gives those of its oldest sampler back.
    func keep(_ weights: ModelWeights, as id: ClientSamplerID, of model: Model, _ modelID: ClientModelID) {
        let report = ClientSamplerReport(id: id, base: model.report.base, path: nil)
        add(SamplerEntry(session: model.session, report: report, weights: weights), id)
        models[modelID]?.samplers.append(id)
        while let kept = models[modelID]?.samplers, kept.count > Limits.clientSamplersPerModelMax {
            samplers[kept[0]]?.weights = nil
            models[modelID]?.samplers.removeFirst()
        }
    }

    private func add(_ entry: SamplerEntry, _ id: ClientSamplerID) {
        samplers[id] = entry
        sessions[entry.session]?.samplers.append(id)
        guard let all = sessions[entry.session]?.samplers, all.count > Limits.clientSamplersMax else { return }
        samplers[all[0]] = nil
        sessions[entry.session]?.samplers.removeFirst()
    }

    /// A sampler, or `not_found`.
    package func sampler(_ id: ClientSamplerID) throws -> ClientSamplerReport {
        guard let entry = samplers[id] else { throw Self.unknownSampler(id) }
        return entry.report
    }

    static func unknownSampler(_ id: ClientSamplerID) -> InputError {
        InputError(
            .notFound, "there is no sampler \(id.text.prefix(80))", field: "sampling_session_id",
            hint: "make one; they end with their session")
    }

    /// Begins to sample; the same number with the same content is the same request.
    package func sample(
        _ sampling: ClientSampling, from id: ClientSamplerID, number: Int
    ) throws -> ClientRequestID {
        try refuseWhenStopping()
        guard let entry = samplers[id] else { throw Self.unknownSampler(id) }
        try touch(entry.session)
        guard let weights = entry.weights else {
            throw InputError(
                .notFound, "the weights of sampler \(id) are no longer held", field: "sampling_session_id",
                hint:
                    "the newest \(Limits.clientSamplersPerModelMax) of a model are; save_weights_for_sampler keeps others"
            )
        }
        let request = ClientRequestID("\(id):\(number)")
        return try begin(sampling, weights, request)
    }

    /// Begins to sample without a session.
    package func sample(_ sampling: ClientSampling, from source: SamplerSource) async throws -> ClientRequestID {
        try refuseWhenStopping()
        let id = ClientSamplerID(identifiers.make("sampler"))
        let (weights, _) = try await load(source, for: id)
        return try begin(sampling, weights, ClientRequestID("\(id):0"))
    }

    private func begin(
        _ sampling: ClientSampling, _ weights: ModelWeights, _ request: ClientRequestID
    ) throws -> ClientRequestID {
        guard try requests.begin(request, asking: sampling) else { return request }
        let works: [SamplingRequest]
        let place: CompletionPlace
        do {
            if let reason = switches.reason(.sampling) {
                throw ServiceError(
                    .unavailable, "sampling is paused: \(reason)", hint: "it goes on when an operator resumes it",
                    retryAfterSeconds: 1)
            }
            works = try samplingRequests(sampling, weights.configuration)
            place = try places.take(sampling.count)
        } catch {
            requests.withdraw(request)
            throw error
        }
        Task {
            defer { withExtendedLifetime(place) {} }
            do {
                finish(request, .success(try await samples(works, sampling, weights, endings: place.endings)))
            } catch let error as ModelError where error.code == .cancelled {
                finish(
                    request,
                    .failure(
                        ClientFailure(isClients: false, message: "sampling was paused, and what was under way ended")))
            } catch { finish(request, .failure(failure(error))) }
        }
        return request
    }

    private func samplingRequests(
        _ sampling: ClientSampling, _ model: ModelConfiguration
    ) throws -> [SamplingRequest] {
        guard let tokenizer = policies.tokenizer else { throw PolicyStore.notYet }
        let room = model.maximumPositions - sampling.prompt.count
        guard !sampling.prompt.isEmpty, room >= 0 else {
            throw InputError(
                .tooLarge, "a prompt of \(sampling.prompt.count) tokens", field: "prompt",
                hint: "1 to \(model.maximumPositions) tokens, the model's context")
        }
        if let bad = sampling.prompt.first(where: { $0 < 0 || Int($0) >= model.vocabularySize }) {
            throw InputError(
                .invalidValue, "token \(bad) is not in the vocabulary", field: "prompt",
                hint: "ids run from 0 to \(model.vocabularySize - 1)")
        }
        let seed = sampling.seed ?? Seeds.fromIdentifier(identifiers.make("smp"))
        let stops = tokenizer.stopTokens.union(sampling.stopTokens)
        return (0..<sampling.count).map { index in
            SamplingRequest(
                prompt: sampling.prompt, maximumTokens: min(sampling.maximumTokens ?? room, room),
                temperature: Float(sampling.temperature), topP: Float(sampling.topP), topK: sampling.topK,
                stopTokens: stops, stopStrings: sampling.stopStrings, seed: seed, stream: UInt64(index))
        }
    }

    private func samples(
        _ works: [SamplingRequest], _ sampling: ClientSampling, _ weights: ModelWeights, endings: Int
    ) async throws -> ClientAnswer {
        let sampled = try await engine.sample(
            works, weights: weights, options: .init(comesFirst: true, tokenBytes: policies.tokenizer),
            isCancelled: { [places] in places.endings != endings })
        var promptLogprobs: [Float?]?
        if sampling.scoresPrompt {
            let threads = threads
            let scored = try await ComputeThread.run("score") {
                try weights.score([TrainingSequence(tokens: sampling.prompt, promptLength: 1)], threads: threads)
            }
            promptLogprobs = [nil] + (scored.first?.logprobs ?? []).map { Optional($0) }
        }
        counters.increment(.clientTokensSampled, by: sampled.reduce(0) { $0 + $1.tokens.count })
        return .samples(
            sampled.map {
                ClientSample(
                    tokens: $0.tokens, logprobs: $0.logprobs, finishReason: $0.finishReason == .stop ? .stop : .length)
            }, promptLogprobs: promptLogprobs)
    }
}
