// MATH-500: the 500 problems of MATH's test set that PRM800K set aside.
import Domain
import StrictJSON

extension DatasetFormat {
    /// `{"problem","solution","answer","subject","level","unique_id"}`.
    static let math500 = DatasetFormat(
        name: "math-500", summary: "HuggingFaceH4/MATH-500",
        fields: ["problem", "solution", "answer", "subject", "level", "unique_id"], isNamedByFile: false,
        recognises: { $0.has("problem", "answer", "subject", "level", "unique_id") },
        read: { row throws(InputError) in
            guard let answer = row.value("answer") else {
                throw InputError(.missingField, "the field is required", field: "answer")
            }
            return try row.prompt(
                id: row.value("unique_id")?.label, .text(try row.text("problem")),
                try mathTask(answer, field: "answer"),
                [
                    "difficulty": row.value("level")?.label, "subject": row.value("subject")?.label, "source": "MATH",
                    "split": "test",
                ])
        })
}
