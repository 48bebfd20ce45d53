// The result object of the contract: a verdict is not an error, and an error never has a reward.
import Domain
import StrictJSON
import Testing

@Suite struct VerdictJSONTests {
    @Test func `a result stands as in the contract`() {
        let summary = TestSummary(passed: 1, total: 2, cases: [.init(outcome: .accepted, timeMilliseconds: 2.1)])
        let json = Verdict.failed("wrong answer", extracted: "print(1)", tests: summary)
            .resultJSON(reward: 0, elapsedMilliseconds: 0.30049)
        #expect(
            json.text
                == #"{"verdict":"failed","reward":0.0,"reason":"wrong answer","extracted":"print(1)","tests":{"passed":1,"#
                + #""total":2,"cases":[{"outcome":"accepted","time_ms":2.1}]},"elapsed_ms":0.3}"#)
    }

    @Test func `an undetermined verdict has an error and a null reward`() {
        let verdict = Verdict.undetermined(.init(code: .sandboxUnavailable, message: "no sandbox"))
        let json = verdict.resultJSON(reward: nil, elapsedMilliseconds: 1)
        #expect(json["reward"] == .null && json["error"]?["code"] == .string("sandbox_unavailable"))
        #expect(Verdict.passed("equal").resultJSON(reward: 1, elapsedMilliseconds: 1)["error"] == nil)
    }

    @Test(arguments: [
        Verdict.passed("equal", extracted: "3/4"), .failed("wrong"),
        .failed(
            "tests",
            tests: .init(passed: 0, total: 1, cases: [.init(outcome: .timeLimitExceeded, timeMilliseconds: 2000)])),
        .undetermined(.init(code: .sandboxFault, message: "broke")),
    ])
    func `what is written reads back`(verdict: Verdict) throws {
        #expect(try Verdict(json: JSONValue.parse(text: verdict.json.text)) == verdict)
    }

    @Test func `what judged and what it took read back too`() throws {
        var verdict = Verdict.failed(
            "tests",
            tests: .init(
                passed: 0, total: 1, cases: [.init(outcome: .wrongAnswer, timeMilliseconds: 2, memoryMegabytes: 9.5)],
                output: "x\n", log: "warning"))
        verdict.verifier = "code-2"
        verdict.sandbox = SandboxUse(tier: "A", queueMilliseconds: 1.5)
        verdict.sandbox?.isRemembered = true
        verdict.sandbox?.retries = 2
        let json = try JSONValue.parse(text: verdict.json.text)
        #expect(try Verdict(json: json) == verdict)
        #expect(json["verifier"] == .string("code-2"))
        #expect(json["sandbox"]?.text == #"{"tier":"A","queue_ms":1.5,"remembered":true,"retries":2}"#)
        let long = verdict.json.text.replacing("warning", with: String(repeating: "x", count: 5_000))
        #expect(throws: InputError.self) { try Verdict(json: JSONValue.parse(text: long)) }
    }

    @Test(arguments: [
        (#"{}"#, "verdict"), (#"{"verdict":"maybe"}"#, "verdict"), (#"{"verdict":"undetermined"}"#, "error"),
        (#"{"verdict":"passed","error":{"code":"sandbox_fault","message":""}}"#, "error"),
        (#"{"verdict":"undetermined","error":{"code":"tired","message":""}}"#, "error.code"),
        (#"{"verdict":"passed","tests":{"passed":2,"total":1,"cases":[]}}"#, "tests.passed"),
        (#"{"verdict":"passed","tests":{"passed":1,"total":1,"cases":[{"outcome":"ok"}]}}"#, "tests.cases[0].outcome"),
        (#"{"verdict":"passed","reward":1}"#, "reward"),
    ])
    func `a verdict that contradicts itself is refused`(text: String, field: String) throws {
        let json = try JSONValue.parse(text: text)
        do {
            _ = try Verdict(json: json)
            Issue.record("accepted")
        } catch { #expect(error.field == field, "\(error)") }
    }

    @Test func `faults of a text carry place and path`() throws {
        do { _ = try JSONValue.parse(text: #"{"rollouts":[{"logprobs":[-1.5,NaN]}]}"#) } catch {
            let fault = InputError(error)
            #expect(fault.code == .invalidValue && fault.field == "rollouts[0].logprobs[1]")
        }
        do { _ = try JSONValue.parse(text: #"{"a":tru}"#) } catch {
            let fault = InputError(error)
            #expect(fault.code == .malformedJSON && fault.field == "a" && fault.message.contains("column 6"))
            #expect(fault.json["code"] == .string("malformed_json"))
        }
    }

    @Test func `updates and evaluations are written without numbers that JSON lacks`() {
        let update = UpdateRecord(
            version: PolicyVersion(3), createdAt: Timestamp(milliseconds: 0), objective: "gppo",
            metrics: [.init("loss", 0.5), .init("entropy", .nan)])
        #expect(update.json["metrics"]?.text == #"{"loss":0.5,"entropy":null}"#)
    }
}
