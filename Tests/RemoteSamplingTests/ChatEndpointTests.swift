// An endpoint that fails, limits, cuts and lies, as the test says: what is asked again, what is stored, and what never is.
import Domain
import Foundation
import Outbound
import Service
import Storage
import StrictJSON
import Synchronization
import TestSupport
import Testing
import Verification

@testable import RemoteSampling

/// A completion as servers send it.
private func completion(
    _ text: String, finish: String = "stop", thinking: String? = nil, tokens: Int = 7
) -> ScriptedServer.Reply {
    var message: [JSONMember] = [JSONMember("role", .string("assistant")), JSONMember("content", .string(text))]
    if let thinking { message.append(JSONMember("reasoning_content", .string(thinking))) }
    return .status(
        200,
        body: JSONValue.members([
            "object": .string("chat.completion"),
            "choices": .array([
                .members(["index": .integer(0), "message": .object(message), "finish_reason": .string(finish)])
            ]), "usage": .members(["prompt_tokens": .integer(11), "completion_tokens": .integer(Int64(tokens))]),
        ]).text)
}

@Suite struct ChatEndpointTests {
    private func settings(
        samples: Int = 1, seed: Int? = 40, topK: Int = 20, penalty: Double = 1.05, thinking: Bool? = false,
        port: Int = 1
    ) -> EvaluationSettings {
        EvaluationSettings(
            dataset: "sums", model: .endpoint(url: "http://127.0.0.1:\(port)/v1", model: "m"), samples: samples,
            topK: topK, repetitionPenalty: penalty, maxTokens: 64, isThinking: thinking, seed: seed)
    }

    private func endpoint(_ server: ScriptedServer, exchanges: Int = 64) throws -> ChatEndpoint {
        ChatEndpoint(
            client: try OutboundClient(exchangesMax: exchanges), url: "http://127.0.0.1:\(server.port)/v1/", model: "m",
            key: "secret", jitter: { 0 })
    }

    private func request(_ settings: EvaluationSettings, sample: Int = 2) -> SampleRequest {
        SampleRequest(content: .text("1 + 1?"), problem: 0, sample: sample, settings: settings)
    }

