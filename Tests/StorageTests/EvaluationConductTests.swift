// Who carries an evaluation out: the order of turns, holds that run out, what a restart takes back, and what watchers are told.
import Domain
import StrictJSON
import Testing

@testable import Storage

struct EvaluationConductTests {
    private func open(_ ledger: Ledger, _ label: String) async throws -> EvaluationRun {
        try await ledger.openEvaluation(
            EvaluationSettings(
                dataset: "arithmetic", model: .policy(PolicyVersion(4)), samples: 1, maxTokens: 8, label: label))
    }

    private let figures = EvaluationFigures(
        average: MeanInterval(mean: 0.1, low: 0.05, high: 1 / 3, count: 7), pass: nil, passK: 0, majority: nil,
        truncatedShare: 0.25)

    @Test func `those that are wanted take their turn in the order in which they were asked for`() async throws {
        try await withLedger { ledger, fixture in
            try await ledger.addPrompt(mathPrompt("a"))
            var runs: [EvaluationRun] = []
            for label in ["x", "y", "z"] { runs.append(try await open(ledger, label)) }
            #expect(try await ledger.queuedEvaluations(limit: 9).isEmpty)
            for index in [2, 0, 1] {
                fixture.clock.advance(seconds: 1)
                _ = try await ledger.want(runs[index].id, concurrency: 4 + index)
            }
            // Asked for again, it keeps its place.
            _ = try await ledger.want(runs[2].id, concurrency: 9)
            let queued = try await ledger.queuedEvaluations(limit: 9)
            #expect(queued.map(\.id) == [runs[2].id, runs[0].id, runs[1].id])
            #expect(queued.map(\.conduct.concurrency) == [9, 4, 5])
            #expect(queued[0].state(at: fixture.clock.wall.now()) == .queued)
            #expect(try await ledger.evaluatedVersions() == [PolicyVersion(4)])
            _ = try await ledger.unwant(runs[0].id)
            #expect(try await ledger.queuedEvaluations(limit: 9).map(\.id) == [runs[2].id, runs[1].id])
            try await ledger.refuse(runs[1].id, "may not")
            let refused = try await ledger.evaluationRun(runs[1].id)
            #expect(refused.state(at: fixture.clock.wall.now()) == .failed && refused.conduct.fault == "may not")
            #expect(try await ledger.queuedEvaluations(limit: 9).map(\.id) == [runs[2].id])
            // A start tries again.
            try await ledger.reclaimEvaluations()
            #expect(try await ledger.queuedEvaluations(limit: 9).map(\.id) == [runs[2].id, runs[1].id])
        }
    }

