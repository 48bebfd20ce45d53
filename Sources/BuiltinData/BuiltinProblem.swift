// One problem with everything that is known about it: what is asked, what it is judged against, and one right answer.
import Domain

/// A problem of the built-in data set.
package struct BuiltinProblem: Sendable, Equatable {
    /// What kind of problem it is.
    package let kind: BuiltinKind
    /// What makes it this problem, as `addition 347 586`: neither its wording nor its tests. Splits go by this.
    package let key: String
    /// What is asked, in one short sentence; at most 200 bytes.
    package let prompt: String
    /// What a response is judged against.
    package let task: VerificationTask
    /// A right response: steps and `\boxed{}`, or one Python block.
    package let workedSolution: String
    /// The right response that the cold start imitates: the worked solution, or for arithmetic sometimes only the box.
    package let demonstration: String

    /// How it is judged.
    package var family: BuiltinFamily { kind.family }
}

/// How a model of our own making is asked: it knows no chat template.
package enum BuiltinPromptFormat {
    /// The text whose tokens come before the response: the prompt and a line feed.
    package static func modelInput(_ prompt: String) -> String { prompt + "\n" }
}
