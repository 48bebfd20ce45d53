// Tests of code as rows have them, made into those of a task: inputs beside outputs, for standard streams or for calls.
import Domain
import StrictJSON

/// Tests as a row has them: texts of input and output, and the function's name where it is called.
struct RawTests {
    /// Inputs and outputs, pair by pair.
    var pairs: [(input: JSONValue, output: JSONValue)]
    /// The function that is called with the inputs; nil where they are standard input.
    var function: String?

    init(pairs: [(input: JSONValue, output: JSONValue)], function: String?) {
        self.pairs = pairs
        self.function = function.flatMap { $0.isEmpty ? nil : $0 }
    }

    /// Reads `{"inputs": [], "outputs": [], "fn_name": ""}`, the form of APPS and of what came after it.
    init(inputsAndOutputs json: JSONValue, field: String) throws(InputError) {
        guard let inputs = (json["inputs"] ?? json["input"])?.elements,
            let outputs = (json["outputs"] ?? json["output"])?.elements
        else { throw InputError(.missingField, "no arrays inputs and outputs", field: field) }
        guard inputs.count == outputs.count else {
            throw InputError(.lengthMismatch, "\(inputs.count) inputs and \(outputs.count) outputs", field: field)
        }
        self.init(pairs: Array(zip(inputs, outputs)).map { ($0, $1) }, function: json["fn_name"]?.string)
    }

    private var bounds: TestBounds { .imported }

    /// The tests of a task, and how many were left out as too large. Throws `InputError`.
    ///
    /// - Parameter leavesOutLarge: Leaves out what passes the bounds of a task instead of refusing all.
    func tests(field: String, leavesOutLarge: Bool) throws(InputError) -> (tests: CodeTask.Tests, leftOut: Int) {
        guard !pairs.isEmpty else { throw InputError(.invalidValue, "the row has no tests", field: field) }
        let kept = leavesOutLarge ? withinLimits() : pairs
        guard !kept.isEmpty else {
            throw InputError(
                .tooLarge, "every test is too large", field: field, hint: "\(bounds.testBytes) bytes a test")
        }
        guard kept.count <= bounds.tests else {
            throw InputError(
                .tooLarge, "\(kept.count) tests", field: field,
                hint: "the limit is \(bounds.tests); --leave-out-large-tests takes the first ones")
        }
        let leftOut = pairs.count - kept.count
        guard let function else { return (.standardStreams(try streams(kept, field)), leftOut) }
        return (.entryPoint(name: function, try calls(kept, field)), leftOut)
    }

    private func withinLimits() -> [(input: JSONValue, output: JSONValue)] {
        var total = 0
        var kept: [(input: JSONValue, output: JSONValue)] = []
        for pair in pairs where kept.count < bounds.tests {
            let size = byteCount(pair.input) + byteCount(pair.output) + 64
            guard size <= bounds.testBytes, total + size <= bounds.bytes else { continue }
            total += size
            kept.append(pair)
        }
        return kept
    }

    private func byteCount(_ value: JSONValue) -> Int { value.string?.utf8.count ?? value.serialized().count }

    // MARK: Standard streams

    private func streams(
        _ pairs: [(input: JSONValue, output: JSONValue)], _ field: String
    ) throws(InputError) -> [CodeTask.StreamTest] {
        var tests: [CodeTask.StreamTest] = []
        for (index, pair) in pairs.enumerated() {
            guard let input = streamText(pair.input), let output = streamText(pair.output) else {
                throw InputError(.wrongType, "input and output must be text", field: "\(field)[\(index)]")
            }
            tests.append(CodeTask.StreamTest(input: input, output: output))
        }
        return tests
    }

    /// A text, or lines of it.
    private func streamText(_ value: JSONValue) -> String? {
        if let text = value.string { return text }
        guard let lines = value.elements else { return nil }
        let texts = lines.compactMap(\.label)
        return texts.count == lines.count ? texts.joined(separator: "\n") : nil
    }

    // MARK: Calls

    private func calls(
        _ pairs: [(input: JSONValue, output: JSONValue)], _ field: String
    ) throws(InputError) -> [CodeTask.CallTest] {
        // APPS wraps what a function returns in a list of one; where every output is such a list, that is what it means.
        let isWrapped = pairs.allSatisfy { $0.input.string == nil && $0.output.elementCount == 1 }
        var tests: [CodeTask.CallTest] = []
        for (index, pair) in pairs.enumerated() {
            do throws(InputError) {
                let expected = isWrapped ? pair.output.elements?.first ?? .null : try returned(pair.output)
                tests.append(CodeTask.CallTest(arguments: try arguments(pair.input), expected: expected))
            } catch {
                throw error.inside("\(field)[\(index)]")
            }
        }
        return tests
    }

    /// A list of arguments, or one a line, each of them JSON.
    private func arguments(_ value: JSONValue) throws(InputError) -> [JSONValue] {
        guard let text = value.string else {
            guard let elements = value.elements else {
                throw InputError(.wrongType, "expected arguments, found \(value.kind)", field: "input")
            }
            return elements
        }
        var arguments: [JSONValue] = []
        for line in text.split(separator: "\n") where line.utf8.contains(where: { $0 > 0x20 }) {
            arguments.append(try embeddedJSON(String(line), field: "input"))
        }
        return arguments
    }

    /// A value, or JSON of one where the inputs are lines of JSON.
    private func returned(_ value: JSONValue) throws(InputError) -> JSONValue {
        guard let text = value.string, let isText = pairs.first.map({ $0.input.string != nil }), isText else {
            return value
        }
        return try embeddedJSON(text, field: "output")
    }
}

extension RowReader {
    /// A Python task of these tests, and the label that says how many were left out.
    func codeTask(
        _ raw: RawTests, field: String, seconds: Double, stopsAtFirstFailure: Bool = false, megabytes: Int = 1_024
    ) throws(InputError) -> (task: VerificationTask, leftOut: String?) {
        let (tests, leftOut) = try raw.tests(field: field, leavesOutLarge: wishes.leavesOutLargeTests)
        let task = CodeTask(
            language: .python, tests: tests,
            timeLimitSeconds: min(max(seconds, Limits.codeTimeLimitSecondsMin), Limits.codeTimeLimitSecondsMax),
            memoryLimitMegabytes: min(max(megabytes, 256), Limits.codeMemoryMegabytesMax),
            stopAtFirstFailure: stopsAtFirstFailure, prelude: .contest)
        return (.code(task), leftOut == 0 ? nil : String(leftOut))
    }

    /// A problem with the words that say where the program reads and writes, or which function is called.
    func codeQuestion(_ question: String, starterCode: String?, isCalled: Bool) -> PromptContent {
        var text = trimmed(question) + "\n\n"
        let starter = starterCode.map(trimmed) ?? ""
        if !starter.isEmpty {
            text += "Complete this code:\n```python\n\(starter)\n```\n\n"
        } else if !isCalled {
            text +=
                "Write a Python program that reads from standard input and writes the answer to standard output.\n\n"
        }
        return .text(text + "Put the whole program into one ```python block.")
    }
}
