// The names of the rules of judging, recorded with each verdict, so that a re-score can tell what changed. A rule that
// could change any verdict changes its name.

extension CodeVerifier {
    /// Extraction, the sandbox's outcomes, and the comparison of outputs and values.
    package static let version = "code-2"
}

extension GraderVerifier {
    /// Templates, comparisons, similarities, the call of a program and formulas.
    package static let version = "grader-1"
}

extension MathVerifier {
    /// Extraction, reading and comparison of answers.
    package static let version = "math-2"
}
