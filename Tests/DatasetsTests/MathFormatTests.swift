// Rows of mathematics in each shape that people have, and what they become.
import Datasets
import Domain
import StrictJSON
import Testing

@Suite struct MathFormatTests {
    @Test func `Klear's math row keeps its messages, and says where it is from`() throws {
        let row =
            #"{"data_source":"math_longcot_math_verify","prompt":[{"content":"What is $1+1$?","role":"user"}],"ability":"math","reward_model":{"ground_truth":"2","style":"rule"},"__index_level_0__":"29999"}"#
        let record = try record("klear-math", row)
        #expect(record.prompt?.id?.text == "klear-math/29999")
        #expect(record.prompt?.dataset == "klear-math")
        #expect(record.prompt?.content == .messages([ChatMessage(role: .user, content: "What is $1+1$?")]))
        #expect(record.answers == ["2"])
        #expect(record.prompt?.metadata["source"]?.string == "math_longcot_math_verify")
        #expect(record.prompt?.metadata["subject"]?.string == "math")
    }

    @Test func `verl's extra_info gives id and split; several ground truths are all right`() throws {
        let row =
            #"{"data_source":"gsm8k","prompt":"[{\"role\":\"user\",\"content\":\"?\"}]","reward_model":"{\"ground_truth\":[\"1/2\",0.5]}","extra_info":{"split":"test","index":7}}"#
        let record = try record("klear-math", row)
        #expect(record.prompt?.id?.text == "klear-math/test/7")
        #expect(record.answers == ["1/2", "0.5"])
        #expect(record.prompt?.metadata["split"]?.string == "test")
        let listed =
            #"{"prompt":"a text","reward_model":{"ground_truth":"[\"4\", \"four\"]"},"data_source":"skywork"}"#
        #expect(try self.record("klear-math", listed).answers == ["4", "four"])
    }

    private func record(_ name: String, _ text: String) throws -> DatasetRecord {
        try DatasetsTests.record(name, text)
    }

    @Test
    func `Klear's benchmark rows are judged by meta.solution; an answer that a model gave is not part of the prompt`()
        throws
    {
        let row =
            #"{"id":3,"messages":[{"role":"user","content":"Find x."},{"role":"assistant","content":"7"}],"meta":{"solution":" 204 ","source":"aime24"}}"#
        let record = try DatasetsTests.record("klear-benchmark", row) { $0.fileName = "aime24" }
        #expect(record.prompt?.id?.text == "aime24/3")
        #expect(record.prompt?.content == .messages([ChatMessage(role: .user, content: "Find x.")]))
        #expect(record.answers == ["204"])
    }

    @Test
    func
        `rows as Klear's repository has them keep their number, level and kind, and its HMMT rows have their answer beside`()
        throws
    {
        let row =
            #"{"messages":[{"role":"user","content":"Q"}],"meta":{"unique_id":"2024-II-1","Year":"2024","Problem Number":1,"problem":"Q","solution":"73","Part":"II","know_type":"数论","know_point":"k","level":"MediumQuestion","answer":"73"}}"#
        let aime = try DatasetsTests.record("klear-benchmark", row) { $0.fileName = "aime24" }
        #expect(aime.prompt?.id?.text == "aime24/2024-II-1" && aime.answers == ["73"])
        #expect(aime.prompt?.metadata["difficulty"]?.string == "MediumQuestion")
        #expect(aime.prompt?.metadata["subject"]?.string == "数论")
        let hmmt =
            #"{"id":7,"messages":[{"role":"user","content":"Q"}],"solution":"so \\boxed{1} then \\boxed{8\\sqrt{10}}","answer":"8\\sqrt{10}"}"#
        let other = try DatasetsTests.record("klear-benchmark", hmmt) { $0.fileName = "HMMT-202502" }
        #expect(other.prompt?.id?.text == "HMMT-202502/7" && other.answers == [#"8\sqrt{10}"#])
    }

