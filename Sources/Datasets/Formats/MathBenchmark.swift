// Problems with closed answers as most benchmarks are handed on: AIME, HMMT, AMC, MATH, OlympiadBench.
import Domain
import StrictJSON

extension DatasetFormat {
    /// A problem under one of its usual names, and an answer, or a solution that ends with one in a box.
    static let mathBenchmark = DatasetFormat(
        name: "math-benchmark", summary: "AIME, HMMT and other rows with a problem and its answer",
        fields: [
            "problem", "question", "prompt", "Problem", "Question", "answer", "Answer", "final_answer",
            "expected_answer",
            "solution",
            "Solution", "id", "ID", "unique_id", "problem_idx", "problem_id", "level", "difficulty", "subject", "type",
            "problem_type", "source", "year", "split",
        ],
        isNamedByFile: true,
        recognises: { row in
            let hasProblem = ["problem", "question", "prompt", "Problem", "Question"].contains {
                row[$0]?.string != nil
            }
            let answers = ["answer", "Answer", "final_answer", "expected_answer"]
            let hasAnswer = answers.contains { row[$0].map { $0 != .null } ?? false }
            return hasProblem && (hasAnswer || row["solution"]?.string.flatMap(lastBoxed) != nil)
        },
        read: { row throws(InputError) in
            let problem = try row.text("problem", "question", "prompt", "Problem", "Question")
            let boxed = row.value("solution", "Solution")?.string.flatMap(lastBoxed)
            guard
                let answer = row.value("answer", "Answer", "final_answer", "expected_answer")
                    ?? boxed.map({ JSONValue.string($0) })
            else { throw InputError(.missingField, "no answer, and no solution with one in a box", field: "answer") }
            let subject = row.value("subject", "type", "problem_type")
            return try row.prompt(
                id: row.value("unique_id", "id", "ID", "problem_id", "problem_idx")?.label, .text(problem),
                try mathTask(answer, field: "answer"),
                [
                    "difficulty": row.value("level", "difficulty")?.label,
                    "subject": subject?.label ?? subject?.elements?.first?.label,
                    "source": row.value("source", "year")?.label, "split": row.value("split")?.label,
                ])
        })
}
