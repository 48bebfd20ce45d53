// From reports to verdicts: what is undetermined, what is remembered, what a reason may say.
import Dispatch
import Domain
import Sandboxing
import StrictJSON
import Synchronization
import Testing

@testable import Verification

@Suite struct CodeVerdictTests {
    let task = CodeTask(language: .python, tests: .standardStreams([.init(input: "1", output: "2")]))

    private func prepared(_ task: CodeTask? = nil) throws -> PreparedTask {
        try #require(PreparedTask(task ?? self.task, program: "print(2)"))
    }

    @Test(arguments: [
        (SandboxReport.Obstacle.unavailable, InfrastructureFailure.Code.sandboxUnavailable), (.fault, .sandboxFault),
        (.queueTimeout, .queueTimeout), (.interrupted, .interrupted), (.toolchainMissing, .toolchainMissing),
        (.unreadable, .unreadableTask), (.launcher, .launcherFailed), (.lost, .slotLost), (.version, .verifierVersion),
    ])
    func `what the sandbox could not do is undetermined`(_ pair: (SandboxReport.Obstacle, InfrastructureFailure.Code))
        throws
    {
        let verdict = try prepared().verdict(on: .undecided(pair.0, "why"), excerpt: "")
        #expect(verdict.outcome == .undetermined)
        #expect(verdict.failure?.code == pair.1)
        #expect(verdict.tests == nil)
    }

    @Test func `tests that were not run are no pass`() throws {
        let verdict = try prepared().verdict(on: .ran([], total: 1), excerpt: "")
        #expect(verdict.outcome == .undetermined)
        #expect(try prepared().verdict(on: .ran([], total: 0), excerpt: "").outcome == .undetermined)
    }

    @Test func `a machine without a sandbox judges no code`() async {
        var configuration = SandboxConfiguration(slots: 1, launcher: "/nonexistent")
        configuration.strongestTier = .unavailable
        let verifier = CodeVerifier(sandbox: await SandboxPool.start(configuration))
        let verdict = await verifier.verify(response: "```python\nprint(2)\n```", task: task)
        #expect(verdict.outcome == .undetermined)
        #expect(verdict.failure?.code == .sandboxUnavailable)
        #expect(verdict.extracted == "print(2)\n")
    }

    @Test func `a task without tests cannot be judged`() async {
        for tests in [CodeTask.Tests.standardStreams([]), .entryPoint(name: "f", [])] {
            let verdict = await CodeTestBench.verifier().verify(
                response: "```python\nx\n```", task: CodeTask(language: .python, tests: tests))
            #expect(verdict.failure?.code == .unreadableTask)
        }
    }

    @Test func `entry points and assertions are for Python`() async {
        let verdict = await CodeTestBench.verifier().verify(
            response: "```cpp\nx\n```", task: CodeTask(language: .cpp, tests: .assertions("assert True")))
        #expect(verdict.failure?.code == .unreadableTask)
    }

    @Test func `assertions that cannot be read are the task's fault`() async {
        let verdict = await CodeTestBench.judge("x = 1", assertions: "assert (")
        #expect(verdict.failure?.code == .unreadableTask, "\(verdict)")
        let none = await CodeTestBench.judge("x = 1", assertions: "")
        #expect(none.outcome == .undetermined, "\(none)")
    }

    @Test func `a program that is too long is not run`() async {
        let long = String(repeating: "#", count: Limits.codeSourceBytesMax)
        let verdict = await CodeTestBench.judge(long, [("", "")])
        #expect(verdict.outcomes == [.compileError])
        #expect(verdict.extracted?.utf8.count == Limits.extractedBytesMax)
    }

    @Test func `the same program on the same tests is run once, also when it comes at the same time`() async {
        let pool = await SandboxPool.start(
            SandboxConfiguration(slots: 2, launcher: SandboxConfiguration.launcherBesideExecutable()))
        guard pool.tier != .unavailable else { return }
        let verifier = CodeVerifier(sandbox: pool)
        let verdicts = await withTaskGroup(of: Verdict.self) { group in
            for _ in 0..<20 {
                group.addTask { await verifier.verify(response: "```python\nprint(2)\n```", task: task) }
            }
            return await group.reduce(into: []) { $0.append($1) }
        }
        #expect(verdicts.allSatisfy { $0.outcome == .passed })
        #expect(pool.statistics.completed == 1)
        #expect(verdicts.filter { !$0.steps.isEmpty }.count == 19, "the others say that it was so")
        var other = task
        other.memoryLimitMegabytes += 1
        _ = await verifier.verify(response: "```python\nprint(2)\n```", task: other)
        #expect(pool.statistics.completed == 2, "another limit is another question")
        await pool.shutdown()
    }

