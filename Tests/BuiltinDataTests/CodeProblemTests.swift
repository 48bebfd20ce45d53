// Code problems: well-formed tasks whose tests tell conditions apart. That Python agrees is tested with the real sandbox.
import BuiltinData
import Domain
import StrictJSON
import Testing

@Suite struct CodeProblemTests {
    @Test(arguments: BuiltinKind.kinds(of: .code))
    func `a task calls the function that the prompt asks for`(kind: BuiltinKind) throws {
        for index in 0..<200 {
            let problem = BuiltinDataset.training(seed: 3).problem(kind, index: index)
            let (task, tests) = try call(problem)
            #expect(task.language == .python)
            #expect(task.timeLimitSeconds >= Limits.codeTimeLimitSecondsMin)
            #expect(task.memoryLimitMegabytes >= Limits.codeMemoryMegabytesMin)
            #expect((5...7).contains(tests.count))
            #expect(tests.allSatisfy { $0.arguments.count == 1 })
            let parameter = kind == .branching ? "n" : "xs"
            #expect(problem.prompt.contains(" f(\(parameter)) that returns "))
            #expect(problem.workedSolution.hasPrefix("```python\ndef f(\(parameter)):\n    return "))
            #expect(problem.workedSolution.hasSuffix("\n```"))
            #expect(problem.demonstration == problem.workedSolution)
        }
    }

    @Test(arguments: BuiltinKind.kinds(of: .code))
    func `no constant answer and no copy of the input passes all tests`(kind: BuiltinKind) throws {
        for index in 0..<300 {
            let (_, tests) = try call(BuiltinDataset.training(seed: 5).problem(kind, index: index))
            #expect(tests.contains { $0.expected != tests[0].expected })
        }
    }

    @Test func `the expected values are those of a few problems worked by hand`() throws {
        var checked = 0
        for index in 0..<4000 {
            let problem = BuiltinDataset.training(seed: 6).problem(.listReduction, index: index)
            let (_, tests) = try call(problem)
            for test in tests {
                let numbers = (test.arguments[0].elements ?? []).compactMap { $0.integer }
                let expected: Int64
                if problem.prompt.hasSuffix("returns the sum of the squares of the even numbers in xs.") {
                    expected = numbers.reduce(0) { $1 % 2 == 0 ? $0 + $1 * $1 : $0 }
                } else if problem.prompt.hasSuffix("returns the count of the negative numbers in xs.") {
                    expected = Int64(numbers.count { $0 < 0 })
                } else {
                    continue
                }
                #expect(test.expected == .integer(expected))
                checked += 1
            }
        }
        #expect(checked >= 10)
    }

    @Test func `an empty list is always among the inputs`() throws {
        for kind in [BuiltinKind.listReduction, .listBuilding] {
            for index in 0..<50 {
                let (_, tests) = try call(BuiltinDataset.training(seed: 7).problem(kind, index: index))
                #expect(tests.contains { $0.arguments == [.array([])] })
            }
        }
    }

    private func call(_ problem: BuiltinProblem) throws -> (CodeTask, [CodeTask.CallTest]) {
        guard case .code(let task) = problem.task, case .entryPoint(let name, let tests) = task.tests else {
            Issue.record("not a task with an entry point: \(problem.key)")
            throw InputError(.invalidValue, "not a task with an entry point")
        }
        #expect(name == "f")
        return (task, tests)
    }
}
