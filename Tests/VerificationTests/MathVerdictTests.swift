// What a math verdict carries: outcome, reason, the extracted answer, the steps; and tasks with several answers.
import Domain
import Testing
import Verification

@Suite struct MathVerdictTests {
    let verifier = MathVerifier()

    @Test func `a verdict carries the extracted answer and a reason`() {
        let right = verifier.verify(response: "So \\boxed{\\frac{6}{8}}.", task: MathTask(answers: ["\\frac{3}{4}"]))
        #expect(right.outcome == .passed)
        #expect(right.extracted == "\\frac{6}{8}")
        #expect(right.reason.contains("identical"))
        let wrong = verifier.verify(response: "So \\boxed{[0,1]}.", task: MathTask(answers: ["(0,1)"]))
        #expect(wrong.outcome == .failed)
        #expect(wrong.reason.contains("open and closed"))
    }

    @Test func `steps are there only when they are asked for`() {
        let task = MathTask(answers: ["x>3"])
        let quiet = verifier.verify(response: "\\boxed{(3,\\infty)}", task: task)
        let told = verifier.verify(response: "\\boxed{(3,\\infty)}", task: task, explaining: true)
        #expect(quiet.outcome == .passed)
        #expect(quiet.steps.isEmpty)
        #expect(told.steps.count >= 3)
        #expect(told.steps.contains { $0.contains("the last box") })
        #expect(told.steps.contains { $0.contains("interval") })
        #expect(quiet.reason == told.reason)
    }

    @Test func `any accepted answer suffices`() {
        let task = MathTask(answers: ["\\text{yes}", "7", "x=8"])
        #expect(verifier.verify(response: "8".boxed, task: task).outcome == .passed)
        #expect(verifier.verify(response: "Yes".boxed, task: task).outcome == .passed)
        #expect(verifier.verify(response: "9".boxed, task: task).outcome == .failed)
    }

    @Test func `a task without an answer is undetermined, never failed`() {
        for answers in [[], [""]] {
            let verdict = verifier.verify(response: "5".boxed, task: MathTask(answers: answers))
            #expect(verdict.outcome == .undetermined)
            #expect(verdict.failure?.code == .unreadableTask)
        }
    }

    @Test func `a gold that is no mathematics is compared as text`() {
        let gold = "These are not legitimate row operations: ⊗⊕ \\unknowncommand{7}"
        #expect(verifier.verify(response: gold.boxed, task: MathTask(answers: [gold])).outcome == .passed)
        #expect(verifier.verify(response: "7".boxed, task: MathTask(answers: [gold])).outcome == .failed)
    }

    @Test func `a gold may be plain, in dollar signs, in display brackets or boxed`() {
        for gold in [
            "\\frac12", "$\\frac12$", "$$\\frac12$$", "\\(\\frac12\\)", "\\[\\frac12\\]", "\\boxed{\\frac12}",
            "so $\\boxed{\\frac12}$",
        ] {
            #expect(
                verifier.verify(response: "0.5".boxed, task: MathTask(answers: [gold])).outcome == .passed, "\(gold)")
            #expect(
                verifier.verify(response: "0.6".boxed, task: MathTask(answers: [gold])).outcome == .failed, "\(gold)")
        }
    }

    @Test func `a reason names both kinds when they differ`() {
        let verdict = verifier.verify(
            response: "[1,2]".boxed, task: MathTask(answers: ["\\begin{pmatrix}1&2\\\\3&4\\end{pmatrix}"]))
        #expect(verdict.reason.contains("a matrix"))
        #expect(verdict.reason.contains("a tuple or interval"))
    }
}
