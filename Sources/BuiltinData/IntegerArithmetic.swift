// Problems on whole numbers, worked digit by digit from the ones as on paper.
import Domain

enum IntegerArithmetic {
    /// The sum of two numbers of three digits: digit + digit + carry, a line each.
    static func addition(using generator: inout SeededGenerator) -> BuiltinProblem {
        let (a, b) = (generator.draw(100...999), generator.draw(100...999))
        var lines: [String] = []
        var carry = 0
        for (x, y) in zip(digits(a), digits(b)) {
            let sum = x + y + carry
            lines.append("\(x)+\(y)+\(carry)=\(sum)")
            carry = sum / 10
        }
        let prompt = generator.pick("What is \(a) + \(b)?", "Add \(a) and \(b).", "Find the sum of \(a) and \(b).")
        return problem(.addition, key: "\(a) \(b)", prompt: prompt, lines: lines, answer: a + b)
    }

    /// The difference of two numbers of three digits, itself of three digits: a 1 is set before a digit that is too
    /// small, and taken from the next one.
    static func subtraction(using generator: inout SeededGenerator) -> BuiltinProblem {
        let a = generator.draw(200...999)
        let b = generator.draw(100...a - 100)
        var lines: [String] = []
        var borrow = 0
        for (x, y) in zip(digits(a), digits(b)) {
            let lender = x - borrow < y ? 10 : 0
            lines.append("\(x + lender)-\(y)-\(borrow)=\(x + lender - y - borrow)")
            borrow = lender / 10
        }
        let prompt = generator.pick(
            "What is \(a) - \(b)?", "Subtract \(b) from \(a).", "Find the difference of \(a) and \(b).")
        return problem(.subtraction, key: "\(a) \(b)", prompt: prompt, lines: lines, answer: a - b)
    }

    /// The product of a number of two digits and one of one digit: ones, tens, and the carry of the ones.
    static func multiplication(using generator: inout SeededGenerator) -> BuiltinProblem {
        let (a, b) = (generator.draw(10...99), generator.draw(2...9))
        let (ones, tens) = (a % 10 * b, a / 10 * b)
        let lines = ["\(a % 10)*\(b)=\(ones)", "\(a / 10)*\(b)=\(tens)", "\(tens)+\(ones / 10)=\(tens + ones / 10)"]
        let prompt = generator.pick(
            "What is \(a) * \(b)?", "Multiply \(a) by \(b).", "Find the product of \(a) and \(b).")
        return problem(.multiplication, key: "\(a) \(b)", prompt: prompt, lines: lines, answer: a * b)
    }

    /// The decimal digits of a positive number, ones first.
    private static func digits(_ number: Int) -> [Int] {
        var (rest, digits) = (number, [Int]())
        while rest > 0 {
            digits.append(rest % 10)
            rest /= 10
        }
        return digits
    }

    private static func problem(
        _ kind: BuiltinKind, key: String, prompt: String, lines: [String], answer: Int
    ) -> BuiltinProblem {
        BuiltinProblem(
            kind: kind, key: "\(kind.rawValue) \(key)", prompt: prompt,
            task: .math(MathTask(answers: ["\(answer)"])),
            workedSolution: lines.joined(separator: "\n") + "\n\\boxed{\(answer)}")
    }
}
