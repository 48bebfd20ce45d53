// Everything that parses strangers' bytes, fed damaged input: it may refuse, it may not crash, and what it takes must hold.
import Domain
import RemoteScoring
import StrictJSON
import TestSupport
import Testing
import Verification

@Suite(.serialized) struct FuzzTests {
    private static let tasks: [String] = [
        #"{"type":"grader","grader":{"type":"multi","name":"m","graders":{"a":{"type":"string_check","name":"n","operation":"like","input":"{{sample.output_text}}","reference":"{{ item.x[0].y }}"},"b":{"type":"python","name":"p","source":"def grade(s, i): return 1"}},"calculate_output":"0.5*a+min(b,1)**2"},"item":{"x":[{"y":1}]},"pass_threshold":0.25}"#,
        #"{"type":"grader","grader":{"type":"text_similarity","name":"t","evaluation_metric":"rouge_l","input":"","reference":"a{{item.b}}"}}"#,
        #"{"type":"math","answer":["\\frac{3}{4}","0.75"]}"#,
        #"{"type":"code","language":"python","tests":[{"input":"1 2\n","output":"3\n"}],"time_limit_seconds":2,"float_tolerance":1e-6}"#,
        #"{"type":"code","language":"python","entry_point":"f","tests":[{"arguments":[[2,7],9.5],"expected":[0,null,"é\ud83d\ude00"]}]}"#,
        #"{"type":"code","language":"cpp","assertions":"assert f(2) == 4","prelude":"contest"}"#,
    ]

    @Test func `JSON that is taken writes back to the same value`() {
        let corpus =
            Self.tasks + ["[1,2.5,-3e10,true,false,null,{\"a\":[[[[]]]]}]", "\"\\u00e9\\n\"", "1e308", "[0.1,0.2]"]
        let count = FuzzTime.feed(seed: 11, corpus: corpus.map { Array($0.utf8) }) { bytes in
            guard let value = try? JSONValue.parse(bytes) else { return }
            let again = try? JSONValue.parse(value.serialized())
            #expect(again == value)
        }
        #expect(count > 100)
    }

    @Test func `a task that is taken writes back to the same task`() {
        let count = FuzzTime.feed(seed: 12, corpus: Self.tasks.map { Array($0.utf8) }) { bytes in
            guard let value = try? JSONValue.parse(bytes), let task = try? VerificationTask(json: value) else { return }
            let again = try? VerificationTask(json: task.json)
            #expect(again == task)
        }
        #expect(count > 100)
    }

    @Test func `a demonstration or a rollout that is taken is within its limits`() {
        let corpus = [
            #"{"id":"a","dataset":"d","text":"2+2?","response":"4","metadata":{"teacher":"t"}}"#,
            #"{"messages":[{"role":"system","content":"x"},{"role":"user","content":"y"},{"role":"assistant","content":"z"}]}"#,
            #"{"prompt_id":"p","response":"4","token_ids":[1,2],"logprobs":[-0.5,-1],"policy_version":3,"last_policy_version":4}"#,
        ]
        let count = FuzzTime.feed(seed: 16, corpus: corpus.map { Array($0.utf8) }) { bytes in
            guard let value = try? JSONValue.parse(bytes) else { return }
            if let demonstration = try? DemonstrationSubmission(json: value) {
                #expect((1...Limits.responseBytesMax).contains(demonstration.response.utf8.count))
                if case .messages(let messages) = demonstration.content { #expect(!messages.isEmpty) }
            }
            if let rollout = try? RolloutSubmission(json: value) {
                #expect(rollout.tokenIDs.count == rollout.logprobs.count)
                #expect(rollout.lastPolicyVersion != rollout.policyVersion)
            }
        }
        #expect(count > 100)
    }

    @Test func `a lease that a worker takes from a server is within its limits`() {
        let corpus = [
            #"{"lease_id":"l-1","kind":"score","attempt":1,"expires_at":"2026-01-01T00:00:00Z","rollouts":[{"rollout_id":"r/1","attempt":2,"response":"\\boxed{4}","task":{"type":"math","answer":"4"}},{"rollout_id":"r2","attempt":1,"response":"","task":{"type":"code","language":"python","assertions":"assert f(2) == 4"}}]}"#,
            #"{"lease_id":"l","rollouts":[],"policy_version":0}"#,
        ]
        let count = FuzzTime.feed(seed: 17, corpus: corpus.map { Array($0.utf8) }) { bytes in
            guard let value = try? JSONValue.parse(bytes), let lease = try? ScoringLease(json: value) else { return }
            #expect(isValidIdentifier(lease.id.text))
            #expect(lease.rollouts.count <= Limits.leaseItemsMax)
            #expect(Set(lease.rollouts.map(\.rolloutID)).count == lease.rollouts.count)
            for work in lease.rollouts {
                #expect(work.attempt >= 1 && work.response.utf8.count <= Limits.responseBytesMax)
                #expect((try? VerificationTask(json: work.task.json)) == work.task)
            }
        }
        #expect(count > 100)
    }

    @Test func `a math answer never crashes the verifier, and gives the same verdict again`() {
        let corpus = [
            "so \\boxed{\\frac{3}{4}}", "\\boxed{x^2+\\sqrt{2}}", "\\boxed{(1,2)\\cup[3,\\infty)}", "#### 1,234",
            "\\boxed{\\begin{pmatrix}1&2\\\\3&4\\end{pmatrix}}", "答案: 42 元", "\\boxed{2^{3^{4^{5}}}}",
            "The answer is **(B)**.",
        ]
        let verifier = MathVerifier()
        let count = FuzzTime.feed(seed: 13, corpus: corpus.map { Array($0.utf8) }) { bytes in
            let text = String(decoding: bytes, as: UTF8.self)
            let task = MathTask(answers: [String(text.prefix(40)), "\\frac{3}{4}"])
            let first = verifier.verify(response: text, task: task)
            #expect(verifier.verify(response: text, task: task) == first)
        }
        #expect(count > 50)
    }
}
