// Klear-Reasoner's own benchmark files (AIME 2024, AIME 2025, HMMT February 2025): messages, and the answer beside them.
import Domain
import StrictJSON

extension DatasetFormat {
    /// `{"messages":[{"role","content"}],"meta":{"solution"}}`, what its benchmarks/inference.py and judge_math.py read.
    static let klearBenchmark = DatasetFormat(
        name: "klear-benchmark", summary: "Klear-Reasoner's AIME and HMMT files: messages, and meta.solution",
        fields: ["messages", "meta", "id"], isNamedByFile: true,
        recognises: { $0.has("messages", "meta") && $0["meta"]?["solution"] != nil },
        read: { row throws(InputError) in
            guard let conversation = row.value("messages"), let meta = try row.embedded("meta"),
                let answer = meta["solution"] ?? meta["answer"]
            else { throw InputError(.missingField, "the row needs messages and meta.solution", field: "meta.solution") }
            var turns = try messages(conversation, field: "messages")
            // Files that inference wrote end with what a model said.
            if turns.last?.role == .assistant { turns.removeLast() }
            let task = try mathTask(answer, field: "meta.solution")
            let id = row.value("id")?.label ?? meta["id"]?.label
            return try row.prompt(
                id: id, .messages(turns), task,
                [
                    "difficulty": meta["difficulty"]?.label, "subject": meta["subject"]?.label,
                    "source": meta["source"]?.label, "split": meta["split"]?.label,
                ])
        })
}
