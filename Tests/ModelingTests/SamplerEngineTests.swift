// Many callers at one sampler: what they share changes no sample, nobody waits for a stranger's last token, and who
// leaves gives room.
import Synchronization
import Testing

@testable import Modeling

@Suite struct SamplerEngineTests {
    static let shape = try? ModelConfiguration(
        vocabularySize: 53, hiddenSize: 24, layerCount: 2, headCount: 4, keyValueHeadCount: 2, headDimension: 8,
        feedForwardSize: 40, maximumPositions: 4_096)

    private func weights(_ seed: UInt64) throws -> ModelWeights {
        ModelWeights.random(try #require(Self.shape), seed: seed, standardDeviation: 0.4)
    }

    private func requests(_ count: Int, _ tokens: Int, prompt: Int = 5, seed: UInt64 = 1) -> [SamplingRequest] {
        (0..<count).map { index in
            SamplingRequest(
                prompt: (0..<prompt).map { Int32(($0 * 7 + index / 4) % 53) },
                maximumTokens: tokens + index % 7 * tokens / 8, seed: seed, stream: UInt64(index))
        }
    }

    @Test func `callers of different weights at one sampler get what each would get alone`() async throws {
        let sampler = Sampler(threads: 2, bounds: .init(sequences: 6, prefillTokens: 7))
        let versions = try (1...3).map { try weights(UInt64($0)) }
        let calls = (0..<9).map { requests(5 + $0, 30, prompt: 1 + $0 * 9, seed: UInt64($0)) }
        let together = try await withThrowingTaskGroup(of: (Int, [SampledSequence]).self) { group in
            for (index, call) in calls.enumerated() {
                group.addTask {
                    (index, try await sampler.sample(call, weights: versions[index % 3]))
                }
            }
            return try await group.reduce(into: [Int: [SampledSequence]]()) { $0[$1.0] = $1.1 }
        }
        for (index, call) in calls.enumerated() {
            let alone = try await Sampler(threads: 1).sample(call, weights: versions[index % 3])
            #expect(together[index] == alone)
            #expect(alone.allSatisfy { $0.spans == [VersionSpan(firstToken: 0, version: 0)] })
        }
        #expect(sampler.sequences == 0)
    }

    @Test func `a short request joins the running batch and ends before the long ones`() async throws {
        let sampler = Sampler(threads: 1)
        let weights = try weights(1)
        let ended = Count()
        try await withThrowingTaskGroup(of: Void.self) { group in
            let long = requests(4, 2_000)
            group.addTask {
                _ = try await sampler.sample(long, weights: weights)
                _ = ended.next()
            }
            while sampler.sequences == 0 { await Task.yield() }
            let short = try await sampler.sample(requests(2, 3), weights: weights)
            #expect(short.map(\.tokens.count) == [3, 3])
            #expect(ended.next() == 1)
            try await group.waitForAll()
        }
    }

    @Test func `a call that comes first does not wait for places`() async throws {
        let sampler = Sampler(threads: 1, bounds: .init(sequences: 2))
        let weights = try weights(1)
        let ended = Count()
        try await withThrowingTaskGroup(of: Void.self) { group in
            let long = requests(6, 1_500)
            group.addTask {
                _ = try await sampler.sample(long, weights: weights)
                _ = ended.next()
            }
            while sampler.sequences < 6 { await Task.yield() }
            let first = try await sampler.sample(
                requests(2, 3), weights: weights, options: .init(comesFirst: true))
            #expect(try await Sampler(threads: 1).sample(requests(2, 3), weights: weights) == first)
            #expect(sampler.sequences == 6)
            try await group.waitForAll()
        }
        #expect(ended.next() == 2)
    }

    @Test(arguments: [false, true]) func `a task that is cancelled leaves at the next step, others go on`(
        _ isWaiting: Bool
    ) async throws {
        // One place: the cancelled call is at work, or waits behind the other.
        let sampler = Sampler(threads: 1, bounds: .init(sequences: 1))
        let weights = try weights(1)
        let staying = requests(1, isWaiting ? 1_500 : 20)
        let leaving = requests(3, 3_000)
        let first = Task { try await sampler.sample(isWaiting ? staying : leaving, weights: weights) }
        while sampler.sequences == 0 { await Task.yield() }
        let second = Task { try await sampler.sample(isWaiting ? leaving : staying, weights: weights) }
        while sampler.sequences < 4 { await Task.yield() }
        let (kept, left) = isWaiting ? (first, second) : (second, first)
        left.cancel()
        await #expect { try await left.value } throws: { ($0 as? ModelError)?.code == .cancelled }
        #expect(try await kept.value == Sampler(threads: 1).sample(staying, weights: weights))
        while sampler.sequences > 0 { await Task.yield() }
        let before = Task {
            withUnsafeCurrentTask { $0?.cancel() }
            return try await sampler.sample(leaving, weights: weights)
        }
        await #expect { try await before.value } throws: { ($0 as? ModelError)?.code == .cancelled }
    }

    @Test func `a sample that follows the policy says which tokens came from which version`() throws {
        let versions = try (0..<3).map { try weights(UInt64($0 + 1)) }
        let asked = Count()
        let options = Sampler.Options(version: 0) {
            let count = asked.next()
            return (min(count / 60, 2), versions[min(count / 60, 2)])
        }
        let requests = requests(7, 40, prompt: 70)
        let bounds = Sampler.Bounds(sequences: 4, prefillTokens: 16)
        let samples = try Sampler(threads: 1, bounds: bounds).sample(requests, weights: versions[0], options: options)
        #expect(samples.contains { $0.spans.count > 1 })
        for (request, sample) in zip(requests, samples) {
            let sequence = TrainingSequence(
                tokens: request.prompt + sample.tokens, promptLength: request.prompt.count)
            #expect(sample.spans.first?.firstToken == 0)
            for (place, span) in sample.spans.enumerated() {
                let end = place + 1 < sample.spans.count ? sample.spans[place + 1].firstToken : sample.tokens.count
                let logprobs = try versions[span.version].score([sequence], threads: 1)[0].logprobs
                #expect(sample.logprobs[span.firstToken..<end] == logprobs[span.firstToken..<end])
                #expect(span.firstToken < end)
            }
        }
        // Without being asked to, nothing moves.
        let kept = try Sampler(threads: 1).sample(requests, weights: versions[0])
        #expect(kept.allSatisfy { $0.spans == [VersionSpan(firstToken: 0, version: 0)] })
    }

    @Test func `a stop string ends the response with the token that completes it`() throws {
        let weights = try weights(2)
        let bytes = Letters()
        let free = try Sampler(threads: 1).sample(requests(6, 60), weights: weights)
        for (index, sample) in free.enumerated() {
            let text = sample.tokens.map { bytes.bytes(of: $0) }
            // From the middle of one token to the middle of another.
            let place = 9
            let stop = String(decoding: text[place][1...] + text[place + 1] + text[place + 2].prefix(1), as: UTF8.self)
            var request = requests(6, 60)[index]
            request.stopStrings = ["never there", stop, ""]
            let stopped = try Sampler(threads: 1).sample(
                [request], weights: weights, options: .init(tokenBytes: bytes))[0]
            let whole = text.map { String(decoding: $0, as: UTF8.self) }
            let end = try #require(whole.indices.first { whole[...$0].joined().contains(stop) })
            #expect(stopped.tokens == Array(sample.tokens[...end]))
            #expect(stopped.logprobs == Array(sample.logprobs[...end]))
            #expect(stopped.finishReason == .stop)
            #expect(throws: ModelError.self) { try Sampler(threads: 1).sample([request], weights: weights) }
        }
    }

    private final class Count: Sendable {
        private let value = Mutex(0)

        /// How often it has been called.
        func next() -> Int {
            value.withLock {
                $0 += 1
                return $0
            }
        }
    }

    /// Three letters a token, of an alphabet of four: strings overlap themselves.
    private struct Letters: TokenBytes {
        func bytes(of token: Int32) -> [UInt8] { [0, 2, 4].map { UInt8(97 + token >> $0 & 3) } }
    }
}
