// Worked arithmetic is right in every line and ends in the answer of the task.
import BuiltinData
import Domain
import Testing

@Suite struct ArithmeticTests {
    @Test(arguments: BuiltinKind.kinds(of: .math))
    func `every line of a worked solution is a true equation`(kind: BuiltinKind) throws {
        for index in 0..<500 {
            let problem = BuiltinDataset.training(seed: 3).problem(kind, index: index)
            let lines = problem.workedSolution.split(separator: "\n")
            #expect(lines.count >= 3)
            for line in lines.dropLast() {
                let sides = line.split(separator: "=")
                try #require(sides.count == 2)
                #expect(try value(String(sides[0])) == Int(sides[1]), "\(line)")
            }
        }
    }

    @Test(arguments: BuiltinKind.kinds(of: .math))
    func `the boxed answer is the task's answer and follows from the question`(kind: BuiltinKind) throws {
        for index in 0..<500 {
            let problem = BuiltinDataset.training(seed: 4).problem(kind, index: index)
            guard case .math(let task) = problem.task, let answer = task.answers.first else {
                Issue.record("not a math task")
                return
            }
            #expect(task.answers.count == 1)
            #expect(problem.workedSolution.hasSuffix("\n\\boxed{\(answer)}"))
            let numbers = try numbersOfKey(problem)
            let found = answer.split(separator: "/").compactMap { Int($0) }
            switch (kind, numbers) {
            case (.addition, let n): #expect(found == [n[0][0] + n[1][0]])
            case (.subtraction, let n): #expect(found == [n[0][0] - n[1][0]])
            case (.multiplication, let n): #expect(found == [n[0][0] * n[1][0]])
            case (.fractionAddition, let n):
                // Equal as fractions, whatever the form: cross-multiplied.
                let numerator = n[0][0] * n[1][1] + n[1][0] * n[0][1]
                #expect(found.count == 2 && found[0] * n[0][1] * n[1][1] == numerator * found[1])
            case (_, let n):
                #expect(found.count == 2 && found[0] * n[0][1] * n[1][1] == n[0][0] * n[1][0] * found[1])
            }
        }
    }

    @Test(arguments: BuiltinKind.kinds(of: .math))
    func `a demonstration is the worked solution or its box alone, each often`(kind: BuiltinKind) throws {
        var worked: [String: Int] = [:]
        var shown: [String: Int] = [:]
        for index in 0..<900 {
            let problem = BuiltinDataset.training(seed: 12).problem(kind, index: index)
            let box = try #require(problem.workedSolution.split(separator: "\n").last)
            let opening = String(problem.prompt.prefix { $0 != " " })
            shown[opening, default: 0] += 1
            worked[opening, default: 0] += problem.demonstration == problem.workedSolution ? 1 : 0
            #expect([problem.workedSolution, String(box)].contains(problem.demonstration))
        }
        #expect(shown.count == 3)
        let shares = shown.map { Double(worked[$0.key] ?? 0) / Double($0.value) }.sorted()
        try #require(shares.count == 3)
        #expect((0.03...0.2).contains(shares[0]))
        #expect((0.25...0.45).contains(shares[1]))
        #expect((0.7...0.9).contains(shares[2]))
    }

    @Test func `a borrow is worked in a line of its own`() {
        let lines = (0..<200).map { BuiltinDataset.training(seed: 13).problem(.subtraction, index: $0).workedSolution }
        for solution in lines {
            let parts = solution.split(separator: "\n")
            for (line, next) in zip(parts, parts.dropFirst()) where line.contains("=-") {
                #expect(next.hasPrefix("10-"))
            }
        }
        #expect(lines.contains { $0.contains("=-") })
    }

    @Test func `the question names the numbers of the key`() throws {
        for kind in BuiltinKind.kinds(of: .math) {
            for index in 0..<50 {
                let problem = BuiltinDataset.training(seed: 8).problem(kind, index: index)
                for number in problem.key.split(separator: " ").dropFirst() {
                    #expect(problem.prompt.contains(number), "\(problem.prompt)")
                }
            }
        }
    }

    /// The two operands of a key such as `fraction_addition 1/2 3/4`, each as its parts.
    private func numbersOfKey(_ problem: BuiltinProblem) throws -> [[Int]] {
        let operands = problem.key.split(separator: " ").dropFirst().map { operand in
            operand.split(separator: "/").compactMap { Int($0) }
        }
        try #require(operands.count == 2)
        return Array(operands)
    }

    /// The value of a chain of additions and subtractions, or of one product, of whole numbers.
    private func value(_ text: String) throws -> Int {
        if text.contains("*") {
            let factors = text.split(separator: "*").compactMap { Int($0) }
            try #require(factors.count == 2)
            return factors[0] * factors[1]
        }
        var (total, sign, digits) = (0, 1, "")
        for character in text + "+" {
            if character == "+" || character == "-" {
                total += sign * (try #require(Int(digits)))
                (sign, digits) = (character == "+" ? 1 : -1, "")
            } else {
                digits.append(character)
            }
        }
        return total
    }
}
