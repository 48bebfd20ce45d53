// Other systems' protocols over the real service: requests and answers in the forms of their own clients.
import Domain
@testable import HTTPAPI
import Service
import StrictJSON
import TestSupport
import Testing

@Suite(.serialized) struct DialectTests {
    @Test func `SandboxFusion's run_code says what a program wrote and how it ended`() async throws {
        try await withDirectory { directory in
            try await withRealServer(directory) { client in
                func run(_ code: String, _ more: String = "") async -> JSONValue {
                    let body = #"{"code":\#(JSONValue.string(code).text),"language":"python"\#(more)}"#
                    let answer = await client.send("POST", "/run_code", json: body)
                    #expect(answer?.status == 200, "\(answer?.text ?? "")")
                    return answer?.json ?? .null
                }
                let echo = await run("print(input()[::-1])", #","stdin":"abc","files":{},"fetch_files":[],"unknown":1"#)
                #expect(echo["status"] == .string("Success") && echo["compile_result"] == .null)
                #expect(echo["run_result"]?["stdout"] == .string("cba\n"))
                #expect(echo["run_result"]?["return_code"] == .integer(0))
                let failed = await run("import sys\nsys.stderr.write('why')\nsys.exit(3)")
                #expect(failed["status"] == .string("Failed") && failed["run_result"]?["return_code"] == .integer(3))
                #expect(failed["run_result"]?["stderr"] == .string("why"))
                let late = await run("while True: pass", #","run_timeout":0.5"#)
                #expect(late["status"] == .string("Failed"))
                #expect(late["run_result"]?["status"] == .string("TimeLimitExceeded"))
                #expect(late["run_result"]?["return_code"] == .null)
                let broken = await run("def f(:")
                #expect(broken["status"] == .string("Failed") && broken["run_result"]?["return_code"] == .integer(1))
                // SandboxFusion reads only when the program has ended, and hangs from 150 kB on.
                let long = await run("print('x' * 3_000_000)")
                #expect(long["status"] == .string("Success"))
                #expect(long["run_result"]?["stdout"]?.string?.utf8.count == 3_000_001)
                let endless = await run("while True: print('x' * 100_000)")
                #expect(endless["status"] == .string("Failed"))
                let hungry = await run("x = 'y' * (400 << 20)", #","memory_limit_MB":64"#)
                #expect(hungry["status"] == .string("Failed") && hungry["run_result"]?["return_code"] != .integer(0))
            }
        }
    }

    @Test func `SandboxFusion's submit judges a completion by its tests and stops at the first failure`() async throws {
        let tests =
            #"[{"input":{"stdin":"1 2\n"},"output":{"stdout":"3\n"}},{"input":{"stdin":"4 5\n"},"output":{"stdout":" NINE "}},"#
            + #"{"input":{"stdin":"2 2\n"},"output":{"stdout":"4.0"}}]"#
        @Sendable func body(_ completion: String, tests: String, all: Bool) -> String {
            #"{"dataset":"any","id":7,"completion":\#(JSONValue.string(completion).text),"config":{"dataset_type":"CommonOJDataset","#
                + #""language":"python","run_timeout":5,"provided_data":{"id":7,"content":"","labels":{},"test":\#(tests)},"#
                + #""extra":{"run_all_cases":\#(all)}}}"#
        }
        let sum = "```python\na, b = map(int, input().split())\nprint('nine' if a + b == 9 else a + b)\n```"
        let wrong = "```python\ninput()\nprint(3)\n```"
        try await withDirectory { directory in
            try await withRealServer(directory) { client in
                for given in [tests, JSONValue.string(tests).text] {
                    let right = await client.send("POST", "/submit", json: body(sum, tests: given, all: false))
                    #expect(right?.json["accepted"] == .bool(true), "\(right?.text ?? "")")
                    #expect(right?.json["id"] == .integer(7) && right?.json["tests"]?.elements?.count == 3)
                }
                let stopped = await client.send("POST", "/submit", json: body(wrong, tests: tests, all: false))
                #expect(stopped?.json["accepted"] == .bool(false))
                #expect(stopped?.json["tests"]?.elements?.map { $0["passed"] } == [.bool(true), .bool(false)])
                let all = await client.send("POST", "/submit", json: body(wrong, tests: tests, all: true))
                #expect(
                    all?.json["tests"]?.elements?.map { $0["passed"] } == [.bool(true), .bool(false), .bool(false)])
                let none = await client.send("POST", "/submit", json: body("no program", tests: tests, all: false))
                #expect(none?.json["accepted"] == .bool(false) && none?.json["extracted_code"] == .string(""))
                let other = body(sum, tests: tests, all: false).replacing("CommonOJDataset", with: "HumanEvalDataset")
                let refused = await client.send("POST", "/submit", json: other)
                #expect(refused?.status == 400)
                #expect(refused?.json["detail"]?.string?.contains("no eval class found") == true)
            }
        }
    }

    @Test func `remote reward models get 0 or 1, and never a number for what could not be judged`() async throws {
        try await withServer { client in
            let body =
                #"{"query":["2+2?\\boxed{4}","no answer"],"prompts":["2+2?","2+2?"],"labels":["4","4"],"extra":true}"#
            let rewards = await client.send("POST", "/get_reward", json: body)
            #expect(rewards?.status == 200 && rewards?.json["rewards"]?.text == "[1.0,0.0]", "\(rewards?.text ?? "")")
            #expect(rewards?.json["scores"]?.text == "[1.0,0.0]")
            #expect(rewards?.json["extra_logs"]?["correct"]?.text == "[1.0,0.0]")
            let one = await client.send("POST", "/rm", json: #"{"prompt":[],"response":"\\boxed{4}","label":4}"#)
            #expect(one?.status == 200 && one?.text == "1.0")
            for (path, body) in [
                ("/get_reward", #"{"query":["\\boxed{4}","undetermined"],"prompts":["",""],"labels":["4","4"]}"#),
                ("/rm", #"{"prompt":"","response":"undetermined","label":"4"}"#),
            ] {
                let answer = await client.send("POST", path, json: body)
                #expect(answer?.status == 503 && answer?.headers["retry-after"] != nil)
            }
            let unequal = await client.send(
                "POST", "/get_reward", json: #"{"query":["a"],"prompts":["a"],"labels":["4","5"]}"#)
            #expect(unequal?.status == 422)
            let unlabelled = await client.send("POST", "/rm", json: #"{"prompt":"","response":"x","label":null}"#)
            #expect(unlabelled?.status == 422)
        }
    }

    @Test func `NeMo-Gym gets its own object back with a reward`() async throws {
        @Sendable func body(_ text: String, _ rest: String) -> String {
            #"{"responses_create_params":{"input":[{"role":"user","content":"?"}]},"response":{"id":"r","output":[{"type":"reasoning","summary":[]},"#
                + #"{"type":"message","role":"assistant","content":[{"type":"output_text","text":\#(JSONValue.string(text).text)}]}]},\#(rest)}"#
        }
        try await withDirectory { directory in
            try await withRealServer(directory) { client in
                let right = await client.send(
                    "POST", "/verify", json: body("\\boxed{\\frac12}", #""expected_answer":"0.5""#))
                #expect(right?.json["reward"] == .double(1), "\(right?.text ?? "")")
                #expect(right?.json["response"]?["id"] == .string("r"))
                let wrong = await client.send("POST", "/verify", json: body("\\boxed{3}", #""expected_answer":4"#))
                #expect(wrong?.json["reward"] == .double(0))
                let program = "```python\nclass Solution:\n    def add(self, a, b):\n        return a + b\n```"
                let called = await client.send(
                    "POST", "/verify",
                    json: body(
                        program,
                        #""verifier_metadata":{"unit_tests":{"inputs":["1\n2","[1]\n[2]"],"outputs":["3","[1,2]"],"fn_name":"add"}}"#
                    ))
                #expect(called?.json["reward"] == .double(1), "\(called?.text ?? "")")
                let streams = await client.send(
                    "POST", "/verify",
                    json: body(
                        "```python\nprint(int(input()) * 2)\n```",
                        #""verifier_metadata":{"unit_tests":{"inputs":["4\n"],"outputs":["8\n"],"fn_name":null}}"#))
                #expect(streams?.json["reward"] == .double(1), "\(streams?.text ?? "")")
                #expect(await client.send("POST", "/seed_session", json: "{}")?.text == "{}")
                #expect(await client.send("GET", "/reverify_mode")?.text == #""stateless""#)
            }
        }
    }

    @Test func `Piston runs a program and lists its runtimes`() async throws {
        try await withDirectory { directory in
            try await withRealServer(directory) { client in
                let runtimes = await client.send("GET", "/api/v2/runtimes")
                #expect(runtimes?.json.elements?.map { $0["language"] } == [.string("python"), .string("c++")])
                #expect(runtimes?.json.elements?[0]["version"]?.string?.hasPrefix("3.") == true)
                let ran = await client.send(
                    "POST", "/api/v2/execute",
                    json:
                        #"{"language":"py","version":"*","files":[{"name":"a.py","content":"print(input())"}],"stdin":"hi","args":[]}"#
                )
                #expect(ran?.json["run"]?["stdout"] == .string("hi\n"), "\(ran?.text ?? "")")
                #expect(ran?.json["run"]?["code"] == .integer(0) && ran?.json["run"]?["status"] == .null)
                let late = await client.send(
                    "POST", "/api/v2/execute",
                    json:
                        #"{"language":"python","version":"*","files":[{"content":"while True: pass"}],"run_timeout":300}"#
                )
                #expect(late?.json["run"]?["status"] == .string("TO") && late?.json["run"]?["code"] == .null)
                let unknown = await client.send(
                    "POST", "/api/v2/execute", json: #"{"language":"cobol","version":"*","files":[{"content":""}]}"#)
                #expect(unknown?.status == 400 && unknown?.json["message"]?.string?.contains("cobol") == true)
            }
        }
    }

    @Test func `what cannot run now is 504 on SandboxFusion's paths, whatever it is elsewhere`() async throws {
        let service = ScriptedService()
        try await withServer(service) { client in
            let body = #"{"code":"print(1)","language":"python"}"#
            for failure in [
                ServiceError(.overloaded, "full", retryAfterSeconds: 3), ServiceError(.quotaExceeded, "used up"),
                ServiceError(.unavailable, "no ledger"), ServiceError(.internal, "broken"),
            ] {
                service.fail(failure)
                let answer = await client.send("POST", "/run_code", json: body)
                #expect(answer?.status == 504 && answer?.headers["retry-after"] != nil, "\(failure)")
                #expect(answer?.json["detail"]?.string?.isEmpty == false)
            }
            service.fail(nil)
            // The scripted sandbox has no place free.
            let lost = await client.send("POST", "/run_code", json: #"{"code":"lost","language":"python"}"#)
            #expect(lost?.status == 504, "\(lost?.text ?? "")")
            // Tests that were not run are no wrong answers.
            let tests =
                #"[{"input":{"stdin":"1"},"output":{"stdout":"1"}},{"input":{"stdin":"2"},"output":{"stdout":"2"}}]"#
            let config = #"{"dataset_type":"CommonOJDataset","language":"python","provided_data":{"test":\#(tests)}}"#
            for (code, status) in [("cut", 504), ("whole", 200)] {
                let body = #"{"dataset":"d","id":1,"completion":"\#(code)","config":\#(config)}"#
                let answer = await client.send("POST", "/submit", json: body)
                #expect(answer?.status == status, "\(code): \(answer?.text ?? "")")
                #expect(status != 200 || answer?.json["accepted"] == .bool(true))
            }
            let waiting = await client.send("POST", "/run_code", json: #"{"code":"busy","language":"python"}"#)
            #expect(waiting?.status == 504)
            let cobol = await client.send("POST", "/run_code", json: #"{"code":"","language":"cobol"}"#)
            #expect(cobol?.status == 422)
            #expect(cobol?.json["detail"]?.elements?[0]["loc"]?.text == #"["body","language"]"#)
            let files = #"{"code":"","language":"python","files":{"a.txt":"eA=="}}"#
            #expect(await client.send("POST", "/run_code", json: files)?.status == 422)
            #expect(await client.send("GET", "/v1/ping")?.text == #""pong""#)
            #expect(await client.send("GET", "/list_datasets")?.text == "[]")
        }
    }

    @Test func `a dialect that is off is not there`() async throws {
        try await withServer(configure: { $0.dialects = [.piston] }) { client in
            #expect(await client.send("GET", "/v1/ping")?.status == 404)
            #expect(await client.send("POST", "/get_reward", json: "{}")?.status == 404)
            #expect(await client.send("GET", "/api/v2/runtimes")?.status == 200)
        }
        #expect(try Dialect.reading("none").isEmpty && Dialect.reading("all").count == Dialect.allCases.count)
        #expect(try Dialect.reading("piston,nemo-gym") == [.piston, .nemoGym])
        #expect(throws: InputError.self) { try Dialect.reading("no-such") }
    }

    @Test func `outputs are compared as SandboxFusion compares them`() {
        for (actual, expected, equal) in [
            ("3\n", "3", true), ("YES", "yes\n", true), ("1 \n2", "1\n 2", true), ("3.0", "3", true),
            ("1e3", "1000", true),
            ("3.0000001", "3", false), ("1 2", "1\n2", false), ("", "", true), ("a", "", false), ("nan", "nan", true),
            ("1\n\n2", "1\n2", false), ("\r\n7\r\n", "7", true),
        ] {
            #expect(
                fusionOutputMatches(actual, expected: expected) == equal,
                "\(actual.debugDescription) \(expected.debugDescription)")
        }
    }
}
