// The pool itself: tiers, queue, rebuilding, shutting down without leaving anything.
import Testing

@testable import Sandboxing

/// A pool for one test; the caller shuts it down.
func startPool(slots: Int = 1, change: (inout SandboxConfiguration) -> Void = { _ in }) async -> SandboxPool {
    var configuration = SandboxConfiguration(
        slots: slots, launcher: SandboxConfiguration.launcherBesideExecutable())
    configuration.outputBytesMax = 1 << 20
    change(&configuration)
    return await SandboxPool.start(configuration)
}

/// A Python program on one input.
func program(_ source: String, input: String = "", cpuSeconds: Double = 2) -> SandboxJob {
    SandboxJob(
        language: .python, source: source, work: .streams([Array(input.utf8)]), cpuSeconds: cpuSeconds,
        memoryMegabytes: 128)
}

/// The only case of a report.
func single(_ report: SandboxReport) -> SandboxCase? {
    guard case .ran(let cases, 1) = report else { return nil }
    return cases.first
}

@Suite struct SandboxPoolTests {
    @Test func `a machine with user namespaces gets at least tier B`() async {
        let pool = await startPool()
        #expect(pool.tier <= .namespaces || pool.tier == .unavailable, "\(pool.tier): \(pool.tierReason)")
        await pool.shutdown()
    }
}