    @Test func `crashes are remembered, time limits only shared`() async {
        let pool = await SandboxPool.start(
            SandboxConfiguration(slots: 2, launcher: SandboxConfiguration.launcherBesideExecutable()))
        guard pool.tier != .unavailable else { return }
        let verifier = CodeVerifier(sandbox: pool)
        for _ in 0..<2 { _ = await verifier.verify(response: "```python\n1 / 0\n```", task: task) }
        #expect(pool.statistics.completed == 1)
        var short = task
        short.timeLimitSeconds = 0.2
        let endless = "```python\nwhile True: pass\n```"
        for round in 1...2 {
            async let first = verifier.verify(response: endless, task: short)
            async let second = verifier.verify(response: endless, task: short)
            let verdicts = await [first, second]
            #expect(verdicts.allSatisfy { $0.outcomes == [.timeLimitExceeded] }, "\(verdicts)")
            #expect(pool.statistics.completed == 1 + round, "both at once are one run; later ones are another")
        }
        await pool.shutdown()
    }

    @Test func `an undetermined verdict is neither shared nor remembered`() async {
        let recent = RecentVerdicts(bytesMax: 1_000_000)
        let runs = RunCounter()
        let tests = TestSummary(passed: 1, total: 1, cases: [.init(outcome: .accepted, timeMilliseconds: 1)])
        let verdicts = await withTaskGroup(of: Verdict.self) { group in
            for _ in 0..<10 {
                group.addTask {
                    await recent.verdict(for: [1]) {
                        let run = runs.next()
                        try? await Task.sleep(for: .milliseconds(20))
                        guard run > 1 else {
                            return .undetermined(InfrastructureFailure(code: .sandboxFault, message: "lost"))
                        }
                        return .passed("run \(run)", tests: tests)
                    }
                }
            }
            return await group.reduce(into: []) { $0.append($1) }
        }
        #expect(verdicts.filter { $0.outcome == .undetermined }.count == 1, "only who ran it has it")
        #expect(verdicts.filter { $0.reason == "run 2" }.count == 9, "one of those who waited ran it for the others")
        #expect(runs.next() == 3, "nobody else ran it")
    }

    @Test func `who stops waiting ends nobody else's judging`() async {
        let recent = RecentVerdicts(bytesMax: 1_000_000)
        let tests = TestSummary(passed: 1, total: 1, cases: [.init(outcome: .accepted, timeMilliseconds: 1)])
        let judge: @Sendable () async -> Verdict = {
            await withCheckedContinuation { continuation in
                DispatchQueue.global().asyncAfter(deadline: .now() + 0.1) { continuation.resume() }
            }
            return .passed("done", tests: tests)
        }
        let asking = (0..<4).map { _ in Task { await recent.verdict(for: [1], judge: judge) } }
        for task in asking.prefix(3) { task.cancel() }
        for task in asking { #expect(await task.value.outcome == .passed) }
    }

    @Test func `what is remembered is bounded`() async {
        let recent = RecentVerdicts(bytesMax: 100_000)
        var runs = 0
        for round in 0..<2 {
            for number in 0..<100 {
                let key = Array("\(number)".utf8)
                let tests = TestSummary(passed: 1, total: 1, cases: [.init(outcome: .accepted, timeMilliseconds: 1)])
                _ = await recent.verdict(for: key) {
                    runs += 1
                    return .passed("round \(round)", tests: tests)
                }
            }
        }
        #expect(runs == 200, "a hundred entries do not fit, so the oldest are gone when they are asked for again")
        _ = await recent.verdict(for: Array("99".utf8)) {
            runs += 1
            return .passed("")
        }
        #expect(runs == 200, "the newest are still there")
    }

    @Test func `keys differ wherever a verdict could`() throws {
        var keys: Set<[UInt8]> = [try prepared().key]
        let changes: [(inout CodeTask) -> Void] = [
            { $0.timeLimitSeconds = 3 }, { $0.memoryLimitMegabytes = 99 }, { $0.stopAtFirstFailure = true },
            { $0.floatTolerance = 1e-3 }, { $0.prelude = .contest },
            { $0.tests = .standardStreams([.init(input: "1", output: "3")]) },
            { $0.tests = .standardStreams([.init(input: "12", output: "")]) },
            { $0.tests = .entryPoint(name: "f", [.init(arguments: [], expected: .integer(2))]) },
            { $0.tests = .entryPoint(name: "f", [.init(arguments: [], expected: .string("2"))]) },
            { $0.tests = .entryPoint(name: "g", [.init(arguments: [], expected: .integer(2))]) },
            { $0.tests = .assertions("assert True") },
        ]
        for change in changes {
            var changed = task
            change(&changed)
            #expect(keys.insert(try prepared(changed).key).inserted)
        }
    }
}

/// Numbers runs from one.
private final class RunCounter: Sendable {
    private let count = Atomic<Int>(0)

    func next() -> Int { count.add(1, ordering: .relaxed).newValue }
}
