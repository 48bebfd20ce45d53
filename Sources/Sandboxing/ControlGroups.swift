// The control groups of one slot: their memory limit and how often it killed. The launcher makes and removes the
// groups; where they lie is found in ControlGroupTree.swift.
import Glibc
import Synchronization

/// The groups of one slot; in version 2 `memory` and `pids` are the same.
struct ControlGroups: Sendable {
    let memory: String
    let pids: String
    /// Nil in version 2, and where there is no such controller.
    let cpu: String?
    private let isUnified: Bool

    /// Groups named by this process so far; pools of one process must not share any.
    private static let placed = Atomic<Int>(0)

    /// Fresh groups for a slot beneath this process's own, or nil where they cannot be made.
    static func place(slot: Int, in tree: ControlGroupTree = ControlGroupTree()) -> ControlGroups? {
        guard let parents = tree.parents(), let owner = ControlGroupTree.name(of: getpid()) else { return nil }
        let name = "/\(owner)-\(slot)-\(placed.add(1, ordering: .relaxed).newValue)"
        return ControlGroups(
            memory: parents.memory + name, pids: parents.pids + name, cpu: parents.cpu.map { $0 + name },
            isUnified: parents.isUnified)
    }

    /// Whether groups can be made here at all: makes and removes one of each.
    static func canBeMade(in tree: ControlGroupTree = ControlGroupTree()) -> Bool {
        guard let groups = place(slot: 0, in: tree) else { return false }
        return groups.all.allSatisfy { path in
            let probe = path + "-probe"
            return mkdir(probe, 0o755) == 0 && rmdir(probe) == 0
        }
    }

    private var all: Set<String> { Set([memory, pids, cpu].compactMap { $0 }) }

    /// Ends what is left in the slot's groups and removes them.
    func removeAll() {
        for path in all { removeGroup(path) }
    }

    /// Sets the memory limit in bytes; false when the kernel refused.
    func limitMemory(bytes: Int) -> Bool {
        let text = String(bytes)
        if isUnified { return writeText(memory + "/memory.max", text) }
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
        guard let text = readText(memory + (isUnified ? "/memory.events" : "/memory.oom_control")) else { return 0 }
        for line in text.split(separator: "\n") where line.hasPrefix("oom_kill ") {
            return Int(line.dropFirst("oom_kill ".count)) ?? 0
        }
        return 0
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

/// Writes to a file that is there; false when it is not, or the kernel refuses the text.
func writeText(_ path: String, _ text: String) -> Bool {
    let file = open(path, O_WRONLY | O_CLOEXEC)
    guard file >= 0 else { return false }
    defer { close(file) }
    let bytes = Array(text.utf8)
    return write(file, bytes, bytes.count) == bytes.count
}

/// The names in a directory; none where it cannot be read.
func directoryNames(_ path: String) -> [String] {
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
