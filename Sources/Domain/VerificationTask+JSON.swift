// Tasks as they stand on the wire and in the ledger: the four forms of the contract.
import StrictJSON

extension VerificationTask {
    /// Reads any form of a task as clients send it; throws at the first field that is wrong, unknown or beyond its limit.
    package init(json: JSONValue) throws(InputError) { try self.init(json: json, bounds: .sent) }

    /// Reads any form of a task whose tests are within `bounds`.
    package init(json: JSONValue, bounds: TestBounds) throws(InputError) {
        guard case .object = json else { throw InputError(.wrongType, "expected an object, found \(json.kind)") }
        guard let type = json["type"] else { throw InputError(.missingField, "the field is required", field: "type") }
        switch type.string {
        case "math": self = .math(try MathTask(json: json))
        case "code": self = .code(try CodeTask(json: json, bounds: bounds))
        case "grader": self = .grader(try GraderTask(json: json))
        default:
            throw InputError(
                type.string == nil ? .wrongType : .invalidValue, "no kind of task", field: "type",
                hint: "one of \"math\", \"code\", \"grader\"")
        }
    }

    /// The task as JSON, with every default written out, so that equal tasks have equal texts.
    package var json: JSONValue {
        switch self {
        case .math(let task): task.json
        case .code(let task): task.json
        case .grader(let task): task.json
        }
    }
}

extension MathTask {
    fileprivate init(json: JSONValue) throws(InputError) {
        let fields = try JSONFields(json, known: ["type", "answer"])
        let range = 1...Limits.mathAnswerBytesMax
        if let answer = fields.value("answer")?.string {
            try checkLength(answer, bytes: range, field: "answer")
            self.init(answers: [answer])
            return
        }
        let value = try fields.required("answer")
        guard value.elementCount != nil else {
            throw InputError(
                .wrongType, "expected a string or an array of strings, found \(value.kind)", field: "answer")
        }
        var answers: [String] = []
        for (index, element) in try fields.array("answer", count: 1...Limits.mathAnswersMax).enumerated() {
            guard let answer = element.string else {
                throw InputError(.wrongType, "expected a string, found \(element.kind)", field: "answer[\(index)]")
            }
            try checkLength(answer, bytes: range, field: "answer[\(index)]")
            answers.append(answer)
        }
        self.init(answers: answers)
    }

    fileprivate var json: JSONValue {
        let answer: JSONValue =
            answers.count == 1 ? .string(answers.first ?? "") : .array(answers.map { .string($0) })
        return .members(["type": .string("math"), "answer": answer])
    }
}

extension CodeTask {
    private static let known = [
        "type", "language", "tests", "entry_point", "assertions", "time_limit_seconds", "memory_limit_megabytes",
        "stop_at_first_failure", "float_tolerance", "prelude",
    ]

    fileprivate init(json: JSONValue, bounds: TestBounds) throws(InputError) {
        let fields = try JSONFields(json, known: CodeTask.known)
        let language = try fields.choice("language", Language.self)
        self.init(language: language, tests: try readTests(fields, language: language, bounds))
        if let seconds = try fields.optionalNumber(
            "time_limit_seconds", in: Limits.codeTimeLimitSecondsMin...Limits.codeTimeLimitSecondsMax)
        {
            timeLimitSeconds = seconds
        }
        if let megabytes = try fields.optionalInteger(
            "memory_limit_megabytes", in: Limits.codeMemoryMegabytesMin...Limits.codeMemoryMegabytesMax)
        {
            memoryLimitMegabytes = megabytes
        }
        stopAtFirstFailure = try fields.optionalBool("stop_at_first_failure") ?? false
        floatTolerance = try fields.optionalNumber("float_tolerance", in: 0...1)
        prelude = try fields.optionalChoice("prelude", Prelude.self) ?? .none
    }

    fileprivate var json: JSONValue {
        var members = [JSONMember("type", .string("code")), JSONMember("language", .string(language.rawValue))]
        switch tests {
        case .standardStreams(let tests):
            members.append(JSONMember("tests", .array(tests.map(\.json))))
        case .entryPoint(let name, let tests):
            members.append(JSONMember("entry_point", .string(name)))
            members.append(JSONMember("tests", .array(tests.map(\.json))))
        case .assertions(let statements):
            members.append(JSONMember("assertions", .string(statements)))
        }
        members.append(JSONMember("time_limit_seconds", .double(timeLimitSeconds)))
        members.append(JSONMember("memory_limit_megabytes", .integer(Int64(memoryLimitMegabytes))))
        members.append(JSONMember("stop_at_first_failure", .bool(stopAtFirstFailure)))
        if let floatTolerance { members.append(JSONMember("float_tolerance", .double(floatTolerance))) }
        members.append(JSONMember("prelude", .string(prelude.rawValue)))
        return .object(members)
    }
}