    @Test func `one process at a time has an evaluation, as long as it says so`() async throws {
        try await withLedger { ledger, fixture in
            try await ledger.addPrompt(mathPrompt("a"))
            let id = try await open(ledger, "").id
            // A server takes what is wanted alone.
            #expect(try await !ledger.claimEvaluation(id, by: EvaluationConduct.server).isClaimed)
            #expect(try await ledger.claimEvaluation(id, by: "command 1 h").isClaimed)
            fixture.clock.advance(seconds: Limits.evaluationHoldSeconds - 1)
            #expect(try await !ledger.claimEvaluation(id, by: "command 2 h").isClaimed)
            #expect(try await ledger.note(seconds: 3, of: id, by: "command 1 h")?.seconds == 3)
            fixture.clock.advance(seconds: Limits.evaluationHoldSeconds - 1)
            let held = try await ledger.claimEvaluation(id, by: "command 2 h")
            #expect(!held.isClaimed && held.run.state(at: fixture.clock.wall.now()) == .running)
            #expect(try await ledger.want(id, concurrency: 1).conduct.isWanted)
            #expect(try await ledger.queuedEvaluations(limit: 9).isEmpty, "a command has it")
            fixture.clock.advance(seconds: 1)
            #expect(try await ledger.queuedEvaluations(limit: 9).map(\.id) == [id])
            #expect(try await ledger.claimEvaluation(id, by: "command 2 h").isClaimed)
            // The first one hears that it has lost it, and ends nothing.
            #expect(try await ledger.note(seconds: 3, of: id, by: "command 1 h") == nil)
            _ = try await ledger.end(id, by: "command 1 h", .failed("late"))
            #expect(try await ledger.evaluationRun(id).conduct.holder == "command 2 h")
            // One that is known to be gone is not waited for.
            #expect(
                try await ledger.claimEvaluation(id, by: EvaluationConduct.server, insteadOf: "command 2 h").isClaimed)
            try await ledger.reclaimEvaluations()
            #expect(try await ledger.evaluationRun(id).conduct.holder == nil)
            #expect(try await ledger.queuedEvaluations(limit: 9).map(\.id) == [id])
        }
    }

    @Test func `figures stand with a complete one, and watchers hear of a begin and of an end`() async throws {
        try await withLedger { ledger, fixture in
            try await ledger.addPrompt(mathPrompt("a"))
            let run = try await open(ledger, "")
            let problem = try #require(try await ledger.evaluationProblems(of: run.id).first)
            _ = try await ledger.want(run.id, concurrency: 1)
            _ = try await ledger.claimEvaluation(run.id, by: EvaluationConduct.server)
            // A stopping server lets it go; that is no end.
            _ = try await ledger.end(run.id, by: EvaluationConduct.server, .interrupted)
            _ = try await ledger.claimEvaluation(run.id, by: EvaluationConduct.server)
            let failed = try await ledger.end(run.id, by: EvaluationConduct.server, .failed("401: no key"))
            #expect(failed.state(at: fixture.clock.wall.now()) == .failed && !failed.conduct.isWanted)
            _ = try await ledger.want(run.id, concurrency: 1)
            _ = try await ledger.claimEvaluation(run.id, by: EvaluationConduct.server)
            try await ledger.record(
                answer: SampledAnswer(text: "2", finishReason: .stop, seconds: 1), of: run.id, problem: problem.seq,
                sample: 0)
            let work = try #require(try await ledger.unjudgedSamples(of: run.id, limit: 1).first)
            let lost = Verdict.undetermined(InfrastructureFailure(code: .slotLost, message: "gone"))
            try await ledger.record(sampleVerdicts: [(work.seq, lost)])
            let complete = try await ledger.end(run.id, by: EvaluationConduct.server, .complete(figures))
            #expect(complete.state(at: fixture.clock.wall.now()) == .complete && complete.figures == figures)
            #expect(try await ledger.evaluationRuns(limit: 1).first?.figures == figures)
            let events = try await ledger.events(
                after: 0, through: .max, types: [.evaluationStarted, .evaluationFinished], limit: 99
            ).events
            #expect(
                events.map(\.type) == [
                    .evaluationStarted, .evaluationStarted, .evaluationFinished, .evaluationStarted,
                    .evaluationFinished,
                ])
            let ends = events.filter { $0.type == .evaluationFinished }.map { JSONValue.object($0.data) }
            #expect(ends.map { $0["status"]?.string } == ["failed", "complete"])
            #expect(ends[0]["detail"]?.string == "401: no key" && ends[0]["figures"] == .null)
            #expect(ends[1]["figures"]?["avg_at_k"]?["mean"]?.number == 0.1 && ends[1]["id"]?.string == run.id.text)
            #expect(ends[1]["policy_version"]?.integer == 4 && ends[1]["samples_undetermined"]?.integer == 1)
            // Judged again, it is open again.
            _ = try await ledger.requeueUndetermined(of: run.id)
            #expect(try await ledger.evaluationRun(run.id).figures == nil)
            #expect(try await ledger.check() == [])
        }
    }

    @Test func `work comes after a row, within bytes, the first one free where nothing is held`() async throws {
        try await withLedger { ledger, _ in
            for name in ["a", "b", "c"] { try await ledger.addPrompt(mathPrompt(name)) }
            let run = try await open(ledger, "")
            for problem in try await ledger.evaluationProblems(of: run.id) {
                let text = String(repeating: "x", count: 1_000)
                try await ledger.record(
                    answer: SampledAnswer(text: text, finishReason: .stop, seconds: 1), of: run.id,
                    problem: problem.seq,
                    sample: 0)
            }
            let all = try await ledger.unjudgedSamples(of: run.id, limit: 9)
            #expect(all.count == 3 && all.allSatisfy { $0.bytes > 1_000 })
            let rest = try await ledger.unjudgedSamples(of: run.id, after: all[0].seq, limit: 9, bytes: 1_500)
            #expect(rest.map(\.seq) == [all[1].seq])
            #expect(try await ledger.unjudgedSamples(of: run.id, limit: 9, bytes: 10).map(\.seq) == [all[0].seq])
            #expect(try await ledger.unjudgedSamples(of: run.id, limit: 9, bytes: 10, isFirstFree: false).isEmpty)
        }
    }
}
