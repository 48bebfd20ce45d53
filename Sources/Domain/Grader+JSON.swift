// Graders as OpenAI writes them, and a grader as the task of a prompt.
import StrictJSON

extension Grader {
    /// Types that OpenAI has and nobody here judges, with the reason.
    package static let refusedTypes = [
        "score_model": "score_model asks a model of OpenAI, and there is none here to ask",
        "label_model": "label_model asks a model of OpenAI, and there is none here to ask",
        "endpoint": "graders that call an address of somebody else are not called",
    ]

    /// Metrics that OpenAI has and nobody here computes, with the reason.
    package static let refusedMetrics = [
        "cosine": "cosine compares embeddings, and there is no embedding model here",
        "meteor": "meteor counts synonyms of WordNet, which is not here",
    ]

    /// Reads a grader; throws at the first field that is wrong or unknown. `multi` graders do not hold one another.
    package init(json: JSONValue) throws(InputError) { self = try Grader(json, nested: false) }

    private init(_ json: JSONValue, nested: Bool) throws(InputError) {
        guard case .object = json else { throw InputError(.wrongType, "expected an object, found \(json.kind)") }
        guard let type = json["type"]?.string else {
            throw InputError(
                json["type"] == nil ? .missingField : .wrongType, "the field is required, a string", field: "type")
        }
        switch type {
        case "string_check":
            let fields = try JSONFields(json, known: ["type", "name", "input", "reference", "operation"])
            let (input, reference) = (try template(fields, "input"), try template(fields, "reference"))
            rule = .stringCheck(input: input, reference: reference, try fields.choice("operation", Operation.self))
            name = try fields.name("name")
        case "text_similarity":
            let fields = try JSONFields(json, known: ["type", "name", "input", "reference", "evaluation_metric"])
            if let reason = fields.value("evaluation_metric")?.string.flatMap({ Grader.refusedMetrics[$0] }) {
                throw InputError(.invalidValue, reason, field: "evaluation_metric")
            }
            let (input, reference) = (try template(fields, "input"), try template(fields, "reference"))
            rule = .textSimilarity(
                input: input, reference: reference, try fields.choice("evaluation_metric", Metric.self))
            name = try fields.name("name")
        case "python":
            let fields = try JSONFields(json, known: ["type", "name", "source", "image_tag"])
            rule = .python(source: try fields.string("source", bytes: 1...Limits.codeSourceBytesMax))
            _ = try fields.optionalName("image_tag")
            name = try fields.name("name")
        case "multi" where !nested:
            let fields = try JSONFields(json, known: ["type", "name", "graders", "calculate_output"])
            rule = try Grader.multi(fields)
            name = try fields.name("name")
        default:
            throw InputError(
                .invalidValue, Grader.refusedTypes[type] ?? "no kind of grader that can stand here", field: "type",
                hint: "string_check, text_similarity, python" + (nested ? "" : " or multi"))
        }
    }

    private static func multi(_ fields: JSONFields) throws(InputError) -> Rule {
        guard case .object(let listed) = try fields.required("graders") else {
            throw InputError(.wrongType, "expected an object", field: "graders")
        }
        guard (1...Limits.gradersMax).contains(listed.count) else {
            throw InputError(
                .invalidValue, "\(listed.count) graders", field: "graders", hint: "1 to \(Limits.gradersMax)")
        }
        var members: [Member] = []
        for entry in listed {
            do throws(InputError) {
                members.append(Member(key: entry.name, grader: try Grader(entry.value, nested: true)))
            } catch { throw error.inside("graders.\(entry.name.prefix(60))") }
        }
        let text = try fields.string("calculate_output", bytes: 1...Limits.graderFormulaBytesMax)
        do throws(InputError) {
            let formula = try GraderFormula(text)
            if let unknown = formula.names.first(where: { name in !members.contains { $0.key == name } }) {
                throw InputError(
                    .invalidValue, "there is no grader \"\(unknown.prefix(60))\"",
                    hint: "one of " + members.map(\.key).joined(separator: ", "))
            }
            return .multi(members, formula: formula)
        } catch { throw error.field == nil ? error.inside("calculate_output") : error }
    }

    /// The grader as OpenAI writes it.
    package var json: JSONValue {
        var members = [JSONMember("type", .string(type)), JSONMember("name", .string(name))]
        switch rule {
        case .stringCheck(let input, let reference, let operation):
            members += [
                JSONMember("input", .string(input.text)), JSONMember("reference", .string(reference.text)),
                JSONMember("operation", .string(operation.rawValue)),
            ]
        case .textSimilarity(let input, let reference, let metric):
            members += [
                JSONMember("input", .string(input.text)), JSONMember("reference", .string(reference.text)),
                JSONMember("evaluation_metric", .string(metric.rawValue)),
            ]
        case .python(let source): members.append(JSONMember("source", .string(source)))
        case .multi(let graders, let formula):
            members += [
                JSONMember("graders", .object(graders.map { JSONMember($0.key, $0.grader.json) })),
                JSONMember("calculate_output", .string(formula.text)),
            ]
        }
        return .object(members)
    }
}

private func template(_ fields: JSONFields, _ name: String) throws(InputError) -> GraderTemplate {
    let text = try fields.string(name, bytes: 0...Limits.graderTextBytesMax)
    do throws(InputError) { return try GraderTemplate(text) } catch { throw error.inside(name) }
}

extension GraderTask {
    /// Reads `{"type":"grader","grader":{...},"item":{...},"pass_threshold":0.5}`.
    init(json: JSONValue) throws(InputError) {
        let fields = try JSONFields(json, known: ["type", "grader", "item", "pass_threshold"])
        self.init(
            grader: try fields.nested("grader", Grader.init(json:)), item: try readItem(fields),
            passThreshold: try fields.optionalNumber("pass_threshold", in: 0...1) ?? 0.5)
    }

    /// The task with its threshold written out.
    var json: JSONValue {
        .members([
            "type": .string("grader"), "grader": grader.json, "item": item, "pass_threshold": .double(passThreshold),
        ])
    }
}

/// The item that templates and programs see: any object within its size; empty when absent.
package func readItem(_ fields: JSONFields) throws(InputError) -> JSONValue {
    guard let item = fields.value("item") else { return .object([]) }
    guard case .object = item else { throw InputError(.wrongType, "expected an object", field: "item") }
    let bytes = item.serialized().count
    guard bytes <= Limits.graderItemBytesMax else {
        throw InputError(
            .tooLarge, "\(bytes) bytes of JSON", field: "item", hint: "the limit is \(Limits.graderItemBytesMax)")
    }
    return item
}
