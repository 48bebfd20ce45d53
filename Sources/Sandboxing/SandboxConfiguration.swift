// What a pool is made of: paths and bounds. Every bound comes from the caller; this module knows no policy.
import Glibc
import Synchronization

/// How to start a `SandboxPool`.
package struct SandboxConfiguration: Sendable {
    /// Programs judged at the same time; one jail and one base interpreter (about 12 MB) each.
    package var slots: Int
    /// The launcher, `rolloutd-jail`.
    package var launcher: String
    /// The Python that judges Python.
    package var interpreter: String = "/usr/bin/python3.11"
    /// The C++ compiler as it is seen in the jail.
    package var compiler: String = "/usr/bin/g++"
    /// Largest memory limit that a job may ask for, in MiB.
    package var memoryMegabytesMax: Int
    /// Largest standard output of one test, in bytes.
    package var outputBytesMax: Int = 16 << 20
    /// Files that a program may leave in its directory, in bytes.
    package var directoryBytesMax: Int = 64 << 20
    /// Threads of one slot, with the harness.
    package var processesMax: Int = 96
    /// Jobs that wait for a slot before more are refused.
    package var queueMax: Int = 20_000
    /// A job that waits longer was not judged.
    package var queueSecondsMax: Double = 300
    /// Seconds that one program may spend in tests that run out of time; the tests after that are not run.
    package var lateSecondsMax: Double = 60
    /// Seconds for all tests of one program; the tests after that are not run.
    package var programSecondsMax: Double = 600
    /// CPU seconds for compiling one program.
    package var compileSecondsMax: Double = 20
    /// Compiled programs kept in memory, in bytes; one is about 2.3 MB.
    package var programBytesMax: Int = 192 << 20
    /// No stronger tier than this is tried; nil takes the best. For tests of the weaker ones.
    package var strongestTier: SandboxTier?
    /// First of the uids that slots run as; each slot of each server has its own.
    package var firstUserID: Int

    package init(slots: Int, launcher: String, memoryMegabytesMax: Int = 2_048, firstUserID: Int? = nil) {
        self.slots = slots
        self.launcher = launcher
        self.memoryMegabytesMax = memoryMegabytesMax
        self.firstUserID = firstUserID ?? Self.freshUserIDs(count: slots + 1)
    }
}

extension SandboxConfiguration {
    /// Uids handed out by this process so far.
    private static let userIDsTaken = Atomic<Int>(0)

    /// The first of `count` uids that no other pool of this process, and hardly one of another, uses.
    private static func freshUserIDs(count: Int) -> Int {
        let taken = userIDsTaken.add(count, ordering: .relaxed).oldValue
        return 200_000 + Int(ownProcessID() % 10_000) * 256 + taken % 256
    }

    /// Where the launcher lies: beside the running executable.
    package static func launcherBesideExecutable() -> String {
        let path = executablePath()
        let directory = path.lastIndex(of: "/").map { path[..<$0] } ?? "."
        return directory + "/rolloutd-jail"
    }
}

/// The running program's file, from the kernel.
private func executablePath() -> String {
    var buffer = [CChar](repeating: 0, count: 4096)
    let count = readlink("/proc/self/exe", &buffer, buffer.count)
    guard count > 0 else { return "./rolloutd" }
    return String(decoding: buffer[..<count].map { UInt8(bitPattern: $0) }, as: UTF8.self)
}
