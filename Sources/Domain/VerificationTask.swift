// What a response is judged against. Stored with its prompt, never shown to the generator or the sandbox as a whole.
import StrictJSON

/// What the verifier needs to know about a prompt.
package enum VerificationTask: Sendable, Equatable {
    case math(MathTask)
    case code(CodeTask)
    case grader(GraderTask)

    /// `math`, `code` or `grader`, as on the wire.
    package var type: String {
        switch self {
        case .math: "math"
        case .code: "code"
        case .grader: "grader"
        }
    }

    /// Which of the ledger's two families it is queued, counted and chosen with: graders may run programs, as code does.
    package var family: String {
        if case .math = self { "math" } else { "code" }
    }
}

/// A question with a closed answer.
package struct MathTask: Sendable, Equatable {
    /// The accepted answers, in LaTeX or plain text; 1 to `Limits.mathAnswersMax`, any one suffices.
    package var answers: [String]
    package init(answers: [String]) { self.answers = answers }
}

/// A program to be judged by tests.
package struct CodeTask: Sendable, Equatable {
    package enum Language: String, Sendable, CaseIterable { case python, cpp }

    /// What stands before the program: nothing, or the star imports and raised limits that contest solutions assume.
    package enum Prelude: String, Sendable, CaseIterable { case none, contest }

    package enum Tests: Sendable, Equatable {
        /// The program reads standard input and writes standard output.
        case standardStreams([StreamTest])
        /// The function (or method of `Solution`) of this name is called with JSON values.
        case entryPoint(name: String, [CallTest])
        /// Statements that run after the program and must all hold.
        case assertions(String)
    }

    package struct StreamTest: Sendable, Equatable {
        package var input: String
        package var output: String
        package init(input: String, output: String) {
            self.input = input
            self.output = output
        }
    }

    package struct CallTest: Sendable, Equatable {
        /// The positional arguments.
        package var arguments: [JSONValue]
        package var expected: JSONValue
        package init(arguments: [JSONValue], expected: JSONValue) {
            self.arguments = arguments
            self.expected = expected
        }
    }

    package var language: Language
    package var tests: Tests
    /// CPU seconds for each test.
    package var timeLimitSeconds: Double
    /// Memory for each test, in MiB.
    package var memoryLimitMegabytes: Int
    package var stopAtFirstFailure: Bool
    /// Numbers a and b are equal when |a - b| <= tolerance * max(1, |b|); nil compares exactly.
    package var floatTolerance: Double?
    package var prelude: Prelude

    package init(
        language: Language, tests: Tests, timeLimitSeconds: Double = 2, memoryLimitMegabytes: Int = 512,
        stopAtFirstFailure: Bool = false, floatTolerance: Double? = nil, prelude: Prelude = .none
    ) {
        self.language = language
        self.tests = tests
        self.timeLimitSeconds = timeLimitSeconds
        self.memoryLimitMegabytes = memoryLimitMegabytes
        self.stopAtFirstFailure = stopAtFirstFailure
        self.floatTolerance = floatTolerance
        self.prelude = prelude
    }
}
