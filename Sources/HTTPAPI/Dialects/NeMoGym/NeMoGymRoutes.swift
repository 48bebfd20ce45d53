// A resources server of NVIDIA NeMo-Gym: POST /verify gives a reward, POST /seed_session begins nothing.
import Domain
import HTTPTypes
import Hummingbird
import Service
import StrictJSON

/// NeMo-Gym's operations. A failure of the machinery is 503, not a reward of 0 with a note beside it.
func nemoGymEndpoints(_ service: some ServiceFacade) -> [Endpoint] {
    [
        Endpoint(.post, "/verify", access: .roles([.score])) { call in
            let request = try await call.readBody { try VerifyRequest(json: $0) }
            let result = try await service.score([request.item], scheme: .binary, by: call.caller).first
            guard let result else { throw ServiceError(.internal, "a reward was lost") }
            guard let reward = result.reward else { throw undetermined(result.verdict, field: "expected_answer") }
            return jsonResponse(request.answer(reward: reward))
        },
        Endpoint(.post, "/seed_session", access: .roles([.score])) { call in
            _ = try await call.readOptionalBody { $0 }
            return jsonResponse(.object([]))
        },
        Endpoint(.get, "/reverify_mode") { _ in jsonResponse(.string("stateless")) },
    ]
}

/// The body of `/verify`: an answer in the form of OpenAI's responses, and what it is judged against.
private struct VerifyRequest: Sendable {
    let item: ScoreItem
    private let members: [JSONMember]

    init(json: JSONValue) throws(InputError) {
        let fields = try JSONFields(ofAny: json)
        guard case .object(let members) = json else { throw InputError(.wrongType, "expected an object") }
        self.members = members
        let text = try fields.nested("response") { (response) throws(InputError) in try outputText(response) }
        item = ScoreItem(task: try Self.task(fields), response: text)
    }

    /// The request with its reward.
    func answer(reward: Double) -> JSONValue {
        .object(members.filter { $0.name != "reward" } + [JSONMember("reward", .double(reward))])
    }

    private static func task(_ fields: JSONFields) throws(InputError) -> VerificationTask {
        if let tests = fields.value("verifier_metadata")?["unit_tests"] {
            do throws(InputError) { return .code(try codeTask(tests)) } catch {
                throw error.inside("verifier_metadata.unit_tests")
            }
        }
        let answer = try fields.required("expected_answer")
        let text = answer.string ?? answer.text
        do throws(InputError) {
            return try VerificationTask(json: .members(["type": .string("math"), "answer": .string(text)]))
        } catch { throw error.inside("expected_answer") }
    }

    /// `{"inputs", "outputs", "fn_name"}` as LiveCodeBench has them: texts of standard input and output, or arguments a line
    /// each and a value, as JSON.
    private static func codeTask(_ json: JSONValue) throws(InputError) -> CodeTask {
        let fields = try JSONFields(ofAny: json)
        let inputs = try fields.array("inputs", count: 1...Limits.codeTestsMax).map { $0.string ?? $0.text }
        let outputs = try fields.array("outputs", count: 1...Limits.codeTestsMax).map { $0.string ?? $0.text }
        guard inputs.count == outputs.count else {
            throw InputError(.lengthMismatch, "\(inputs.count) inputs, \(outputs.count) outputs", field: "outputs")
        }
        guard let name = try fields.optionalName("fn_name") else {
            let tests = zip(inputs, outputs).map { CodeTask.StreamTest(input: $0, output: $1) }
            return CodeTask(language: .python, tests: .standardStreams(tests), timeLimitSeconds: 6, prelude: .contest)
        }
        var tests: [CodeTask.CallTest] = []
        for (index, (input, output)) in zip(inputs, outputs).enumerated() {
            let lines = input.split(separator: "\n").map { try? JSONValue.parse(text: String($0)) }
            let arguments = lines.compactMap { $0 }
            guard arguments.count == lines.count, let expected = try? JSONValue.parse(text: output) else {
                throw InputError(
                    .invalidValue, "not JSON", field: "inputs[\(index)]", hint: "an argument a line, and a value")
            }
            tests.append(CodeTask.CallTest(arguments: arguments, expected: expected))
        }
        return CodeTask(
            language: .python, tests: .entryPoint(name: name, tests), timeLimitSeconds: 6, prelude: .contest)
    }
}

/// The text of all output of an OpenAI response.
private func outputText(_ response: JSONValue) throws(InputError) -> String {
    let fields = try JSONFields(ofAny: response)
    let output = try fields.array("output", count: 0...Limits.outputItemsMax)
    let text = output.filter { $0["type"]?.string == "message" }.flatMap { $0["content"]?.elements ?? [] }
        .filter { $0["type"]?.string == "output_text" }.compactMap { $0["text"]?.string }.joined()
    guard text.utf8.count <= Limits.responseBytesMax else {
        throw InputError(
            .tooLarge, "\(text.utf8.count) bytes", field: "output", hint: "the limit is \(Limits.responseBytesMax)")
    }
    return text
}