    @Test(
        arguments: [
            (#"{"id":"3","prompt":"P","answer":"\\frac{1}{576}"}"#, "x/3", #"\frac{1}{576}"#),
            (#"{"ID":"2024-II-4","Problem":"P","Solution":"long","Answer":33}"#, "x/2024-II-4", "33"),
            (
                #"{"id":60,"problem":"P","solution":"so \\boxed{204}","answer":"204","url":"u","year":"2024"}"#, "x/60",
                "204"
            ),
            (#"{"question":"P","answer":"70"}"#, nil, "70"),
            (
                #"{"problem_idx":1,"answer":"\\frac{1}{2}","problem":"P","problem_type":["Algebra"]}"#, "x/1",
                #"\frac{1}{2}"#
            ),
            (
                #"{"problem":"P","level":"Level 5","type":"Algebra","solution":"a \\boxed{1} then \\boxed{\\frac{3}{4}} done"}"#,
                nil, #"\frac{3}{4}"#
            ),
            (#"{"id":1606,"question":"P","final_answer":["2","-2"],"subfield":"A"}"#, "x/1606", "2"),
        ] as [(String, String?, String)])
    func `a benchmark's problem and answer are found under their usual names`(row: String, id: String?, answer: String)
        throws
    {
        let record = try DatasetsTests.record("math-benchmark", row) { $0.dataset = "x" }
        #expect(record.answers?.first == answer)
        #expect(record.prompt?.content == .text("P"))
        if let id {
            #expect(record.prompt?.id?.text == id)
        } else {
            #expect(record.prompt?.id?.text.utf8.count == 34)
        }
    }

    @Test func `MATH-500 keeps subject and level`() throws {
        let row =
            #"{"problem":"P","solution":"S","answer":"\\left( 3, \\frac{\\pi}{2} \\right)","subject":"Precalculus","level":2,"unique_id":"test/precalculus/807.json"}"#
        let record = try DatasetsTests.record("math-500", row)
        #expect(record.prompt?.id?.text == "math-500/test/precalculus/807.json")
        #expect(record.prompt?.metadata["difficulty"]?.string == "2")
        #expect(record.prompt?.metadata["subject"]?.string == "Precalculus")
        #expect(record.answers == [#"\left( 3, \frac{\pi}{2} \right)"#])
    }

    @Test(
        arguments: [
            ("so <<48/2=24>>24.\\n#### 72", "72"), ("#### 1,234,567", "1234567"), ("x\\n#### $ -5.50 ", "-5.50"),
        ])
    func `GSM8K's answer is the number behind the hashes`(worked: String, number: String) throws {
        let record = try DatasetsTests.record("gsm8k", #"{"question":"How many?","answer":"\#(worked)"}"#)
        #expect(record.answers == [number])
    }

    @Test func `rows without what they need are refused with the field's name`() throws {
        let wishes = ImportWishes()
        let cases = [
            ("gsm8k", #"{"question":"Q","answer":"no hashes"}"#, "answer"),
            ("gsm8k", "{\"question\":\" \",\"answer\":\"#### 4\"}", "question"),
            ("klear-math", #"{"prompt":"P","reward_model":{}}"#, "reward_model.ground_truth"),
            (
                "klear-math", #"{"prompt":[{"role":"tool","content":"P"}],"reward_model":{"ground_truth":"1"}}"#,
                "prompt[0].role"
            ),
            ("math-500", #"{"problem":"P"}"#, "answer"), ("math-benchmark", #"{"problem":"P","answer":[]}"#, "answer"),
            ("openai-chat", #"{"messages":[{"role":"user","content":"P"}]}"#, "task"),
        ]
        for (name, text, field) in cases {
            let format = try #require(DatasetFormat.named(name))
            let fault = #expect(throws: InputError.self) {
                try format.record(of: try JSONValue.parse(text: text), wishes)
            }
            #expect(fault?.field == field, "\(name) \(text): \(fault.map { "\($0)" } ?? "")")
        }
        let fault = #expect(throws: InputError.self) {
            try DatasetFormat.named("apps")?.record(of: .string("row"), wishes)
        }
        #expect(fault?.code == .missingField)
    }

    @Test func `the wishes name set and split, and append a suffix to what is asked`() throws {
        let row = #"{"question":"Q","answer":"70"}"#
        let plain = try DatasetsTests.record("math-benchmark", row) { $0.fileName = "hmmt feb" }
        #expect(plain.prompt?.dataset == "hmmt feb" && plain.prompt?.id?.text.hasPrefix("hmmt-feb/") == true)
        let wished = try DatasetsTests.record("math-benchmark", row) {
            ($0.dataset, $0.split, $0.suffix) = ("aime25", "I", " Box it.")
        }
        #expect(wished.prompt?.content == .text("Q Box it.") && wished.prompt?.metadata["split"]?.string == "I")
        #expect(wished.prompt?.id?.text.hasPrefix("aime25/I/") == true)
        // The name is that of the row, so a suffix later is a conflict and no second problem.
        let later = try DatasetsTests.record("math-benchmark", row) { ($0.dataset, $0.split) = ("aime25", "I") }
        #expect(later.prompt?.id == wished.prompt?.id)
    }

    @Test func `a conversation that ends with the assistant is a demonstration`() throws {
        let row =
            #"{"messages":[{"role":"system","content":"S"},{"role":"user","content":"U","name":"n"},{"role":"assistant","content":"A"}],"weight":1}"#
        let record = try DatasetsTests.record("openai-chat", row) { $0.fileName = "chats" }
        guard case .demonstration(let demonstration) = record else { throw InputError(.invalidValue, "a prompt") }
        #expect(demonstration.response == "A" && demonstration.dataset == "chats")
        #expect(
            demonstration.content
                == .messages([ChatMessage(role: .system, content: "S"), ChatMessage(role: .user, content: "U")]))
        #expect(try DatasetsTests.record("openai-chat", row) { $0.fileName = "chats" } == record)
    }
}
