// Rows of programming problems in each shape that people have, and what they become.
import Compressing
import Datasets
import Domain
import Foundation
import StrictJSON
import Testing

@Suite struct CodeFormatTests {
    private func row(_ truth: String) throws -> String {
        let text = JSONValue.string(truth).text
        return
            #"{"hash":"47c4","ability":"code","data_source":"coder1_longcot","prompt":[{"role":"user","content":"Sum."}],"reward_model":{"ground_truth":\#(text),"style":"rule"}}"#
    }

    @Test func `Klear's code row becomes tests of standard streams`() throws {
        let record = try record("klear-code", try row(#"{"inputs":["1 2\n",["3","4"]],"outputs":["3\n","7"]}"#))
        #expect(record.prompt?.id?.text == "klear-code/47c4")
        #expect(
            record.code?.tests
                == .standardStreams([.init(input: "1 2\n", output: "3\n"), .init(input: "3\n4", output: "7")]))
        #expect(record.code?.prelude == .contest)
    }

    @Test func `with a function's name it becomes calls, from arguments or from lines of JSON`() throws {
        let listed = try record(
            "klear-code", try row(#"{"fn_name":"f","inputs":[[[1,2],3],[[],0]],"outputs":[[5],["x"]]}"#))
        #expect(
            listed.code?.tests
                == .entryPoint(
                    name: "f",
                    [
                        .init(arguments: [.integers([1, 2]), .integer(3)], expected: .integer(5)),
                        .init(arguments: [.array([]), .integer(0)], expected: .string("x")),
                    ]))
        let lines = try record("klear-code", try row(#"{"fn_name":"f","inputs":["[1,2]\n\"a\""],"outputs":["[5]"]}"#))
        #expect(
            lines.code?.tests
                == .entryPoint(
                    name: "f", [.init(arguments: [.integers([1, 2]), .string("a")], expected: .integers([5]))]))
    }

    @Test func `statements and lists of tests are ground truths, too`() throws {
        let functional = try record("klear-code", try row(#"{"functional":"assert f(1) == 2"}"#))
        #expect(functional.code?.tests == .assertions("assert f(1) == 2"))
        let list = try record(
            "klear-code",
            try row(#"[{"input":"[1]\n2","output":"3","testtype":"functional","metadata":{"func_name":"g"}}]"#))
        #expect(
            list.code?.tests
                == .entryPoint(name: "g", [.init(arguments: [.integers([1]), .integer(2)], expected: .integer(3))]))
    }

    @Test func `LiveCodeBench's packed tests are unpacked, and a pickle that would run a command is refused`() throws {
        let rows = try Vectors.lines("livecodebench.jsonl").map(\.text)
        let sum = try record("livecodebench", rows[0])
        #expect(sum.prompt?.id?.text == "livecodebench/abc001_a")
        guard case .standardStreams(let tests)? = sum.code?.tests else { throw InputError(.invalidValue, "no streams") }
        #expect(tests.map(\.input) == ["0 0\n", "1 2\n", "é 😀"])
        #expect(sum.code?.timeLimitSeconds == 6 && sum.code?.stopAtFirstFailure == true)
        #expect(sum.prompt?.metadata["difficulty"]?.string == "easy")
        #expect(sum.prompt?.metadata["source"]?.string == "atcoder")
        let calls = try record("livecodebench", rows[1])
        guard case .entryPoint("twoSum", let cases)? = calls.code?.tests else {
            throw InputError(.invalidValue, "no calls")
        }
        #expect(cases.count == 2 && cases.allSatisfy { $0.expected == .integers([0, 1]) })
        let fault = #expect(throws: InputError.self) { try record("livecodebench", rows[2]) }
        #expect(fault?.field == "private_test_cases" && fault?.message.contains("REDUCE") == false)
        #expect(fault?.message.contains("STACK_GLOBAL") == true, "\(fault.map { "\($0)" } ?? "")")
    }

    @Test func `packed tests that unpack without end are refused at the limit`() throws {
        // A zlib stream, not gzip: its two bytes, deflate's body, a checksum that is never reached.
        let limit = 16_777_216
        let writer = try GzipWriter(level: 9)
        var gzip: [UInt8] = []
        let block = [UInt8](repeating: 0, count: 1 << 22)
        for _ in 0..<(limit / block.count + 1) { gzip += try writer.compress(block) }
        let bomb = [0x78, 0x9C] + gzip.dropFirst(10)
        let fault = #expect(throws: InputError.self) {
            try unpackedTests(Data(bomb).base64EncodedString(), field: "t", limit: limit)
        }
        #expect(fault?.code == .tooLarge)
        for wrong in ["!!!", "AAAA", Data([0x78, 0x9C, 1, 0]).base64EncodedString()] {
            #expect(throws: InputError.self) { try unpackedTests(wrong, field: "t") }
        }
    }

    @Test func `APPS keeps level and host; what a function returns comes out of its list`() throws {
        let streams = try record(
            "apps",
            #"{"problem_id":7,"question":"Q","solutions":"[]","input_output":"{\"inputs\":[\"1\\n\"],\"outputs\":[\"2\\n\"]}","difficulty":"interview","url":"https://www.codewars.com/kata/1","starter_code":""}"#
        )
        #expect(streams.prompt?.id?.text == "apps/7")
        #expect(streams.prompt?.metadata["source"]?.string == "codewars.com")
        #expect(streams.prompt?.metadata["difficulty"]?.string == "interview")
        let calls = try record(
            "apps",
            #"{"id":8,"question":"Q","input_output":"{\"fn_name\":\"f\",\"inputs\":[[\"a\"]],\"outputs\":[[\"b\"]]}","starter_code":"def f(x):"}"#
        )
        #expect(calls.code?.tests == .entryPoint(name: "f", [.init(arguments: [.string("a")], expected: .string("b"))]))
        for empty in [#""""#, "null", #""{}""#, #""{\"inputs\":[],\"outputs\":[]}""#] {
            #expect(throws: InputError.self) {
                try DatasetFormat.named("apps")?.record(
                    of: try JSONValue.parse(text: #"{"question":"Q","input_output":\#(empty)}"#), ImportWishes())
            }
        }
    }

    @Test func `TACO's limits, tags and source are read from their text`() throws {
        let record = try record(
            "taco",
            #"{"question":"Q","starter_code":"","input_output":"{\"inputs\":[\"1\"],\"outputs\":[\"2\"]}","difficulty":"HARD","raw_tags":"[]","source":"codeforces","tags":"['Graph algorithms', 'Geometry']","skill_types":"[]","time_limit":"7.0 seconds","memory_limit":"256.0 megabytes"}"#
        )
        #expect(record.code?.timeLimitSeconds == 7 && record.code?.memoryLimitMegabytes == 256)
        #expect(record.prompt?.metadata["subject"]?.string == "Graph algorithms")
        #expect(record.prompt?.metadata["difficulty"]?.string == "HARD")
    }

    @Test func `TACO's tests that no program could read are refused instead of failing every answer`() throws {
        let text =
            #"{"question":"Q","starter_code":"class Solution:\n    def minTime(self, arr, n, k):","input_output":"{\"inputs\": [\"n = 5\\nk = 3\\narr[] = {5,10}\"], \"outputs\": [\"35\"]}","difficulty":"MEDIUM_HARD","raw_tags":"[]","source":"geeksforgeeks","tags":"[]","skill_types":"[]","time_limit":null,"memory_limit":null}"#
        let fault = #expect(throws: InputError.self) { try self.record("taco", text) }
        #expect(fault?.field == "input_output" && fault?.message.contains("geeksforgeeks") == true)
    }

    @Test func `CodeContests' three kinds of tests come together`() throws {
        let text =
            #"{"name":"1575_A. Sorting","description":"D","public_tests":{"input":["1\n"],"output":["a\n"]},"private_tests":{"input":["2\n"],"output":["b\n"]},"generated_tests":[{"input":"3\n","output":"c\n"}],"source":2,"difficulty":7,"cf_rating":1100,"cf_tags":["data structures"],"time_limit":{"seconds":5,"nanos":500000000},"memory_limit_bytes":512000000,"input_file":"","output_file":""}"#
        let record = try record("code-contests", text)
        guard case .standardStreams(let tests)? = record.code?.tests else {
            throw InputError(.invalidValue, "no streams")
        }
        #expect(tests.map(\.output) == ["a\n", "b\n", "c\n"])
        #expect(record.code?.timeLimitSeconds == 5.5 && record.code?.memoryLimitMegabytes == 488)
        #expect(record.prompt?.metadata["source"]?.string == "codeforces")
        #expect(record.prompt?.metadata["difficulty"]?.string == "A")
        let file = text.replacingOccurrences(of: #""input_file":"""#, with: #""input_file":"in.txt""#)
        let fault = #expect(throws: InputError.self) { try self.record(file) }
        #expect(fault?.field == "input_file")
    }

    private func record(_ text: String) throws -> DatasetRecord { try DatasetsTests.record("code-contests", text) }
    private func record(_ name: String, _ text: String) throws -> DatasetRecord { try DatasetsTests.record(name, text) }

    @Test func `tests beyond a task's bounds refuse the row, or are left out and counted when that is wished`() throws {
        let count = Limits.datasetTestsMax + 3
        let truth = JSONValue.members([
            "inputs": .array((0..<count).map { .string("\($0)") }),
            "outputs": .array(Array(repeating: .string("2"), count: count)),
        ]).text
        let text = try row(truth)
        let fault = #expect(throws: InputError.self) { try record("klear-code", text) }
        #expect(fault?.code == .tooLarge && fault?.hint?.contains("--leave-out-large-tests") == true)
        let kept = try DatasetsTests.record("klear-code", text) { $0.leavesOutLargeTests = true }
        guard case .standardStreams(let tests)? = kept.code?.tests else {
            throw InputError(.invalidValue, "no streams")
        }
        #expect(tests.map(\.input) == (0..<Limits.datasetTestsMax).map { "\($0)" })
        #expect(kept.prompt?.metadata["tests_left_out"]?.string == "3")
    }

    @Test func `tests that a client may not send are as good from a file`() throws {
        let long = String(repeating: "1 ", count: Limits.codeTestBytesMax / 2 + 1)
        let truth = JSONValue.members(["inputs": .array([.string(long)]), "outputs": .array([.string("2")])]).text
        let kept = try record("klear-code", try row(truth))
        #expect(kept.code?.tests == .standardStreams([.init(input: long, output: "2")]))
        let task = try #require(kept.prompt?.task)
        #expect(throws: InputError.self) { try VerificationTask(json: task.json) }
        #expect(try VerificationTask(json: task.json, bounds: .imported) == task)
    }

    @Test func `LiveCodeBench's problems are asked in the words of its own runner`() throws {
        let vectors = try Vectors.lines("livecodebench-prompts.jsonl")
        #expect(vectors.count == 4)
        for vector in vectors {
            let row = try #require(vector["row"])
            let content = try record("livecodebench", row.text).prompt?.content
            let messages = try PromptContent.messages(try #require(vector["messages"]?.elements))
            #expect(content == .messages(messages))
        }
    }

    @Test func `of LiveCodeBench's problems those of the wanted days are taken, both ends with them`() throws {
        let format = try #require(DatasetFormat.named("livecodebench"))
        let rows = try Vectors.lines("livecodebench-prompts.jsonl").compactMap { $0["row"] }
        func days(_ since: String?, _ until: String?) throws -> [String] {
            var wishes = ImportWishes()
            (wishes.since, wishes.until) = (since, until)
            return try rows.compactMap { try format.record(of: $0, wishes)?.prompt?.metadata["date"]?.string }
        }
        let (july, august) = ("2024-07-31T00:00:00", "2024-08-31T00:00:00")
        #expect(try days(nil, nil) == [july, august, july, august])
        #expect(try days("2024-08-01", nil) == [august, august])
        #expect(try days("2024-07-31", "2024-07-31") == [july, july])
        #expect(try days(nil, "2024-07-30") == [])
        #expect(DatasetFormat.all.filter(\.hasDates).map(\.name) == ["livecodebench"])
    }
}
