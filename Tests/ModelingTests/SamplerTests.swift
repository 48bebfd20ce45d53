// What a request's settings mean, what ends a response, and what the sampler refuses.
import Glibc
import Modeling
import Synchronization
import Testing

@Suite struct SamplerTests {
    private let weights = ModelWeights.random(SamplerAgreementTests.shapes[0], seed: 11, standardDeviation: 0.5)

    private func sample(_ requests: [SamplingRequest], threads: Int = 2) throws -> [SampledSequence] {
        try Sampler(threads: threads).sample(requests, weights: weights)
    }

    @Test func `greedy takes the likeliest token, whatever seed and stream`() throws {
        let requests = (0..<6).map {
            SamplingRequest(prompt: [3, 1, 4], maximumTokens: 20, temperature: 0, seed: UInt64($0), stream: UInt64($0))
        }
        let samples = try sample(requests)
        #expect(Set(samples.map(\.tokens)).count == 1)
        let topOne = try sample([SamplingRequest(prompt: [3, 1, 4], maximumTokens: 20, topK: 1, seed: 5)])
        #expect(topOne[0].tokens == samples[0].tokens)
        let tiny = try sample([SamplingRequest(prompt: [3, 1, 4], maximumTokens: 20, topP: 1e-6, seed: 6)])
        #expect(tiny[0].tokens == samples[0].tokens)
        let cold = try sample([SamplingRequest(prompt: [3, 1, 4], maximumTokens: 20, temperature: 1e-3, seed: 7)])
        #expect(cold[0].tokens == samples[0].tokens)
    }

    @Test func `the same seed and stream give the same tokens, others give others`() throws {
        let requests = [(1, 1), (1, 1), (1, 2), (2, 1)].map { seed, stream in
            SamplingRequest(prompt: [2], maximumTokens: 30, seed: UInt64(seed), stream: UInt64(stream))
        }
        let tokens = try sample(requests).map(\.tokens)
        #expect(tokens[0] == tokens[1])
        #expect(Set(tokens).count == 3)
    }

    @Test func `tokens come as often as the model says`() throws {
        let count = 4_000
        let samples = try sample(
            (0..<count).map { SamplingRequest(prompt: [7], maximumTokens: 1, seed: 3, stream: UInt64($0)) })
        var seen: [Int32: (count: Int, probability: Double)] = [:]
        for one in samples {
            seen[one.tokens[0], default: (0, exp(Double(one.logprobs[0])))].count += 1
        }
        for (token, (occurrences, probability)) in seen {
            // Five standard deviations of a binomial count: the seed is fixed, so this either always holds or never.
            let spread = 5 * (Double(count) * probability * (1 - probability)).squareRoot() + 1
            #expect(abs(Double(occurrences) - Double(count) * probability) < spread, "token \(token)")
        }
        #expect(seen.count > 5)
    }

    @Test func `top-k and top-p keep only likely tokens`() throws {
        let all = try sample((0..<500).map { SamplingRequest(prompt: [9], maximumTokens: 1, stream: UInt64($0)) })
        let logprobs = Dictionary(all.map { ($0.tokens[0], $0.logprobs[0]) }) { first, _ in first }
        let best = logprobs.sorted { $0.value > $1.value }.map(\.key)
        let topThree = try sample(
            (0..<200).map { SamplingRequest(prompt: [9], maximumTokens: 1, topK: 3, stream: UInt64($0)) })
        #expect(Set(topThree.map { $0.tokens[0] }) == Set(best.prefix(3)))
        #expect(topThree.allSatisfy { $0.logprobs[0] == logprobs[$0.tokens[0]] })
        let mass = exp(Double(logprobs[best[0]] ?? 0)) + 1e-3
        let nucleus = try sample(
            (0..<200).map { SamplingRequest(prompt: [9], maximumTokens: 1, topP: Float(mass), stream: UInt64($0)) })
        #expect(Set(nucleus.map { $0.tokens[0] }) == Set(best.prefix(2)))
    }

    @Test func `a stop token ends the response and is part of it`() throws {
        let free = try sample([SamplingRequest(prompt: [2], maximumTokens: 40, seed: 1)])[0]
        let stop = try #require(free.tokens.last)
        let stopped = try sample([SamplingRequest(prompt: [2], maximumTokens: 40, stopTokens: [stop], seed: 1)])[0]
        let end = try #require(free.tokens.firstIndex(of: stop))
        #expect(stopped.tokens == Array(free.tokens[...end]))
        #expect(stopped.logprobs.count == stopped.tokens.count)
        #expect(stopped.finishReason == .stop)
        #expect(free.finishReason == .length)
    }

    @Test func `no tokens asked for is an empty response, and no requests are none`() throws {
        #expect(try sample([]).isEmpty)
        let empty = try sample([SamplingRequest(prompt: [1, 2], maximumTokens: 0)])
        #expect(empty == [SampledSequence(tokens: [], logprobs: [], processedLogprobs: [], finishReason: .length)])
        let full = weights.configuration.maximumPositions
        let edge = SamplingRequest(prompt: Array(repeating: 1, count: full - 1), maximumTokens: 1)
        #expect(try sample([edge])[0].tokens.count == 1)
    }

    @Test func `impossible requests are refused`() {
        let limit = weights.configuration.maximumPositions
        let bad = [
            SamplingRequest(prompt: [], maximumTokens: 1), SamplingRequest(prompt: [-1], maximumTokens: 1),
            SamplingRequest(prompt: [Int32(weights.configuration.vocabularySize)], maximumTokens: 1),
            SamplingRequest(prompt: [1], maximumTokens: limit), SamplingRequest(prompt: [1], maximumTokens: .max),
            SamplingRequest(prompt: [1], maximumTokens: -1),
            SamplingRequest(prompt: [1], maximumTokens: 1, temperature: .nan),
            SamplingRequest(prompt: [1], maximumTokens: 1, temperature: -1),
            SamplingRequest(prompt: [1], maximumTokens: 1, topP: 0),
            SamplingRequest(prompt: [1], maximumTokens: 1, topK: -1),
            SamplingRequest(prompt: [1], maximumTokens: 1, minP: 1.5),
            SamplingRequest(prompt: [1], maximumTokens: 1, repetitionPenalty: 0),
            SamplingRequest(prompt: [1], maximumTokens: 1, topLogprobs: 21),
        ]
        for request in bad {
            #expect(throws: ModelError.self, "\(request)") { try sample([request]) }
        }
    }

    @Test func `cancelling ends the call with an error of its own`() throws {
        let counter = Counter()
        #expect {
            try Sampler(threads: 2).sample(
                (0..<8).map { SamplingRequest(prompt: [1], maximumTokens: 200, stream: UInt64($0)) }, weights: weights,
                isCancelled: { counter.next() > 5 })
        } throws: {
            ($0 as? ModelError)?.code == .cancelled
        }
        #expect(counter.next() < 50)
    }

    @Test func `scoring a sampled text gives its log-probabilities again`() throws {
        let one = try sample([SamplingRequest(prompt: [4, 5], maximumTokens: 25, seed: 2)])[0]
        let sequence = TrainingSequence(tokens: [4, 5] + one.tokens, promptLength: 2)
        #expect(try weights.score([sequence, sequence], threads: 3).map(\.logprobs) == [one.logprobs, one.logprobs])
        #expect(try weights.score([], threads: 1).isEmpty)
    }

    private final class Counter: Sendable {
        private let value = Mutex(0)

        func next() -> Int {
            value.withLock {
                $0 += 1
                return $0
            }
        }
    }
}
