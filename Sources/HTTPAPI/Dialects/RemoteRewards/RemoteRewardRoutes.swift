// Remote reward models: OpenRLHF's POST /get_reward (0.11.2, --reward.remote_url) and slime's POST /rm (--rm-url).
import Domain
import HTTPTypes
import Hummingbird
import Service
import StrictJSON

/// Rewards for trainers that ask one sample, or a list, at a time.
///
/// A reward is 0 or 1 by a verdict. What cannot be judged now is 503, which both clients repeat; never a number, for theirs
/// would train on it.
func remoteRewardEndpoints(_ service: some ServiceFacade) -> [Endpoint] {
    [
        Endpoint(.post, "/get_reward", access: .roles([.score])) { call in
            let items = try await call.readBody { try openRLHFItems($0) }
            let numbers = try await rewards(items, service, call) { "labels[\($0)]" }
            let rewards = JSONValue.array(numbers.map { .double($0) })
            return jsonResponse(
                .members(["rewards": rewards, "scores": rewards, "extra_logs": .members(["correct": rewards])]))
        },
        Endpoint(.post, "/rm", access: .roles([.score])) { call in
            let item = try await call.readBody { try slimeItem($0) }
            let reward = try await rewards([item], service, call) { _ in "label" }.first
            guard let reward else { throw ServiceError(.internal, "a reward was lost") }
            return jsonResponse(.double(reward))
        },
    ]
}

/// One reward for each item; throws when one of them is undetermined, and then names its label's field.
private func rewards(
    _ items: [ScoreItem], _ service: some ServiceFacade, _ call: Call, field: (Int) -> String
) async throws -> [Double] {
    try await service.score(items, scheme: .binary, by: call.caller).enumerated().map { index, result in
        guard let reward = result.reward else { throw undetermined(result.verdict, field: field(index)) }
        return reward
    }
}

/// Why there is no reward: for now, or until the label is mended.
func undetermined(_ verdict: Verdict, field: String) -> any Error {
    guard let failure = verdict.failure, !failure.isRetryable else {
        return ServiceError(.unavailable, verdict.failure?.message ?? "not judged", retryAfterSeconds: 2)
    }
    return InputError(.invalidValue, failure.message, field: field, hint: "no retry will decide this")
}

/// `{"query": [prompt + response], "prompts": [...], "labels": [...]}`.
private func openRLHFItems(_ json: JSONValue) throws(InputError) -> [ScoreItem] {
    let fields = try JSONFields(ofAny: json)
    let queries = try texts(fields, "query")
    let prompts = try texts(fields, "prompts")
    let labels = try fields.array("labels", count: 1...Limits.scoreItemsMax)
    guard queries.count == labels.count, prompts.count == queries.count else {
        throw InputError(
            .lengthMismatch, "\(queries.count) queries, \(prompts.count) prompts, \(labels.count) labels",
            field: "labels", hint: "send one label and one prompt for each query")
    }
    var items: [ScoreItem] = []
    for (index, label) in labels.enumerated() {
        // The prompt is a template's text with its special tokens; what does not begin with it is taken whole.
        let query = queries[index]
        let response = query.hasPrefix(prompts[index]) ? String(query.dropFirst(prompts[index].count)) : query
        items.append(ScoreItem(task: try task(label, field: "labels[\(index)]"), response: response))
    }
    return items
}

private func texts(_ fields: JSONFields, _ name: String) throws(InputError) -> [String] {
    var found: [String] = []
    for (index, value) in try fields.array(name, count: 1...Limits.scoreItemsMax).enumerated() {
        guard let text = value.string else {
            throw InputError(.wrongType, "expected a string, found \(value.kind)", field: "\(name)[\(index)]")
        }
        found.append(text)
    }
    return found
}

/// `{"prompt", "response", "label"}`; the prompt is not looked at.
private func slimeItem(_ json: JSONValue) throws(InputError) -> ScoreItem {
    let fields = try JSONFields(ofAny: json)
    return ScoreItem(
        task: try task(try fields.required("label"), field: "label"),
        response: try fields.string("response", bytes: 0...Limits.responseBytesMax))
}

/// What a label asks for: a task of ours as an object (or the text of one), otherwise the answer of a math problem.
private func task(_ label: JSONValue, field: String) throws(InputError) -> VerificationTask {
    do throws(InputError) {
        switch label {
        case .object: return try VerificationTask(json: label)
        case .string(let text):
            if text.hasPrefix("{"), let json = try? JSONValue.parse(text: text), json["type"] != nil {
                return try VerificationTask(json: json)
            }
            return try VerificationTask(json: .members(["type": .string("math"), "answer": .string(text)]))
        case .integer, .bigInteger, .double:
            return try VerificationTask(json: .members(["type": .string("math"), "answer": .string(label.text)]))
        default:
            throw InputError(
                .wrongType, "a label is needed to judge by",
                hint: "send the answer, or a task as POST /v1/score takes it")
        }
    } catch { throw error.inside(field) }
}
