// The one door to judging: looks at what kind of task it is and asks the judge of that kind. Decides nothing itself.
import Domain

/// Judges a response against any task.
package struct Verifier: Sendable {
    private let math: MathVerifier
    private let code: CodeVerifier?

    /// A judge of math and, where a sandbox can be had, of code; without one code tasks are undetermined.
    package init(math: MathVerifier, code: CodeVerifier?) {
        self.math = math
        self.code = code
    }

    /// The verdict on one response. With `explaining`, `steps` says how it came about.
    package func verify(response: String, task: VerificationTask, explaining: Bool = false) async -> Verdict {
        switch task {
        case .math(let task):
            var verdict = math.verify(response: response, task: task, explaining: explaining)
            verdict.verifier = MathVerifier.version
            return verdict
        case .code(let task):
            guard let code else {
                return .undetermined(
                    InfrastructureFailure(code: .sandboxUnavailable, message: "no sandbox is configured"))
            }
            return await code.verify(response: response, task: task)
        case .grader(let task):
            return await GraderVerifier(sandbox: code?.sandbox, remembering: 0).verify(response: response, task: task)
        }
    }
}
