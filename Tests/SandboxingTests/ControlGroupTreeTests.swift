// Where groups go: version 1 and 2, in trees of plain files, since one machine has only one of them.
import Glibc
import Testing

@testable import Sandboxing

@Suite struct ControlGroupTreeTests {
    /// A directory with these files; the caller removes it.
    private func tree(_ files: [String: String]) throws -> String {
        var template = Array("/tmp/groups-XXXXXX".utf8CString)
        let root = String(cString: try #require(mkdtemp(&template)))
        for (path, text) in files {
            var directory = root
            for part in path.split(separator: "/").dropLast() {
                directory += "/" + part
                mkdir(directory, 0o755)
            }
            let file = open(root + "/" + path, O_CREAT | O_WRONLY, 0o644)
            try #require(file >= 0)
            #expect(write(file, text, text.utf8.count) == text.utf8.count)
            close(file)
        }
        return root
    }

    private func remove(_ root: String) {
        for name in directoryNames(root) where name != "." && name != ".." {
            if unlink(root + "/" + name) != 0 { remove(root + "/" + name) }
        }
        rmdir(root)
    }

    @Test func `version 1 has a place for each controller`() throws {
        let root = try tree(["memory/a/cgroup.procs": "", "pids/a/cgroup.procs": "", "cpu/cgroup.procs": ""])
        defer { remove(root) }
        let membership = "9:memory:/a\n8:pids:/a\n2:cpu:/\n0::/a\n"
        let parents = ControlGroupTree(root: root, membership: membership).parents()
        #expect(
            parents
                == .init(memory: root + "/memory/a", pids: root + "/pids/a", cpu: root + "/cpu", isUnified: false))
        let without = ControlGroupTree(root: root, membership: "9:memory:/a\n8:pids:/a\n").parents()
        #expect(without?.memory == root + "/memory/a" && without?.cpu == nil)
    }

    @Test func `version 2 hands its controllers on once the server has moved to a group of its own`() throws {
        let name = try #require(ControlGroupTree.name(of: getpid()))
        let root = try tree([
            "user/cgroup.controllers": "cpuset cpu io memory pids\n", "user/cgroup.subtree_control": "",
            "user/cgroup.procs": "", "user/\(name)-server/cgroup.procs": "",
        ])
        defer { remove(root) }
        let parents = ControlGroupTree(root: root, membership: "0::/user\n").parents()
        #expect(parents == .init(memory: root + "/user", pids: root + "/user", cpu: nil, isUnified: true))
        #expect(readText(root + "/user/\(name)-server/cgroup.procs") == "0")
        #expect(readText(root + "/user/cgroup.subtree_control") == "+memory +pids +cpu")
        // Having moved, it finds the same place again.
        let moved = ControlGroupTree(root: root, membership: "0::/user/\(name)-server\n").parents()
        #expect(moved == parents)
    }

    @Test func `version 2 without the controllers is no place`() throws {
        let root = try tree(["cgroup.controllers": "cpuset cpu io\n", "cgroup.subtree_control": "", "cgroup.procs": ""])
        defer { remove(root) }
        #expect(ControlGroupTree(root: root, membership: "0::/\n").parents() == nil)
        #expect(ControlGroupTree(root: root, membership: "").parents() == nil)
        #expect(!ControlGroups.canBeMade(in: ControlGroupTree(root: root, membership: "0::/\n")))
    }

    @Test func `limits and kills are read and written as each version has them`() throws {
        let root = try tree([
            "cgroup.controllers": "memory pids", "cgroup.subtree_control": "memory pids", "cgroup.procs": "",
        ])
        defer { remove(root) }
        let unified = try #require(
            ControlGroups.place(slot: 1, in: ControlGroupTree(root: root, membership: "0::/\n")))
        #expect(unified.memory == unified.pids && unified.cpu == nil)
        #expect(mkdir(unified.memory, 0o755) == 0)
        #expect(unified.memoryKills == 0)
        #expect(!unified.limitMemory(bytes: 5))
        for (name, text) in [("memory.max", "max"), ("memory.events", "low 0\noom 3\noom_kill 2\noom_group_kill 0\n")] {
            let file = open(unified.memory + "/" + name, O_CREAT | O_WRONLY, 0o644)
            #expect(write(file, text, text.utf8.count) == text.utf8.count)
            close(file)
        }
        #expect(unified.limitMemory(bytes: 134_217_728))
        #expect(readText(unified.memory + "/memory.max") == "134217728")
        #expect(unified.memoryKills == 2)
    }

    @Test func `only groups of servers that are gone are stale`() throws {
        let own = try #require(ControlGroupTree.name(of: getpid()))
        #expect(!ControlGroupTree.isStale(own + "-0-1"))
        // The same number, but another process had it.
        #expect(ControlGroupTree.isStale("rolloutd-\(getpid()).1-0-1"))
        #expect(ControlGroupTree.isStale("rolloutd-99999999.5-0-1"))
        #expect(ControlGroupTree.isStale("rolloutd-99999999-0-1"))
        #expect(!ControlGroupTree.isStale("rolloutd-\(getpid())-0-1"))
        #expect(!ControlGroupTree.isStale("rolloutd-1-0-1"), "the first process lives")
        for other in ["system.slice", "rolloutd", "rolloutd-", "rolloutd-x.1-0", "docker-1.2-3"] {
            #expect(!ControlGroupTree.isStale(other), "\(other)")
        }
    }

    @Test func `a server that has ended is gone, also before its parent took note`() async throws {
        var process: pid_t = 0
        let arguments = [strdup("true"), nil]
        defer { free(arguments[0]) }
        try #require(posix_spawn(&process, "/usr/bin/true", nil, nil, arguments, nil) == 0)
        for _ in 0..<200 where ControlGroupTree.name(of: process) != nil {
            try await Task.sleep(for: .milliseconds(5))
        }
        #expect(ControlGroupTree.isStale("rolloutd-\(process).1-0-1"))
        #expect(ControlGroupTree.isStale("rolloutd-\(process)-0-1"))
        var status: Int32 = 0
        #expect(waitpid(process, &status, 0) == process)
    }
}
