// What all arithmetic problems share: three wordings, worked lines before a box, and the habit of answering at once.
import Domain

enum WorkedArithmetic {
    /// How often, of 100, a demonstration answers at once, by the wording: a bare question invites it, "work out" does not.
    private static let answersAtOnce = [90, 65, 20]

    /// A problem in one of its three wordings.
    ///
    /// Its demonstration is the worked solution or, as people often do, the answer alone. A small model that imitates the
    /// latter guesses, and is mostly wrong: that working pays is what it is left to find out from verdicts.
    static func problem(
        _ kind: BuiltinKind, key: String, wordings: [String], lines: [String], answer: String,
        using generator: inout SeededGenerator
    ) -> BuiltinProblem {
        let wording = generator.draw(0...wordings.count - 1)
        let box = "\\boxed{\(answer)}"
        let worked = lines.joined(separator: "\n") + "\n" + box
        return BuiltinProblem(
            kind: kind, key: "\(kind.rawValue) \(key)", prompt: wordings[wording],
            task: .math(MathTask(answers: [answer])), workedSolution: worked,
            demonstration: generator.draw(0...99) < answersAtOnce[wording] ? box : worked)
    }
}
