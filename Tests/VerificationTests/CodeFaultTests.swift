// What real faults of the sandbox do to verdicts: launchers are killed by number under running programs.
import Domain
import Glibc
import Sandboxing
import StrictJSON
import Testing

@testable import Verification

@Suite(.serialized) struct CodeFaultTests {
    private func pool(change: (inout SandboxConfiguration) -> Void = { _ in }) async -> SandboxPool {
        var configuration = SandboxConfiguration(slots: 1, launcher: SandboxConfiguration.launcherBesideExecutable())
        change(&configuration)
        return await SandboxPool.start(configuration)
    }

    /// Launchers of a pool, known by the uid that they give their jail.
    private func launchers(of pool: SandboxPool) -> [pid_t] {
        let user = "--uid\0\(pool.configuration.firstUserID)\0"
        return numbers(in: "/proc").filter { process in
            (bytes("/proc/\(process)/cmdline") + "\0").contains(user)
        }
    }

    private func numbers(in path: String) -> [pid_t] {
        guard let directory = opendir(path) else { return [] }
        defer { closedir(directory) }
        var found: [pid_t] = []
        while let entry = readdir(directory) {
            let name = withUnsafeBytes(of: entry.pointee.d_name) {
                String(decoding: $0.prefix { $0 != 0 }, as: UTF8.self)
            }
            if let number = pid_t(name) { found.append(number) }
        }
        return found
    }

    private func bytes(_ path: String) -> String {
        guard let file = fopen(path, "r") else { return "" }
        defer { fclose(file) }
        var buffer = [UInt8](repeating: 0, count: 4_096)
        let count = fread(&buffer, 1, buffer.count, file)
        return String(decoding: buffer[..<count], as: UTF8.self)
    }

    private let slow = CodeTask(
        language: .python, tests: .standardStreams([.init(input: "", output: "done")]), timeLimitSeconds: 5)
    private let program = "```python\nimport time\ntime.sleep(0.6)\nprint('done')\n```"

    /// Kills the launchers of the pool as soon as there are any, and again while `times` lasts.
    private func killLaunchers(of pool: SandboxPool, times: Int) async {
        var killed: Set<pid_t> = []
        for _ in 0..<600 where killed.count < times {
            try? await Task.sleep(for: .milliseconds(20))
            guard pool.statistics.running > 0 else { continue }
            for launcher in launchers(of: pool) where killed.insert(launcher).inserted {
                // The program is under way by then.
                try? await Task.sleep(for: .milliseconds(250))
                kill(launcher, SIGKILL)
                break
            }
        }
    }

    @Test func `a program whose jail is lost is judged in another`() async {
        let pool = await pool()
        guard pool.tier <= .namespaces, getuid() == 0 else { return await pool.shutdown() }
        let verifier = CodeVerifier(sandbox: pool, remembering: 0)
        async let verdict = verifier.verify(response: program, task: slow)
        await killLaunchers(of: pool, times: 1)
        let found = await verdict
        #expect(found.outcome == .passed, "\(found)")
        #expect(found.sandbox?.retries == 1, "\(found)")
        #expect(found.verifier == CodeVerifier.version)
        await pool.shutdown()
    }

