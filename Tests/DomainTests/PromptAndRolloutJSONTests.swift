// The wire forms of prompts and rollouts, and what must be refused before anything is stored.
import Domain
import StrictJSON
import Testing

@Suite struct PromptAndRolloutJSONTests {
    private static let task = #""task":{"type":"math","answer":"4"}"#

    @Test func `a prompt is read from text or messages`() throws {
        let text = try prompt(#"{"id":"p-1","dataset":"aime24","text":"2+2?",\#(Self.task),"metadata":{"k":[1]}}"#)
        #expect(text.id == PromptID("p-1") && text.dataset == "aime24" && text.content == .text("2+2?"))
        #expect(text.metadata == .object([JSONMember("k", .integers([1]))]))
        let chat = try prompt(
            #"{"messages":[{"role":"system","content":"s"},{"role":"user","content":"u"}],\#(Self.task)}"#)
        #expect(chat.id == nil && chat.dataset == "default" && chat.metadata == .object([]))
        #expect(chat.content == .messages([.init(role: .system, content: "s"), .init(role: .user, content: "u")]))
        #expect(try PromptSubmission(json: JSONValue.parse(text: chat.json.text)) == chat)
        #expect(try PromptContent(json: chat.content.json) == chat.content)
        #expect(try PromptContent(json: text.content.json) == text.content)
    }

    @Test(
        arguments: [
            (#"[]"#, InputError.Code.wrongType, nil), (#"{}"#, .missingField, "text"),
            (#"{"text":"a","messages":[{"role":"user","content":"b"}],\#(task)}"#, .invalidValue, "messages"),
            (#"{"text":"","\#(task.dropFirst())}"#, .invalidValue, "text"),
            (#"{"text":5,\#(task)}"#, .wrongType, "text"),
            (#"{"messages":[],\#(task)}"#, .invalidValue, "messages"),
            (#"{"messages":[{"role":"tool","content":"x"}],\#(task)}"#, .invalidValue, "messages[0].role"),
            (#"{"messages":[{"role":"user"}],\#(task)}"#, .missingField, "messages[0].content"),
            (#"{"messages":[{"role":"user","content":"x","name":"y"}],\#(task)}"#, .unknownField, "messages[0].name"),
            (#"{"text":"a"}"#, .missingField, "task"),
            (#"{"text":"a","task":{"type":"math"}}"#, .missingField, "task.answer"),
            (#"{"text":"a","id":"has space",\#(task)}"#, .invalidValue, "id"),
            (#"{"text":"a","id":"",\#(task)}"#, .invalidValue, "id"),
            (#"{"text":"a","id":7,\#(task)}"#, .wrongType, "id"),
            (#"{"text":"a","dataset":"",\#(task)}"#, .invalidValue, "dataset"),
            (#"{"text":"a","metadata":[],\#(task)}"#, .wrongType, "metadata"),
            (#"{"text":"a","txet":"b",\#(task)}"#, .unknownField, "txet"),
        ] as [(String, InputError.Code, String?)])
    func `a prompt's fault is named with its field`(text: String, code: InputError.Code, field: String?) throws {
        do {
            let accepted = try prompt(text)
            Issue.record("accepted as \(accepted)")
        } catch let error as InputError { #expect(error.code == code && error.field == field, "\(error)") }
    }

    @Test func `an unknown field comes with the name that was meant`() throws {
        do { _ = try prompt(#"{"text":"a","metdata":{},\#(Self.task)}"#) } catch let error as InputError {
            #expect(error.hint == "did you mean \"metadata\"?")
        }
        do { _ = try prompt(#"{"text":"a","zzzzzz":{},\#(Self.task)}"#) } catch let error as InputError {
            #expect(error.hint == "known fields: id, dataset, text, messages, task, metadata")
        }
        let name = String(repeating: "x", count: 100_000)
        do { _ = try prompt("{\"text\":\"a\",\"\(name)\":1,\(Self.task)}") } catch let error as InputError {
            #expect((error.field ?? "").utf8.count < 100)
        }
    }

    @Test func `a rollout is read with its tokens unboxed`() throws {
        let rollout = try submission(
            #"{"id":"r-1","prompt_id":"p","group_id":"g","response":"x","token_ids":[1,2,3],"logprobs":[-0.1,0,-2e-3],"policy_version":3,"finish_reason":"length","generator":"vllm-a","metadata":{"a":1},"attempt":2}"#
        )
        #expect(rollout.tokenIDs == [1, 2, 3] && rollout.logprobs == [-0.1, 0, -0.002])
        #expect(rollout.policyVersion == PolicyVersion(3) && rollout.finishReason == .length && rollout.attempt == 2)
        let bare = try submission(#"{"prompt_id":"p","response":"","policy_version":0}"#)
        #expect(bare.tokenIDs.isEmpty && bare.logprobs.isEmpty && bare.finishReason == .stop && bare.id == nil)
        #expect(
            try submission(#"{"prompt_id":"p","response":"","policy_version":0,"token_ids":[5],"logprobs":[-1]}"#)
                .logprobs == [-1])
        #expect(
            try submission(#"{"prompt_id":"p","response":"","policy_version":0,"token_ids":[],"logprobs":[]}"#).logprobs
                == [])
    }

    @Test(
        arguments: [
            (#""token_ids":[1,2],"logprobs":[-0.5]"#, InputError.Code.lengthMismatch, "logprobs"),
            (#""token_ids":[1]"#, .lengthMismatch, "logprobs"), (#""logprobs":[-1.5]"#, .lengthMismatch, "logprobs"),
            (#""token_ids":[1],"logprobs":[0.5]"#, .invalidValue, "logprobs"),
            (#""token_ids":[1],"logprobs":[1]"#, .invalidValue, "logprobs"),
            (#""token_ids":[1],"logprobs":[-1e300]"#, .invalidValue, "logprobs"),
            (#""token_ids":[1],"logprobs":["-1"]"#, .wrongType, "logprobs"),
            (#""token_ids":[1],"logprobs":[null]"#, .wrongType, "logprobs"),
            (#""token_ids":[1],"logprobs":-1"#, .wrongType, "logprobs"),
            (#""token_ids":[1.5],"logprobs":[-1]"#, .wrongType, "token_ids"),
            (#""token_ids":[-1],"logprobs":[-1]"#, .invalidValue, "token_ids"),
            (#""token_ids":[4294967296],"logprobs":[-1]"#, .invalidValue, "token_ids"),
            (#""token_ids":"1","logprobs":[-1]"#, .wrongType, "token_ids"),
            (#""policy_version":-1"#, .invalidValue, "policy_version"),
            (#""policy_version":"1""#, .wrongType, "policy_version"),
            (#""policy_version":1.5"#, .wrongType, "policy_version"),
            (#""finish_reason":"eos""#, .invalidValue, "finish_reason"), (#""attempt":0"#, .invalidValue, "attempt"),
            (#""response":null"#, .missingField, "response"), (#""prompt_id":"a b""#, .invalidValue, "prompt_id"),
            (#""logprob":[-1]"#, .unknownField, "logprob"),
        ] as [(String, InputError.Code, String?)])
    func `a rollout's fault is named with its field`(members: String, code: InputError.Code, field: String?) throws {
        var fields: [(name: String, text: String)] = [
            ("prompt_id", #""p""#), ("response", #""x""#), ("policy_version", "0"),
        ]
        fields.removeAll { members.contains("\"\($0.name)\":") }
        let text = "{" + (fields.map { "\"\($0.name)\":\($0.text)" } + [members]).joined(separator: ",") + "}"
        do {
            let accepted = try submission(text)
            Issue.record("accepted as \(accepted)")
        } catch let error as InputError { #expect(error.code == code && error.field == field, "\(error)") }
    }

    @Test func `a rollout beyond its limits is refused`() throws {
        let base: [JSONMember] = [
            JSONMember("prompt_id", .string("p")), JSONMember("policy_version", .integer(0)),
        ]
        let response = JSONMember("response", .string(String(repeating: "x", count: Limits.responseBytesMax + 1)))
        #expect(throws: InputError.self) { try RolloutSubmission(json: .object(base + [response])) }
        let ids = JSONMember("token_ids", .integers(Array(repeating: 1, count: Limits.tokensMax + 1)))
        do {
            _ = try RolloutSubmission(json: .object(base + [JSONMember("response", .string("")), ids]))
            Issue.record("accepted")
        } catch { #expect(error.code == .tooLarge && error.field == "token_ids") }
    }

    @Test func `a stored rollout shows everything, and floats keep their decimals`() throws {
        let rollout = Rollout(
            id: RolloutID("r"), promptID: PromptID("p"), groupID: GroupID("g"), response: "x", tokenIDs: [1, 2],
            logprobs: [-0.1, -0.6931472], policyVersion: PolicyVersion(2), finishReason: .stop, generator: "me",
            metadata: .object([]), status: .scored, verdict: .passed("equal", extracted: "4"), reward: 1,
            advantage: nil,
            consumedByUpdate: nil, createdAt: Timestamp(milliseconds: 0))
        #expect(rollout.json["logprobs"]?.text == "[-0.1,-0.6931472]")
        var writer = JSONWriter()
        rollout.append(to: &writer)
        #expect(String(decoding: writer.take(), as: UTF8.self) == rollout.json.text)
        #expect(rollout.json["token_ids"]?.text == "[1,2]" && rollout.json["advantage"] == .null)
        #expect(rollout.json["verdict"]?["extracted"] == .string("4") && rollout.json["status"] == .string("scored"))
        #expect(rollout.json["created_at"] == .string("1970-01-01T00:00:00.000Z"))
        #expect(rollout.summary.json["token_ids"] == nil && rollout.summary.json["tokens"] == .integer(2))
    }

    @Test func `a generator never sees the task`() {
        let prompt = Prompt(
            id: PromptID("p"), dataset: "d", content: .text("2+2?"), task: .math(MathTask(answers: ["secret"])),
            metadata: .object([]), createdAt: Timestamp(milliseconds: 0))
        let lease = Lease(
            id: LeaseID("l"), kind: .generate, worker: "w", expiresAt: Timestamp(milliseconds: 0), attempt: 1,
            groups: [LeasedGroup(id: GroupID("g"), prompt: prompt.asked, rollouts: 8)], rollouts: [],
            policyVersion: PolicyVersion(0))
        #expect(prompt.json.text.contains("secret"))
        #expect(!lease.json.text.contains("secret") && !lease.json.text.contains("task"))
        #expect(lease.json["groups"]?.elements?.first?["rollouts"] == .integer(8))
    }

    private func prompt(_ text: String) throws -> PromptSubmission {
        try PromptSubmission(json: JSONValue.parse(text: text))
    }

    private func submission(_ text: String) throws -> RolloutSubmission {
        try RolloutSubmission(json: JSONValue.parse(text: text))
    }
}
