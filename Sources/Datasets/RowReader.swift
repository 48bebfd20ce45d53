// The fields of a stranger's row: under one of several names, as themselves or as JSON inside a string.
import Domain
import StrictJSON

/// Reads what formats need from one row, and builds what is stored.
struct RowReader {
    /// The row itself.
    let row: JSONValue
    /// The data set that the row goes to.
    let dataset: String
    /// What the person wants.
    let wishes: ImportWishes

    init(_ row: JSONValue, dataset: String, wishes: ImportWishes) {
        self.row = row
        self.dataset = dataset
        self.wishes = wishes
    }

    // MARK: Fields

    /// The first of these fields that is there and not null.
    func value(_ names: String...) -> JSONValue? { firstValue(names) }

    private func firstValue(_ names: [String]) -> JSONValue? {
        for name in names {
            if let value = row[name], value != .null { return value }
        }
        return nil
    }

    /// A text that must be there, under the first of these names.
    func text(_ names: String...) throws(InputError) -> String {
        guard let value = firstValue(names) else {
            throw InputError(
                .missingField, "the row has none of these fields: \(names.joined(separator: ", "))", field: names.first)
        }
        guard let text = value.string else {
            throw InputError(.wrongType, "expected a string, found \(value.kind)", field: names.first)
        }
        guard text.utf8.contains(where: { $0 > 0x20 }) else {
            throw InputError(.invalidValue, "must not be empty", field: names.first)
        }
        return text
    }

    /// A value that is an object or array, or JSON text of one.
    func embedded(_ name: String) throws(InputError) -> JSONValue? {
        guard let value = value(name) else { return nil }
        guard let text = value.string else { return value }
        return try embeddedJSON(text, field: name)
    }

    // MARK: What is stored

    /// A prompt of this row.
    ///
    /// - Parameters:
    ///   - id: The row's own name within its set, or nil for one from its content.
    ///   - labels: What reports group by; nil and long values are left out.
    func prompt(
        id: String?, _ content: PromptContent, _ task: VerificationTask, _ labels: KeyValuePairs<String, String?>
    ) throws(InputError) -> DatasetRecord {
        let named = PromptID(try identity(id) { [content.json, task.json] })
        let content = try withSuffix(content)
        // The ledger refuses what passes its bounds when it is stored; a preview must say so, too.
        do throws(InputError) { _ = try VerificationTask(json: task.json, bounds: .imported) } catch {
            var fault = error.inside("task")
            if fault.code == .tooLarge, task.type == "code" { fault.hint = "--leave-out-large-tests goes without them" }
            throw fault
        }
        return .prompt(
            PromptSubmission(id: named, dataset: dataset, content: content, task: task, metadata: metadata(labels)))
    }

    /// A demonstration of this row.
    func demonstration(
        id: String?, _ content: PromptContent, _ response: String, _ labels: KeyValuePairs<String, String?>
    ) throws(InputError) -> DatasetRecord {
        let named = DemonstrationID(try identity(id) { [content.json, .string(response)] })
        guard response.utf8.count <= Limits.responseBytesMax else {
            throw InputError(
                .tooLarge, "a response of \(response.utf8.count) bytes", hint: "the limit is \(Limits.responseBytesMax)"
            )
        }
        return .demonstration(
            DemonstrationSubmission(
                id: named, dataset: dataset, content: try withSuffix(content), response: response,
                metadata: metadata(labels)))
    }

    /// `set/split/own id`, or `set/split/hash` of the content where the row has no id of its own that can be one here. The same
    /// row has the same name at every import.
    private func identity(_ own: String?, content: () -> [JSONValue]) throws(InputError) -> String {
        let prefix = ([dataset] + (wishes.split.map { [$0] } ?? [])).joined(separator: "/")
        let cleaned = prefix.unicodeScalars.map { isValidIdentifier(String($0)) ? String($0) : "-" }.joined()
        if let own, case let id = "\(cleaned)/\(own)", isValidIdentifier(id) { return id }
        var hasher = Blake2b()
        for value in content() { hasher.absorb(field: value.text) }
        let id = "\(cleaned)/\(ContentHash(bytes: hasher.digest()).hexadecimal)"
        guard isValidIdentifier(id) else {
            throw InputError(.tooLarge, "the names of set and split are too long for identifiers", field: "dataset")
        }
        return id
    }

    private func metadata(_ labels: KeyValuePairs<String, String?>) -> JSONValue {
        var members: [JSONMember] = []
        for (name, value) in labels {
            guard let value, (1...Limits.datasetLabelBytesMax).contains(value.utf8.count) else { continue }
            members.append(JSONMember(name, .string(value)))
        }
        if let split = wishes.split, !members.contains(where: { $0.name == "split" }) {
            members.append(JSONMember("split", .string(split)))
        }
        return .object(members)
    }

    /// The content with what the person wants behind it, within the bounds of a prompt.
    private func withSuffix(_ content: PromptContent) throws(InputError) -> PromptContent {
        var content = content
        let suffix = wishes.suffix ?? ""
        switch content {
        case .text(let text): content = .text(text + suffix)
        case .messages(var messages):
            if let last = messages.lastIndex(where: { $0.role == .user }) { messages[last].content += suffix }
            content = .messages(messages)
        }
        return try PromptContent(json: content.json)
    }
}

/// JSON text inside a field.
func embeddedJSON(_ text: String, field: String) throws(InputError) -> JSONValue {
    let limits = JSONLimits(
        depth: Limits.jsonDepthMax, bytes: Limits.datasetUnpackedBytesMax, values: Limits.datasetRowValuesMax)
    do throws(JSONError) { return try JSONValue.parse(text: text, limits: limits) } catch {
        throw InputError(.malformedJSON, "no JSON: \(error)", field: field)
    }
}

extension JSONValue {
    /// A string, or a number as text: what labels, ids and answers are in one file or another.
    var label: String? {
        switch self {
        case .string(let text): text
        case .integer(let number): String(number)
        case .bigInteger(let digits): digits
        case .double(let number): number == number.rounded() && abs(number) < 1e15 ? String(Int64(number)) : "\(number)"
        default: nil
        }
    }
}

/// Messages of a row, in which roles are those of the chat format and every content is text.
func messages(_ value: JSONValue, field: String) throws(InputError) -> [ChatMessage] {
    guard let elements = value.elements else {
        throw InputError(.wrongType, "expected an array of messages, found \(value.kind)", field: field)
    }
    var plain: [JSONValue] = []
    for element in elements {
        // Rows bring fields of their own in their messages; role and content are what is said.
        plain.append(.members(["role": element["role"] ?? .null, "content": element["content"] ?? .null]))
    }
    do throws(InputError) { return try PromptContent.messages(plain) } catch { throw error.inside(field) }
}
