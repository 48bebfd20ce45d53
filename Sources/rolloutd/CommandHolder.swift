// The name under which a command carries out an evaluation, and whether the command of such a name is gone.
import Domain
import Foundation
import Glibc

/// Names of commands as holders of evaluations.
enum CommandHolder {
    private static let host = ProcessInfo.processInfo.hostName

    /// This process: `command`, its id, its host.
    static let own = "command \(getpid()) \(host)"

    /// Whether a holder is a process of this host that has ended. An id that was given to another process meanwhile is not seen;
    /// the hold then runs out by itself.
    @Sendable static func isGone(_ holder: String) -> Bool {
        let parts = holder.split(separator: " ", maxSplits: 2).map(String.init)
        guard parts.count == 3, parts[0] == "command", parts[2] == host, let id = Int32(parts[1]), id > 0 else {
            return false
        }
        return kill(id, 0) != 0 && errno == ESRCH
    }
}
