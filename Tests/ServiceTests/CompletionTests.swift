// Completions through the service: whose log-probs they are, where a stop string ends them, and who has to wait.
import Domain
import Glibc
import Modeling
import Testing

@testable import Service

@Suite struct CompletionTests {
    /// Runs a serving-only service on the tiny model and waits for its policy.
    private func withModel(_ body: @escaping @Sendable (RolloutService) async throws -> Void) async throws {
        let fixture = try ServiceFixture()
        let settings = try fixture.settings(model: try fixture.writeTinyModel(), isLearning: false)
        try await fixture.run(settings) { service in
            #expect(try await service.waits { $0.status().policyVersion != nil })
            try await body(service)
        }
    }

    @Test func `log-probs are of the distribution that was sampled from`() async throws {
        try await withModel { service in
            let whole = try await service.complete([
                CompletionRequest(input: .tokens([40, 41]), maximumTokens: 20, seed: 5, echo: true)
            ])[0]
            let again = try await service.complete([
                CompletionRequest(
                    input: .tokens([40, 41] + whole.choices[0].tokenIDs), maximumTokens: 0, echo: true)
            ])[0]
            // Nothing cut, temperature 1: they are the policy's own, as the next request's prompt says, to the bit.
            #expect(again.promptLogprobs?.dropFirst(2).map { $0 } == whole.choices[0].logprobs)
            #expect(again.choices[0].tokenIDs.isEmpty && again.choices[0].finishReason == .length)
            let cut = try await service.complete([
                CompletionRequest(
                    input: .tokens([40, 41]), maximumTokens: 20, temperature: 0.7, topK: 3, minP: 0.01,
                    repetitionPenalty: 1.1, topLogprobs: 5, seed: 5)
            ])[0].choices[0]
            for place in cut.tokenIDs.indices {
                let top = cut.topLogprobs[place]
                #expect((1...3).contains(top.count))
                #expect(abs(top.reduce(0) { $0 + exp(Double($1.logprob)) } - 1) < 1e-5)
                #expect(top.contains { $0.tokenID == cut.tokenIDs[place] && $0.logprob == cut.logprobs[place] })
            }
        }
    }

    @Test func `a conversation without thinking goes on after an empty thought`() async throws {
        try await withModel { service in
            let requests = [true, false].map { thinking in
                CompletionRequest(
                    input: .messages([.init(role: .user, content: "2+2?")], thinking: thinking), maximumTokens: 0,
                    echo: true)
            }
            let prompts = try await service.complete(requests).map(\.promptText)
            #expect(prompts[0] == "<|im_start|>user\n2+2?<|im_end|>\n<|im_start|>assistant\n")
            #expect(prompts[1] == prompts[0] + "<think>\n\n</think>\n\n")
        }
    }

    @Test func `several prompts are sampled together, each as by itself`() async throws {
        try await withModel { service in
            let requests = (0..<3).map {
                CompletionRequest(input: .tokens([Int32(50 + $0)]), maximumTokens: 12, count: 2 + $0, seed: 3)
            }
            let together = try await service.complete(requests)
            #expect(together.map(\.choices.count) == [2, 3, 4])
            for (request, result) in zip(requests, together) {
                let alone = try await service.complete([request])[0]
                #expect(alone.choices.map(\.tokenIDs) == result.choices.map(\.tokenIDs))
                #expect(alone.choices.map(\.logprobs) == result.choices.map(\.logprobs))
            }
        }
    }

    @Test func `a stop string ends text, tokens and log-probs together`() async throws {
        try await withModel { service in
            let request = CompletionRequest(input: .tokens([40, 41]), maximumTokens: 60, seed: 8)
            let free = try await service.complete([request])[0].choices[0]
            let place = try #require(
                free.tokenTexts.indices.dropFirst(5).first { free.tokenTexts[$0].utf8.allSatisfy { $0 < 128 } })
            var stopping = request
            stopping.stop = [free.tokenTexts[place]]
            let stopped = try await service.complete([stopping])[0].choices[0]
            #expect(stopped.finishReason == .stop && !stopped.text.contains(free.tokenTexts[place]))
            #expect(free.text.hasPrefix(stopped.text) && stopped.tokenIDs.count <= place)
            #expect(stopped.logprobs == Array(free.logprobs.prefix(stopped.tokenIDs.count)))
        }
    }

    @Test func `more sequences than are allowed wait outside, and who leaves gives room`() async throws {
        try await withModel { service in
            let large = CompletionRequest(
                input: .tokens([40]), maximumTokens: 100, count: Limits.completionSequencesMax, temperature: 1)
            let most = Limits.completionSequencesInFlightMax / Limits.completionSequencesMax
            let holding = Task { try await service.complete(Array(repeating: large, count: most)) }
            while service.sampler.sequences == 0 { await Task.yield() }
            await #expect {
                try await service.complete([large])
            } throws: {
                ($0 as? ServiceError)?.code == .overloaded && ($0 as? ServiceError)?.retryAfterSeconds != nil
            }
            holding.cancel()
            await #expect(throws: CancellationError.self) { try await holding.value }
            let later = try await service.complete([large])
            #expect(later[0].choices.count == Limits.completionSequencesMax)
        }
    }
}
