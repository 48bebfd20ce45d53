// The end of a graceful shutdown that does not come: the process ends itself. Nothing acknowledged is lost, as every commit
// is on disk before its answer.
import Dispatch
import Foundation
import Glibc
import UnixSignals

/// Ends the process when a shutdown takes too long.
struct ShutdownDeadline: Sendable {
    /// Exit status of a shutdown that was cut short, as a supervisor's log shows it.
    private static let status: Int32 = 75

    let seconds: Double

    /// Starts the clock; on a queue of its own, because the cooperative pool may be what hangs.
    func start(_ message: String) {
        DispatchQueue(label: "rolloutd.shutdown").asyncAfter(deadline: .now() + seconds) { endNow(message) }
    }

    /// Ends the process when SIGTERM or SIGINT comes a second time; the first is somebody else's to act on.
    func endOnSecondSignal() -> Task<Void, Never> {
        Task {
            var count = 0
            for await signal in await UnixSignalsSequence(trapping: .sigterm, .sigint) {
                count += 1
                if count > 1 { endNow("second signal (\(signal)): ended at once; everything accepted is stored") }
            }
        }
    }

    /// Says so and ends the process, without waiting for anybody.
    func endNow(_ message: String) -> Never {
        FileHandle.standardError.write(Data((message + "\n").utf8))
        _exit(Self.status)
    }
}
