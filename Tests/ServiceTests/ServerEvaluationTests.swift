// Evaluations inside a running service: the in-process model, the list of endpoints, the bound on how many run, a stop.
import Domain
import Storage
import Synchronization
import Testing

@testable import Service

@Suite struct ServerEvaluationTests {
    /// Answers nothing until it is told to, then everything with the same text.
    private final class Gate: SampleSource {
        let isOpen = Mutex(false)
        let asked = Mutex(0)

        func sample(_ request: SampleRequest) async throws -> SampledAnswer {
            asked.withLock { $0 += 1 }
            while !isOpen.withLock({ $0 }) { try await Task.sleep(for: .milliseconds(5)) }
            return SampledAnswer(text: "\\boxed{2}", finishReason: .stop, seconds: 0.01)
        }
    }

    private func request(_ settings: EvaluationSettings) -> EvaluationRequest {
        EvaluationRequest(concurrency: 2) { _ throws(InputError) in settings }
    }

    private func addPrompts(_ service: RolloutService) async throws {
        let receipts = try await service.submit(
            prompts: (0..<3).map {
                PromptSubmission(
                    id: PromptID("p\($0)"), dataset: "sums", content: .text("1+1?"),
                    task: .math(MathTask(answers: ["2"])))
            })
        for receipt in receipts { _ = try receipt.get() }
    }

    @Test func `the in-process model is evaluated, and the same seed samples the same`() async throws {
        let fixture = try ServiceFixture()
        let settings = try fixture.settings(model: try fixture.writeTinyModel(), isLearning: false)
        try await fixture.run(settings) { service in
            #expect(try await service.waits { $0.status().policyVersion != nil })
            try await addPrompts(service)
            var texts: [[String?]] = []
            for label in ["a", "b"] {
                let asked = EvaluationSettings(
                    dataset: "sums", model: .policy(PolicyVersion(0)), samples: 2, maxTokens: 8, seed: 5, label: label)
                let begun = try await service.beginEvaluation(request(asked))
                #expect(begun.isRunning)
                var status = begun
                for _ in 0..<500 where status.isRunning || !status.run.isFinished {
                    try await Task.sleep(for: .milliseconds(20))
                    status = try await service.evaluationRun(begun.run.id)
                }
                #expect(status.run.isFinished && status.run.progress.judged == 6)
                let problems = try await service.ledger.evaluationProblems(of: begun.run.id)
                var own: [String?] = []
                for problem in problems {
                    own.append(
                        try await service.ledger.evaluationText(of: begun.run.id, problem: problem, sample: 1))
                }
                texts.append(own)
                let report = try await service.evaluationReport(begun.run.id, comparedWith: nil)
                #expect(report.lengths?.counted == 6 && (report.lengths?.max ?? 99) <= 8)
            }
            #expect(texts[0] == texts[1] && texts[0].count == 3)
            #expect(try await service.evaluationRuns(limit: 9).count == 2)
        }
    }

    @Test func `an endpoint is asked only where the operator named it`() async throws {
        let fixture = try ServiceFixture()
        var settings = try fixture.settings(model: nil, isLearning: false)
        let gate = Gate()
        settings.evaluationEndpoints = EvaluationEndpoints(allowed: ["http://10.0.0.7:8000/v1/"]) { _ in gate }
        try await fixture.run(settings) { service in
            try await addPrompts(service)
            for url in [
                "http://10.0.0.7:8000", "http://10.0.0.7:8000/v11", "http://10.0.0.7:8000/v1/../x",
                "http://10.0.0.7:8000/v1@evil", "http://evil/v1", "http://10.0.0.7:8000/v1/?a=b",
            ] {
                let asked = EvaluationSettings(
                    dataset: "sums", model: .endpoint(url: url, model: "m"), samples: 1, maxTokens: 8)
                let fault = await #expect(throws: InputError.self) { try await service.beginEvaluation(request(asked)) }
                #expect(fault?.field == "endpoint", "\(url)")
            }
            #expect(gate.asked.withLock { $0 } == 0)
        }
    }

    private func asked(_ label: String, url: String = "http://h/v1") -> EvaluationSettings {
        EvaluationSettings(
            dataset: "sums", model: .endpoint(url: url, model: "m"), samples: 1, maxTokens: 8, label: label)
    }

    private func status(_ service: RolloutService, _ id: EvaluationID) async throws -> EvaluationStatus {
        try await service.evaluationRun(id)
    }

