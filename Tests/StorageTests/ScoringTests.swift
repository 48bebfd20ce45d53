// Verdicts in: order of work, fencing, retries, what becomes of the lost, and judging again with lineage.
import Domain
import Storage
import Testing

struct ScoringTests {
    private let fault = InfrastructureFailure(code: .sandboxFault, message: "pipe broke")

    private func add(_ ledger: Ledger, _ count: Int, groupSize: Int = 1) async throws {
        try await ledger.addPrompt(mathPrompt("p"))
        for index in 0..<count {
            try await ledger.addRollout(rollout("r\(index)", of: "p"), admission(groupSize: groupSize))
        }
    }

    private func take(_ ledger: Ledger, _ max: Int = 1, isLocal: Bool = false) async throws -> Lease {
        try #require(try await ledger.leaseScoring(worker: "judge", max: max, seconds: 60, isLocal: isLocal))
    }

    private func answer(
        _ work: ScoringWork?, _ verdict: Verdict, reward: Double?, attempt: Int? = nil
    ) throws -> ScoringResult {
        let work = try #require(work)
        return ScoringResult(
            rolloutID: work.rolloutID, attempt: attempt ?? work.attempt, verdict: verdict, reward: reward)
    }

    private func status(_ ledger: Ledger, _ id: String) async throws -> RolloutStatus? {
        try await ledger.rollout(RolloutID(id))?.status
    }

    @Test
    func `tasks too long for a worker elsewhere wait for a judge of this process, which holds few of them at once`()
        async throws
    {
        try await withLedger { ledger, _ in
            for name in ["long", "longer"] {
                var prompt = codePrompt(name)
                let input = String(repeating: "17\n", count: Limits.packedTaskBytesMin)
                prompt.task = .code(
                    CodeTask(language: .python, tests: .standardStreams([.init(input: input, output: name)])))
                try await ledger.addPrompt(prompt)
                for index in 0..<2 {
                    try await ledger.addRollout(rollout("\(name)-\(index)", of: name), admission(groupSize: 2))
                }
            }
            try await add(ledger, 1)
            let bound = Limits.packedTaskBytesMin
            let elsewhere = try await ledger.leaseScoring(worker: "far", max: 9, seconds: 60, longest: bound)
            #expect(elsewhere?.rollouts.map(\.rolloutID.text) == ["r0"])
            #expect(try await ledger.leaseScoring(worker: "far", max: 9, seconds: 60, longest: bound) == nil)
            let here = try await ledger.leaseScoring(
                worker: "near", max: 9, seconds: 60, isLocal: true, together: bound)
            #expect(here?.rollouts.map(\.rolloutID.text) == ["long-0", "long-1"], "one task, for both of its rollouts")
            let next = try await ledger.leaseScoring(
                worker: "near", max: 9, seconds: 60, isLocal: true, together: bound)
            #expect(next?.rollouts.map(\.rolloutID.text) == ["longer-0", "longer-1"])
        }
    }

    @Test func `work is handed out in order of intake, with its task, and counted`() async throws {
        try await withLedger { ledger, _ in
            try await add(ledger, 3)
            let lease = try await take(ledger, 2)
            #expect(lease.kind == .score)
            #expect(lease.rollouts.map(\.rolloutID.text) == ["r0", "r1"])
            #expect(lease.rollouts.first?.task == .math(MathTask(answers: ["2"])))
            #expect(lease.rollouts.first?.response == "\\boxed{2}")
            #expect(lease.rollouts.map(\.attempt) == [1, 1])
            let counts = try await ledger.counts()
            #expect(counts.rollouts[.scoring] == 2)
            #expect(counts.queueLength == 1)
            #expect(try await status(ledger, "r0") == .scoring)
        }
    }

    @Test func `a verdict is stored with its reward and ends the lease with the last piece of work`() async throws {
        try await withLedger { ledger, _ in
            try await add(ledger, 2)
            let lease = try await take(ledger, 2)
            let tests = TestSummary(
                passed: 1, total: 2, cases: [TestSummary.Case(outcome: .wrongAnswer, timeMilliseconds: 1.5)])
            let verdict = Verdict.failed("wrong", extracted: "3", tests: tests, steps: ["not stored"])
            let first = try answer(lease.rollouts.first, verdict, reward: 0.5)
            #expect(try await ledger.record(results: [first], lease: lease.id) == [.success(.scored)])
            #expect(try await ledger.heartbeat(lease.id, seconds: 60).rollouts.map(\.rolloutID.text) == ["r1"])
            let stored = try #require(try await ledger.rollout(RolloutID("r0")))
            #expect(stored.verdict == Verdict.failed("wrong", extracted: "3", tests: tests))
            #expect(stored.reward == 0.5)
            let second = try answer(lease.rollouts.last, .passed("right"), reward: 1)
            #expect(try await ledger.record(results: [second], lease: lease.id) == [.success(.scored)])
            await #expect(throws: InputError.self) { _ = try await ledger.heartbeat(lease.id, seconds: 60) }
            #expect(try await ledger.counts().verdicts["math"] == [.passed: 1, .failed: 1, .undetermined: 0])
        }
    }

