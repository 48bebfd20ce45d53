// Where CPU-bound work runs: threads of our own at lower priority, never the cooperative pool or an event loop.
import Foundation
import Glibc

/// Runs blocking work away from the tasks that serve requests.
package enum ComputeThread {
    /// Served requests come first: two compute threads at this niceness cost them about 4 % (docs/adr/0002).
    private static let niceness: Int32 = 10
    /// Kernels keep their tiles on the stack.
    private static let stackBytes = 8 << 20

    /// Runs the work on a thread of its own and returns its result.
    package static func run<Result: Sendable>(
        _ name: String, _ work: @escaping @Sendable () throws -> sending Result
    ) async throws -> Result {
        try await withCheckedThrowingContinuation { continuation in
            let thread = Thread {
                // On Linux a niceness belongs to a thread; 0 means the calling one.
                _ = setpriority(__priority_which_t(PRIO_PROCESS.rawValue), 0, niceness)
                continuation.resume(with: Swift.Result { try work() })
            }
            thread.name = name
            thread.stackSize = stackBytes
            thread.start()
        }
    }
}
