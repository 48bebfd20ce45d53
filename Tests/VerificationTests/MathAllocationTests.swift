// How often a math verdict asks for memory: a number that does not depend on the length of the response. The thresholds are
// for debug builds, which ask several times as often as release builds.
import CAllocations
import Domain
import Testing
import Verification

@Suite struct MathAllocationTests {
    private let verifier = MathVerifier()

    /// Allocations of one verdict, its tables and constants being there already.
    private func allocations(_ response: String, _ answer: String) -> Int {
        let task = MathTask(answers: [answer])
        for _ in 0..<2 { _ = verifier.verify(response: response, task: task) }
        let before = allocations_of_this_thread()
        let verdict = verifier.verify(response: response, task: task)
        let after = allocations_of_this_thread()
        #expect(verdict.outcome != .undetermined)
        return after - before
    }

    private func text(_ bytes: Int) -> String {
        let sentence = "We note that $x^2 + 3x = \\frac{7}{2}$, so that \\(y = 4\\) and {the sum} is 12. "
        return String(repeating: sentence, count: bytes / sentence.utf8.count)
    }

    @Test(arguments: [
        ("42", "42", 500), ("42", "43", 600), ("\\frac{6}{8}", "\\frac34", 900), ("2\\sqrt{3}", "\\sqrt{12}", 1_000),
        ("(0,1)", "0<x<1", 1_300), ("x^2+2x+1", "(x+1)^2", 1_300), ("\\{1,2,3\\}", "3,2,1", 1_500),
    ])
    func `a verdict allocates a bounded number of times`(answer: String, gold: String, most: Int) throws {
        try #require(allocations_of_this_thread() > 0)
        let count = allocations("so it is \\boxed{\(answer)}.", gold)
        #expect(count > 0)
        #expect(count <= most, "\(count) allocations")
    }

    @Test func `a longer response allocates no more`() throws {
        try #require(allocations_of_this_thread() > 0)
        for ending in [" The answer is \\boxed{42}.", "</think> So \\boxed{42}.", " The answer is 42."] {
            let short = allocations(text(2_000) + ending, "42")
            for bytes in [20_000, 100_000, 900_000] {
                let long = allocations(text(bytes) + ending, "42")
                #expect(long <= short, "\(long) allocations behind \(bytes) bytes, \(short) behind 2,000")
            }
        }
    }
}
