// Training that a client drives, over the real model: order, repetition, checkpoints, limits, and what must not happen to the policy.
import Domain
import Foundation
import Modeling
import Synchronization
import Testing

@testable import Service

@Suite struct ClientTrainingTests {
    private func withTraining(
        _ body: @escaping @Sendable (ClientTraining, RolloutService) async throws -> Void
    ) async throws {
        let fixture = try ServiceFixture()
        let settings = try fixture.settings(model: try fixture.writeTinyModel(), isLearning: false)
        try await fixture.run(settings) { service in
            #expect(try await service.waits { $0.status().policyVersion != nil })
            try await body(try #require(service.clientTraining), service)
        }
    }

    private func made(
        _ training: ClientTraining, _ session: ClientSessionID, number: Int = 0,
        adapter: ClientAdapter? = ClientAdapter(rank: 4, seed: 1)
    ) async throws -> ClientModelID {
        let made = try await training.createModel(
            session, number: number, base: "policy", version: nil, adapter: adapter)
        #expect(try await training.progress(made.request, waitSeconds: 20) == .done(.created(made.model)))
        return made.model
    }

    private static let sequence = ClientSequence(
        tokens: [40, 41, 42, 43, 44], weights: [0, 1, 1, 1], behaviour: [0, -5, -5, -5], advantages: [0, 1, 1, 1])
    private static let batch = ClientBatch(sequences: [sequence], loss: .crossEntropy)
    private static let step = ClientStep(
        learningRate: 0.01, beta1: 0.9, beta2: 0.95, epsilon: 1e-12, weightDecay: 0, gradientNormMax: nil)

    private func answer(
        _ training: ClientTraining, _ work: ClientWork, _ model: ClientModelID, _ number: Int
    ) async throws -> ClientProgress {
        let request = try await training.submit(work, to: model, number: number)
        return try await training.progress(request, waitSeconds: 20)
    }

    private func loss(_ progress: ClientProgress) throws -> Double {
        guard case .done(.pass(let pass)) = progress else {
            Issue.record("\(progress)")
            return 0
        }
        return pass.loss
    }

    @Test func `requests are done in order, steps lower the loss, and the policy stays as it is`() async throws {
        try await withTraining { training, service in
            let before = service.policies.newest?.weights.fingerprint(threads: 1)
            for (number, adapter) in [ClientAdapter(rank: 4, seed: 1), nil].enumerated() {
                let session = try await training.openSession()
                let model = try await made(training, session, number: number, adapter: adapter)
                // All are sent before any answer is fetched.
                var requests: [ClientRequestID] = []
                for round in 0..<6 {
                    requests.append(
                        try await training.submit(.forwardBackward(Self.batch), to: model, number: 2 * round))
                    requests.append(try await training.submit(.step(Self.step), to: model, number: 2 * round + 1))
                }
                var losses: [Double] = []
                for request in requests {
                    switch try await training.progress(request, waitSeconds: 20) {
                    case .done(.pass(let pass)): losses.append(pass.loss)
                    case .done(.stepped(let norm, let isApplied)): #expect(isApplied && norm > 0)
                    case let other: Issue.record("\(other)")
                    }
                }
                #expect(losses.count == 6 && losses[5] < losses[0] * 0.97, "\(losses)")
            }
            #expect(service.policies.newest?.weights.fingerprint(threads: 1) == before)
            #expect(service.counters.value(.clientSteps) == 12 && service.counters.value(.clientTokensTrained) == 36)
        }
    }

    @Test func `the same request again is done once, and another one under its number is refused`() async throws {
        try await withTraining { training, _ in
            let model = try await made(training, try await training.openSession())
            let first = try await answer(training, .forwardBackward(Self.batch), model, 1)
            #expect(try await answer(training, .forwardBackward(Self.batch), model, 1) == first)
            _ = try await answer(training, .step(Self.step), model, 2)
            let moved = try loss(try await answer(training, .forward(Self.batch), model, 3))
            // A second step under the same number would move it again.
            _ = try await answer(training, .step(Self.step), model, 2)
            #expect(try loss(try await answer(training, .forward(Self.batch), model, 4)) == moved)
            await #expect(throws: InputError.self) {
                try await training.submit(.forward(Self.batch), to: model, number: 2)
            }
        }
    }

