// OpenAI's graders over a real socket and the real sandbox, and a grader as the task of a prompt.
import Domain
@testable import HTTPAPI
import Service
import StrictJSON
import TestSupport
import Testing

@Suite(.serialized) struct GraderRouteTests {
    private static let path = "/v1/fine_tuning/alpha/graders/"
    private static let check =
        #"{"type":"string_check","name":"same","operation":"eq","input":"{{sample.output_text}}","reference":"{{item.r}}"}"#

    @Test func `graders run and answer in OpenAI's form`() async throws {
        try await withDirectory { directory in
            try await withRealServer(directory) { client in
                func run(_ grader: String, _ sample: String, _ item: String = "{}") async -> HTTPAnswer? {
                    await client.send(
                        "POST", Self.path + "run",
                        json:
                            #"{"grader":\#(grader),"model_sample":\#(JSONValue.string(sample).text),"item":\#(item),"more":1}"#
                    )
                }
                let same = await run(Self.check, "x", #"{"r":"x"}"#)
                #expect(same?.status == 200 && same?.json["reward"] == .double(1), "\(same?.text ?? "")")
                #expect(same?.json["metadata"]?["name"] == .string("same") && same?.json["sub_rewards"]?.text == "{}")
                #expect(same?.json["metadata"]?["errors"]?["python_grader_runtime_error"] == .bool(false))
                let missing = await run(Self.check, "x")
                #expect(missing?.json["reward"] == .double(0))
                #expect(missing?.json["metadata"]?["errors"]?["invalid_variable_error"] == .bool(true))
                let source = #"def grade(sample, item):\n    return 1 / item['n']"#
                let python = #"{"type":"python","name":"p","source":"\#(source)"}"#
                let quarter = await run(python, "x", #"{"n":4}"#)
                #expect(quarter?.json["reward"] == .double(0.25), "\(quarter?.text ?? "")")
                let raised = await run(python, "x", #"{"n":0}"#)
                #expect(raised?.json["metadata"]?["errors"]?["python_grader_runtime_error"] == .bool(true))
                let details = raised?.json["metadata"]?["errors"]?["python_grader_runtime_error_details"]?.string
                #expect(details?.contains("ZeroDivisionError") == true, "\(details ?? "")")
                let multi =
                    #"{"type":"multi","name":"m","graders":{"a":\#(Self.check),"b":\#(python)},"calculate_output":"a + 2 * b"}"#
                let both = await run(multi, "x", #"{"n":4,"r":"x"}"#)
                #expect(
                    both?.json["reward"] == .double(1.5) && both?.json["sub_rewards"]?.text == #"{"a":1.0,"b":0.25}"#)
            }
        }
    }

    @Test func `a grader is validated, and what is wrong with it is named`() async throws {
        try await withServer { client in
            func validate(_ grader: String) async -> HTTPAnswer? {
                await client.send("POST", Self.path + "validate", json: #"{"grader":\#(grader)}"#)
            }
            let valid = await validate(Self.check)
            #expect(valid?.status == 200 && valid?.json["grader"]?["operation"] == .string("eq"))
            for (grader, field) in [
                ("{}", "grader.type"), (#"{"type":"best"}"#, "grader.type"), ("3", "grader"),
                (Self.check.replacing(#""eq""#, with: #""is""#), "grader.operation"),
                (Self.check.replacing("{{item.r}}", with: "{{item"), "grader.reference"),
                (Self.check.replacing("{{item.r}}", with: "{{world.r}}"), "grader.reference"),
                (#"{"type":"python","name":"p"}"#, "grader.source"),
                (#"{"type":"multi","name":"m","graders":{},"calculate_output":"1"}"#, "grader.graders"),
                (
                    #"{"type":"multi","name":"m","graders":{"a":{"type":"python"}},"calculate_output":"a"}"#,
                    "grader.graders.a.source"
                ),
                (
                    #"{"type":"multi","name":"m","graders":{"a":\#(Self.check)},"calculate_output":"a +"}"#,
                    "grader.calculate_output"
                ),
                (
                    #"{"type":"multi","name":"m","graders":{"a":\#(Self.check)},"calculate_output":"b"}"#,
                    "grader.calculate_output"
                ),
            ] {
                let answer = await validate(grader)
                #expect(answer?.status == 400, "\(grader)")
                #expect(answer?.json["error"]?["param"] == .string(field), "\(grader): \(answer?.text ?? "")")
                #expect(answer?.json["error"]?["type"] == .string("invalid_request_error"))
            }
            for grader in [
                #"{"type":"score_model"}"#, #"{"type":"label_model"}"#,
                #"{"type":"text_similarity","evaluation_metric":"cosine"}"#,
                #"{"type":"text_similarity","evaluation_metric":"meteor"}"#,
            ] { #expect(await validate(grader)?.status == 501, "\(grader)") }
        }
    }

    @Test func `a machine that cannot grade is 503, never a reward`() async throws {
        try await withServer { client in
            let answer = await client.send(
                "POST", Self.path + "run", json: #"{"grader":\#(Self.check),"model_sample":"undetermined","item":{}}"#)
            #expect(answer?.status == 503 && answer?.headers["retry-after"] != nil && answer?.json["reward"] == nil)
        }
    }

    @Test func `a grader is the task of a prompt: scored, stored, judged and judged again`() async throws {
        try await withDirectory { directory in
            try await withRealServer(directory) { client in
                let near =
                    #"{"type":"text_similarity","name":"near","evaluation_metric":"fuzzy_match","input":"{{sample.output_text}}","reference":"{{item.r}}"}"#
                let task = #"{"type":"grader","grader":\#(near),"item":{"r":"abcd"},"pass_threshold":0.7}"#
                let scored = await client.send(
                    "POST", "/v1/score",
                    json: #"{"items":[{"response":"abce","task":\#(task)},{"response":"xyz","task":\#(task)}]}"#)
                let results = try #require(scored?.json["results"]?.elements, "\(scored?.text ?? "")")
                #expect(results.map { $0["verdict"] } == [.string("passed"), .string("failed")])
                #expect(results[0]["reward"] == .double(0.75) && results[0]["score"] == .double(0.75))
                let posted = await client.send(
                    "POST", "/v1/prompts", json: #"{"prompts":[{"id":"g","text":"say abcd","task":\#(task)}]}"#)
                #expect(posted?.status == 201, "\(posted?.text ?? "")")
                let stored = await client.send("GET", "/v1/prompts/g")
                #expect(stored?.json["task"]?["pass_threshold"] == .double(0.7), "\(stored?.text ?? "")")
                // Without a model here the rollout names the policy that every ledger begins with.
                let rollout = await client.send(
                    "POST", "/v1/rollouts",
                    json: #"{"rollouts":[{"id":"r","prompt_id":"g","response":"abce","policy_version":0}]}"#)
                #expect(rollout?.status == 202, "\(rollout?.text ?? "")")
                let judged = await client.send("GET", "/v1/rollouts/r?wait_seconds=20")
                #expect(judged?.json["reward"] == .double(0.75), "\(judged?.text ?? "")")
                #expect(judged?.json["verdict"]?["score"] == .double(0.75))
                let again = await client.send("POST", "/v1/rescore", json: #"{"prompt_id":"g"}"#)
                #expect(again?.json["queued"] == .integer(1), "\(again?.text ?? "")")
                let rejudged = await client.send("GET", "/v1/rollouts/r?wait_seconds=20")
                #expect(rejudged?.json["verdict"]?["score"] == .double(0.75))
            }
        }
    }
}
