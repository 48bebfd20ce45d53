// Klear-Reasoner's own benchmark files (AIME 2024, AIME 2025, HMMT February 2025): messages, and the answer beside them.
import Domain
import StrictJSON

extension DatasetFormat {
    /// `{"messages":[{"role","content"}],"meta":{"solution"}}`, what its benchmarks/inference.py and judge_math.py read; its HMMT file
    /// has `id`, `solution` and `answer` beside the messages instead.
    static let klearBenchmark = DatasetFormat(
        name: "klear-benchmark", summary: "Klear-Reasoner's AIME and HMMT files: messages, and meta.solution",
        fields: ["messages", "meta", "id", "solution", "answer"], isNamedByFile: true,
        recognises: { row in
            guard row.has("messages") else { return false }
            return row["meta"]?["solution"] != nil || row.has("answer") || row.has("solution")
        },
        read: { row throws(InputError) in
            let meta = try row.embedded("meta") ?? .object([])
            let boxed = row.value("solution")?.string.flatMap(lastBoxed).map { JSONValue.string($0) }
            guard let conversation = row.value("messages"),
                let answer = meta["solution"] ?? meta["answer"] ?? row.value("answer") ?? boxed ?? row.value("solution")
            else { throw InputError(.missingField, "the row needs messages and meta.solution", field: "meta.solution") }
            var turns = try messages(conversation, field: "messages")
            // Files that inference wrote end with what a model said.
            if turns.last?.role == .assistant { turns.removeLast() }
            let task = try mathTask(answer, field: "meta.solution")
            let id = row.value("id")?.label ?? meta["unique_id"]?.label ?? meta["id"]?.label
            return try row.prompt(
                id: id, .messages(turns), task,
                [
                    "difficulty": (meta["difficulty"] ?? meta["level"])?.label,
                    "subject": (meta["subject"] ?? meta["know_type"])?.label,
                    "source": (meta["source"] ?? meta["Year"])?.label, "split": meta["split"]?.label,
                ])
        })
}