    @Test func `a request says all that was asked for, and nothing that was not`() async throws {
        let server = try ScriptedServer { _ in completion("\\boxed{2}") }
        defer { server.close() }
        let answer = try await endpoint(server).sample(request(settings()))
        #expect(answer.text == "\\boxed{2}" && answer.finishReason == .stop)
        #expect(answer.promptTokens == 11 && answer.responseTokens == 7 && answer.seconds > 0)
        _ = try await endpoint(server).sample(request(settings(seed: nil, topK: 0, penalty: 1, thinking: nil)))
        let first = try #require(server.received.first)
        #expect(first.path == "/v1/chat/completions" && first.headers["authorization"] == "Bearer secret")
        let body = try JSONValue.parse(first.body)
        #expect(body["messages"]?.elements?.first?["content"]?.string == "1 + 1?")
        #expect(body["seed"] == .integer(42) && body["top_k"] == .integer(20))
        #expect(body["repetition_penalty"]?.number == 1.05 && body["max_tokens"] == .integer(64))
        #expect(body["chat_template_kwargs"]?["enable_thinking"] == .bool(false))
        let plain = try JSONValue.parse(try #require(server.received.last).body)
        for name in ["seed", "top_k", "repetition_penalty", "chat_template_kwargs"] { #expect(plain[name] == nil) }
    }

    @Test func `what may pass is asked again: limits, failures, lost connections, broken answers`() async throws {
        let replies = Mutex<[ScriptedServer.Reply]>([
            .status(429, headers: ["Retry-After": "0"], body: "slow down"), .status(503, headers: ["Retry-After": "0"]),
            .raw("HTTP/1.1 200 OK\r\ncontent-length: 90\r\n\r\n{\"choi"), .status(200, body: "<html>proxy</html>"),
        ])
        let server = try ScriptedServer { _ in
            replies.withLock { $0.isEmpty ? completion("2") : $0.removeFirst() }
        }
        defer { server.close() }
        #expect(try await endpoint(server).sample(request(settings())).text == "2")
        #expect(server.received.count == 5)
    }

    @Test func `what a person must mend stops, and what is of one request alone is refused`() async throws {
        for (status, isStopped) in [(401, true), (404, true), (302, true), (400, false), (422, false)] {
            let server = try ScriptedServer { _ in .status(status, body: #"{"error":{"message":"no\u0007"}}"#) }
            defer { server.close() }
            let fault = await #expect(throws: SampleFault.self) {
                try await endpoint(server).sample(request(settings()))
            }
            #expect(fault == (isStopped ? .stopped("\(status): no ") : .refused("\(status): no ")))
            #expect(server.received.count == 1)
        }
    }

    @Test func `thinking goes back before its answer, and cut thinking has no end`() throws {
        func read(_ reply: ScriptedServer.Reply) throws -> SampledAnswer {
            guard case .status(_, _, let body) = reply else { throw InputError(.wrongType, "no") }
            return try SampledAnswer(chat: Array(body.utf8))
        }
        #expect(try read(completion("4", thinking: "hm")).text == "<think>\nhm\n</think>\n\n4")
        let cut = try read(completion("", finish: "length", thinking: "hm"))
        #expect(cut.text == "<think>\nhm" && cut.finishReason == .length)
        #expect(throws: InputError.self) { try read(completion("x", finish: "error")) }
        #expect(throws: InputError.self) { try SampledAnswer(chat: Array(#"{"choices":[]}"#.utf8)) }
    }

    @Test(.timeLimit(.minutes(2))) func `bytes of strangers never crash the reader`() throws {
        guard case .status(_, _, let body) = completion("\\boxed{2}", thinking: "t") else { return }
        var mutator = Mutator(seed: 9, corpus: [Array(body.utf8)])
        var whole = 0
        for _ in 0..<20_000 {
            if (try? SampledAnswer(chat: mutator.next())) != nil { whole += 1 }
        }
        // Some mutations leave a completion; a reader that took none of them would prove nothing.
        #expect(whole > 0)
    }

    // MARK: Whole evaluations

    private func ledger(_ folder: TemporaryFolder, prompts: Int) async throws -> Ledger {
        let ledger = try Ledger.open(
            at: folder.path + "/ledger.sqlite", clock: WallClock { Timestamp(milliseconds: 1_790_000_000_000) },
            identifiers: IdentifierSource { "\($0)-1" })
        let answers = try await ledger.submit(
            prompts: (0..<prompts).map { index in
                PromptSubmission(
                    id: PromptID("p\(index)"), dataset: "sums", content: .text("\(index) + 1?"),
                    task: .math(MathTask(answers: ["\(index + 1)"])),
                    metadata: .members(["difficulty": .string(index % 2 == 0 ? "easy" : "hard")]))
            })
        for answer in answers { _ = try answer.get() }
        return ledger
    }

    private func run(
        _ ledger: Ledger, _ source: any SampleSource, _ settings: EvaluationSettings, concurrency: Int = 8
    ) async throws -> EvaluationOutcome {
        let judge = Judge(math: MathVerifier(), code: nil, codeConcurrency: 1)
        let run = try await EvaluationArchive(ledger: ledger).open(settings)
        return try await EvaluationRunner(
            ledger: ledger, judge: judge, source: source, concurrency: concurrency, holder: "test"
        ).run(
            run)
    }

    /// The prompt and the seed of a request, which together name its sample.
    private static func key(_ request: ScriptedRequest) -> String {
        let json = (try? JSONValue.parse(request.body)) ?? .null
        return "\(json["messages"]?.elements?.first?["content"]?.string ?? "") \(json["seed"]?.integer ?? -1)"
    }

    @Test(.timeLimit(.minutes(2))) func `an evaluation that was interrupted asks for no stored sample again`()
        async throws
    {
        let folder = try TemporaryFolder()
        let ledger = try await ledger(folder, prompts: 10)
        let answered = Mutex<[String: Int]>([:])
        let isClosed = Mutex(false)
        let server = try ScriptedServer { request in
            let count = answered.withLock { answered -> Int in
                if isClosed.withLock({ $0 }) { return 0 }
                answered[Self.key(request), default: 0] += 1
                return answered.values.reduce(0, +)
            }
            if count == 0 { return .status(401, body: #"{"error":{"message":"gone"}}"#) }
            if count == 17 { isClosed.withLock { $0 = true } }
            return completion("\\boxed{\(Self.key(request).prefix { $0 != " " })}")
        }
        defer { server.close() }
        let settings = settings(samples: 4, port: server.port)
        let first = try await run(ledger, try endpoint(server), settings)
        #expect(first.fault == "401: gone" && first.run.progress.sampled == 17 && first.run.progress.judged == 17)
        isClosed.withLock { $0 = false }
        let second = try await run(ledger, try endpoint(server), settings)
        #expect(second.fault == nil && second.received == 23 && second.run.isFinished)
        #expect(answered.withLock { $0.count } == 40 && answered.withLock { $0.values.allSatisfy { $0 == 1 } })
        // And once more: nothing is left to ask.
        #expect(try await run(ledger, try endpoint(server), settings).received == 0)
        #expect(try await ledger.check() == [])
        try await ledger.close()
    }

    @Test func `no more is asked at a time than was said, and cut answers are counted`() async throws {
        let folder = try TemporaryFolder()
        let ledger = try await ledger(folder, prompts: 12)
        let load = Mutex((now: 0, most: 0))
        let server = try ScriptedServer { request in
            load.withLock { $0 = ($0.now + 1, max($0.most, $0.now + 1)) }
            usleep(20_000)
            load.withLock { $0.now -= 1 }
            let number = Int(Self.key(request).prefix { $0 != " " }) ?? 0
            return number % 3 == 0
                ? completion("so it is", finish: "length", tokens: 64) : completion("\\boxed{\(number + 1)}")
        }
        defer { server.close() }
        let outcome = try await run(
            ledger, try endpoint(server), settings(samples: 2, port: server.port), concurrency: 5)
        #expect(load.withLock { $0.most } == 5)
        let report = try await EvaluationArchive(ledger: ledger).report(outcome.run.id)
        #expect(report.all.truncated == 8 && report.lengths?.max == 64)
        #expect(abs((report.all.average?.mean ?? 0) - 2.0 / 3) < 1e-12)
        #expect(report.byDifficulty.map(\.name) == ["easy", "hard"])
        try await ledger.close()
    }

    @Test func `a stop asks for nothing more and loses nothing that was under way`() async throws {
        let folder = try TemporaryFolder()
        let ledger = try await ledger(folder, prompts: 10)
        let stop = EvaluationStop()
        let answered = Mutex(0)
        let server = try ScriptedServer { _ in
            usleep(5_000)
            if answered.withLock({ count in
                count += 1
                return count
            }) == 9 {
                stop.request()
            }
            return completion("\\boxed{1}")
        }
        defer { server.close() }
        let run = try await EvaluationArchive(ledger: ledger).open(settings(samples: 4, port: server.port))
        let outcome = try await EvaluationRunner(
            ledger: ledger, judge: Judge(math: MathVerifier(), code: nil, codeConcurrency: 1),
            source: try endpoint(server), concurrency: 4, holder: "test", stop: stop
        ).run(run)
        let asked = answered.withLock { $0 }
        #expect((9...13).contains(asked) && outcome.received == asked && outcome.fault == nil)
        #expect(outcome.run.progress.sampled == asked && outcome.run.progress.judged == asked)
        try await ledger.close()
    }

    @Test func `refusals are no wrong answers: they are missing, and asked for again`() async throws {
        let folder = try TemporaryFolder()
        let ledger = try await ledger(folder, prompts: 4)
        let refuses = Mutex(true)
        let server = try ScriptedServer { request in
            let number = Int(Self.key(request).prefix { $0 != " " }) ?? 0
            if number == 3, refuses.withLock({ $0 }) { return .status(400, body: #"{"message":"too long"}"#) }
            return completion("\\boxed{\(number + 1)}")
        }
        defer { server.close() }
        let settings = settings(samples: 2, port: server.port)
        let first = try await run(ledger, try endpoint(server), settings)
        #expect(first.refused == 2 && first.refusal == "400: too long" && !first.run.isFinished)
        let report = try await EvaluationArchive(ledger: ledger).report(first.run.id)
        #expect(report.all.average?.mean == 1 && report.all.average?.count == 3)
        #expect(report.warnings.first?.hasPrefix("2 of 8 samples are missing") == true)
        refuses.withLock { $0 = false }
        #expect(try await run(ledger, try endpoint(server), settings).run.isFinished)
        try await ledger.close()
    }
}
