// Problems on fractions, worked product by product. The worked answers are not reduced; the verifier accepts any form.
import Domain

enum FractionArithmetic {
    /// The sum of two fractions over the product of their denominators, numerators 1 to 9 and denominators 2 to 9: two
    /// products, their sum digit by digit, and the product of the denominators.
    static func addition(using generator: inout SeededGenerator) -> BuiltinProblem {
        let (a, b) = (generator.draw(1...9), generator.draw(2...9))
        let (c, d) = (generator.draw(1...9), generator.draw(2...9))
        let (left, right) = (a * d, c * b)
        let ones = left % 10 + right % 10
        let tens = left / 10 + right / 10 + ones / 10
        let lines = [
            "\(a)*\(d)=\(left)", "\(c)*\(b)=\(right)", "\(left % 10)+\(right % 10)=\(ones)",
            "\(left / 10)+\(right / 10)+\(ones / 10)=\(tens)", "\(b)*\(d)=\(b * d)",
        ]
        return WorkedArithmetic.problem(
            .fractionAddition, key: "\(a)/\(b) \(c)/\(d)",
            wordings: [
                "What is \(a)/\(b) + \(c)/\(d)?", "Add \(a)/\(b) and \(c)/\(d).", "Work out \(a)/\(b) + \(c)/\(d).",
            ], lines: lines, answer: "\(left + right)/\(b * d)", using: &generator)
    }

    /// The product of two fractions, numerators 1 to 9 and denominators 2 to 9.
    static func multiplication(using generator: inout SeededGenerator) -> BuiltinProblem {
        let (a, b) = (generator.draw(1...9), generator.draw(2...9))
        let (c, d) = (generator.draw(1...9), generator.draw(2...9))
        return WorkedArithmetic.problem(
            .fractionMultiplication, key: "\(a)/\(b) \(c)/\(d)",
            wordings: [
                "What is \(a)/\(b) * \(c)/\(d)?", "Multiply \(a)/\(b) by \(c)/\(d).",
                "Work out \(a)/\(b) * \(c)/\(d).",
            ], lines: ["\(a)*\(c)=\(a * c)", "\(b)*\(d)=\(b * d)"], answer: "\(a * c)/\(b * d)", using: &generator)
    }
}
