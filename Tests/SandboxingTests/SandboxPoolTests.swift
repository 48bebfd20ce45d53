// The pool itself: queue, rebuilding, shutting down, and what must not be left behind.
import Glibc
import Testing

@testable import Sandboxing

@Suite struct SandboxPoolTests {
    @Test func `a program gets its input and its output comes back`() async {
        let pool = await startPool()
        guard pool.tier != .unavailable else { return }
        let result = single(await pool.run(program("print(int(input()) * 2)", input: "21\n")))
        #expect(result?.status == .ended)
        #expect(result?.output == Array("42\n".utf8))
        #expect(!pool.interpreterVersion.isEmpty)
        await pool.shutdown()
    }

    @Test func `many jobs at once each get their own output`() async {
        let pool = await startPool(slots: 2)
        guard pool.tier != .unavailable else { return }
        await withTaskGroup(of: Bool.self) { group in
            for number in 0..<60 {
                group.addTask {
                    let report = await pool.run(program("print(input())", input: "job \(number)\n"))
                    return single(report)?.output == Array("job \(number)\n".utf8)
                }
            }
            for await right in group { #expect(right) }
        }
        #expect(pool.statistics.completed == 60)
        #expect(pool.statistics.rebuilt == 0)
        #expect(pool.statistics.waiting == 0)
        await pool.shutdown()
    }

    @Test func `a lost slot is a fault of the sandbox, never of the program, and the next job gets a new one`() async {
        let pool = await startPool()
        guard pool.tier != .unavailable else { return }
        // The jail is warm before the next job, so that there is something to lose.
        _ = await pool.run(program("pass"))
        async let lost = pool.run(program("import time\ntime.sleep(100)", cpuSeconds: 5))
        while pool.statistics.running == 0 { try? await Task.sleep(for: .milliseconds(1)) }
        usleep(300_000)
        pool.interruptSlots()
        guard case .undecided(.lost, _) = await lost else {
            Issue.record("a lost slot gave a verdict")
            return
        }
        #expect(single(await pool.run(program("print(1)")))?.output == Array("1\n".utf8))
        #expect(pool.statistics.rebuilt == 1)
        await pool.shutdown()
    }

    @Test func `shutting down answers everything that waits or runs and leaves nothing`() async {
        let pool = await startPool()
        guard pool.tier != .unavailable else { return }
        _ = await pool.run(program("pass"))
        let users = pool.configuration.firstUserID...(pool.configuration.firstUserID + 1)
        let reports = await withTaskGroup(of: SandboxReport.self) { group in
            for _ in 0..<5 { group.addTask { await pool.run(program("while True: pass", cpuSeconds: 20)) } }
            while pool.statistics.waiting < 4 { try? await Task.sleep(for: .milliseconds(1)) }
            usleep(300_000)
            #expect(!processes(of: users).isEmpty || getuid() != 0, "something runs now")
            await pool.shutdown()
            return await group.reduce(into: []) { $0.append($1) }
        }
        for report in reports {
            guard case .undecided(.interrupted, _) = report else {
                Issue.record("\(report)")
                continue
            }
        }
        #expect(processes(of: users).isEmpty)
        guard case .undecided(.interrupted, _) = await pool.run(program("print(1)")) else {
            Issue.record("a closed pool ran a program")
            return
        }
    }

    @Test func `a job that finds the queue full is refused`() async {
        let pool = await startPool { $0.queueMax = 1 }
        guard pool.tier != .unavailable else { return }
        async let running = pool.run(program("while True: pass", cpuSeconds: 1))
        while pool.statistics.running == 0 { try? await Task.sleep(for: .milliseconds(1)) }
        async let waiting = pool.run(program("print(1)"))
        while pool.statistics.waiting == 0 { try? await Task.sleep(for: .milliseconds(1)) }
        guard case .undecided(.queueTimeout, _) = await pool.run(program("print(2)")) else {
            Issue.record("the queue has no end")
            return
        }
        #expect(single(await running)?.status == .late)
        #expect(single(await waiting)?.output == Array("1\n".utf8))
        await pool.shutdown()
    }

    @Test func `a job that waits too long was not judged`() async {
        let pool = await startPool { $0.queueSecondsMax = 0.2 }
        guard pool.tier != .unavailable else { return }
        async let running = pool.run(program("while True: pass", cpuSeconds: 1))
        while pool.statistics.running == 0 { try? await Task.sleep(for: .milliseconds(1)) }
        guard case .undecided(.queueTimeout, _) = await pool.run(program("print(1)")) else {
            Issue.record("a job waited longer than it may")
            return
        }
        _ = await running
        await pool.shutdown()
    }

    @Test func `a job that asks for more memory than there may be is not run`() async {
        let pool = await startPool { $0.memoryMegabytesMax = 64 }
        var job = program("print(1)")
        job.memoryMegabytes = 65
        guard case .undecided(.unavailable, _) = await pool.run(job) else {
            Issue.record("the memory bound is none")
            return
        }
        await pool.shutdown()
    }

    @Test func `the caller can stop after a test`() async {
        let pool = await startPool()
        guard pool.tier != .unavailable else { return }
        var job = program("print(input())")
        job.work = .streams((1...5).map { Array("\($0)".utf8) })
        let report = await pool.run(job, goOn: { index, _ in index < 2 }, reading: { report, _ in report })
        guard case .ran(let cases, total: 5) = report else {
            Issue.record("\(report)")
            return
        }
        #expect(cases.map { String(decoding: $0.output, as: UTF8.self) } == ["1\n", "2\n", "3\n"])
        await pool.shutdown()
    }

    @Test func `the server's environment is not in the jail`() async {
        setenv("ROLLOUTD_TEST_SECRET", "swordfish", 1)
        let pool = await startPool()
        guard pool.tier != .unavailable else { return }
        let look = """
            import ctypes, os
            names = ctypes.POINTER(ctypes.c_char_p).in_dll(ctypes.CDLL(None), "environ")
            at = 0
            while names[at]:
                print(names[at])
                at += 1
            print(os.environ)
            """
        let output = String(decoding: single(await pool.run(program(look)))?.output ?? [], as: UTF8.self)
        #expect(output.contains("environ"))
        #expect(!output.contains("SECRET") && !output.contains("swordfish"))
        await pool.shutdown()
    }

    @Test func `groups that a killed server left are removed at the next start`() async {
        guard let own = ControlGroups.place(slot: 7) else { return }
        // No process has this number: it is above the kernel's highest.
        let stale = [own.memory, own.pids].map { path in
            path.replacing("rolloutd-\(getpid()).", with: "rolloutd-99999999.")
        }
        for path in stale { #expect(mkdir(path, 0o755) == 0) }
        let pool = await startPool()
        for path in stale { #expect(access(path, F_OK) != 0, "\(path) is still there") }
        await pool.shutdown()
    }

    @Test func `a jail whose server is gone ends by itself`() async throws {
        let pool = await startPool()
        guard pool.tier != .unavailable else { return }
        // What the kernel does when a server is killed: it closes the lifeline and the control socket.
        var groups: ControlGroups?
        do {
            let slot = try Slot.build(
                number: 1, tier: pool.tier, landlockABI: pool.landlockABI, configuration: pool.configuration)
            groups = slot.groups
            #expect(groups.map { access($0.memory, F_OK) == 0 } ?? true)
        }
        if let groups {
            #expect(access(groups.memory, F_OK) != 0)
            #expect(access(groups.pids, F_OK) != 0)
        }
        let user = pool.configuration.firstUserID + 1
        #expect(processes(of: user...user).isEmpty)
        await pool.shutdown()
    }
}