    @Test func `a second answer, an old attempt, an unknown rollout and a wrong reward store nothing`() async throws {
        try await withLedger { ledger, fixture in
            try await add(ledger, 1)
            let late = try await take(ledger)
            fixture.clock.advance(seconds: 61)
            let lease = try await take(ledger)
            #expect(lease.rollouts.map(\.attempt) == [2])
            let work = lease.rollouts.first
            let refused = [
                try answer(late.rollouts.first, .passed("late"), reward: 1),
                try answer(work, .passed("early"), reward: 1, attempt: 3),
                try answer(work, .passed("no reward"), reward: nil),
                try answer(work, .undetermined(fault), reward: 0),
                try answer(work, .passed("not a number"), reward: .nan),
                try answer(work, .passed(String(repeating: "x", count: Limits.extractedBytesMax + 1)), reward: 1),
                ScoringResult(rolloutID: RolloutID("absent"), attempt: 1, verdict: .passed("x"), reward: 1),
            ]
            let codes = try await ledger.record(results: refused, lease: lease.id).map { result in
                if case .failure(let fault) = result { return fault.code as InputError.Code? }
                return nil
            }
            #expect(
                codes == [
                    .staleLease, .staleLease, .invalidValue, .invalidValue, .invalidValue, .tooLarge, .notFound,
                ])
            let good = try answer(work, .passed("right"), reward: 1)
            #expect(try await ledger.record(results: [good], lease: lease.id) == [.success(.scored)])
            let again = try await ledger.record(results: [good], lease: lease.id)
            guard case .failure(let twice) = again[0] else {
                Issue.record("a second answer was accepted")
                return
            }
            #expect(twice.code == .staleLease)
            #expect(try await ledger.verdictHistory(of: RolloutID("r0")).count == 1)
            let unknown = await #expect(throws: InputError.self) {
                _ = try await ledger.record(results: [good], lease: LeaseID("absent"))
            }
            #expect(unknown?.code == .notFound)
        }
    }

    @Test func `a late verdict counts while nobody else has the work`() async throws {
        try await withLedger { ledger, fixture in
            try await add(ledger, 1)
            let lease = try await take(ledger)
            fixture.clock.advance(seconds: 61)
            #expect(try await ledger.reclaimExpired() == 1)
            #expect(try await status(ledger, "r0") == .queued)
            let result = try answer(lease.rollouts.first, .passed("late but first"), reward: 1)
            #expect(try await ledger.record(results: [result], lease: lease.id) == [.success(.scored)])
            #expect(try await ledger.leaseScoring(worker: "j", max: 1, seconds: 60) == nil)
        }
    }

    @Test func `a retryable failure goes back to the queue until the attempts are used up`() async throws {
        try await withLedger { ledger, _ in
            try await add(ledger, 1)
            for attempt in 1...Limits.scoringAttemptsMax {
                let lease = try await take(ledger)
                let result = try answer(lease.rollouts.first, .undetermined(fault), reward: nil)
                let expected: RolloutStatus = attempt < Limits.scoringAttemptsMax ? .queued : .undetermined
                #expect(try await ledger.record(results: [result], lease: lease.id) == [.success(expected)])
            }
            let stored = try #require(try await ledger.rollout(RolloutID("r0")))
            #expect(stored.status == .undetermined)
            #expect(stored.verdict?.failure == fault)
            #expect(stored.reward == nil)
            #expect(try await ledger.leaseScoring(worker: "j", max: 1, seconds: 60) == nil)
            #expect(try await ledger.undeterminedCounts() == [.sandboxFault: 1])
            #expect(try await ledger.verdictHistory(of: RolloutID("r0")).count == Limits.scoringAttemptsMax)
        }
    }

    @Test func `a failure that no retry can mend is final at once`() async throws {
        try await withLedger { ledger, _ in
            try await add(ledger, 1)
            let lease = try await take(ledger)
            let failure = InfrastructureFailure(code: .toolchainMissing, message: "no g++")
            let result = try answer(lease.rollouts.first, .undetermined(failure), reward: nil)
            #expect(try await ledger.record(results: [result], lease: lease.id) == [.success(.undetermined)])
        }
    }

    @Test func `work that judges lose becomes undetermined, never a reward`() async throws {
        try await withLedger { ledger, fixture in
            try await add(ledger, 1)
            for _ in 1...Limits.scoringAttemptsMax {
                _ = try await take(ledger)
                fixture.clock.advance(seconds: 61)
            }
            #expect(try await ledger.reclaimExpired() == 1)
            let stored = try #require(try await ledger.rollout(RolloutID("r0")))
            #expect(stored.status == .undetermined)
            #expect(stored.verdict?.failure?.code == .interrupted)
            #expect(stored.reward == nil)
        }
    }

    @Test func `a restart takes the work of its own judge back, leaves that of judges elsewhere, and loses none`()
        async throws
    {
        try await withLedger { ledger, _ in
            try await add(ledger, 7)
            _ = try await take(ledger, 3, isLocal: true)
            let remote = try await take(ledger, 2)
            #expect(try await ledger.reclaimAll() == 3)
            #expect(try await ledger.reclaimAll() == 0)
            #expect(try await ledger.counts().queueLength == 5)
            try await ledger.passAll()
            #expect(try await ledger.counts().rollouts[.scored] == 5)
            // The judge elsewhere did not die with the process: it delivers to the next one.
            let answers = try await ledger.record(
                results: remote.rollouts.map { try answer($0, .passed("right"), reward: 1) }, lease: remote.id)
            #expect(answers == [.success(.scored), .success(.scored)])
            #expect(try await ledger.counts().rollouts[.scored] == 7)
        }
    }

    @Test func `judging again keeps the old verdict as history and waits behind fresh work`() async throws {
        try await withLedger { ledger, fixture in
            try await add(ledger, 2)
            try await ledger.passAll()
            let requested = try await ledger.requestRescore(matching: RolloutFilter(dataset: "arithmetic"), limit: 10)
            #expect(requested == 2)
            // Until the new verdict is there the old one counts, and asking twice queues once.
            #expect(try await ledger.rollout(RolloutID("r0"))?.reward == 1)
            #expect(try await ledger.requestRescore(matching: RolloutFilter(), limit: 10) == 0)
            try await ledger.addRollout(rollout("fresh", of: "p"), admission(groupSize: 1))
            fixture.clock.advance(seconds: 1)
            let lease = try await take(ledger, 3)
            #expect(lease.rollouts.count == 3)
            let first = try await ledger.heartbeat(lease.id, seconds: 60).rollouts
            #expect(Set(first.map(\.rolloutID.text)) == ["r0", "r1", "fresh"])
            let work = lease.rollouts.first { $0.rolloutID.text == "r0" }
            let flipped = try answer(work, .failed("stricter"), reward: 0)
            #expect(try await ledger.record(results: [flipped], lease: lease.id) == [.success(.scored)])
            let history = try await ledger.verdictHistory(of: RolloutID("r0"))
            #expect(history.map(\.reward) == [1, 0])
            #expect(history.map(\.isCurrent) == [false, true])
            #expect(history.map(\.attempt) == [1, 2])
            #expect(try await ledger.rollout(RolloutID("r0"))?.verdict == .failed("stricter"))
            #expect(try await ledger.counts().verdicts["math"]?[.failed] == 1)
        }
    }

    @Test func `a failed second judgement does not erase a decision`() async throws {
        try await withLedger { ledger, _ in
            try await add(ledger, 1)
            try await ledger.passAll()
            _ = try await ledger.requestRescore(matching: RolloutFilter(), limit: 10)
            let lease = try await take(ledger)
            let missing = InfrastructureFailure(code: .toolchainMissing, message: "gone")
            let result = try answer(lease.rollouts.first, .undetermined(missing), reward: nil)
            #expect(try await ledger.record(results: [result], lease: lease.id) == [.success(.scored)])
            #expect(try await ledger.rollout(RolloutID("r0"))?.reward == 1)
            #expect(try await ledger.verdictHistory(of: RolloutID("r0")).map(\.isCurrent) == [true, false])
        }
    }

    @Test func `an undetermined rollout can be judged again and is then scored`() async throws {
        try await withLedger { ledger, _ in
            try await add(ledger, 1)
            let lease = try await take(ledger)
            let missing = InfrastructureFailure(code: .toolchainMissing, message: "no g++")
            let result = try answer(lease.rollouts.first, .undetermined(missing), reward: nil)
            _ = try await ledger.record(results: [result], lease: lease.id)
            #expect(try await ledger.requestRescore(matching: RolloutFilter(status: .undetermined), limit: 1) == 1)
            try await ledger.passAll()
            #expect(try await status(ledger, "r0") == .scored)
            #expect(try await ledger.undeterminedCounts() == [:])
        }
    }

    @Test func `the oldest waiting rollout is known`() async throws {
        try await withLedger { ledger, fixture in
            #expect(try await ledger.oldestQueued() == nil)
            let start = fixture.clock.wall.now()
            try await add(ledger, 1)
            fixture.clock.advance(seconds: 9)
            try await ledger.addRollout(rollout("later", of: "p"))
            #expect(try await ledger.oldestQueued() == start)
        }
    }
}