    @Test func `two run, others wait in order, and a stop makes room`() async throws {
        let fixture = try ServiceFixture()
        var settings = try fixture.settings(model: nil, isLearning: false)
        let gate = Gate()
        settings.evaluationEndpoints = EvaluationEndpoints(allowed: ["http://h/v1"]) { _ in gate }
        try await fixture.run(settings) { service in
            try await addPrompts(service)
            var ids: [EvaluationID] = []
            for label in ["1", "2", "3", "4"] {
                ids.append(try await service.beginEvaluation(request(asked(label))).run.id)
            }
            var states: [EvaluationState] = []
            for id in ids { states.append(try await status(service, id).state) }
            let (second, third, last) = (ids[1], ids[2], ids[3])
            #expect(states == [.running, .running, .queued, .queued])
            #expect(try await status(service, third).detail?.isEmpty == false)
            #expect(service.status().operations.evaluations.count == 2)
            #expect(try await service.waits { $0.status().operations.queuedEvaluations == 2 })
            // Asked again while it runs, it is the same one.
            #expect(try await service.beginEvaluation(request(asked("1"))).run.id == ids[0])
            let stopped = try await service.stopEvaluation(second)
            #expect(stopped.state == .stopped && stopped.run.progress.sampled == 0)
            #expect(try await service.waits { try await $0.evaluationRun(third).state == .running })
            #expect(try await service.stopEvaluation(last).state == .stopped, "one that waits can be stopped")
            gate.isOpen.withLock { $0 = true }
            #expect(try await service.waits { try await $0.evaluationRun(third).state == .complete })
            #expect(try await status(service, last).state == .stopped)
            #expect(try await service.resumeEvaluation(last).state != .stopped)
            #expect(try await service.beginEvaluation(request(asked("2"))).run.id == second)
            for id in ids {
                #expect(try await service.waits { try await $0.evaluationRun(id).state == .complete })
                #expect(try await status(service, id).run.figures?.average?.mean == 1)
                #expect(try await service.evaluationReport(id, comparedWith: nil).all.average?.mean == 1)
            }
            #expect(try await service.beginEvaluation(request(asked("1"))).state == .complete, "nothing is left to do")
            let none = await #expect(throws: InputError.self) {
                try await service.evaluationRun(EvaluationID("evl-none"))
            }
            #expect(none?.code == .notFound)
            let metrics = service.prometheusText()
            for line in [
                "rolloutd_evaluation_samples_total 12", "rolloutd_evaluation_verdicts_total 12",
                "rolloutd_evaluation_undetermined_total 0", "rolloutd_evaluation_refusals_total 0",
                "rolloutd_evaluations{state=\"running\"} 0",
            ] { #expect(metrics.contains(line + "\n"), "\(line)") }
        }
    }

