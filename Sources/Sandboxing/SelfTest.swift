// Proof before use: a jail counts only after a known program gave the right answer in it and known misdeeds failed.

extension SandboxPool {
    /// Builds one jail of the tier, tries it, ends it. The interpreter's version, or what did not hold.
    static func proveJail(
        tier: SandboxTier, landlockABI: Int, configuration: SandboxConfiguration
    ) -> Result<String, SlotFailure> {
        do throws(SlotFailure) {
            var slot = try Slot.build(
                number: configuration.slots, tier: tier, landlockABI: landlockABI,
                configuration: configuration)
            try expectAnswer(&slot)
            try expectMisdeedsRefused(&slot)
            return .success(slot.interpreterVersion)
        } catch {
            return .failure(error)
        }
    }

    private static func expectAnswer(_ slot: inout Slot) throws(SlotFailure) {
        let job = SandboxJob(
            language: .python, source: "print(int(input()) * 2)", work: .streams([Array("21\n".utf8)]), cpuSeconds: 5,
            memoryMegabytes: 128)
        let report = try slot.run(job, nonce: "self-test-1")
        guard case .ran(let cases, 1) = report, cases.first?.status == .ended, cases.first?.exitCode == 0,
            cases.first?.output == Array("42\n".utf8)
        else { throw SlotFailure(obstacle: .unavailable, message: "the self-test's program gave \(report)") }
    }

    /// Each line of this program is something a jail must refuse; it prints the names of those that it did not.
    private static let misdeeds = """
        import os, ctypes
        libc = ctypes.CDLL(None, use_errno=True)
        def tried(name, action):
            try:
                result = action()
            except OSError:
                return
            if not (isinstance(result, int) and result < 0):
                print(name)
        tried("fork", os.fork)
        tried("exec", lambda: os.execv("/usr/bin/true", ["true"]))
        tried("socket", lambda: libc.socket(2, 1, 0))
        tried("vsock", lambda: libc.socket(40, 1, 0))
        tried("unshare", lambda: libc.unshare(0x10000000))
        tried("ptrace", lambda: libc.ptrace(0, 0, 0, 0))
        tried("mount", lambda: libc.mount(b"none", b"/tmp", b"tmpfs", 0, None))
        tried("passwd", lambda: open("/etc/passwd").close())
        tried("proc", lambda: os.listdir("/proc"))
        tried("write", lambda: open("/usr/lib/x", "w").close())
        tried("kill", lambda: os.kill(1, 9))
        tried("parent", lambda: os.kill(os.getppid(), 0))
        tried("setuid", lambda: libc.setuid(0))
        tried("descriptors", lambda: os.read(3, 1) and None)
        """

    private static func expectMisdeedsRefused(_ slot: inout Slot) throws(SlotFailure) {
        let job = SandboxJob(
            language: .python, source: misdeeds, work: .streams([[]]), cpuSeconds: 5, memoryMegabytes: 128)
        let report = try slot.run(job, nonce: "self-test-2")
        guard case .ran(let cases, 1) = report, let first = cases.first, first.status == .ended, first.exitCode == 0,
            first.output.isEmpty
        else {
            throw SlotFailure(obstacle: .unavailable, message: "the self-test found a gap: \(report)")
        }
    }
}