extension CodeTask.StreamTest {
    fileprivate init(json: JSONValue, _ bounds: TestBounds) throws(InputError) {
        let fields = try JSONFields(json, known: ["input", "output"])
        let range = 0...bounds.testBytes
        self.init(input: try fields.string("input", bytes: range), output: try fields.string("output", bytes: range))
    }

    fileprivate var json: JSONValue { .members(["input": .string(input), "output": .string(output)]) }
}

extension CodeTask.CallTest {
    fileprivate init(json: JSONValue, _ bounds: TestBounds) throws(InputError) {
        let fields = try JSONFields(json, known: ["arguments", "expected"])
        let arguments = try fields.array("arguments", count: 0...Limits.callArgumentsMax)
        // A function may well be expected to return None, so null is a value here.
        guard let expected = json["expected"] else {
            throw InputError(.missingField, "the field is required", field: "expected")
        }
        self.init(arguments: arguments, expected: expected)
    }

    fileprivate var json: JSONValue { .members(["arguments": .array(arguments), "expected": expected]) }
}

/// The tests of a code task, in the one form that its fields say.
private func readTests(
    _ fields: JSONFields, language: CodeTask.Language, _ bounds: TestBounds
) throws(InputError) -> CodeTask.Tests {
    if fields.has("assertions") {
        for other in ["tests", "entry_point"] where fields.has(other) {
            throw InputError(
                .invalidValue, "assertions stand alone", field: other, hint: "send either assertions or tests")
        }
        try requirePython(language)
        return .assertions(try fields.string("assertions", bytes: 1...Limits.assertionsBytesMax))
    }
    guard fields.has("tests") else {
        throw InputError(
            .missingField, "a code task needs tests or assertions", field: "tests",
            hint:
                "tests: [{\"input\",\"output\"}], or entry_point with tests: [{\"arguments\",\"expected\"}], or assertions"
        )
    }
    let elements = try fields.array("tests", count: 1...bounds.tests)
    guard let name = try fields.optionalName("entry_point") else {
        return .standardStreams(
            try readEach(elements, bounds, CodeTask.StreamTest.init(json:_:)) {
                $0.input.utf8.count + $0.output.utf8.count
            })
    }
    try requirePython(language)
    guard isPythonName(name) else {
        throw InputError(
            .invalidValue, "not the name of a function", field: "entry_point",
            hint: "letters, digits and _, not beginning with a digit")
    }
    return .entryPoint(
        name: name, try readEach(elements, bounds, CodeTask.CallTest.init(json:_:)) { $0.json.serialized().count })
}

/// Reads tests one by one and holds each, and all together, to their size.
private func readEach<Test>(
    _ elements: [JSONValue], _ bounds: TestBounds, _ read: (JSONValue, TestBounds) throws(InputError) -> Test,
    bytes: (Test) -> Int
) throws(InputError) -> [Test] {
    var tests: [Test] = []
    var total = 0
    for (index, element) in elements.enumerated() {
        let test: Test
        do throws(InputError) { test = try read(element, bounds) } catch { throw error.inside("tests[\(index)]") }
        let size = bytes(test)
        guard size <= bounds.testBytes else {
            throw InputError(
                .tooLarge, "\(size) bytes of input and output", field: "tests[\(index)]",
                hint: "the limit is \(bounds.testBytes) bytes a test")
        }
        total += size
        guard total <= bounds.bytes else {
            throw InputError(
                .tooLarge, "the tests are too long together", field: "tests",
                hint: "the limit is \(bounds.bytes) bytes a task")
        }
        tests.append(test)
    }
    return tests
}

private func requirePython(_ language: CodeTask.Language) throws(InputError) {
    guard language == .python else {
        throw InputError(
            .invalidValue, "entry_point and assertions are judged in Python only", field: "language",
            hint: "use tests with input and output for \(language.rawValue)")
    }
}

private func isPythonName(_ name: String) -> Bool {
    let bytes = Array(name.utf8)
    return !(0x30...0x39).contains(bytes.first ?? 0x30)
        && bytes.allSatisfy { byte in
            switch byte {
            case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
                UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "_"):
                true
            default: false
            }
        }
}
