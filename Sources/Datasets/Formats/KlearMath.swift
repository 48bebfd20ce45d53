// Klear-Reasoner's math records, and all others of verl's shape: messages, and a ground truth to be compared with.
import Domain
import StrictJSON

extension DatasetFormat {
    /// `{"data_source","prompt":[{"role","content"}],"ability","reward_model":{"ground_truth","style"},"extra_info"}`.
    static let klearMath = DatasetFormat(
        name: "klear-math", summary: "KlearReasoner-MathSub-30K and other math rows of verl's shape",
        fields: [
            "prompt", "reward_model", "data_source", "ability", "extra_info", "hash", "id", "__index_level_0__",
            "difficulty",
        ],
        isNamedByFile: false, recognises: { $0.has("prompt", "reward_model") },
        read: { row throws(InputError) in
            let record = try VerlRecord(row)
            let task = try mathTask(record.groundTruth, field: "reward_model.ground_truth")
            return try row.prompt(id: record.id, record.content, task, record.labels(leftOut: nil))
        })
}

/// What verl's rows have in common.
struct VerlRecord {
    let content: PromptContent
    let groundTruth: JSONValue
    let id: String?
    private let row: RowReader
    private let extra: JSONValue?

    init(_ row: RowReader) throws(InputError) {
        self.row = row
        guard let prompt = row.value("prompt") else {
            throw InputError(.missingField, "the field is required", field: "prompt")
        }
        if let text = prompt.string, !text.hasPrefix("[") {
            content = .text(text)
        } else {
            content = .messages(try messages(try row.embedded("prompt") ?? prompt, field: "prompt"))
        }
        guard let model = try row.embedded("reward_model"), let truth = model["ground_truth"], truth != .null else {
            throw InputError(.missingField, "the field is required", field: "reward_model.ground_truth")
        }
        groundTruth = truth
        extra = try row.embedded("extra_info")
        // An index counts within a file and a split; two files of one set must not share names, so it is named with its split.
        let split = extra?["split"]?.label
        let index = extra?["index"]?.label.map { [split, $0].compactMap { $0 }.joined(separator: "/") }
        id = row.value("id", "hash", "__index_level_0__")?.label ?? index
    }

    func labels(leftOut: String?) -> KeyValuePairs<String, String?> {
        [
            "difficulty": row.value("difficulty")?.label ?? extra?["difficulty"]?.label,
            "subject": extra?["subject"]?.label ?? row.value("ability")?.label,
            "source": row.value("data_source")?.label, "split": extra?["split"]?.label, "tests_left_out": leftOut,
        ]
    }
}
