// Short ways to start a pool, to say a program, and to look at what lives on the machine.
import Glibc

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

/// Processes of these users, from /proc.
func processes(of users: ClosedRange<Int>) -> [String] {
    guard let directory = opendir("/proc") else { return [] }
    defer { closedir(directory) }
    var found: [String] = []
    while let entry = readdir(directory) {
        let name = withUnsafeBytes(of: entry.pointee.d_name) { String(decoding: $0.prefix { $0 != 0 }, as: UTF8.self) }
        guard Int(name) != nil, let status = readText("/proc/\(name)/status") else { continue }
        guard let line = status.split(separator: "\n").first(where: { $0.hasPrefix("Uid:") }) else { continue }
        if line.split(whereSeparator: \.isWhitespace).dropFirst().contains(where: { users.contains(Int($0) ?? -1) }) {
            found.append(name)
        }
    }
    return found
}
