// Problems on fractions, worked product by product. The worked answers are not reduced; the verifier accepts any form.
import Domain

enum FractionArithmetic {
    /// The sum of two fractions over the product of their denominators, numerators 1 to 5 and denominators 2 to 6.
    static func addition(using generator: inout SeededGenerator) -> BuiltinProblem {
        let (a, b) = (generator.draw(1...5), generator.draw(2...6))
        let (c, d) = (generator.draw(1...5), generator.draw(2...6))
        let lines = [
            "\(a)*\(d)=\(a * d)", "\(c)*\(b)=\(c * b)", "\(b)*\(d)=\(b * d)", "\(a * d)+\(c * b)=\(a * d + c * b)",
        ]
        let prompt = generator.pick(
            "What is \(a)/\(b) + \(c)/\(d)?", "Add \(a)/\(b) and \(c)/\(d).", "Find the sum of \(a)/\(b) and \(c)/\(d)."
        )
        return problem(
            .fractionAddition, key: "\(a)/\(b) \(c)/\(d)", prompt: prompt, lines: lines,
            answer: (a * d + c * b, b * d))
    }

    /// The product of two fractions, numerators 1 to 9 and denominators 2 to 9.
    static func multiplication(using generator: inout SeededGenerator) -> BuiltinProblem {
        let (a, b) = (generator.draw(1...9), generator.draw(2...9))
        let (c, d) = (generator.draw(1...9), generator.draw(2...9))
        let lines = ["\(a)*\(c)=\(a * c)", "\(b)*\(d)=\(b * d)"]
        let prompt = generator.pick(
            "What is \(a)/\(b) * \(c)/\(d)?", "Multiply \(a)/\(b) by \(c)/\(d).",
            "Find the product of \(a)/\(b) and \(c)/\(d).")
        return problem(
            .fractionMultiplication, key: "\(a)/\(b) \(c)/\(d)", prompt: prompt, lines: lines,
            answer: (a * c, b * d))
    }

    private static func problem(
        _ kind: BuiltinKind, key: String, prompt: String, lines: [String], answer: (numerator: Int, denominator: Int)
    ) -> BuiltinProblem {
        let text = "\(answer.numerator)/\(answer.denominator)"
        return BuiltinProblem(
            kind: kind, key: "\(kind.rawValue) \(key)", prompt: prompt,
            task: .math(MathTask(answers: [text])),
            workedSolution: lines.joined(separator: "\n") + "\n\\boxed{\(text)}")
    }
}
