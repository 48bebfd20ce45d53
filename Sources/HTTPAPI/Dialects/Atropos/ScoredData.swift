// ScoredData, the body of /scored_data: checked as Atropos checks it, and written out as its trainers read it.
import Domain
import StrictJSON

extension TrajectoryGroup {
    /// Reads a group. Its text has all of Atropos' fields in Atropos' order, null where one is missing, and no others; integers in
    /// place of floats become floats. Whether lengths agree is not looked at, as there.
    init(scoredData json: JSONValue) throws(InputError) {
        let fields = try JSONFields(ofAny: json)
        let tokens = try fields.array("tokens", count: 1...Limits.trajectorySequencesMax)
        let environment = try fields.optionalInteger("env_id", in: Int(Int32.min)...Int(Int32.max)).map { Int64($0) }
        var writer = JSONWriter(reserving: 1_024)
        for (index, field) in scoredDataFields.enumerated() {
            let value = fields.value(field.name)
            guard value != nil || !field.isRequired else {
                throw InputError(.missingField, "the field is required", field: field.name)
            }
            writer.append(raw: index == 0 ? "{" : ",")
            writer.append(field.name)
            writer.append(raw: ":")
            do throws(InputError) {
                writer.append(try value.map { (value) throws(InputError) in try field.kind.read(value) } ?? .null)
            } catch { throw error.inside(field.name) }
        }
        writer.append(raw: "}")
        guard writer.bytes.count <= Limits.trajectoryTextBytesMax else {
            throw InputError(
                .tooLarge, "\(writer.bytes.count) bytes with all numbers written out",
                hint: "the limit is \(Limits.trajectoryTextBytesMax) bytes a group")
        }
        self.init(environment: environment, sequences: tokens.count, text: writer.take())
    }
}

/// What `/latest_example` answers before there is one.
let noExample = JSONValue.object(
    [
        "tokens", "masks", "scores", "advantages", "ref_logprobs", "generation_params", "inference_logprobs",
        "messages",
        "images",
    ].map { JSONMember($0, .array([])) })

/// What a field of ScoredData holds.
private indirect enum FieldKind: Sendable {
    case integer
    case number
    case object
    case message
    case anything
    case list(FieldKind)

    /// The value as it is handed on, or why it is not of this kind.
    func read(_ value: JSONValue) throws(InputError) -> JSONValue {
        switch (self, value) {
        case (.anything, _), (.object, .object), (.integer, .integer), (.number, .double): return value
        case (.list(.integer), .integers), (.list(.number), .doubles): return value
        case (.list(.number), .integers(let values)) where values.allSatisfy({ abs($0) <= 1 << 53 }):
            return .doubles(values.map { Double($0) })
        case (.integer, .double):
            guard let whole = value.wholeNumber else { throw wrongType("an integer", value) }
            return .integer(whole)
        case (.number, .integer), (.number, .bigInteger):
            guard let number = value.number else { throw wrongType("a number", value) }
            return .double(number)
        case (.message, .object(let members)):
            for name in ["role", "content"] where !members.contains(where: { $0.name == name }) {
                throw InputError(.missingField, "Message must have 'role' and 'content' fields", field: name)
            }
            return value
        case (.list(let kind), _): return try list(of: kind, value)
        default: throw wrongType(name, value)
        }
    }

    private func list(of kind: FieldKind, _ value: JSONValue) throws(InputError) -> JSONValue {
        guard let elements = value.elements else { throw wrongType("an array", value) }
        var read: [JSONValue] = []
        read.reserveCapacity(elements.count)
        for (index, element) in elements.enumerated() {
            do throws(InputError) { read.append(try kind.read(element)) } catch { throw error.inside("[\(index)]") }
        }
        return .array(read)
    }

    private var name: String {
        switch self {
        case .integer: "an integer"
        case .number: "a number"
        case .object, .message: "an object"
        case .anything: "anything"
        case .list: "an array"
        }
    }
}

private func wrongType(_ expected: String, _ found: JSONValue) -> InputError {
    InputError(.wrongType, "expected \(expected), found \(found.kind)")
}

private struct ScoredDataField: Sendable {
    let name: String
    let kind: FieldKind
    var isRequired = false
}

/// `_scored_data_to_dict` of atroposlib 0.4.0, with the types of its `ScoredData`.
private let scoredDataFields = [
    ScoredDataField(name: "tokens", kind: .list(.list(.integer)), isRequired: true),
    ScoredDataField(name: "masks", kind: .list(.list(.integer)), isRequired: true),
    ScoredDataField(name: "scores", kind: .list(.number), isRequired: true),
    ScoredDataField(name: "advantages", kind: .list(.list(.number))),
    ScoredDataField(name: "ref_logprobs", kind: .list(.list(.number))),
    ScoredDataField(name: "messages", kind: .list(.list(.message))),
    ScoredDataField(name: "generation_params", kind: .object),
    ScoredDataField(name: "inference_logprobs", kind: .list(.list(.number))),
    ScoredDataField(name: "overrides", kind: .list(.object)),
    ScoredDataField(name: "group_overrides", kind: .object),
    ScoredDataField(name: "images", kind: .anything),
    ScoredDataField(name: "env_id", kind: .integer),
    ScoredDataField(name: "distill_token_ids", kind: .list(.list(.list(.integer)))),
    ScoredDataField(name: "distill_logprobs", kind: .list(.list(.list(.number)))),
]
