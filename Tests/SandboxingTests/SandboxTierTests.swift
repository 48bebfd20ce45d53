// The tiers: each that is asked for either proves itself and holds, or is not used; none crashes.
import Testing

@testable import Sandboxing

@Suite struct SandboxTierTests {
    @Test func `root with control groups gets everything`() async {
        let pool = await startPool()
        // Elsewhere (no root, a container) a weaker tier or none is right; it must then say why.
        #expect(pool.tier == .full || !pool.tierReason.isEmpty)
        if ControlGroups.canBeMade() {
            #expect(pool.tier <= .namespaces || pool.tier == .unavailable, "\(pool.tierReason)")
        }
        await pool.shutdown()
    }

    @Test(arguments: [SandboxTier.full, .namespaces, .container, .landlock])
    func `a tier judges honest programs and holds hostile ones`(_ tier: SandboxTier) async {
        let pool = await startPool { $0.strongestTier = tier }
        #expect(pool.tier >= tier)
        guard pool.tier != .unavailable else { return }
        #expect(single(await pool.run(program("print(input())", input: "x")))?.output == Array("x\n".utf8))
        let hostile = [
            "import os\nos.fork()", "import subprocess\nsubprocess.run(['/usr/bin/true'])", "open('/etc/passwd')",
            "import socket\nsocket.socket()", "import os\nos.kill(os.getppid(), 9)", "open('/usr/x', 'w')",
            "import os\nos.setuid(0)",
        ]
        for source in hostile {
            let result = single(await pool.run(program(source)))
            #expect(result?.status == .ended && result?.exitCode == 1, "\(source): \(String(describing: result))")
        }
        let memory = single(await pool.run(program("x = bytearray(10 ** 9)\nprint(1)")))
        #expect(memory?.status == .memory, "\(String(describing: memory))")
        #expect(single(await pool.run(program("while True: pass", cpuSeconds: 0.2)))?.status == .late)
        await pool.shutdown()
    }

    @Test func `where nothing safe can be had nothing runs`() async {
        let pool = await startPool { $0.strongestTier = .unavailable }
        #expect(pool.tier == .unavailable)
        guard case .undecided(.unavailable, let reason) = await pool.run(program("print(1)")) else {
            Issue.record("a program ran without a jail")
            return
        }
        #expect(!reason.isEmpty)
        await pool.shutdown()
    }

    @Test func `a launcher that is not there is no crash`() async {
        let pool = await startPool { $0.launcher = "/nonexistent/rolloutd-jail" }
        #expect(pool.tier == .unavailable)
        #expect(pool.tierReason.contains("start"))
        await pool.shutdown()
    }

    @Test func `an interpreter that is not there is no crash`() async {
        let pool = await startPool { $0.interpreter = "/usr/bin/python-that-is-not-there" }
        #expect(pool.tier == .unavailable)
        #expect(pool.tierReason.contains("interpreter"))
        await pool.shutdown()
    }

    @Test func `an interpreter that is none does not pass the self-test`() async {
        let pool = await startPool { $0.interpreter = "/usr/bin/true" }
        #expect(pool.tier == .unavailable)
        await pool.shutdown()
    }
}
