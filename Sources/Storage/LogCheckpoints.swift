// Moves the write-ahead log into the database file beside the writer. SQLite's own checkpoint runs on the writer's thread at
// commit, where everybody behind it waits for tens of megabytes to be copied and synced.
import Dispatch
import Domain
import GRDB
import Synchronization

/// Checkpoints on a connection and a queue of their own, and keeps the log within a bound.
///
/// A passive checkpoint copies while the writer goes on; when one finds the writer idle it is complete, and the next commit
/// begins the log anew. Under a load without a gap none is ever complete; so at the bound the writer itself copies the little
/// that is left.
final class LogCheckpoints: Sendable {
    private struct State {
        /// Written since a checkpoint was last begun, about.
        var bytesSince = 0
        /// Length of the log that holds what is not known to be in the database file.
        var logBytes = 0
        /// Where the writer takes part.
        var bound = Limits.logBytesMax
        var isRunning = false
        var isClosed = false
    }

    private static let pageBytes = 4096
    private let connection: DatabaseQueue
    private let queue = DispatchQueue(label: "rolloutd.ledger.checkpoint", qos: .utility)
    private let state = Mutex(State())

    /// Opens a connection of its own to the database.
    init(path: String, configuration: Configuration) throws {
        var configuration = configuration
        configuration.label = "rolloutd.ledger.checkpoint"
        connection = try DatabaseQueue(path: path, configuration: configuration)
    }

    /// Says that the writer has committed about so many bytes; begins a checkpoint when enough have gathered.
    func committed(bytes: Int) {
        let mustStart = state.withLock { state in
            state.bytesSince += bytes
            state.logBytes += bytes
            guard state.bytesSince >= Limits.logBytesPerCheckpoint, !state.isRunning, !state.isClosed else {
                return false
            }
            state.bytesSince = 0
            state.isRunning = true
            return true
        }
        if mustStart { queue.async { [self] in run() } }
    }

    /// Whether the log has reached its bound.
    var isOverBound: Bool { state.withLock { $0.logBytes >= $0.bound } }

    /// Copies what is left, on the writer's connection and between two transactions, after a checkpoint that is running. A disk
    /// that is full or fails says so at the next commit.
    func finish(_ db: Database) {
        // Only the writer begins checkpoints, so none begins meanwhile.
        queue.sync {}
        let result = try? db.checkpoint(.passive)
        state.withLock { state in
            if let result, result.walFrameCount == result.checkpointedFrameCount {
                // The next commit begins the log anew, unless a reader is in it just then; the next checkpoint will tell.
                state.logBytes = 0
                state.bound = Limits.logBytesMax
            } else {
                // An old snapshot (an export, a backup) keeps what it reads in the log; trying at each commit would not help.
                state.bound = state.logBytes + Limits.logBytesPerCheckpoint
            }
        }
    }

    /// Waits for a checkpoint that is running and closes the connection.
    func close() throws {
        state.withLock { $0.isClosed = true }
        try queue.sync { try connection.close() }
    }

    private func run() {
        let result = try? connection.writeWithoutTransaction { db in try db.checkpoint(.passive) }
        state.withLock { state in
            state.isRunning = false
            // What was written meanwhile is behind the frames that the checkpoint knew.
            if let result { state.logBytes = result.walFrameCount * Self.pageBytes + state.bytesSince }
        }
    }
}
