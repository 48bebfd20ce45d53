// Prompts: exactly once by id and content, listed in order of intake.
import Domain
import Storage
import StrictJSON
import Testing

struct PromptTests {
    @Test func `a prompt comes back as it was sent`() async throws {
        try await withLedger { ledger, fixture in
            var sent = codePrompt("code/1")
            sent.content = .messages([
                ChatMessage(role: .system, content: "Be brief."), ChatMessage(role: .user, content: "x\u{0} \u{1F600}"),
            ])
            sent.metadata = .members(["source": .string("here"), "n": .integers([1, 2])])
            let receipt = try await ledger.addPrompt(sent)
            #expect(receipt == PromptReceipt(id: PromptID("code/1"), isNew: true))
            let stored = try #require(try await ledger.prompt(PromptID("code/1")))
            #expect(stored.content == sent.content)
            #expect(stored.task == sent.task)
            #expect(stored.metadata == sent.metadata)
            #expect(stored.dataset == "code")
            #expect(stored.createdAt == fixture.clock.wall.now())
        }
    }

    @Test func `the same prompt again is a no-op and other content is a conflict with both hashes`() async throws {
        try await withLedger { ledger, _ in
            try await ledger.addPrompt(mathPrompt("p"))
            #expect(try await ledger.addPrompt(mathPrompt("p")).isNew == false)
            let results = try await ledger.submit(prompts: [mathPrompt("p", text: "other?"), mathPrompt("q")])
            guard case .failure(let fault) = results[0] else {
                Issue.record("other content was accepted")
                return
            }
            #expect(fault.code == .conflict)
            #expect(fault.message.split(separator: " ").filter { $0.count >= 32 }.count == 2)
            // The item beside the faulty one is stored.
            #expect(try results[1].get().isNew)
            #expect(try await ledger.promptCount(dataset: nil) == 2)
        }
    }

    @Test func `a prompt without an id gets a fresh one each time`() async throws {
        try await withLedger { ledger, _ in
            let first = try await ledger.addPrompt(mathPrompt(nil))
            let second = try await ledger.addPrompt(mathPrompt(nil))
            #expect(first.id != second.id)
            #expect(first.isNew && second.isNew)
        }
    }

    @Test func `twice in one batch is stored once`() async throws {
        try await withLedger { ledger, _ in
            let results = try await ledger.submit(prompts: [mathPrompt("p"), mathPrompt("p")])
            #expect(try results.map { try $0.get().isNew } == [true, false])
        }
    }

    @Test func `identifiers and names that cannot be are refused`() async throws {
        try await withLedger { ledger, _ in
            let bad = [
                mathPrompt(""), mathPrompt("a b"), mathPrompt(String(repeating: "x", count: 201)),
                mathPrompt("p", dataset: ""), mathPrompt("p", dataset: "a\u{0}b"),
                mathPrompt("p", dataset: String(repeating: "d", count: 201)), mathPrompt("p", text: ""),
                PromptSubmission(id: nil, dataset: "d", content: .text("x"), task: .math(MathTask(answers: []))),
            ]
            for result in try await ledger.submit(prompts: bad) {
                #expect(throws: InputError.self) { try result.get() }
            }
            #expect(try await ledger.promptCount(dataset: nil) == 0)
        }
    }

    @Test func `a contest's long tests are packed apart, come back as they were, and the same again changes nothing`()
        async throws
    {
        try await withLedger { ledger, fixture in
            // More than a client may send.
            let long = (0...Limits.codeTestsMax).map { test in
                CodeTask.StreamTest(
                    input: String(repeating: "\(test) 17\n\u{1F600}\"", count: 12), output: "é\n")
            }
            var sent = codePrompt("long")
            sent.task = .code(CodeTask(language: .python, tests: .standardStreams(long)))
            #expect(try await ledger.addPrompt(sent).isNew)
            #expect(try await ledger.addPrompt(sent).isNew == false)
            let stored = try #require(try await ledger.prompt(PromptID("long")))
            #expect(stored.task == sent.task)
            #expect(try await ledger.askedPrompt(PromptID("long")) == stored.asked)
            #expect(try await ledger.check() == [])
            var other = sent
            other.task = .code(CodeTask(language: .python, tests: .standardStreams(Array(long.dropLast()))))
            let result = try await ledger.submit(prompts: [other])
            #expect(throws: InputError.self) { try result[0].get() }
        }
    }

    @Test func `a page of prompts ends where their tests would be too much for one answer`() async throws {
        try await withLedger { ledger, _ in
            let half = String(repeating: "x", count: Limits.packedTaskBytesMin)
            let most = 2 * half.utf8.count
            var sent = codePrompt("a")
            sent.task = .code(CodeTask(language: .python, tests: .standardStreams([.init(input: half, output: "1")])))
            for id in ["a", "b", "c"] {
                sent.id = PromptID(id)
                try await ledger.addPrompt(sent)
            }
            let first = try await ledger.prompts(dataset: nil, after: nil, limit: 50, bytes: most)
            #expect(first.prompts.map(\.id.text) == ["a"] && first.nextAfter == PromptID("a"))
            let last = try await ledger.prompts(dataset: nil, after: PromptID("b"), limit: 50, bytes: most)
            #expect(last.prompts.map(\.id.text) == ["c"] && last.nextAfter == nil)
            let asked = try await ledger.askedPrompts(in: PromptScope(), after: nil, limit: 50)
            #expect(asked.map(\.prompt.id.text) == ["a", "b", "c"] && asked.allSatisfy { $0.family == "code" })
        }
    }

    @Test func `pages follow the order of intake, by data set or over all`() async throws {
        try await withLedger { ledger, _ in
            for index in 0..<7 {
                try await ledger.addPrompt(mathPrompt("p\(index)", dataset: index % 2 == 0 ? "even" : "odd"))
            }
            let first = try await ledger.prompts(dataset: nil, after: nil, limit: 3).prompts.map(\.id.text)
            #expect(first == ["p0", "p1", "p2"])
            let next = try await ledger.prompts(dataset: nil, after: PromptID("p2"), limit: 100).prompts.map(\.id.text)
            #expect(next == ["p3", "p4", "p5", "p6"])
            #expect(try await ledger.prompts(dataset: nil, after: nil, limit: 7).nextAfter == nil, "nothing follows")
            let even = try await ledger.prompts(dataset: "even", after: PromptID("p1"), limit: 2).prompts.map(\.id.text)
            #expect(even == ["p2", "p4"])
            #expect(try await ledger.prompts(dataset: "none", after: nil, limit: 5).prompts == [])
            #expect(try await ledger.promptCount(dataset: "even") == 4)
            #expect(try await ledger.promptCount(dataset: "none") == 0)
            await #expect(throws: InputError.self) {
                _ = try await ledger.prompts(dataset: nil, after: PromptID("absent"), limit: 1)
            }
        }
    }
}