    @Test func `so many wait that one more is refused`() async throws {
        let fixture = try ServiceFixture()
        var settings = try fixture.settings(model: nil, isLearning: false)
        let gate = Gate()
        settings.evaluationEndpoints = EvaluationEndpoints(allowed: ["http://h/v1"]) { _ in gate }
        try await fixture.run(settings) { service in
            try await addPrompts(service)
            for label in 0..<(Limits.evaluationsQueuedMax + Limits.evaluationsRunningMax) {
                _ = try await service.beginEvaluation(request(asked("\(label)")))
            }
            let fault = await #expect(throws: ServiceError.self) {
                try await service.beginEvaluation(request(asked("more")))
            }
            #expect(fault?.code == .overloaded && fault?.retryAfterSeconds != nil)
        }
    }

    @Test(.timeLimit(.minutes(2)))
    func `a restart goes on with what ran and what waited, not with what was stopped or may not be asked any more`()
        async throws
    {
        let fixture = try ServiceFixture()
        var settings = try fixture.settings(model: nil, isLearning: false)
        let gate = Gate()
        settings.evaluationEndpoints = EvaluationEndpoints(allowed: ["http://h/v1", "http://gone/v1"]) { _ in gate }
        let ids = Mutex<[EvaluationID]>([])
        try await fixture.run(settings) { service in
            try await addPrompts(service)
            let gone = asked("gone", url: "http://gone/v1")
            for settings in [asked("runs"), gone, asked("waits"), asked("stopped")] {
                let id = try await service.beginEvaluation(request(settings)).run.id
                ids.withLock { $0.append(id) }
            }
            _ = try await service.stopEvaluation(ids.withLock { $0[3] })
        }
        let before = gate.asked.withLock { $0 }
        settings.evaluationEndpoints = EvaluationEndpoints(allowed: ["http://h/v1"]) { _ in gate }
        settings.seed = 2
        gate.isOpen.withLock { $0 = true }
        let names = ids.withLock { $0 }
        try await fixture.run(settings) { service in
            for id in [names[0], names[2]] {
                #expect(try await service.waits { try await $0.evaluationRun(id).state == .complete })
            }
            let gone = try await service.evaluationRun(names[1])
            #expect(gone.state == .failed && gone.detail?.contains("may not ask http://gone/v1") == true)
            #expect(try await service.evaluationRun(names[3]).state == .stopped)
            #expect(gate.asked.withLock { $0 } - before == 6)
        }
        // Named again, it goes on by itself.
        settings.evaluationEndpoints = EvaluationEndpoints(allowed: ["http://gone/v1"]) { _ in gate }
        settings.seed = 3
        try await fixture.run(settings) { service in
            let isComplete = try await service.waits { try await $0.evaluationRun(names[1]).state == .complete }
            let stopped = try await service.evaluationRun(names[3])
            #expect(isComplete && stopped.state == .stopped)
        }
    }

    @Test(.timeLimit(.minutes(3)))
    func `a version is evaluated with its own weights while the learner goes on, and figures stand by version`()
        async throws
    {
        let fixture = try ServiceFixture()
        let settings = try fixture.settings(model: try fixture.writeTinyModel(), isLearning: true)
        try await fixture.run(settings) { service in
            #expect(try await service.waits { $0.status().policyVersion != nil })
            try await addPrompts(service)
            for prompt in ["a", "b"] { try await service.storePrompt(prompt) }
            func settings(_ label: String, _ samples: Int) -> EvaluationSettings {
                EvaluationSettings(
                    dataset: "sums", model: .policy(PolicyVersion(0)), samples: samples, temperature: 1, topP: 1,
                    maxTokens: 8, seed: 5, label: label)
            }
            let learning = try await service.beginEvaluation(request(settings("while learning", 64))).run.id
            #expect(try await service.waits(seconds: 60) { try await $0.evaluationRun(learning).state == .complete })
            let version = try #require(service.status().policyVersion)
            #expect(version > PolicyVersion(0), "the learner went on")
            // The same again when the newest is another one: the same texts, so the same weights.
            try service.setLearner(isPaused: true)
            let after = try await service.beginEvaluation(request(settings("after", 64))).run.id
            #expect(try await service.waits(seconds: 60) { try await $0.evaluationRun(after).state == .complete })
            for problem in try await service.ledger.evaluationProblems(of: learning) {
                for sample in [0, 31, 63] {
                    let first = try await service.ledger.evaluationText(of: learning, problem: problem, sample: sample)
                    #expect(first != nil)
                    #expect(
                        try await service.ledger.evaluationText(of: after, problem: problem, sample: sample) == first)
                }
            }
            let runs = try await service.evaluationRuns(limit: 9)
            #expect(runs.count == 2 && runs.allSatisfy { $0.run.figures?.average?.count == 3 })
        }
    }

    /// Answers with programs: the first problem's works for seconds, the others' are done at once.
    private struct Programs: SampleSource {
        func sample(_ request: SampleRequest) async throws -> SampledAnswer {
            let work = "import time\nend = time.process_time() + 8\nwhile time.process_time() < end: pass\n"
            let program = (request.problem == 0 ? work : "") + "print(\(request.problem))"
            return SampledAnswer(text: "```python\n\(program)\n```", finishReason: .stop, seconds: 0.01)
        }
    }

    @Test(.timeLimit(.minutes(3)))
    func `a slow program holds up no other, and progress is told once in a few seconds`() async throws {
        let fixture = try ServiceFixture()
        var settings = try fixture.settings(model: nil, isLearning: false)
        settings.sandboxSlots = 2
        settings.evaluationEndpoints = EvaluationEndpoints(allowed: ["http://h/v1"]) { _ in Programs() }
        try await fixture.run(settings) { service in
            try #require(service.judge.judgesCode, "this machine has no sandbox")
            let receipts = try await service.submit(
                prompts: (0..<7).map { number in
                    PromptSubmission(
                        id: PromptID("p\(number)"), dataset: "sums", content: .text("print \(number)"),
                        task: .code(
                            CodeTask(
                                language: .python,
                                tests: .standardStreams([.init(input: "", output: "\(number)")]),
                                timeLimitSeconds: 30)))
                })
            for receipt in receipts { _ = try receipt.get() }
            let begun = try await service.beginEvaluation(request(asked("")))
            // All but the slow one have their verdicts while that one works.
            #expect(try await service.waits { try await $0.evaluationRun(begun.run.id).run.progress.judged == 6 })
            let others = try await service.evaluationRun(begun.run.id)
            #expect(others.state == .running && others.run.progress.judged == 6)
            #expect(try await service.waits { try await $0.evaluationRun(begun.run.id).state == .complete })
            let last = try await service.evaluationRun(begun.run.id).run
            #expect(last.figures?.average?.mean == 1 && last.progress.undetermined == 0)
            let told = service.prometheusText().split(separator: "\n").first {
                $0.hasPrefix("rolloutd_events_total{type=\"evaluation.progress\"}")
            }
            let count = told?.split(separator: " ").last.flatMap { Int($0) } ?? 0
            #expect((1...Int(last.seconds / Limits.evaluationTellSeconds + 1)).contains(count), "\(told ?? "")")
        }
    }
}
