// Problems whose answer is a small Python function: instructions composed of a few parts, judged by calls.
import Domain
import StrictJSON

enum CodeProblems {
    /// What a list is reduced to.
    private enum Reduction: CaseIterable { case sum, largest, smallest, count }

    /// What order a built list has.
    private enum Order: CaseIterable { case own, ascending, descending }

    /// A number from a list, as `the sum of the squares of the even numbers in xs`.
    static func listReduction(using generator: inout SeededGenerator) -> BuiltinProblem {
        let reduction = generator.pickCase(of: Reduction.self)
        let filter = NumberFilter.draw(using: &generator)
        let transform = reduction == .count ? .identity : generator.pickCase(of: NumberTransform.self)
        let values = transform.plural(of: filter.plural)
        let clause = "for x in xs" + (filter.python("x").map { " if \($0)" } ?? "")
        let (words, expression) =
            switch reduction {
            case .sum: ("the sum of \(values)", "sum(\(transform.python) \(clause))")
            case .largest:
                ("the largest of \(values), or 0 if there are none", "max((\(transform.python) \(clause)), default=0)")
            case .smallest:
                ("the smallest of \(values), or 0 if there are none", "min((\(transform.python) \(clause)), default=0)")
            case .count: ("the count of \(values)", "sum(1 \(clause))")
            }
        let tests = listInputs(edge: filter.edge, using: &generator).map { input in
            let chosen = input.filter(filter.holds).map(transform.apply)
            let result =
                switch reduction {
                case .sum: chosen.reduce(0, +)
                case .largest: chosen.max() ?? 0
                case .smallest: chosen.min() ?? 0
                case .count: chosen.count
                }
            return CodeTask.CallTest(arguments: [json(input)], expected: .integer(Int64(result)))
        }
        return problem(
            .listReduction, parameter: "xs", words: words, expression: expression, tests: tests, using: &generator)
    }

    /// A list from a list, as `the list of the cubes of the odd numbers in xs, in ascending order`.
    static func listBuilding(using generator: inout SeededGenerator) -> BuiltinProblem {
        let order = generator.pickCase(of: Order.self)
        let filter = NumberFilter.draw(using: &generator)
        let transform = generator.pickCase(of: NumberTransform.self)
        let list = "[\(transform.python) for x in xs" + (filter.python("x").map { " if \($0)" } ?? "") + "]"
        let values = "the list of " + transform.plural(of: filter.plural)
        let (words, expression) =
            switch order {
            case .own: (values, list)
            case .ascending: (values + ", in ascending order", "sorted(\(list))")
            case .descending: (values + ", in descending order", "sorted(\(list), reverse=True)")
            }
        let tests = listInputs(edge: filter.edge, using: &generator).map { input in
            let chosen = input.filter(filter.holds).map(transform.apply)
            let result =
                switch order {
                case .own: chosen
                case .ascending: chosen.sorted()
                case .descending: chosen.sorted(by: >)
                }
            return CodeTask.CallTest(arguments: [json(input)], expected: json(result))
        }
        return problem(
            .listBuilding, parameter: "xs", words: words, expression: expression, tests: tests, using: &generator)
    }

    /// One of two formulas, as `n plus 3 if n is even, and n squared otherwise`.
    static func branching(using generator: inout SeededGenerator) -> BuiltinProblem {
        let first = BranchFormula.draw(using: &generator)
        var second = BranchFormula.draw(using: &generator)
        while second == first { second = BranchFormula.draw(using: &generator) }
        var filter = NumberFilter.draw(using: &generator)
        while filter == .any { filter = NumberFilter.draw(using: &generator) }
        let words = "\(first.words) if n is \(filter.predicate ?? "any"), and \(second.words) otherwise"
        let expression = "\(first.python) if \(filter.python("n") ?? "True") else \(second.python)"
        let inputs = filter.edge + [generator.draw(-20...(-10)), generator.draw(10...20), generator.draw(21...40)]
        let tests = inputs.map { input in
            CodeTask.CallTest(
                arguments: [.integer(Int64(input))],
                expected: .integer(Int64(filter.holds(input) ? first.apply(input) : second.apply(input))))
        }
        return problem(
            .branching, parameter: "n", words: words, expression: expression, tests: tests, using: &generator)
    }

    /// Five lists: two that contain the edge of the condition, two without (their smallest value is not always that of
    /// the edge), and the empty one.
    private static func listInputs(edge: [Int], using generator: inout SeededGenerator) -> [[Int]] {
        (0..<4).map { number in
            var list = (number < 2 ? edge : []) + (0..<4).map { _ in generator.draw(-12...24) }
            for last in stride(from: list.count - 1, to: 0, by: -1) {
                list.swapAt(last, generator.draw(0...last))
            }
            return list
        } + [[]]
    }

    private static func json(_ numbers: [Int]) -> JSONValue {
        numbers.isEmpty ? .array([]) : .integers(numbers.map { Int64($0) })
    }

    private static func problem(
        _ kind: BuiltinKind, parameter: String, words: String, expression: String, tests: [CodeTask.CallTest],
        using generator: inout SeededGenerator
    ) -> BuiltinProblem {
        let solution = "```python\ndef f(\(parameter)):\n    return \(expression)\n```"
        let opening = generator.pick("Write a Python function", "Define in Python a function")
        return BuiltinProblem(
            kind: kind, key: "\(kind.rawValue) \(words)",
            prompt: "\(opening) f(\(parameter)) that returns \(words).",
            task: .code(
                CodeTask(
                    language: .python, tests: .entryPoint(name: "f", tests), timeLimitSeconds: 1,
                    memoryLimitMegabytes: 256, stopAtFirstFailure: true)),
            workedSolution: solution, demonstration: solution)
    }
}
