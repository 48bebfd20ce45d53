// The wire forms of tasks, as the contract has them, and the faults that must be named.
import Domain
import StrictJSON
import Testing

@Suite struct TaskJSONTests {
    @Test(arguments: [
        #"{"type":"math","answer":"\\frac{3}{4}"}"#, #"{"type":"math","answer":["3/4","0.75"]}"#,
        #"{"type":"code","language":"python","tests":[{"input":"1 2\n","output":"3\n"}],"time_limit_seconds":2,"memory_limit_megabytes":512,"stop_at_first_failure":false,"float_tolerance":1e-6,"prelude":"contest"}"#,
        #"{"type":"code","language":"cpp","tests":[{"input":"","output":"3\n"}]}"#,
        #"{"type":"code","language":"python","entry_point":"twoSum","tests":[{"arguments":[[2,7],9],"expected":[0,1]},{"arguments":[],"expected":null}]}"#,
        #"{"type":"code","language":"python","assertions":"assert f(2) == 4"}"#,
    ])
    func `every form of the contract is read and written back`(text: String) throws {
        let task = try VerificationTask(json: JSONValue.parse(text: text))
        #expect(try VerificationTask(json: JSONValue.parse(text: task.json.text)) == task)
    }

    @Test func `defaults are written out`() throws {
        let task = try VerificationTask(
            json: JSONValue.parse(text: #"{"type":"code","language":"python","assertions":"assert 1"}"#))
        #expect(
            task.json.text
                == #"{"type":"code","language":"python","assertions":"assert 1","time_limit_seconds":2.0,"#
                + #""memory_limit_megabytes":512,"stop_at_first_failure":false,"prelude":"none"}"#)
    }

    @Test func `the fields of a code task arrive`() throws {
        let text =
            #"{"type":"code","language":"python","entry_point":"f","tests":[{"arguments":[1],"expected":2.5}],"#
            + #""time_limit_seconds":1,"memory_limit_megabytes":64,"stop_at_first_failure":true,"float_tolerance":0.001}"#
        guard case .code(let task) = try VerificationTask(json: JSONValue.parse(text: text)) else {
            Issue.record("not a code task")
            return
        }
        #expect(task.timeLimitSeconds == 1 && task.memoryLimitMegabytes == 64 && task.stopAtFirstFailure)
        #expect(task.floatTolerance == 0.001 && task.prelude == .none)
        #expect(task.tests == .entryPoint(name: "f", [.init(arguments: [.integer(1)], expected: .double(2.5))]))
    }

    @Test(
        arguments: [
            (#"5"#, InputError.Code.wrongType, nil), (#"{}"#, .missingField, "type"),
            (#"{"type":7}"#, .wrongType, "type"), (#"{"type":"essay"}"#, .invalidValue, "type"),
            (#"{"type":"math"}"#, .missingField, "answer"),
            (#"{"type":"math","answer":null}"#, .missingField, "answer"),
            (#"{"type":"math","answer":3}"#, .wrongType, "answer"),
            (#"{"type":"math","answer":""}"#, .invalidValue, "answer"),
            (#"{"type":"math","answer":[]}"#, .invalidValue, "answer"),
            (#"{"type":"math","answer":["1",2]}"#, .wrongType, "answer[1]"),
            (#"{"type":"math","answer":[1,2]}"#, .wrongType, "answer[0]"),
            (#"{"type":"math","answer":"1","anwser":"2"}"#, .unknownField, "anwser"),
            (#"{"type":"code"}"#, .missingField, "language"),
            (#"{"type":"code","language":"rust","assertions":"x"}"#, .invalidValue, "language"),
            (#"{"type":"code","language":"python"}"#, .missingField, "tests"),
            (#"{"type":"code","language":"python","tests":[]}"#, .invalidValue, "tests"),
            (#"{"type":"code","language":"python","tests":{}}"#, .wrongType, "tests"),
            (#"{"type":"code","language":"python","tests":[1]}"#, .wrongType, "tests[0]"),
            (#"{"type":"code","language":"python","tests":[{"input":"1"}]}"#, .missingField, "tests[0].output"),
            (#"{"type":"code","language":"python","tests":[{"input":1,"output":"2"}]}"#, .wrongType, "tests[0].input"),
            (
                #"{"type":"code","language":"python","entry_point":"f","tests":[{"arguments":[1]}]}"#, .missingField,
                "tests[0].expected"
            ),
            (
                #"{"type":"code","language":"python","entry_point":"f","tests":[{"input":"1","output":"2"}]}"#,
                .unknownField, "tests[0].input"
            ),
            (
                #"{"type":"code","language":"python","entry_point":"os.system","tests":[{"arguments":[],"expected":1}]}"#,
                .invalidValue, "entry_point"
            ),
            (
                #"{"type":"code","language":"python","entry_point":"1f","tests":[{"arguments":[],"expected":1}]}"#,
                .invalidValue, "entry_point"
            ),
            (
                #"{"type":"code","language":"cpp","entry_point":"f","tests":[{"arguments":[],"expected":1}]}"#,
                .invalidValue, "language"
            ),
            (#"{"type":"code","language":"cpp","assertions":"assert 1"}"#, .invalidValue, "language"),
            (
                #"{"type":"code","language":"python","assertions":"x","tests":[{"input":"","output":""}]}"#,
                .invalidValue, "tests"
            ),
            (#"{"type":"code","language":"python","assertions":""}"#, .invalidValue, "assertions"),
            (
                #"{"type":"code","language":"python","assertions":"x","time_limit_seconds":0}"#, .invalidValue,
                "time_limit_seconds"
            ),
            (
                #"{"type":"code","language":"python","assertions":"x","time_limit_seconds":31}"#, .invalidValue,
                "time_limit_seconds"
            ),
            (
                #"{"type":"code","language":"python","assertions":"x","time_limit_seconds":"2"}"#, .wrongType,
                "time_limit_seconds"
            ),
            (
                #"{"type":"code","language":"python","assertions":"x","memory_limit_megabytes":1.5}"#, .wrongType,
                "memory_limit_megabytes"
            ),
            (
                #"{"type":"code","language":"python","assertions":"x","memory_limit_megabytes":999999}"#, .invalidValue,
                "memory_limit_megabytes"
            ),
            (
                #"{"type":"code","language":"python","assertions":"x","stop_at_first_failure":"no"}"#, .wrongType,
                "stop_at_first_failure"
            ),
            (
                #"{"type":"code","language":"python","assertions":"x","float_tolerance":-1}"#, .invalidValue,
                "float_tolerance"
            ),
            (#"{"type":"code","language":"python","assertions":"x","prelude":"all"}"#, .invalidValue, "prelude"),
        ] as [(String, InputError.Code, String?)])
    func `a fault is named with its field`(text: String, code: InputError.Code, field: String?) throws {
        let json = try JSONValue.parse(text: text)
        do {
            let task = try VerificationTask(json: json)
            Issue.record("accepted as \(task)")
        } catch { #expect(error.code == code && error.field == field, "\(error)") }
    }

    @Test func `a task beyond its limits is refused`() throws {
        let long = String(repeating: "9", count: Limits.mathAnswerBytesMax + 1)
        #expect(fault(.members(["type": .string("math"), "answer": .string(long)]))?.code == .tooLarge)
        let many = JSONValue.array(Array(repeating: .string("1"), count: Limits.mathAnswersMax + 1))
        #expect(fault(.members(["type": .string("math"), "answer": many]))?.code == .tooLarge)
        let test = JSONValue.members(["input": .string(""), "output": .string("")])
        let tests = JSONValue.array(Array(repeating: test, count: Limits.codeTestsMax + 1))
        #expect(
            fault(.members(["type": .string("code"), "language": .string("python"), "tests": tests]))?.field == "tests")
        let half = JSONValue.string(String(repeating: "x", count: Limits.codeTestBytesMax / 2 + 1))
        let big = JSONValue.array([.members(["input": half, "output": half])])
        #expect(
            fault(.members(["type": .string("code"), "language": .string("python"), "tests": big]))?.field == "tests[0]"
        )
    }

    private func fault(_ json: JSONValue) -> InputError? {
        do {
            _ = try VerificationTask(json: json)
            return nil
        } catch { return error }
    }
}
