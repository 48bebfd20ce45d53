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
        return WorkedArithmetic.problem(
            .addition, key: "\(a) \(b)",
            wordings: ["What is \(a) + \(b)?", "Add \(a) and \(b).", "Work out \(a) + \(b)."], lines: lines,
            answer: "\(a + b)", using: &generator)
    }

    /// The difference of two numbers of three digits, itself of three digits: digit - digit - borrow, and where that is
    /// negative a second line takes it from ten and the next digit lends.
    static func subtraction(using generator: inout SeededGenerator) -> BuiltinProblem {
        let a = generator.draw(200...999)
        let b = generator.draw(100...a - 100)
        var lines: [String] = []
        var borrow = 0
        for (x, y) in zip(digits(a), digits(b)) {
            let difference = x - y - borrow
            lines.append("\(x)-\(y)-\(borrow)=\(difference)")
            if difference < 0 { lines.append("10-\(-difference)=\(10 + difference)") }
            borrow = difference < 0 ? 1 : 0
        }
        return WorkedArithmetic.problem(
            .subtraction, key: "\(a) \(b)",
            wordings: ["What is \(a) - \(b)?", "Subtract \(b) from \(a).", "Work out \(a) - \(b)."], lines: lines,
            answer: "\(a - b)", using: &generator)
    }

    /// The product of a number of three digits and one of one digit: for each digit its product, then the carry.
    static func multiplication(using generator: inout SeededGenerator) -> BuiltinProblem {
        let (a, b) = (generator.draw(100...999), generator.draw(2...9))
        var lines: [String] = []
        var carry: Int?
        for x in digits(a) {
            lines.append("\(x)*\(b)=\(x * b)")
            if let carry { lines.append("\(x * b)+\(carry)=\(x * b + carry)") }
            carry = (x * b + (carry ?? 0)) / 10
        }
        return WorkedArithmetic.problem(
            .multiplication, key: "\(a) \(b)",
            wordings: ["What is \(a) * \(b)?", "Multiply \(a) by \(b).", "Work out \(a) * \(b)."], lines: lines,
            answer: "\(a * b)", using: &generator)
    }

    /// The decimal digits of a positive number, ones first.
    static func digits(_ number: Int) -> [Int] {
        var (rest, digits) = (number, [Int]())
        while rest > 0 {
            digits.append(rest % 10)
            rest /= 10
        }
        return digits
    }
}
