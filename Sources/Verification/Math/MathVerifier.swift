// Judges one response against the accepted answers of a math task: extract, read, compare. A pure function of its
// arguments, without clocks, global state or recursion on the input.
import Domain

/// Decides whether the answer in a response equals an accepted answer.
package struct MathVerifier: Sendable {
    package init() {}

    /// The verdict on a response.
    /// - Parameters:
    ///   - response: any text, up to `Limits.responseBytesMax`; longer is undetermined.
    ///   - task: the accepted answers, raw LaTeX, `$...$`, boxed or plain.
    ///   - explaining: whether to record the steps that led to the verdict.
    package func verify(response: String, task: MathTask, explaining: Bool = false) -> Verdict {
        verify(response: response, task: task, explaining: explaining, work: WorkMeter())
    }

    /// The same verdict, with the units of work that it took: at most `Limits.mathWorkMax`.
    package func measuredVerdict(response: String, task: MathTask) -> (verdict: Verdict, work: Int) {
        let work = WorkMeter()
        let verdict = verify(response: response, task: task, explaining: false, work: work)
        return (verdict, work.used)
    }

    private func verify(response: String, task: MathTask, explaining: Bool, work: WorkMeter) -> Verdict {
        var steps = ExplanationSteps(isRecording: explaining)
        guard response.utf8.count <= Limits.responseBytesMax else {
            return beyondCaps("the response is longer than \(Limits.responseBytesMax) bytes", nil, steps)
        }
        let golds = task.answers.prefix(Limits.mathAnswersMax).map { GoldAnswer($0) }
        guard golds.contains(where: { !$0.bytes.isEmpty }) else {
            return .undetermined(
                InfrastructureFailure(code: .unreadableTask, message: "the task has no reference answer"),
                steps: steps.lines)
        }
        let window = AnswerWindow(of: response)
        let extractor = AnswerExtractor(bytes: window.bytes[...], holdsCommand: window.holdsCommand)
        guard let found = extractor.extract(expecting: golds.first?.expectation ?? .mathematics) else {
            steps.add("no box, cue, formula or number was found")
            return .failed("no answer was found in the response", steps: steps.lines)
        }
        let candidate = CandidateAnswer(found, in: extractor.bytes)
        let shown = candidate.excerpt
        steps.add("extracted \(quoted(shown)): \(found.rule)")
        if let negation = found.negation {
            return .failed(
                "the answer \(quoted(shown)) does not stand: \(negation)", extracted: shown, steps: steps.lines)
        }
        guard candidate.bytes.count <= Limits.mathCandidateBytesMax else {
            return beyondCaps("the extracted answer is longer than \(Limits.mathCandidateBytesMax) bytes", shown, steps)
        }
        return judge(candidate, golds, work, &steps)
    }

    /// Any accepted answer suffices; an undecided one makes a failure undetermined.
    private func judge(
        _ candidate: CandidateAnswer, _ golds: [GoldAnswer], _ work: WorkMeter, _ steps: inout ExplanationSteps
    ) -> Verdict {
        let shown = candidate.excerpt
        var reason = ""
        var undecided: String?
        for gold in golds where !gold.bytes.isEmpty {
            let outcome = AnswerJudge.judge(candidate: candidate, gold: gold, work: work, steps: &steps)
            switch outcome.agreement {
            case .equal:
                return .passed(
                    "\(quoted(shown)) equals the reference: \(outcome.reason)", extracted: shown, steps: steps.lines)
            case .different: reason = outcome.reason
            case .unclear: undecided = outcome.reason
            }
        }
        if let undecided { return beyondCaps(undecided, shown, steps) }
        return .failed("\(quoted(shown)) does not equal the reference: \(reason)", extracted: shown, steps: steps.lines)
    }

    private func beyondCaps(_ message: String, _ extracted: String?, _ steps: ExplanationSteps) -> Verdict {
        .undetermined(
            InfrastructureFailure(code: .beyondCaps, message: message), extracted: extracted, steps: steps.lines)
    }
}

/// The steps of one verdict, recorded only when somebody asked.
struct ExplanationSteps {
    let isRecording: Bool
    private(set) var lines: [String] = []

    init(isRecording: Bool) { self.isRecording = isRecording }

    mutating func add(_ line: @autoclosure () -> String) {
        if isRecording { lines.append(line()) }
    }
}

/// A text in quotation marks, cut for people.
func quoted(_ text: String) -> String {
    text.utf8.count <= 80 ? "\"\(text)\"" : "\"\(String(text.prefix(72)))...\""
}
