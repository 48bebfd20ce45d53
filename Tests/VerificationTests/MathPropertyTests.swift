// Properties that hold for any input, tried with seeds: no crash on random bytes, and verdicts that do not depend on
// spacing, brackets, styles or the order of unordered things.
import Domain
import Testing
import Verification

@Suite struct MathPropertyTests {
    let verifier = MathVerifier()

    private func outcome(_ response: String, _ gold: String) -> Verdict.Outcome {
        verifier.verify(response: response, task: MathTask(answers: [gold])).outcome
    }

    @Test(arguments: 0..<8)
    func `random bytes never crash and never pass`(seed: Int) {
        var random = SeededGenerator(seed: UInt64(seed))
        for _ in 0..<250 {
            let count = Int.random(in: 0..<200, using: &random)
            let bytes = (0..<count).map { _ in UInt8.random(in: 0...255, using: &random) }
            let text = String(decoding: bytes, as: UTF8.self)
            #expect(outcome(text.boxed, "5317") != .passed)
            _ = outcome(text, text)
            _ = outcome("5", text)
        }
    }

    @Test(arguments: 0..<8)
    func `random sequences of LaTeX never crash`(seed: Int) {
        let pieces = [
            "\\frac", "{", "}", "(", ")", "[", "]", "x", "y", "i", "e", "\\pi", "+", "-", "\\cdot", "/", "^", "_", "1",
            "23", "0.5", ",", ";", "=", "<",
            "\\le", "\\in", "\\cup", "\\{", "\\}", "|", "\\pm", "\\sqrt", "\\sin", "\\log", "\\text{ cm}", "\\text{or}",
            "\\infty", "!", "%", "^\\circ",
            "\\begin{pmatrix}", "\\end{pmatrix}", "&", "\\\\", "\\sum", "\\int", "\\lim", "k", "\\mathbb{Z}", ":",
            "\\overline", "\\hat", "'", "\\binom", "f",
            "\\begin{cases}", "\\end{cases}", "\\pmod", "7", "\\ldots", "\\left", "\\right", "and", "\\to", "\\boxed{",
            " ",
        ]
        var random = SeededGenerator(seed: UInt64(1_000 + seed))
        func sequence() -> String {
            (0..<Int.random(in: 1..<24, using: &random)).map { _ in pieces.randomElement(using: &random) ?? "" }
                .joined()
        }
        for _ in 0..<400 {
            let (gold, answer) = (sequence(), sequence())
            _ = outcome(answer.boxed, gold)
            _ = outcome(answer, gold)
        }
    }

    @Test(arguments: 0..<4)
    func `random polynomials equal their rearrangements and not their neighbours`(seed: Int) {
        var random = SeededGenerator(seed: UInt64(77 + seed))
        for _ in 0..<40 {
            let coefficients = (0..<4).map { _ in Int.random(in: 1...9, using: &random) }
            let terms = coefficients.enumerated().map { "\($1)x^{\($0)}" }
            let gold = terms.joined(separator: "+")
            #expect(outcome(terms.shuffled(using: &random).joined(separator: " + ").boxed, gold) == .passed)
            var other = terms
            other[Int.random(in: 0..<4, using: &random)] += "+x^5"
            #expect(outcome(other.joined(separator: "+").boxed, gold) == .failed)
        }
    }

    @Test(arguments: 0..<4)
    func `random fractions equal their multiples and not their neighbours`(seed: Int) {
        var random = SeededGenerator(seed: UInt64(500 + seed))
        for _ in 0..<60 {
            let (top, bottom) = (
                Int.random(in: -10_000...10_000, using: &random), Int.random(in: 1...10_000, using: &random)
            )
            let factor = Int.random(in: 2...10_000, using: &random)
            let gold = "\\frac{\(top)}{\(bottom)}"
            #expect(outcome("\(top * factor)/\(bottom * factor)".boxed, gold) == .passed)
            #expect(outcome("\\frac{\(top * factor + 1)}{\(bottom * factor)}".boxed, gold) == .failed)
        }
    }

    @Test func `spacing, size commands and styles do not matter`() {
        for gold in [
            "\\frac{3}{4}", "2\\sqrt{3}", "(1,2)", "[0,1)", "\\{1,2,3\\}", "x^2+2x+1", "\\frac{\\pi}{2}",
            "(-\\infty,3)\\cup(5,7]",
        ] {
            let styles = [
                "\\displaystyle " + gold, " " + gold + " ", "{" + gold + "}", gold + ".", "\\, " + gold + "\\;",
                "$" + gold + "$",
                gold.replacingBrackets(with: ("\\left(", "\\right)")), gold.spaced,
            ]
            for styled in styles { #expect(outcome(styled.boxed, gold) == .passed, "\(styled) for \(gold)") }
        }
    }

    @Test func `sets and lists may be shuffled, tuples may not`() {
        var random = SeededGenerator(seed: 9)
        for _ in 0..<30 {
            let items = Array(Set((0..<5).map { _ in Int.random(in: -50...50, using: &random) }))
            guard items.count > 1 else { continue }
            let written = items.map(String.init)
            let shuffled = written.shuffled(using: &random)
            #expect(
                outcome("\\{\(shuffled.joined(separator: ", "))\\}".boxed, "\\{\(written.joined(separator: ","))\\}")
                    == .passed)
            #expect(outcome(shuffled.joined(separator: ", ").boxed, written.joined(separator: ", ")) == .passed)
            let isSame = shuffled == written
            #expect(
                outcome("(\(shuffled.joined(separator: ", ")))".boxed, "(\(written.joined(separator: ", ")))")
                    == (isSame ? .passed : .failed))
        }
    }
}

extension String {
    /// Round brackets with a size command.
    fileprivate func replacingBrackets(with pair: (String, String)) -> String {
        var result = ""
        for character in self {
            result +=
                character == "(" && !contains("[") && !contains("]")
                ? pair.0 : character == ")" && !contains("[") && !contains("]") ? pair.1 : String(character)
        }
        return result
    }

    /// Spaces around operators.
    fileprivate var spaced: String {
        var result = ""
        for character in self { result += "+,".contains(character) ? " \(character) " : String(character) }
        return result
    }
}
