// Graders: similarities by golden values, comparisons, templates, formulas, and programs in the sandbox.
import Domain
import Foundation
import StrictJSON
import Testing

@testable import Verification

@Suite struct GraderTests {
    private func grader(_ text: String) throws -> Grader { try Grader(json: try JSONValue.parse(text: text)) }

    private func result(_ text: String, sample: String = "", item: String = "{}") async throws -> GraderResult {
        let verifier = GraderVerifier(sandbox: await CodeTestBench.pool())
        let item = try JSONValue.parse(text: item)
        switch await verifier.grade(try grader(text), sample: sample, item: item) {
        case .graded(let result): return result
        case .undecided(let failure):
            Issue.record("\(failure)")
            return GraderResult(value: .nan)
        }
    }

    @Test func `similarities are those of RapidFuzz, NLTK and rouge-score`() throws {
        let parts = #filePath.split(separator: "/", omittingEmptySubsequences: false).dropLast(2)
        let path = parts.joined(separator: "/") + "/Vectors/graders/similarity.jsonl"
        let lines = try String(contentsOfFile: path, encoding: .utf8).split(separator: "\n")
        #expect(lines.count > 150)
        for line in lines {
            let vector = try JSONValue.parse(text: String(line))
            let (text, reference) = (vector["text"]?.string ?? "", vector["reference"]?.string ?? "")
            for metric in Grader.Metric.allCases {
                let expected = try #require(vector["values"]?[metric.rawValue]?.number)
                let value = similarity(text, to: reference, by: metric)
                #expect(abs(value - expected) <= 1e-12 + 1e-12 * expected, "\(metric) of \(line.prefix(200)): \(value)")
            }
        }
    }

