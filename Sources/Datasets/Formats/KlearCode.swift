// Klear-Reasoner's code records: verl's shape, with tests as JSON in the ground truth.
import Domain
import StrictJSON

extension DatasetFormat {
    /// As `klear-math`, with `{"inputs","outputs","fn_name"}`, `{"functional"}` or a list of tests as ground truth.
    static let klearCode = DatasetFormat(
        name: "klear-code", summary: "KlearReasoner-CodeSub-15K and other code rows of verl's shape",
        fields: klearMath.fields, isNamedByFile: false,
        recognises: { row in
            guard row.has("prompt", "reward_model") else { return false }
            return row["ability"]?.string == "code" || row["data_source"]?.string?.contains("code") == true
        },
        read: { row throws(InputError) in
            let record = try VerlRecord(row)
            let field = "reward_model.ground_truth"
            var truth = record.groundTruth
            if let text = truth.string { truth = try embeddedJSON(text, field: field) }
            // Statements that call the function and check what it returns.
            if let statements = (truth["functional"] ?? truth["assert_case"])?.string {
                let task = CodeTask(
                    language: .python, tests: .assertions(statements), timeLimitSeconds: 6,
                    memoryLimitMegabytes: 1_024, prelude: .contest)
                return try row.prompt(id: record.id, record.content, .code(task), record.labels(leftOut: nil))
            }
            let raw =
                truth.elements == nil
                ? try RawTests(inputsAndOutputs: truth, field: field) : try RawTests(list: truth, field: field)
            let (task, leftOut) = try row.codeTask(raw, field: field, seconds: 6)
            return try row.prompt(id: record.id, record.content, task, record.labels(leftOut: leftOut))
        })
}

extension RawTests {
    /// Reads `[{"input","output","testtype" or "type","metadata":{"func_name"}}]`, the form of LiveCodeBench and rLLM.
    init(list: JSONValue, field: String) throws(InputError) {
        guard let elements = list.elements else {
            throw InputError(.wrongType, "expected an array of tests, found \(list.kind)", field: field)
        }
        var pairs: [(input: JSONValue, output: JSONValue)] = []
        for (index, element) in elements.enumerated() {
            guard let input = element["input"], let output = element["output"] else {
                throw InputError(.missingField, "a test needs input and output", field: "\(field)[\(index)]")
            }
            pairs.append((input, output))
        }
        let function = elements.first?["metadata"]?["func_name"]?.string
        self.init(pairs: pairs, function: function)
    }
}
