// The distribution that tokens are drawn from, against transformers' generator and against an obvious implementation.
import CKernels
import Glibc
import Testing

@testable import Modeling

@Suite struct TokenChoiceTests {
    static let directory = TransformerVectors.directory + "/../sampling"

    @Test func `what is cut and what is left is what transformers' generator draws from`() throws {
        let vectors = try TensorFile.read(Self.directory + "/processed.safetensors")
        let settings = try #require(vectors["settings"])
        let cases = settings.count / 5
        let logits = try #require(vectors["logits"])
        let expected = try #require(vectors["logprobs"])
        let tokens = try #require(vectors["tokens"])
        let vocabulary = logits.count / cases
        #expect(cases == 48)
        for index in 0..<cases {
            let one = Array(settings[index * 5..<index * 5 + 5])
            let request = SamplingRequest(
                prompt: tokens[index * 9..<index * 9 + 9].map { Int32($0) }, maximumTokens: 1, temperature: one[1],
                topP: one[3], topK: Int(one[2]), minP: one[4], repetitionPenalty: one[0], topLogprobs: 20)
            let row = Array(logits[index * vocabulary..<(index + 1) * vocabulary])
            let wanted = Array(expected[index * vocabulary..<(index + 1) * vocabulary])
            let kept = wanted.indices.filter { wanted[$0] > -.infinity }
            var drawn: Set<Int32> = []
            for step in 0..<400 {
                let result = chosen(request, row, uniform: Double(step) / 400)
                let want = wanted[Int(result.outcome.token)]
                #expect(want > -.infinity, "case \(index) \(one)")
                #expect(abs(result.outcome.processedLogprob - want) < 2e-5, "case \(index) \(one)")
                drawn.insert(result.outcome.token)
            }
            // 400 evenly spaced numbers meet every token of more than that probability.
            for token in kept where wanted[token] > log(1.0 / 399) { #expect(drawn.contains(Int32(token))) }
            let top = chosen(request, row, uniform: 0.5).top
            #expect(top.count == min(20, kept.count), "case \(index) \(one)")
            let best = kept.sorted { wanted[$0] == wanted[$1] ? $0 < $1 : wanted[$0] > wanted[$1] }.prefix(20)
            #expect(top.map { Int($0.token) } == Array(best), "case \(index) \(one)")
            for item in top { #expect(abs(item.logprob - wanted[Int(item.token)]) < 2e-5) }
        }
    }

    @Test(arguments: [5, 500, 5_000]) func `no threshold or heap shows in what is left`(_ vocabulary: Int) {
        for seed in 0..<24 {
            let random = CounterRandom(seed: UInt64(seed))
            let spread = [0.01, 1, 4, 12][seed % 4]
            // Few distinct values, so that equal ones meet every bound; minus infinity is a masked token.
            let row = (0..<vocabulary).map { place -> Float in
                let uniform = random.uniform(stream: 1, position: UInt64(place))
                return place % 17 == 3 ? -.infinity : Float((uniform * 64).rounded() / 16 * spread)
            }
            let topK = [0, 1, 3, vocabulary / 2][seed / 4 % 4]
            let topP: Float = [1, 0.999, 0.7, 0.05][seed / 2 % 4]
            let minP: Float = [0, 0.3, 1e-4][seed % 3]
            let request = SamplingRequest(
                prompt: [1], maximumTokens: 1, temperature: 0.9, topP: topP, topK: topK, minP: minP, topLogprobs: 20)
            let wanted = obvious(row, temperature: 0.9, topP: topP, topK: topK, minP: minP)
            let result = chosen(request, row, uniform: random.uniform(stream: 2, position: 0))
            #expect(wanted.contains(Int(result.outcome.token)), "seed \(seed)")
            #expect(result.top.map { Int($0.token) } == Array(wanted.prefix(20)), "seed \(seed)")
        }
    }

    @Test func `the penalty leaves the logits as they were, and the model's own log-probability alone`() {
        let row: [Float] = [0.5, -1, 2, 0.25, -3, 1]
        let plain = SamplingRequest(prompt: [2], maximumTokens: 1, temperature: 0)
        let penalized = SamplingRequest(prompt: [2, 2, 5], maximumTokens: 1, temperature: 0, repetitionPenalty: 8)
        let before = chosen(plain, row, uniform: 0)
        let after = chosen(penalized, row, uniform: 0)
        #expect(before.outcome.token == 2)
        #expect(before.outcome.processedLogprob.bitPattern == before.outcome.logprob.bitPattern)
        #expect(after.outcome.token == 0)
        #expect(after.logits == row)
        let total = row.reduce(0) { $0 + exp(Double($1)) }
        #expect(abs(Double(after.outcome.logprob) - (0.5 - log(total))) < 1e-6)
        #expect(after.outcome.processedLogprob > after.outcome.logprob)
    }

    @Test func `a draw meets the cumulative distribution, and nothing impossible`() {
        let p: [Float] = [0, 0.25, 0, 0.5, 0.25, 0]
        let draws = [0, 0.24, 0.26, 0.74, 0.76, 1.0.nextDown].map { ck_draw(p, p.count, $0) }
        #expect(draws == [1, 1, 3, 3, 4, 4])
        #expect(ck_draw([0, 0], 2, 0.5) == 0)
        #expect(ck_draw([.nan, 1], 2, 0.5) < 2)
        let long = (0..<10_007).map { Float($0 % 3) }
        let total = long.reduce(0) { $0 + Double($1) }
        for step in 0..<100 {
            let uniform = Double(step) / 100
            let index = Int(ck_draw(long, long.count, uniform))
            #expect(long[index] > 0)
            #expect(long[...index].reduce(0) { $0 + Double($1) } > uniform * total)
            #expect(long[..<index].reduce(0) { $0 + Double($1) } <= uniform * total)
        }
    }

    /// The outcome for one row, the likeliest tokens told with it, and the logits afterwards.
    private func chosen(
        _ request: SamplingRequest, _ row: [Float], uniform: Double
    ) -> (outcome: TokenChoice.Outcome, top: [TokenLogprob], logits: [Float]) {
        var logits = row
        var top: [TokenLogprob] = []
        var scratch = [Float](repeating: .nan, count: TokenChoice.scratchCount(row.count))
        var seen = SeenTokens(request.prompt, more: 1, vocabulary: row.count)
        let outcome = logits.withUnsafeMutableBufferPointer { logits in
            scratch.withUnsafeMutableBufferPointer { scratch in
                TokenChoice(request).choose(
                    logits.baseAddress.unsafelyUnwrapped, vocabulary: row.count, uniform: uniform, seen: &seen,
                    scratch: scratch.baseAddress.unsafelyUnwrapped, top: &top)
            }
        }
        return (outcome, top, logits)
    }

    /// The tokens left, the likeliest first: everything sorted, in double precision.
    private func obvious(_ row: [Float], temperature: Double, topP: Float, topK: Int, minP: Float) -> [Int] {
        let greatest = Double(row.max() ?? 0)
        let weights = row.map { exp((Double($0) - greatest) / temperature) }
        var order = row.indices.sorted { row[$0] == row[$1] ? $0 < $1 : row[$0] > row[$1] }
        if topK > 0 { order = Array(order.prefix(topK)) }
        let total = order.reduce(0) { $0 + weights[$1] }
        if topP < 1 {
            var sum = 0.0
            let kept = order.prefix { token in
                defer { sum += weights[token] }
                return sum == 0 || sum < Double(topP) * total * (1 - 1e-9)
            }
            order = Array(kept)
        }
        return order.filter { minP == 0 || weights[$0] >= Double(minP) * weights[order[0]] }
    }
}
