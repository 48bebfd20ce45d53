// The estimators against those of others, and intervals against what they promise.
import Domain
import Foundation
import Testing

@testable import Service

@Suite struct EvaluationEstimatorTests {
    private struct Pass: Decodable {
        var n: Int
        var c: Int
        var k: Int
        var value: Double
    }

    private struct Votes: Decodable {
        var gold: String
        var answers: [String?]
        var value: Double
        var votes: Int
        var leaders: Int
    }

    private struct Statistics: Decodable {
        struct Quantiles: Decodable {
            var values: [Double]
            var p50: Double
            var p90: Double
            var p025: Double
        }
        struct Sign: Decodable {
            var first: Int
            var second: Int
            var p: Double
        }
        var quantiles: [Quantiles]
        var sign_tests: [Sign]
    }

    private func read<Content: Decodable>(_ name: String) throws -> Content {
        let folder = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
        return try JSONDecoder().decode(
            Content.self, from: Data(contentsOf: folder.appending(path: "Vectors/evaluation/\(name).json")))
    }

    @Test func `pass@k is human-eval's`() throws {
        let rows: [Pass] = try read("pass_at_k")
        #expect(rows.count > 100)
        for row in rows {
            let value = try #require(SampleEstimators.passAtK(samples: row.n, right: row.c, k: row.k))
            #expect(abs(value - row.value) < 1e-9, "n \(row.n), c \(row.c), k \(row.k)")
        }
        #expect(SampleEstimators.passAtK(samples: 3, right: 1, k: 4) == nil)
    }

    @Test func `pass@k is the share of draws of k that hold a right sample`() throws {
        // All draws of small cases, counted.
        for n in 1...7 {
            for c in 0...n {
                for k in 1...n {
                    let subsets = (0..<(1 << n)).filter { $0.nonzeroBitCount == k }
                    let hits = subsets.count { $0 & ((1 << c) - 1) != 0 }
                    let value = try #require(SampleEstimators.passAtK(samples: n, right: c, k: k))
                    #expect(abs(value - Double(hits) / Double(subsets.count)) < 1e-12)
                }
            }
        }
    }

    @Test func `majorities are those of votes that Math-Verify groups`() throws {
        let rows: [Votes] = try read("majorities")
        #expect(rows.contains { $0.leaders > 1 } && rows.contains { $0.value == 1 } && rows.contains { $0.value == 0 })
        for row in rows {
            let samples = row.answers.enumerated().map { index, answer in
                let isRight = answer.map { MajorityVote.isEqualMath(row.gold, $0) } ?? false
                return EvaluationSample(
                    problem: 1, index: index, outcome: isRight ? .passed : .failed, extracted: answer)
            }
            let vote = MajorityVote(samples, isEqual: MajorityVote.isEqualMath)
            #expect(vote.votes == row.votes && vote.leaders.count == row.leaders, "\(row)")
            #expect(abs(vote.value - row.value) < 1e-9, "\(row)")
            #expect(!vote.isCut)
        }
    }

    @Test func `a vote that has too much to compare goes on by text, and says so`() {
        let samples = (0..<40).map {
            EvaluationSample(problem: 1, index: $0, outcome: .failed, extracted: "\($0 % 20)")
        }
        let vote = MajorityVote(samples, comparisonsMax: 10, isEqual: ==)
        #expect(vote.isCut && vote.votes == 2 && vote.leaders.count == 20 && vote.value == 0)
    }

    @Test func `undetermined samples and those without an answer have no vote`() {
        let samples = [
            EvaluationSample(problem: 1, index: 0, outcome: .undetermined, failure: "beyond_caps", extracted: "9"),
            EvaluationSample(problem: 1, index: 1, outcome: .undetermined, failure: "beyond_caps", extracted: "9"),
            EvaluationSample(problem: 1, index: 2, outcome: .passed, extracted: "4"),
            EvaluationSample(problem: 1, index: 3, outcome: .failed),
            EvaluationSample(problem: 1, index: 4, outcome: .failed),
        ]
        let vote = MajorityVote(samples, isEqual: ==)
        #expect(vote.value == 1 && vote.leaders == ["4"] && vote.votes == 1)
        #expect(MajorityVote(Array(samples.suffix(2)), isEqual: ==).value == 0)
    }

    @Test func `quantiles are numpy's and sign tests scipy's`() throws {
        let statistics: Statistics = try read("statistics")
        for row in statistics.quantiles {
            for (share, value) in [(0.5, row.p50), (0.9, row.p90), (0.025, row.p025)] {
                #expect(abs(Quantile.of(row.values, share) - value) < 1e-9)
            }
        }
        for row in statistics.sign_tests {
            #expect(abs(PairedComparison.signTest(row.first, row.second) - row.p) < 1e-9, "\(row)")
            #expect(abs(PairedComparison.signTest(row.second, row.first) - row.p) < 1e-9, "\(row)")
        }
    }

    @Test(arguments: [1, 2, 3] as [UInt64]) func `intervals hold the truth about as often as they say`(seed: UInt64)
        throws
    {
        // Problems whose chance is even on 0...1, so the truth of avg@8 is one half.
        var generator = SeededGenerator(seed: seed)
        let trials = 300
        var held = 0
        for trial in 0..<trials {
            let values = (0..<40).map { _ -> Double in
                let chance = Double.random(in: 0...1, using: &generator)
                let right = (0..<8).count { _ in Double.random(in: 0..<1, using: &generator) < chance }
                return Double(right) / 8
            }
            let interval = try #require(MeanInterval(values, resamples: 400, seed: UInt64(trial)))
            #expect(interval.low <= interval.mean && interval.mean <= interval.high)
            if interval.low <= 0.5, 0.5 <= interval.high { held += 1 }
        }
        // 95 % of 300 is 285 with a deviation of 3.8; bootstraps of 40 values are a little narrow.
        #expect((267...297).contains(held), "\(held) of \(trials)")
    }

    @Test func `the same values have the same interval, and none where there are none`() throws {
        let values = [0.0, 0.25, 1, 1, 0.5]
        #expect(MeanInterval(values, seed: 4) == MeanInterval(values, seed: 4))
        #expect(MeanInterval([]) == nil)
        let one = try #require(MeanInterval([0.25]))
        #expect(one.low == 0.25 && one.high == 0.25)
    }
}
