// Where in the kernel's tree of control groups a server may make groups: version 1 with a hierarchy for each
// controller, or version 2 with one for all. Finds places and clears what dead servers left; limits nothing itself.
import Glibc

/// The control groups of this machine, as this process may use them.
struct ControlGroupTree: Sendable {
    /// Where a slot's groups go, by controller; in version 2 all three are one directory.
    struct Parents: Sendable, Equatable {
        var memory: String
        var pids: String
        /// Nil where there is none: then a program with many threads may slow down its neighbours.
        var cpu: String?
        var isUnified: Bool
    }

    private static let prefix = "rolloutd-"
    private static let ownSuffix = "-server"

    /// The mount point, and the text of /proc/self/cgroup.
    private let root: String
    private let membership: String

    /// The tree as it is; tests bring one of their own.
    init(root: String = "/sys/fs/cgroup", membership: String? = nil) {
        self.root = root
        self.membership = membership ?? readText("/proc/self/cgroup") ?? ""
    }

    /// What the groups of this process are called: its number and when it started, since numbers come again.
    static func name(of process: Int32) -> String? { startTime(of: process).map { "\(prefix)\(process).\($0)" } }

    /// Where groups can be made, or nil. In version 2 this process moves to a group of its own first, for a group with
    /// processes in it cannot limit others.
    func parents() -> Parents? {
        if let memory = parent(of: "memory"), let pids = parent(of: "pids") {
            return Parents(memory: memory, pids: pids, cpu: parent(of: "cpu"), isUnified: false)
        }
        return unifiedParent().map { Parents(memory: $0, pids: $0, cpu: nil, isUnified: true) }
    }

    /// This process's own group in a controller's hierarchy of version 1.
    private func parent(of controller: String) -> String? {
        for (controllers, path) in memberships where controllers.split(separator: ",").contains(Substring(controller)) {
            let directory = root + "/" + controller + (path == "/" ? "" : path)
            return access(directory + "/cgroup.procs", W_OK) == 0 ? directory : nil
        }
        return nil
    }

    private func unifiedParent() -> String? {
        guard var path = memberships.first(where: { $0.controllers.isEmpty })?.path else { return nil }
        if path.hasSuffix(Self.ownSuffix), let slash = path.lastIndex(of: "/") { path = String(path[..<slash]) }
        let directory = root + (path == "/" ? "" : path)
        let offered = words(directory + "/cgroup.controllers")
        guard offered.isSuperset(of: ["memory", "pids"]) else { return nil }
        if hands(directory) { return directory }
        guard let name = Self.name(of: getpid()) else { return nil }
        let own = directory + "/" + name + Self.ownSuffix
        guard mkdir(own, 0o755) == 0 || errno == EEXIST else { return nil }
        if writeText(own + "/cgroup.procs", "0") {
            let wanted = ["memory", "pids", "cpu"].filter(offered.contains).map { "+" + $0 }.joined(separator: " ")
            if writeText(directory + "/cgroup.subtree_control", wanted), hands(directory) { return directory }
        }
        rmdir(own)
        return nil
    }

    /// Whether a directory hands the controllers on to the groups in it.
    private func hands(_ directory: String) -> Bool {
        words(directory + "/cgroup.subtree_control").isSuperset(of: ["memory", "pids"])
    }

    private func words(_ path: String) -> Set<String> {
        let text = readText(path) ?? ""
        return Set(
            text.split(whereSeparator: \.isWhitespace).map { $0.hasPrefix("+") ? String($0.dropFirst()) : String($0) })
    }

    /// The lines of /proc/self/cgroup: controllers (none in version 2) and path.
    private var memberships: [(controllers: String, path: String)] {
        membership.split(separator: "\n").compactMap { line in
            let fields = line.split(separator: ":", maxSplits: 2, omittingEmptySubsequences: false)
            return fields.count == 3 ? (String(fields[1]), String(fields[2])) : nil
        }
    }

    /// Removes the groups of servers that no longer live, with whatever still runs in them.
    func reapStale() {
        guard let parents = parents() else { return }
        for parent in Set([parents.memory, parents.pids, parents.cpu].compactMap { $0 }) {
            for name in directoryNames(parent) where Self.isStale(name) { removeGroup(parent + "/" + name) }
        }
    }

    /// Whether a group's name is that of a server that is gone: `rolloutd-PROCESS.STARTED-...`.
    static func isStale(_ name: String) -> Bool {
        guard name.hasPrefix(prefix) else { return false }
        let owner = name.dropFirst(prefix.count).prefix { $0 != "-" }.split(separator: ".")
        guard let process = owner.first.flatMap({ Int32($0) }) else { return false }
        let started = startTime(of: process)
        return owner.count == 2 ? started != UInt64(owner[1]) : started == nil
    }

    /// When a process started, in clock ticks since the machine did; nil when there is none, or only what its parent has
    /// not yet taken note of.
    private static func startTime(of process: Int32) -> UInt64? {
        guard let text = readText("/proc/\(process)/stat"), let end = text.lastIndex(of: ")") else { return nil }
        // The name before may hold anything; field 22 is the 20th behind it.
        let fields = text[end...].split(separator: " ")
        guard fields.count > 20, fields[1] != "Z", fields[1] != "X" else { return nil }
        return UInt64(fields[20])
    }
}

/// Ends what is left in a group and removes it; gives up after a second.
func removeGroup(_ path: String) {
    for _ in 0..<200 {
        if rmdir(path) == 0 || errno == ENOENT { return }
        if !writeText(path + "/cgroup.kill", "1") {
            for line in (readText(path + "/cgroup.procs") ?? "").split(separator: "\n") {
                if let process = Int32(line) { kill(process, SIGKILL) }
            }
        }
        usleep(5_000)
    }
}
