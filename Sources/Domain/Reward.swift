// From a verdict to a number. An undetermined verdict has none, by type.

/// How a verdict becomes a reward.
package enum RewardScheme: String, Sendable, CaseIterable {
    /// 1 when passed, 0 when failed. A grader's score, held to 0 to 1, stands for both under every scheme.
    case binary
    /// The share of tests passed for code (paper, section 3.2), otherwise as binary.
    case soft
    /// As the Klear code: 1 or -1; 2p - 1 over the tests of code; -0.5 without `</think>`, -2 without `<think>`
    /// (`reward_config.py`, checked in that order).
    case klear

    /// The reward of a verdict on a response, or nil when the verdict is undetermined.
    package func reward(for verdict: Verdict, response: String) -> Double? {
        guard verdict.outcome != .undetermined else { return nil }
        let isPassed = verdict.outcome == .passed
        switch self {
        case .binary: return score(verdict) ?? (isPassed ? 1 : 0)
        case .soft: return score(verdict) ?? (isPassed ? 1 : passFraction(verdict))
        case .klear:
            if !response.contains("</think>") { return -0.5 }
            if !response.contains("<think>") { return -2 }
            return score(verdict).map { 2 * $0 - 1 } ?? (isPassed ? 1 : 2 * passFraction(verdict) - 1)
        }
    }

    private func score(_ verdict: Verdict) -> Double? { verdict.score.map { min(max($0, 0), 1) } }

    private func passFraction(_ verdict: Verdict) -> Double {
        guard let tests = verdict.tests, tests.total > 0 else { return 0 }
        return Double(tests.passed) / Double(tests.total)
    }
}