    @Test func `a sampler's log-probs are those of the next pass, and later steps leave it as it was`() async throws {
        try await withTraining { training, _ in
            let session = try await training.openSession()
            let model = try await made(training, session)
            _ = try await answer(training, .forwardBackward(Self.batch), model, 1)
            _ = try await answer(training, .step(Self.step), model, 2)
            let sampler = ClientTraining.samplerID(session, number: 0)
            #expect(try await answer(training, .sampler(sampler), model, 3) == .done(.sampler(sampler)))
            let sampling = ClientSampling(
                prompt: [40, 41], count: 2, maximumTokens: 6, seed: 7, scoresPrompt: true)
            let request = try await training.sample(sampling, from: sampler, number: 0)
            guard case .done(.samples(let samples, let prompt)) = try await training.progress(request, waitSeconds: 20)
            else {
                Issue.record("no samples")
                return
            }
            #expect(
                samples.count == 2 && samples[0].tokens != samples[1].tokens && prompt?.count == 2 && prompt?[0] == nil)
            let whole = samples.map {
                ClientSequence(tokens: [40, 41] + $0.tokens, weights: $0.tokens.map { _ in 1 } + [1])
            }
            let pass = try await answer(
                training, .forward(ClientBatch(sequences: whole, loss: .crossEntropy)), model, 4)
            guard case .done(.pass(let said)) = pass else {
                Issue.record("\(pass)")
                return
            }
            for (sample, logprobs) in zip(samples, said.logprobs) {
                #expect(Array(logprobs.dropFirst()) == sample.logprobs)
            }
            // The same number is the same request; another number samples anew, from the weights as they were.
            _ = try await answer(training, .forwardBackward(Self.batch), model, 5)
            _ = try await answer(training, .step(Self.step), model, 6)
            #expect(try await training.sample(sampling, from: sampler, number: 0) == request)
            let again = try await training.sample(sampling, from: sampler, number: 1)
            #expect(
                try await training.progress(again, waitSeconds: 20) == .done(.samples(samples, promptLogprobs: prompt)))
        }
    }

    @Test func `what was saved goes on with its moments to the same bits, in another session and another process`()
        async throws
    {
        let fixture = try ServiceFixture()
        let settings = try fixture.settings(model: try fixture.writeTinyModel(), isLearning: false)
        let kept = Box<(ClientCheckpointPath, loss: Double)>()
        try await fixture.run(settings) { service in
            #expect(try await service.waits { $0.status().policyVersion != nil })
            let training = try #require(service.clientTraining)
            let session = try await training.openSession()
            let model = try await made(training, session)
            _ = try await answer(training, .forwardBackward(Self.batch), model, 1)
            _ = try await answer(training, .step(Self.step), model, 2)
            let saved = try await answer(training, .save(name: "kept", overwrites: false), model, 3)
            #expect(saved == .done(.saved(try ClientCheckpointPath(model, .training, name: "kept"))))
            guard
                case .failed(let failure) = try await answer(training, .save(name: "kept", overwrites: false), model, 4)
            else {
                Issue.record("a checkpoint was written over")
                return
            }
            #expect(failure.isClients)
            _ = try await answer(training, .forwardBackward(Self.batch), model, 5)
            _ = try await answer(training, .step(Self.step), model, 6)
            let after = try loss(try await answer(training, .forward(Self.batch), model, 7))
            await kept.set((try ClientCheckpointPath(model, .training, name: "kept"), loss: after))
        }
        try await fixture.run(settings) { service in
            #expect(try await service.waits { $0.status().policyVersion != nil })
            let training = try #require(service.clientTraining)
            let (path, expected) = try #require(await kept.value)
            // Nothing of the first process is in memory, and its requests are gone, not failed.
            #expect(await training.openSessions().isEmpty)
            #expect(try await training.progress(ClientRequestID("\(path.model):1"), waitSeconds: 0) == .gone)
            await #expect(throws: InputError.self) { try await training.model(path.model) }
            #expect(await training.checkpoints().map(\.path) == [path])
            let session = try await training.openSession()
            let model = try await made(training, session, number: 5)
            for (number, withMoments) in [true, false].enumerated() {
                let base = 10 * number
                let loaded = try await answer(training, .load(path, withMoments: withMoments), model, base)
                #expect(loaded == .done(.loaded(path, model)))
                _ = try await answer(training, .forwardBackward(Self.batch), model, base + 1)
                _ = try await answer(training, .step(Self.step), model, base + 2)
                let now = try loss(try await answer(training, .forward(Self.batch), model, base + 3))
                #expect((now == expected) == withMoments, "\(now), \(expected)")
            }
            try await training.delete(path)
            #expect(await training.checkpoints().isEmpty)
            guard case .failed(let failure) = try await answer(training, .load(path, withMoments: true), model, 30)
            else {
                Issue.record("what was deleted was loaded")
                return
            }
            #expect(failure.isClients && failure.message.contains("no checkpoint"))
        }
    }

    @Test func `models are bounded, and an unloaded one makes room`() async throws {
        try await withTraining { training, _ in
            let session = try await training.openSession()
            var models: [ClientModelID] = []
            for number in 0..<Limits.clientModelsMax {
                models.append(try await made(training, session, number: number))
            }
            await #expect(throws: ServiceError.self) {
                try await training.createModel(session, number: 99, base: "policy", version: nil, adapter: nil)
            }
            #expect(try await answer(training, .unload, models[0], -1) == .done(.unloaded(models[0])))
            // The refused request was not kept: under the same number it is tried anew.
            _ = try await made(training, session, number: 99, adapter: nil)
            await #expect(throws: InputError.self) {
                try await training.submit(.forward(Self.batch), to: models[0], number: 7)
            }
        }
    }

    @Test func `a client's fault is told as one, and the model goes on`() async throws {
        try await withTraining { training, _ in
            let model = try await made(training, try await training.openSession())
            let strange = ClientBatch(
                sequences: [ClientSequence(tokens: [40, 100_000], weights: [1])], loss: .crossEntropy)
            guard case .failed(let failure) = try await answer(training, .forwardBackward(strange), model, 1) else {
                Issue.record("a token outside the vocabulary was taken")
                return
            }
            #expect(failure.isClients && failure.message.contains("vocabulary"))
            #expect(try loss(try await answer(training, .forward(Self.batch), model, 2)) > 0)
            await #expect(throws: InputError.self) { try await training.beat(ClientSessionID("session-none")) }
        }
    }

    @Test func `answers are kept for ten minutes and within their bytes, and requests under way are never forgotten`()
        throws
    {
        var log = ClientRequestLog()
        let start = Timestamp(milliseconds: 1_000_000)
        let floats = Limits.clientAnswerBytesMax / 4 / 2
        let large = ClientAnswer.pass(
            ClientPass(
                logprobs: [Array(repeating: -1, count: floats)], loss: 0, tokens: 0, below: 0, above: 0, ratioMax: 0))
        func id(_ number: Int) -> ClientRequestID { ClientRequestID("m:\(number)") }
        for number in 0..<4 { #expect(try log.begin(id(number), asking: number)) }
        log.finish(id(1), .success(large), now: start)
        #expect(log.progress(id(1)) == .done(large) && log.progress(id(0)) == .waiting)
        log.finish(id(2), .success(large), now: start.adding(seconds: 1))
        // Both together are too much: the older goes.
        #expect(log.progress(id(1)) == .gone && log.progress(id(2)) == .done(large))
        log.forget(now: start.adding(seconds: 1 + Limits.clientAnswerSeconds))
        #expect(log.progress(id(2)) == .done(large))
        log.forget(now: start.adding(seconds: 2 + Limits.clientAnswerSeconds))
        #expect(log.progress(id(2)) == .gone && log.progress(id(0)) == .waiting && log.progress(id(3)) == .waiting)
    }

    @Test func `a session without a sign of life is over, and its models make room`() async throws {
        let fixture = try ServiceFixture()
        let settings = try fixture.settings(model: try fixture.writeTinyModel(), isLearning: false)
        try await fixture.run(settings) { service in
            #expect(try await service.waits { $0.status().policyVersion != nil })
            let moment = Mutex(Int64(1_790_000_000_000))
            let training = ClientTraining(
                policies: service.policies, engine: service.sampler, places: service.completions,
                switches: service.switches,
                directory: settings.clientModelDirectory, counters: service.counters, threads: 1,
                clock: WallClock { Timestamp(milliseconds: moment.withLock { $0 }) },
                identifiers: service.identifiers, logger: service.logger)
            let (quiet, lively) = (try await training.openSession(), try await training.openSession())
            let model = try await made(training, quiet)
            let other = try await made(training, lively)
            moment.withLock { $0 += Int64(Limits.clientSessionSeconds * 900) }
            try await training.beat(lively)
            moment.withLock { $0 += Int64(Limits.clientSessionSeconds * 900) }
            await training.sweep()
            #expect(await training.openSessions() == [lively])
            await #expect(throws: InputError.self) { try await training.model(model) }
            #expect(try await training.model(other).id == other)
        }
    }

    @Test func `names of checkpoints cannot leave their directory`() {
        for text in [
            "tinker://../weights/a", "tinker://m/weights/..", "tinker://m/weights/.a", "tinker://m/weights/a/b",
            "tinker://m/other/a", "tinker://m/weights/", "file://m/weights/a", "tinker:///weights/a",
            "tinker://m/weights/a b",
        ] {
            #expect(throws: InputError.self, "\(text)") { try ClientCheckpointPath(text) }
        }
        #expect(
            (try? ClientCheckpointPath("tinker://s-1:train:0/sampler_weights/a-1.x"))?.id == "sampler_weights/a-1.x")
    }
}

/// A value that one part of a test leaves for the next.
private actor Box<Value: Sendable> {
    private(set) var value: Value?
    func set(_ new: Value) { value = new }
}
