// Completions told while they are sampled, by the real sampler on the tiny model: the same as told at once, early, and gone
// with their reader; and what a pause does to them.
import Domain
import Modeling
import Synchronization
import Testing

@testable import Service

@Suite struct CompletionStreamServiceTests {
    private func withModel(
        _ change: (inout ServiceSettings) -> Void = { _ in },
        _ body: @escaping @Sendable (RolloutService) async throws -> Void
    ) async throws {
        let fixture = try ServiceFixture()
        var settings = try fixture.settings(model: try fixture.writeTinyModel(), isLearning: false)
        change(&settings)
        try await fixture.run(settings) { service in
            #expect(try await service.waits { $0.status().policyVersion != nil })
            try await body(service)
        }
    }

    /// A stream's pieces, joined to choices by request.
    private func joined(_ stream: CompletionStream, samples: Int) async throws -> [[CompletionResult.Choice]] {
        var choices: [[CompletionResult.Choice]] = stream.prompts.map { _ in
            Array(
                repeating: .init(
                    text: "", tokenIDs: [], logprobs: [], tokenTexts: [], topLogprobs: [], finishReason: .length),
                count: samples)
        }
        var ended = 0
        try await stream.forEach { piece in
            choices[piece.request][piece.choice].text += piece.more.text
            choices[piece.request][piece.choice].tokenIDs += piece.more.tokenIDs
            choices[piece.request][piece.choice].logprobs += piece.more.logprobs
            choices[piece.request][piece.choice].tokenTexts += piece.more.tokenTexts
            choices[piece.request][piece.choice].topLogprobs += piece.more.topLogprobs
            guard let reason = piece.finishReason else { return }
            choices[piece.request][piece.choice].finishReason = reason
            ended += 1
        }
        #expect(ended == samples * stream.prompts.count)
        return choices
    }

    @Test func `pieces joined are what is answered at once`() async throws {
        try await withModel { service in
            let free = try await service.complete([
                CompletionRequest(input: .tokens([40, 41]), maximumTokens: 60, seed: 8)
            ])[0].choices[0]
            let stops = free.tokenTexts.filter { $0.utf8.allSatisfy { $0 < 128 } }.suffix(6)
            for seed in 8..<20 {
                let requests = [[40, 41], [60]].map { prompt in
                    CompletionRequest(
                        input: .tokens(prompt.map { Int32($0) }), maximumTokens: 60, count: 3, topLogprobs: seed % 3,
                        seed: UInt64(seed), stop: seed % 2 == 0 ? Array(stops) : [], echo: seed % 4 == 0)
                }
                let whole = try await service.complete(requests)
                let stream = try await service.stream(requests)
                #expect(stream.prompts.map(\.promptTokenIDs) == whole.map(\.promptTokenIDs))
                #expect(stream.prompts.map(\.promptLogprobs) == whole.map(\.promptLogprobs))
                let told = try await joined(stream, samples: 3)
                for (a, b) in zip(whole.flatMap(\.choices), told.flatMap(\.self)) {
                    #expect(a.text == b.text && a.tokenIDs == b.tokenIDs && a.logprobs == b.logprobs)
                    #expect(a.tokenTexts == b.tokenTexts && a.finishReason == b.finishReason)
                    let listed = b.topLogprobs.map { $0.map(\.tokenID) }
                    #expect(seed % 3 == 0 || a.topLogprobs.map { $0.map(\.tokenID) } == listed)
                }
            }
            let none = try await service.stream([
                CompletionRequest(input: .tokens([40]), maximumTokens: 0, count: 2, echo: true)
            ])
            #expect(none.prompts[0].promptLogprobs?.count == 1)
            #expect(try await joined(none, samples: 2)[0].allSatisfy { $0.text.isEmpty })
        }
    }

    @Test func `the first piece is there while most tokens are still to be drawn`() async throws {
        try await withModel { service in
            let request = CompletionRequest(input: .tokens([40]), maximumTokens: 100, count: 8, seed: 2)
            let stream = try await service.stream([request])
            var tokens = 0
            var live: [Int] = []
            try await stream.forEach { piece in
                tokens += piece.more.tokenIDs.count
                live.append(service.sampler.sequences)
                // A slow reader: the sampler does not wait for it, and what it missed comes in one piece.
                if live.count == 1 { try await Task.sleep(for: .milliseconds(300)) }
            }
            #expect(live.first ?? 0 > 0, "sequences were still sampled when the first piece came")
            #expect(live.last == 0 && tokens <= 800)
            #expect(live.count < tokens, "\(live.count) pieces for \(tokens) tokens")
        }
    }

    @Test func `a reader that stops ends the sampling and gives its places back`() async throws {
        struct Enough: Error {}
        try await withModel { service in
            let request = CompletionRequest(input: .tokens([40]), maximumTokens: 120, count: 64, seed: 2)
            await #expect(throws: Enough.self) {
                try await service.stream([request]).forEach { _ in throw Enough() }
            }
            let isFree = try await service.waits(seconds: 5) {
                $0.sampler.sequences == 0 && $0.completions.taken == 0
            }
            #expect(isFree)
        }
    }

    @Test func `a version that is not kept is named as what it is`() async throws {
        try await withModel { service in
            await #expect {
                try await service.stream([CompletionRequest(input: .tokens([40]), version: PolicyVersion(77))])
            } throws: {
                ($0 as? InputError)?.code == .notFound && ($0 as? InputError)?.field == "model"
                    && ($0 as? InputError)?.message.contains("77") == true
            }
        }
    }

    @Test func `paused, completions wait until they may go on, or are told to come again`() async throws {
        try await withModel { settings in
            settings.pausedCompletionSeconds = 1
        } _: { service in
            let request = CompletionRequest(input: .tokens([40]), maximumTokens: 4, seed: 1)
            try await service.pause([.sampling], reason: "new weights")
            let clock = ContinuousClock()
            let start = clock.now
            await #expect {
                try await service.complete([request])
            } throws: {
                ($0 as? ServiceError)?.code == .unavailable && ($0 as? ServiceError)?.retryAfterSeconds != nil
            }
            #expect(clock.now - start > .milliseconds(900))
            let waiting = Task { try await service.complete([request]) }
            try await Task.sleep(for: .milliseconds(200))
            try await service.resume([.sampling])
            let answer = try await waiting.value
            #expect(answer[0].choices.count == 1)
        }
    }

    @Test func `a pause waits for what is under way, or ends it with an error that says to come again`() async throws {
        try await withModel { service in
            let large = CompletionRequest(input: .tokens([40]), maximumTokens: 120, count: 64, seed: 1)
            let kept = Task { try await service.complete([large]) }
            while service.completions.taken == 0 { await Task.yield() }
            try await service.pause([.sampling], reason: "test")
            try await service.settleCompletions(.wait)
            #expect(service.completions.taken == 0)
            let whole = try await kept.value
            #expect(whole[0].choices.count == 64)
            try await service.resume([.sampling])
            let ended = Task { try await service.complete(Array(repeating: large, count: 4)) }
            while service.sampler.sequences == 0 { await Task.yield() }
            try await service.pause([.sampling], reason: "test")
            try await service.settleCompletions(.abort)
            await #expect {
                try await ended.value
            } throws: {
                ($0 as? ServiceError)?.code == .unavailable && ($0 as? ServiceError)?.retryAfterSeconds != nil
            }
        }
    }
}
