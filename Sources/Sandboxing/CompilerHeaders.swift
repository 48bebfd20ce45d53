// The compiler's headers in precompiled form: made once, at the first use of the compiler, in a jail of their own that
// runs no program; kept as a file that jails see read-only. Compiling goes on without them until they are there.
import Dispatch
import Glibc
import Synchronization

/// Makes and owns the precompiled form of `bits/stdc++.h`, about 100 MB on disk.
final class CompilerHeaders: Sendable {
    private enum State {
        case unasked
        case making
        /// The directory that jails show.
        case ready(String)
        /// They cannot be had, or the pool has ended.
        case absent
    }

    private static let prefix = "rolloutd-headers-"
    private let state = Mutex(State.unasked)
    /// The launcher of the jail that makes them, 0 when there is none.
    private let launcher = Atomic<Int32>(0)
    private let queue = DispatchQueue(label: "sandbox.headers", qos: .utility)
    private let configuration: SandboxConfiguration
    private let tier: SandboxTier
    private let landlockABI: Int

    init(tier: SandboxTier, landlockABI: Int, configuration: SandboxConfiguration) {
        self.tier = tier
        self.landlockABI = landlockABI
        var configuration = configuration
        configuration.directoryBytesMax = 256 << 20
        self.configuration = configuration
    }

    deinit { remove() }

    /// The directory of the headers, nil while there are none; the first call begins to make them.
    func directory() -> String? {
        let (directory, begin): (String?, Bool) = state.withLock { state in
            switch state {
            case .ready(let directory): return (directory, false)
            case .making, .absent: return (nil, false)
            case .unasked:
                state = tier.hasNamespaces ? .making : .absent
                return (nil, tier.hasNamespaces)
            }
        }
        if begin { queue.async { self.make() } }
        return directory
    }

    /// Removes the headers and makes no more; ends the making of them, if it goes on.
    func remove() {
        state.withLock { state in
            if case .ready(let directory) = state { Self.removeTree(directory) }
            state = .absent
        }
        let process = launcher.load(ordering: .acquiring)
        if process > 0 { kill(process, SIGTERM) }
    }

    /// Returns when nothing is being made any more.
    func settle() async {
        await withCheckedContinuation { continuation in queue.async { continuation.resume() } }
    }

    private func make() {
        let directory = Self.place()
        let made = write(beneath: directory)
        state.withLock { state in
            if made, case .making = state {
                state = .ready(directory)
            } else {
                state = .absent
                Self.removeTree(directory)
            }
        }
    }

    private func write(beneath directory: String) -> Bool {
        for path in [directory, directory + "/bits"] {
            // Slots run as other users; the process's mask must not keep them out.
            guard mkdir(path, 0o755) == 0, chmod(path, 0o755) == 0 else { return false }
        }
        let file = open(directory + Self.name, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0o444)
        guard file >= 0, fchmod(file, 0o444) == 0 else { return false }
        defer { close(file) }
        do throws(SlotFailure) {
            var slot = try Slot.build(
                number: configuration.slots, tier: tier, landlockABI: landlockABI, configuration: configuration)
            launcher.store(slot.launcher, ordering: .releasing)
            defer { launcher.store(0, ordering: .releasing) }
            try slot.precompileHeaders(nonce: "headers") { part in
                part.withUnsafeBytes { Glibc.write(file, $0.baseAddress, $0.count) == $0.count }
            }
            return true
        } catch {
            return false
        }
    }
}

extension CompilerHeaders {
    private static let name = "/bits/stdc++.h.gch"
    private static let root = "/var/tmp/"

    /// A directory that nobody else can have made.
    private static func place() -> String {
        root + prefix + "\(ownProcessID())-" + String(UInt64.random(in: .min ... .max), radix: 36)
    }

    private static func removeTree(_ directory: String) {
        unlink(directory + name)
        rmdir(directory + "/bits")
        rmdir(directory)
    }

    /// Removes the headers of servers that no longer live.
    static func reapStale() {
        for name in directoryNames(root) where name.hasPrefix(prefix) {
            let owner = name.dropFirst(prefix.count).prefix { $0 != "-" }
            guard let process = Int32(owner), kill(process, 0) != 0, errno == ESRCH else { continue }
            removeTree(root + name)
        }
    }
}
