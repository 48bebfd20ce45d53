// Control groups, version 1: where a slot's groups lie, their memory limit and how often it killed. The launcher makes
// and removes the groups; this file finds the place for them and clears what a killed server left.
import Glibc
import Synchronization

/// The two groups of one slot.
struct ControlGroups: Sendable {
    let memory: String
    let pids: String

    private static let prefix = "rolloutd-"

    /// Groups named by this process so far; pools of one process must not share any.
    private static let placed = Atomic<Int>(0)

    /// Fresh groups for a slot beneath this process's own, or nil where they cannot be made.
    static func place(slot: Int) -> ControlGroups? {
        guard let memory = parent(of: "memory"), let pids = parent(of: "pids") else { return nil }
        let name = "\(prefix)\(getpid())-\(slot)-\(placed.add(1, ordering: .relaxed).newValue)"
        return ControlGroups(memory: memory + "/" + name, pids: pids + "/" + name)
    }

    /// Whether groups can be made here at all: makes and removes one of each.
    static func canBeMade() -> Bool {
        guard let groups = place(slot: 0) else { return false }
        return [groups.memory, groups.pids].allSatisfy { path in
            let probe = path + "-probe"
            return mkdir(probe, 0o755) == 0 && rmdir(probe) == 0
        }
    }

    /// Removes the groups of servers that no longer live, with whatever still runs in them.
    static func reapStale() {
        for controller in ["memory", "pids"] {
            guard let parent = parent(of: controller) else { continue }
            for name in directoryNames(parent) where name.hasPrefix(prefix) {
                let owner = name.dropFirst(prefix.count).prefix { $0 != "-" }
                guard let process = Int32(owner), process != getpid(), kill(process, 0) != 0, errno == ESRCH else {
                    continue
                }
                remove(parent + "/" + name)
            }
        }
    }

    /// Ends what is left in the slot's groups and removes them.
    func removeBoth() {
        for path in [memory, pids] { Self.remove(path) }
    }

    /// Sets the memory limit in bytes; false when the kernel refused.
    func limitMemory(bytes: Int) -> Bool {
        let text = String(bytes)
        let plain = memory + "/memory.limit_in_bytes"
        let swap = memory + "/memory.memsw.limit_in_bytes"
        // Memory with swap may never be below memory: the order depends on the direction.
        if writeText(plain, text) {
            return writeText(swap, text) || access(swap, F_OK) != 0
        }
        return writeText(swap, text) && writeText(plain, text)
    }

    /// How many processes the memory limit has killed.
    var memoryKills: Int {
        guard let text = readText(memory + "/memory.oom_control") else { return 0 }
        for line in text.split(separator: "\n") where line.hasPrefix("oom_kill ") {
            return Int(line.dropFirst("oom_kill ".count)) ?? 0
        }
        return 0
    }

    private static func remove(_ path: String) {
        for _ in 0..<200 {
            if rmdir(path) == 0 || errno == ENOENT { return }
            for line in (readText(path + "/cgroup.procs") ?? "").split(separator: "\n") {
                if let process = Int32(line) { kill(process, SIGKILL) }
            }
            usleep(5_000)
        }
    }

    /// This process's own group in a controller's hierarchy.
    private static func parent(of controller: String) -> String? {
        guard let text = readText("/proc/self/cgroup") else { return nil }
        for line in text.split(separator: "\n") {
            let fields = line.split(separator: ":", maxSplits: 2, omittingEmptySubsequences: false)
            guard fields.count == 3, fields[1].split(separator: ",").contains(Substring(controller)) else { continue }
            let path = "/sys/fs/cgroup/\(controller)" + (fields[2] == "/" ? "" : String(fields[2]))
            return access(path + "/cgroup.procs", W_OK) == 0 ? path : nil
        }
        return nil
    }
}

/// A small file's text, at most 64 KiB.
func readText(_ path: String) -> String? {
    let file = open(path, O_RDONLY | O_CLOEXEC)
    guard file >= 0 else { return nil }
    defer { close(file) }
    var bytes: [UInt8] = []
    var buffer = [UInt8](repeating: 0, count: 4096)
    while bytes.count < 65_536 {
        let count = read(file, &buffer, buffer.count)
        guard count > 0 else { break }
        bytes += buffer[..<count]
    }
    return String(decoding: bytes, as: UTF8.self)
}

private func writeText(_ path: String, _ text: String) -> Bool {
    let file = open(path, O_WRONLY | O_CLOEXEC)
    guard file >= 0 else { return false }
    defer { close(file) }
    let bytes = Array(text.utf8)
    return write(file, bytes, bytes.count) == bytes.count
}

private func directoryNames(_ path: String) -> [String] {
    guard let directory = opendir(path) else { return [] }
    defer { closedir(directory) }
    var names: [String] = []
    while let entry = readdir(directory) {
        let name = withUnsafeBytes(of: entry.pointee.d_name) { bytes in
            String(decoding: bytes.prefix { $0 != 0 }, as: UTF8.self)
        }
        names.append(name)
    }
    return names
}
