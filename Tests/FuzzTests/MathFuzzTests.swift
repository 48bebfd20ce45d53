// The math verifier on damaged responses and damaged answers; the labelled answers of Tests/Vectors/math are its corpus.
import Domain
import Foundation
import StrictJSON
import TestSupport
import Testing
import Verification

@Suite(.serialized) struct MathFuzzTests {
    private let verifier = MathVerifier()

    /// Judges twice: no crash, the same verdict, and no more work than a verdict may cost.
    private func judge(_ response: String, _ answers: [String]) {
        let task = MathTask(answers: answers)
        let (first, work) = verifier.measuredVerdict(response: response, task: task)
        let (second, again) = verifier.measuredVerdict(response: response, task: task)
        #expect(first == second)
        #expect(work == again)
        #expect(work <= Limits.mathWorkMax)
        #expect(work < Limits.mathWorkMax || first.outcome != .failed)
        #expect((first.extracted?.utf8.count ?? 0) <= Limits.extractedBytesMax * 3)
    }

    @Test func `the extractor takes damaged responses`() throws {
        let corpus =
            try Self.rows().map(\.response) + [
                "<think>\\boxed{1}</think> so \\boxed{2}, or \\boxed{3}.", "\\boxed{\\boxed{4}",
                "\\fbox {5}\\framebox{6}",
                "**Answer:** (B)", "#### 1,234", "答案是：42。", "<answer>7</answer>", "The final answer is $\\frac12$.",
            ]
        let count = FuzzTime.feed(seed: 21, corpus: corpus.map { Array($0.utf8) }) { bytes in
            let text = String(decoding: bytes, as: UTF8.self)
            for gold in ["42", "B", "no solution"] { judge(text, [gold]) }
        }
        #expect(count > 20)
    }

    @Test func `the reader takes damaged answers on both sides`() throws {
        let corpus =
            try Self.rows().map(\.answer) + [
                "\\frac.5", "m^9^9^9", "1e-2000", "\\sum_{k=-9223372036854775807}^{9223372036854775807} k", "平方平方米",
                "((e^{-10^{11}})^{1000000})^{1000000}", "\\binom{3}{-9223372036854775808}", "万万万 万",
                "5\\text{ squared squared}",
            ]
        var golds = Mutator(seed: 23, corpus: corpus.map { Array($0.utf8) })
        let count = FuzzTime.feed(seed: 22, corpus: corpus.map { Array($0.utf8) }) { bytes in
            let gold = String(decoding: golds.next(), as: UTF8.self)
            judge("\\boxed{" + String(decoding: bytes.prefix(8_000), as: UTF8.self) + "}", [gold])
        }
        #expect(count > 20)
    }

    private static func rows() throws -> [(answer: String, response: String)] {
        let directory =
            #filePath.split(separator: "/", omittingEmptySubsequences: false).dropLast(2)
            .joined(separator: "/") + "/Vectors/math"
        var rows: [(answer: String, response: String)] = []
        for name in try FileManager.default.contentsOfDirectory(atPath: directory).sorted()
        where name.hasSuffix(".jsonl") {
            for line in try String(contentsOfFile: directory + "/" + name, encoding: .utf8).split(separator: "\n") {
                let row = try JSONValue.parse(text: String(line))
                rows.append((row["answer"]?.string ?? "", row["response"]?.string ?? ""))
            }
        }
        return rows
    }
}
