// Inputs made to hang, crash or fool a verifier. What cannot be decided within the caps is undetermined, never passed.
import Domain
import Foundation
import Testing
import Verification

@Suite struct MathHostileTests {
    let verifier = MathVerifier()

    private func outcome(_ response: String, _ gold: String = "5") -> Verdict.Outcome {
        verifier.verify(response: response, task: MathTask(answers: [gold])).outcome
    }

    @Test func `a response of one megabyte is judged by its last box`() {
        let noise = String(repeating: "so 4 + 3 = 7, \\frac{1}{2} and {x} \\boxed{", count: 23_000)
        #expect(outcome(String(noise.prefix(1_000_000)) + "}} \\boxed{5}") == .passed)
        #expect(outcome(String(noise.prefix(1_000_000)) + "}} \\boxed{6}") == .failed)
    }

    @Test func `a response beyond the limit is undetermined`() {
        let verdict = verifier.verify(
            response: String(repeating: "x", count: Limits.responseBytesMax) + "\\boxed{5}",
            task: MathTask(answers: ["5"]))
        #expect(verdict.outcome == .undetermined)
        #expect(verdict.failure?.code == .beyondCaps)
    }

    @Test func `a hundred kilobytes of boxes are no answer`() {
        #expect(outcome(String(repeating: "\\boxed{5} ", count: 10_000) + "\\boxed{6}") == .failed)
        #expect(outcome(String(repeating: "\\boxed{6} ", count: 10_000) + "\\boxed{5}") == .failed)
        #expect(outcome(String(repeating: "\\boxed{", count: 15_000)) == .failed)
        #expect(
            outcome(String(repeating: "\\boxed{", count: 15_000) + "5" + String(repeating: "}", count: 15_000))
                == .passed)
        #expect(outcome((1...9_000).map { "\\boxed{\($0)}" }.joined(separator: ", ")) != .passed)
    }

    @Test(arguments: [
        "(", "{", "\\frac{1}{", "\\sqrt{", "[", "|", "\\left(", "-", "\\sin ", "2^{", "\\{", "\\begin{pmatrix}", "f(",
        "\\lfloor", "x_{", "\\log_{",
    ])
    func `nesting beyond the cap never passes and never crashes`(opening: String) {
        for depth in [10, 47, 49, 100, 1_500] {
            let deep = String(repeating: opening, count: depth) + "5"
            #expect(outcome("\\boxed{\(deep)}", "6") != .passed)
            let closing = String(repeating: opening.contains("{") ? "}" : opening == "[" ? "]" : ")", count: depth)
            #expect(outcome("\\boxed{\(deep)\(closing)}", "6") != .passed)
        }
    }

    @Test func `towers are answered at once and never pass for a small number`() {
        for tower in [
            "9^{9^{9^{9^9}}}", "5^{(5^{(5^{(5^5)})}-4)}", "10^{10^{100}}", "((99!)!)!", "2^{2^{2^{2^{2^{2}}}}}!",
            "\\binom{10^9}{10^8}", "e^{e^{e^{e^e}}}",
            "\\log(\\log(9^{9^{9^9}}))", "1.1^{10^{30}}", "0.5^{10^{40}}",
        ] {
            #expect(outcome(tower.boxed) != .passed, "\(tower)")
            #expect(outcome(tower.boxed, tower) == .passed, "\(tower)")
        }
        #expect(outcome("9^{9^{9^{9^9}}}".boxed, "9^{9^{9^{9^8}}}") != .passed)
        #expect(outcome("5^{5^5}".boxed, "5^{3125}") == .passed)
        #expect(outcome("5^{5^5}+1".boxed, "5^{3125}") == .failed)
    }

    @Test func `long numbers and long sums stay within the caps`() {
        let digits = String(repeating: "7", count: 4_000)
        #expect(outcome(digits.boxed, digits) == .passed)
        #expect(outcome((digits + "1").boxed, digits) != .passed)
        let sum = (1...900).map(String.init).joined(separator: "+")
        #expect(outcome(sum.boxed, "405450") == .passed)
        #expect(outcome((1...6_000).map(String.init).joined(separator: "+").boxed, "5") != .passed)
        let product = (1...200).map { "(x+\($0))" }.joined()
        #expect(outcome(product.boxed, "x") != .passed)
    }

    @Test func `zero-width and odd characters change nothing and hide nothing`() {
        let invisible = ["\u{200B}", "\u{200D}", "\u{FEFF}", "\u{2060}", "\u{00AD}", "\u{202E}", "\u{2063}"]
        for mark in invisible {
            #expect(outcome("4\(mark)2".boxed, "42") == .passed)
            #expect(outcome("4\(mark)2".boxed, "4") == .failed)
            #expect(outcome("\(mark)".boxed, "5") == .failed)
        }
        #expect(outcome("5\u{0}".boxed) != .undetermined)
        #expect(outcome("٥".boxed) == .failed)
    }

    @Test func `the same verdict comes from many threads`() async {
        let pairs = [
            ("\\sqrt{12}", "2\\sqrt3", true), ("\\frac12", "0.51", false), ("(0,1)", "0<x<1", true),
            ("2^{100}", "4^{50}", true),
        ]
        let verdicts = await withTaskGroup(of: Bool.self) { group in
            for index in 0..<400 {
                let (gold, answer, expected) = pairs[index % pairs.count]
                group.addTask {
                    (MathVerifier().verify(response: answer.boxed, task: MathTask(answers: [gold])).outcome == .passed)
                        == expected
                }
            }
            var all = true
            for await isRight in group { all = all && isRight }
            return all
        }
        #expect(verdicts)
    }

    @Test func `a gold of any shape never crashes`() {
        for gold in [
            "\\frac{", "^", "_", "\\\\", "{", "}", "(", "|", "\\boxed{", "$", "\\begin{cases}", "1/0", "\\frac{1}{0}",
            "0^0", ",", ";", ":", "=", "<", "±", "\\pm", "%", "'", "!", "\\sqrt", "\\log_", "x_", "x^",
        ] {
            #expect(outcome("5".boxed, gold) != .passed, "\(gold)")
            _ = outcome(gold.boxed, "5")
            _ = outcome(gold, gold)
        }
    }
}