    @Test func `a program whose jails are lost again and again is undetermined, never failed`() async {
        let pool = await pool()
        guard pool.tier <= .namespaces, getuid() == 0 else { return await pool.shutdown() }
        let verifier = CodeVerifier(sandbox: pool, remembering: 0)
        async let verdict = verifier.verify(response: program, task: slow)
        await killLaunchers(of: pool, times: Limits.codeJudgingAttemptsMax)
        let found = await verdict
        #expect(found.outcome == .undetermined, "\(found)")
        #expect(
            found.failure.map { [.slotLost, .sandboxFault, .launcherFailed].contains($0.code) } == true, "\(found)")
        #expect(found.failure?.isRetryable == true)
        #expect(found.sandbox?.retries == Limits.codeJudgingAttemptsMax - 1)
        #expect(pool.statistics.rebuilt == Limits.codeJudgingAttemptsMax)
        let next = await verifier.verify(response: program, task: slow)
        #expect(next.outcome == .passed, "the sandbox has recovered: \(next)")
        await pool.shutdown()
        #expect(launchers(of: pool).isEmpty)
    }

    @Test func `a program that was right as long as it might run is neither passed nor failed`() async {
        let pool = await pool { $0.programSecondsMax = 1 }
        let verifier = CodeVerifier(sandbox: pool)
        let task = CodeTask(
            language: .python,
            tests: .standardStreams((0..<6).map { _ in .init(input: "", output: "done") }), timeLimitSeconds: 5)
        let right = await verifier.verify(response: program, task: task)
        #expect(right.outcome == .undetermined)
        #expect(right.failure?.code == .beyondCaps)
        #expect(right.tests?.cases.allSatisfy { $0.outcome == .accepted } == true)
        #expect((1..<6).contains(right.tests?.cases.count ?? 0))
        // A wrong answer before that is wrong all the same.
        let wrong = await verifier.verify(response: program.replacing("'done'", with: "'no'"), task: task)
        #expect(wrong.outcome == .failed)
        await pool.shutdown()
    }

    @Test func `tests after a program's time is used up are not run and count as out of time`() async {
        let pool = await pool { $0.lateSecondsMax = 0.5 }
        guard pool.tier != .unavailable else { return }
        let verifier = CodeVerifier(sandbox: pool, remembering: 0)
        for source in ["input()\nwhile True: pass", "open('x', 'w').close()\nwhile True: pass"] {
            let task = CodeTask(
                language: .python,
                tests: .standardStreams((0..<40).map { .init(input: "\($0)\n", output: "") }), timeLimitSeconds: 0.2)
            let verdict = await verifier.verify(response: "```python\n\(source)\n```", task: task)
            #expect(verdict.outcome == .failed)
            #expect(verdict.outcomes == Array(repeating: .timeLimitExceeded, count: 40))
            let run = verdict.tests?.cases.count { $0.timeMilliseconds > 0 } ?? 0
            #expect(run >= 3 && run < 10, "\(run) were run")
            #expect(verdict.reason.contains("not run"), "\(verdict.reason)")
        }
        let calls = CodeTask(
            language: .python,
            tests: .entryPoint(name: "f", (0..<40).map { .init(arguments: [.integer($0)], expected: .null) }),
            timeLimitSeconds: 0.2)
        let verdict = await verifier.verify(response: "```python\ndef f(x):\n    while x: pass\n```", task: calls)
        #expect(verdict.outcomes.first == .accepted && verdict.outcomes.count == 40, "\(verdict)")
        #expect(verdict.reason.contains("not run"), "\(verdict.reason)")
        await pool.shutdown()
    }

    @Test func `a program that waits says how long, and its tests' time is not longer for it`() async {
        let pool = await pool()
        guard pool.tier != .unavailable else { return }
        let verifier = CodeVerifier(sandbox: pool, remembering: 0)
        async let first = verifier.verify(response: program, task: slow)
        while pool.statistics.running == 0 { try? await Task.sleep(for: .milliseconds(1)) }
        let second = await verifier.verify(response: "```python\nprint('done')\n```", task: slow)
        #expect(await first.outcome == .passed)
        #expect(second.outcome == .passed)
        #expect((second.sandbox?.queueMilliseconds ?? 0) > 100, "\(second)")
        #expect((second.tests?.cases.first?.timeMilliseconds ?? 1_000) < 500)
        #expect(second.sandbox?.tier == pool.tier.rawValue)
        await pool.shutdown()
    }

    @Test func `an excerpt of the output is shown unless the answer is in it`() async {
        let shown = await CodeTestBench.judge("print('some text')", [("", "hidden")])
        #expect(shown.tests?.output == "some text\n")
        let hidden = await CodeTestBench.judge("print('is it hidden or not?')", [("", "hidden")])
        #expect(hidden.outcome == .failed && hidden.tests?.output == nil)
        let log = await CodeTestBench.judge("import sys\nprint('why', file=sys.stderr)\nsys.exit(1)", [("", "hidden")])
        #expect(log.tests?.log == "why\n")
        let large = await CodeTestBench.judge("print('ä' * 100000)", [("", "hidden")])
        #expect((large.tests?.output?.utf8.count ?? 0) <= Limits.codeExcerptBytesMax)
        #expect((large.tests?.cases.first?.memoryMegabytes ?? 0) > 1)
    }
}