    @Test func `a string check compares as it is told`() async throws {
        for (operation, text, reference, value) in [
            ("eq", "a", "a", 1.0), ("eq", "a", "A", 0), ("ne", "a", "A", 1), ("ne", "a", "a", 0),
            ("like", "xabcx", "abc", 1), ("like", "xabx", "abc", 0), ("like", "aab", "ab", 1), ("like", "x", "", 1),
            ("ilike", "xABcx", "abC", 1), ("ilike", "straße", "STRASSE", 0), ("eq", "e\u{301}", "\u{e9}", 0),
        ] {
            let text = JSONValue.string(text).text
            let found = try await result(
                #"{"type":"string_check","name":"n","operation":"\#(operation)","input":"{{sample.output_text}}","reference":"{{ item.a.b }}"}"#,
                sample: try JSONValue.parse(text: text).string ?? "",
                item: #"{"a":{"b":\#(JSONValue.string(reference).text)}}"#)
            #expect(found.value == value && found.faults.isEmpty, "\(operation) \(text) \(reference)")
        }
    }

    @Test func `templates take values of any kind from item and sample, and say what is missing`() async throws {
        func filled(_ template: String, sample: String = "{}", item: String = "{}") throws -> String {
            try GraderTemplate(template).filled(
                item: try JSONValue.parse(text: item), sample: GraderVerifier.sample(sample))
        }
        #expect(try filled("a {{item.x}} b{{ item.y[1].z }}", item: #"{"x":1.5,"y":[0,{"z":"t"}]}"#) == "a 1.5 bt")
        #expect(try filled("{{item.x.1}}{{item.x.0}}", item: #"{"x":[7,8]}"#) == "87")
        #expect(
            try filled("{{sample.output_text}}|{{sample.output_json.k}}", sample: #"{"k":[true]}"#)
                == #"{"k":[true]}|[true]"#)
        #expect(try filled("{ } }} {x}") == "{ } }} {x}")
        for bad in ["{{", "{{item", "{{}}", "{{other.x}}", "{{item..x}}", "{{sample.tools}}", "{{sample}}", "{{a b}}"] {
            #expect(throws: InputError.self, "\(bad)") { try GraderTemplate(bad) }
        }
        let check =
            #"{"type":"string_check","name":"n","operation":"eq","input":"{{sample.output_json.x}}","reference":"{{item.y}}"}"#
        let noJSON = try await result(check, sample: "no json", item: #"{"y":"1"}"#)
        #expect(noJSON.faults == [.sampleParse("sample.output_json.x")])
        #expect(try await result(check, sample: #"{"x":"1"}"#).faults == [.invalidVariable("item.y")])
        #expect(try await result(check, sample: #"{"x":1}"#, item: #"{"y":"1"}"#).value == 1)
    }

    @Test func `formulas are arithmetic as Python has it, and nothing else`() throws {
        let values = ["a": 0.5, "b_2": 3.0, "c": -2.0]
        for (text, value) in [
            ("1 + 2 * 3", 7.0), ("(1 + 2) * 3", 9), ("2 ** 3 ** 2", 512), ("-2 ** 2", -4), ("2 ** -1", 0.5),
            ("8 / 4 / 2", 1),
            ("1 - 2 - 3", -4), ("0.7*a + 0.3*b_2", 1.25), ("min(a, b_2, c)", -2), ("max(a, 1)", 1), ("abs(c)", 2),
            ("floor(2.7) + ceil(2.1)", 5), ("exp(0)", 1), ("sqrt(9)", 3), ("log(1)", 0), ("--a", 0.5), (".5e1", 5),
            ("  a\n", 0.5), ("1e-1", 0.1), ("+c", -2),
        ] {
            let found = try #require(try GraderFormula(text).value(values), "\(text)")
            #expect(abs(found - value) < 1e-12, "\(text): \(found)")
        }
        for text in ["1 / 0", "log(0 - 1)", "sqrt(c)", "unknown", "exp(1000)", "min(0 / 0, 1)"] {
            #expect(try GraderFormula(text).value(values) == nil, "\(text)")
        }
        for bad in [
            "", " ", "1 +", "(1", "1)", "a b", "import os", "__import__('os')", "a.b", "min(1)", "abs(1, 2)", "eval(1)",
            "1..2",
            "a[0]", "1 // 2", "2 %  3", "a ** ", ",", "é",
            String(repeating: "(", count: 200) + "1" + String(repeating: ")", count: 200),
            String(repeating: "-", count: 100) + "1", String(repeating: "1+", count: 2_000) + "1",
        ] {
            #expect(throws: InputError.self, "\(bad.prefix(40))") { try GraderFormula(bad) }
        }
        #expect(try GraderFormula("a + min(b, a)").names == ["a", "b"])
    }

    @Test func `a program grades in the sandbox, and its faults are its own`() async throws {
        func python(_ source: String) -> String {
            #"{"type":"python","name":"p","source":\#(JSONValue.string(source).text)}"#
        }
        let item = #"{"answer":{"n":4},"list":[1,"é"]}"#
        let good = try await result(
            python(
                """
                def grade(sample, item) -> float:
                    assert item["list"] == [1, "é"] and sample["output_json"] == {"x": 4}
                    return float(sample["output_json"]["x"] == item["answer"]["n"]) / 4
                """), sample: #"{"x": 4}"#, item: item)
        #expect(good.value == 0.25 && good.faults.isEmpty && good.sandbox != nil)
        #expect(try await result(python("grade = lambda sample, item: True")).value == 1)
        #expect(
            try await result(python("def grade(sample, item): return len(sample['output_text'])"), sample: "héé").value
                == 3)
        for (source, said) in [
            ("def grade(sample, item): return item['none']", "none"),
            ("def grade(sample, item): return 'x'", "no number"),
            ("def grade(sample, item): return float('nan')", "no number"), ("def grade(", ""), ("x = 1", ""),
            ("import os\ndef grade(sample, item): os._exit(0)", ""),
            ("def grade(sample, item): return None", "no number"),
        ] {
            let found = try await result(python(source))
            guard case .program(let message)? = found.faults.first else {
                Issue.record("\(source): \(found)")
                continue
            }
            #expect(
                found.value == 0 && !message.isEmpty && (said.isEmpty || message.contains(said)),
                "\(source): \(message)")
        }
        // Without a sandbox nobody knows.
        let nowhere = await GraderVerifier(sandbox: nil).grade(
            try grader(python("def grade(sample, item): return 1")), sample: "", item: .object([]))
        guard case .undecided(let failure) = nowhere else {
            Issue.record("graded without a sandbox")
            return
        }
        #expect(failure.code == .sandboxUnavailable && failure.isRetryable)
    }

    @Test func `a response that a program graded is not graded again, unless time had a part in it`() async throws {
        let verifier = GraderVerifier(sandbox: await CodeTestBench.pool())
        func task(_ body: String) throws -> GraderTask {
            let source = JSONValue.string("def grade(sample, item): \(body)").text
            return GraderTask(
                grader: try grader(#"{"type":"python","name":"p","source":\#(source)}"#), item: .object([]))
        }
        // A program that grades nothing is the task's fault, and no reward of the response's.
        let broken = await verifier.verify(response: "a", task: try task("return ("))
        #expect(broken.failure?.code == .unreadableTask, "\(broken)")
        #expect(RewardScheme.binary.reward(for: broken, response: "a") == nil)
        let first = await verifier.verify(response: "a", task: try task("return 0.75"))
        #expect(first.score == 0.75 && first.outcome == .passed && first.tests?.passed == 1)
        #expect(first.sandbox?.isRemembered == false)
        let second = await verifier.verify(response: "a", task: try task("return 0.75"))
        #expect(second.sandbox?.isRemembered == true && second.score == 0.75 && second.reason == first.reason)
        #expect(await verifier.verify(response: "b", task: try task("return 0.75")).sandbox?.isRemembered == false)
        let raising = try task("return item['x']")
        #expect(await verifier.verify(response: "a", task: raising).tests?.cases.map(\.outcome) == [.runtimeError])
        let memory = try task("return len('x' * (1 << 40))")
        for _ in 0..<2 {
            let verdict = await verifier.verify(response: "a", task: memory)
            #expect(verdict.outcome == .failed && verdict.score == 0 && verdict.reason.contains("failed"))
        }
    }

    @Test func `several graders are put together by their formula`() async throws {
        let multi =
            #"{"type":"multi","name":"m","calculate_output":"0.75 * same + 0.25 * near","graders":{"#
            + #""same":{"type":"string_check","name":"a","operation":"eq","input":"{{sample.output_text}}","reference":"{{item.r}}"},"#
            + #""near":{"type":"text_similarity","name":"b","evaluation_metric":"fuzzy_match","input":"{{sample.output_text}}","reference":"{{item.r}}"}}}"#
        let found = try await result(multi, sample: "abcd", item: #"{"r":"abce"}"#)
        #expect(found.parts.map(\.key) == ["same", "near"] && found.parts.map(\.value) == [0, 0.75])
        #expect(found.value == 0.1875)
        let divided = multi.replacing("0.75 * same + 0.25 * near", with: "near / same")
        #expect(try await result(divided, sample: "abcd", item: #"{"r":"abce"}"#).faults == [.formula])
    }

    @Test func `a grader as a task gives a verdict with its score`() async throws {
        let verifier = Verifier(math: MathVerifier(), code: nil)
        func verdict(_ response: String, threshold: String = "", item: String = #"{"r":"abcd"}"#) async throws
            -> Verdict
        {
            let text =
                #"{"type":"grader","grader":{"type":"text_similarity","name":"near","evaluation_metric":"fuzzy_match","#
                + #""input":"{{sample.output_text}}","reference":"{{item.r}}"},"item":\#(item)\#(threshold)}"#
            return await verifier.verify(
                response: response, task: try VerificationTask(json: JSONValue.parse(text: text)))
        }
        let near = try await verdict("abce")
        #expect(near.outcome == .passed && near.score == 0.75 && near.verifier == GraderVerifier.version)
        #expect(RewardScheme.binary.reward(for: near, response: "") == 0.75)
        #expect(try Verdict(json: near.json) == near)
        let strict = try await verdict("abce", threshold: #","pass_threshold":0.8"#)
        #expect(strict.outcome == .failed && strict.score == 0.75)
        // The task's own fault is nobody's reward.
        let broken = try await verdict("abce", item: "{}")
        #expect(broken.failure?.code == .unreadableTask && RewardScheme.binary.reward(for: broken, response: "") == nil)
        let beyond = Verdict.graded(7)
        #expect(RewardScheme.binary.reward(for: beyond, response: "") == 1)
        #expect(RewardScheme.soft.reward(for: Verdict.graded(-3), response: "") == 0)
    }
}

extension Verdict {
    fileprivate static func graded(_ score: Double) -> Verdict {
        var verdict = Verdict.passed("graded")
        verdict.score = score
        return verdict
    }
}
