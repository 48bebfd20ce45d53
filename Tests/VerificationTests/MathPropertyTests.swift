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

    @Test func `style and space around any vector change no verdict`() throws {
        var random = SeededGenerator(seed: 41)
        let styles: [(String) -> String] = [
            { "\\displaystyle " + $0 }, { "\\, " + $0 + " \\;" }, { "{" + $0 + "}" }, { $0 + "." }, { "$" + $0 + "$" },
            { "\\Large " + $0 }, { " \n" + $0 + "\n" }, { "\u{200B}" + $0 },
        ]
        for category in MathVector.categories where !["extraction", "hostile"].contains(category) {
            for vector in try MathVector.read(category).shuffled(using: &random).prefix(40) {
                guard let content = vector.boxedAnswer, let style = styles.randomElement(using: &random) else {
                    continue
                }
                let styled = style(content)
                let plain = outcome(content.boxed, vector.answer) == .passed
                #expect((outcome(styled.boxed, vector.answer) == .passed) == plain, "\(styled) for \(vector.answer)")
            }
        }
    }

    @Test(arguments: 0..<4)
    func `random families equal their shifts and not their halves`(seed: Int) {
        var random = SeededGenerator(seed: UInt64(900 + seed))
        for _ in 0..<30 {
            let (start, step) = (Int.random(in: 0..<12, using: &random), Int.random(in: 2...12, using: &random))
            let shift = Int.random(in: -3...3, using: &random)
            let gold = "x=\\frac{\(start)\\pi}{12}+\\frac{\(step)k\\pi}{6}, k\\in\\mathbb{Z}"
            let shifted = "x=\\frac{\(start + 2 * step * shift)\\pi}{12}+\\frac{\(step)n\\pi}{6}, n\\in\\mathbb{Z}"
            let halved = "x=\\frac{\(start)\\pi}{12}+\\frac{\(step)n\\pi}{12}, n\\in\\mathbb{Z}"
            let both =
                "x=\\frac{\(start)\\pi}{12}+\\frac{\(step)n\\pi}{3}, x=\\frac{\(start + 2 * step)\\pi}{12}+\\frac{\(step)n\\pi}{3}, "
                + "n\\in\\mathbb{Z}"
            #expect(outcome(shifted.boxed, gold) == .passed, "\(shifted) for \(gold)")
            #expect(outcome(both.boxed, gold) == .passed, "\(both) for \(gold)")
            #expect(outcome(halved.boxed, gold) == .failed, "\(halved) for \(gold)")
        }
    }

    @Test(arguments: 0..<4)
    func `random unions of intervals equal their inequalities`(seed: Int) {
        var random = SeededGenerator(seed: UInt64(300 + seed))
        for _ in 0..<40 {
            let ends = (0..<3).map { _ in Int.random(in: -20...20, using: &random) }.sorted()
            guard Set(ends).count == 3 else { continue }
            let isClosed = (0..<3).map { _ in Bool.random(using: &random) }
            let gold =
                "(-\\infty,\(ends[0])\(isClosed[0] ? "]" : ")")\\cup\(isClosed[1] ? "[" : "(")\(ends[1]),\(ends[2])\(isClosed[2] ? "]" : ")")"
            let same =
                "\(ends[1])\(isClosed[1] ? "\\le" : "<") x\(isClosed[2] ? "\\le" : "<") \(ends[2])\\text{ or }x\(isClosed[0] ? "\\le" : "<") \(ends[0])"
            let other =
                "\(ends[1])\(isClosed[1] ? "<" : "\\le") x\(isClosed[2] ? "\\le" : "<") \(ends[2])\\text{ or }x\(isClosed[0] ? "\\le" : "<") \(ends[0])"
            #expect(outcome(same.boxed, gold) == .passed, "\(same) for \(gold)")
            #expect(outcome(other.boxed, gold) == .failed, "\(other) for \(gold)")
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
