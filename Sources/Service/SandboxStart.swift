// Finds the jail's launcher and starts the sandbox with the system's bounds.
import Domain
import Glibc
import Logging
import Sandboxing

/// Starts the sandbox that judges code.
package enum SandboxStart {
    /// The launcher's file name; it lies beside the executable.
    private static let launcherName = "rolloutd-jail"

    /// A pool of so many slots; its tier is `unavailable` where nothing safe can be had.
    package static func pool(slots: Int) async -> SandboxPool {
        var configuration = SandboxConfiguration(
            slots: slots, launcher: executableDirectory() + "/" + launcherName,
            memoryMegabytesMax: Limits.codeMemoryMegabytesMax)
        configuration.lateSecondsMax = Limits.codeLateSecondsMax
        configuration.programSecondsMax = Limits.codeProgramSecondsMax
        return await SandboxPool.start(configuration)
    }

    /// The directory of the running executable; the working directory where the kernel does not say.
    private static func executableDirectory() -> String {
        var buffer = [CChar](repeating: 0, count: Int(PATH_MAX))
        let length = readlink("/proc/self/exe", &buffer, buffer.count)
        guard length > 0 else { return "." }
        let path = buffer[..<length].map { UInt8(bitPattern: $0) }
        guard let slash = path.lastIndex(of: UInt8(ascii: "/")) else { return "." }
        return String(decoding: path[..<slash], as: UTF8.self)
    }
}
