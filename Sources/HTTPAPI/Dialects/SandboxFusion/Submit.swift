// POST /submit: a completion judged on the tests that come with it, by SandboxFusion's rules.
import Domain
import Service
import StrictJSON
import Synchronization

/// The body of `/submit` for `CommonOJDataset`: tests by standard input and output.
struct SubmitRequest: Sendable {
    private struct Test: Sendable {
        var input: JSONValue
        var output: JSONValue
        var stdin: String
        var expected: String
    }

    private let id: JSONValue
    private let completion: String
    private let language: CodeTask.Language
    private let limits: ProgramLimits
    private let tests: [Test]
    private let runsAll: Bool

    init(json: JSONValue) throws(InputError) {
        let fields = try JSONFields(ofAny: json)
        id = fields.value("id") ?? .null
        completion = try fields.string("completion", bytes: 0...Limits.responseBytesMax)
        let dataset = try fields.optionalString("dataset", bytes: 0...Limits.nameLengthMax) ?? ""
        (language, limits, tests, runsAll) = try fields.nested("config") { (json) throws(InputError) in
            let config = try JSONFields(ofAny: json)
            let type = try config.optionalString("dataset_type", bytes: 0...Limits.nameLengthMax) ?? dataset
            guard type == "CommonOJDataset", let data = config.value("provided_data") else {
                throw InputError(
                    .malformedBody, "no eval class found for dataset \(type)",
                    hint: "send dataset_type CommonOJDataset and the tests in provided_data")
            }
            guard !config.has("custom_extract_logic") else {
                throw InputError(
                    .malformedBody, "custom_extract_logic is a program for the server itself, and is not run",
                    hint: "send the program in a fenced block")
            }
            let extra = try JSONFields(ofAny: config.value("extra") ?? .object([]))
            return (
                try readLanguage(config), try ProgramLimits(config, runSecondsDefault: 20), try Self.readTests(data),
                try extra.optionalBool("run_all_cases") ?? false
            )
        }
    }

    /// Tests as a list, or as the text of one.
    private static func readTests(_ data: JSONValue) throws(InputError) -> [Test] {
        var list = data["test"] ?? .array([])
        if let text = list.string, let parsed = try? JSONValue.parse(text: text) { list = parsed }
        guard let elements = list.elements, (1...Limits.codeTestsMax).contains(elements.count) else {
            throw InputError(
                .invalidValue, "expected a list of 1 to \(Limits.codeTestsMax) tests", field: "provided_data.test")
        }
        var tests: [Test] = []
        for (index, element) in elements.enumerated() {
            guard let input = element["input"], let output = element["output"], let expected = output["stdout"]?.string
            else {
                throw InputError(
                    .missingField, "a test has input.stdin and output.stdout", field: "provided_data.test[\(index)]")
            }
            tests.append(Test(input: input, output: output, stdin: input["stdin"]?.string ?? "", expected: expected))
        }
        return tests
    }

    /// Runs the program and gives `EvalResult`; stops at the first failure unless all cases are asked for.
    func judge(_ service: some ServiceFacade, by caller: Caller) async throws -> JSONValue {
        let code = service.program(in: completion, language: language)
        guard let code else { return answer(code: "", [], isComplete: false) }
        let run = ProgramRun(
            language: language, source: code, inputs: tests.map { Array($0.stdin.utf8) }, cpuSeconds: limits.cpuSeconds,
            memoryMegabytes: limits.memoryMegabytes, queueSeconds: limits.queueSeconds)
        let report = try await service.run(run, by: caller) { [tests, runsAll] index, result in
            runsAll || Self.passes(result, tests[index].expected)
        }
        switch report {
        case .undecided(let failure): throw unavailable(failure)
        case .uncompiled(let message):
            let info = uncompiledAnswer(message, language)
            let failed = runsAll ? tests : Array(tests.prefix(1))
            return answer(code: code, failed.map { (false, info, $0) }, isComplete: false)
        case .ran(let results):
            if let ended = results.firstIndex(where: { $0.ending == .notRun }),
                zip(results, tests).prefix(ended).allSatisfy({ Self.passes($0, $1.expected) })
            {
                // All that ran were right; the time for one program was over before the rest.
                throw ServiceError(.unavailable, "the tests take longer than one program may", retryAfterSeconds: 1)
            }
            let cases = zip(results, tests).map { result, test in
                (Self.passes(result, test.expected), runAnswer(result, language), test)
            }
            return answer(code: code, cases, isComplete: results.count == tests.count)
        }
    }

    private static func passes(_ result: ProgramResult, _ expected: String) -> Bool {
        guard result.ending == .exited(0) else { return false }
        return fusionOutputMatches(String(decoding: result.output, as: UTF8.self), expected: expected)
    }

    private func answer(
        code: String, _ cases: [(passed: Bool, info: JSONValue, test: Test)], isComplete: Bool
    ) -> JSONValue {
        .members([
            "id": id, "accepted": .bool(isComplete && cases.allSatisfy(\.passed)), "extracted_code": .string(code),
            "full_code": .null, "test_code": .null,
            "tests": .array(
                cases.map { passed, info, test in
                    .members([
                        "passed": .bool(passed), "exec_info": info,
                        "test_info": .members(["input": test.input, "output": test.output]),
                    ])
                }), "extracted_type": .string(code.isEmpty ? "empty" : "fenced"), "extra": .null,
        ])
    }
}

/// SandboxFusion's comparison of outputs (`CommonOJDataset`): both stripped, line by line, without case; lines are equal when
/// they are the same text or the same number.
func fusionOutputMatches(_ actual: String, expected: String) -> Bool {
    let actualLines = strippedLines(actual)
    let expectedLines = strippedLines(expected)
    guard actualLines.count == expectedLines.count else { return false }
    return zip(actualLines, expectedLines).allSatisfy { a, b in
        if a == b { return true }
        guard let x = Double(a), let y = Double(b) else { return false }
        return x == y
    }
}

private func strippedLines(_ text: String) -> [String] {
    let isBlank = { (byte: UInt8) in byte == 0x20 || (0x09...0x0D).contains(byte) }
    func stripped(_ bytes: ArraySlice<UInt8>) -> ArraySlice<UInt8> {
        let rest = bytes.drop(while: isBlank)
        guard let last = rest.lastIndex(where: { !isBlank($0) }) else { return [] }
        return rest[...last]
    }
    return stripped(Array(text.utf8)[...]).split(separator: 0x0A, omittingEmptySubsequences: false).map {
        String(decoding: stripped($0), as: UTF8.self).lowercased()
    }
}
