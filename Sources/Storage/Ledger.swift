// The durable record of prompts, rollouts, verdicts, policies and updates. This file opens and closes it; its other
// facets (Ledger+Intake, +Leases, +Scoring, +Learning, ...) read and write it. No SQL type leaves this module.
import Dispatch
import Domain
import GRDB
import Synchronization

/// How a ledger is opened.
package struct LedgerOptions: Sendable {
    /// Connections that read beside the writer; each keeps a cache of up to 16 MiB.
    package var readers: Int
    /// Seconds to wait for another process (a backup tool, a second `rolloutd`) that holds the database.
    package var busySeconds: Double
    /// Writes that may wait before callers are told to come back.
    package var pendingWritesMax: Int
    /// Writes that share one transaction, at most.
    package var writesPerTransactionMax: Int
    /// Rollouts waiting for a judge before intake refuses more.
    package var scoringQueueMax: Int
    /// Whether what is deleted is overwritten with zeros in the file.
    package var securelyDeletes: Bool

    package init(
        readers: Int = 4, busySeconds: Double = 5, pendingWritesMax: Int = Limits.pendingWritesMax,
        writesPerTransactionMax: Int = Limits.writesPerTransactionMax, scoringQueueMax: Int = Limits.scoringQueueMax,
        securelyDeletes: Bool = false
    ) {
        self.readers = readers
        self.busySeconds = busySeconds
        self.pendingWritesMax = pendingWritesMax
        self.writesPerTransactionMax = writesPerTransactionMax
        self.scoringQueueMax = scoringQueueMax
        self.securelyDeletes = securelyDeletes
    }
}

/// One database with one writer and several readers beside it.
///
/// A write returns only after it is on disk (WAL, `synchronous=FULL`); writes that wait at the same moment share one
/// transaction, each in a savepoint of its own, so that one failing leaves the others whole. Reads see a snapshot. All
/// blocking work runs on Dispatch queues, none on the cooperative pool.
///
/// Methods throw `LedgerError` when the ledger cannot do its work, and `InputError` when the caller asked for something
/// that cannot be.
package final class Ledger: Sendable {
    let pool: DatabasePool
    let writer: WriteQueue
    private let checkpoints: LogCheckpoints
    let clock: WallClock
    let identifiers: IdentifierSource
    let options: LedgerOptions
    /// Encoding, decoding and hashing of token arrays; bounded by the number of cores through Dispatch.
    let codecQueue = DispatchQueue(label: "rolloutd.ledger.codec", attributes: .concurrent)

    /// Whose turn before the judges it is; a restart begins a new round.
    let turns = Mutex(ScoringTurns())
    /// Which answers about trajectories have gone out.
    let deliveries = TrajectoryDeliveries()
    /// Why new rollouts are refused, when retention cannot make room.
    let intakeBarrier = Mutex<BudgetExcess?>(nil)

    private init(
        pool: DatabasePool, checkpoints: LogCheckpoints, clock: WallClock, identifiers: IdentifierSource,
        options: LedgerOptions
    ) {
        self.pool = pool
        self.clock = clock
        self.identifiers = identifiers
        self.options = options
        self.checkpoints = checkpoints
        writer = WriteQueue(pool: pool, checkpoints: checkpoints, options: options, clock: clock)
    }

    /// Opens the database file, creates it when it is missing, and brings its schema up to date.
    ///
    /// Blocks until migrations are applied. Throws `LedgerError` when the directory is missing, the file is no ledger, it
    /// is damaged, or a newer binary has migrated it.
    package static func open(
        at path: String, clock: WallClock, identifiers: IdentifierSource, options: LedgerOptions = .init()
    ) throws -> Ledger {
        let (pool, checkpoints) = try openPool(at: path, options: options, now: clock.now())
        return Ledger(pool: pool, checkpoints: checkpoints, clock: clock, identifiers: identifiers, options: options)
    }

    /// Finishes the writes that wait, refuses new ones with `LedgerError.closed`, folds the log into the database, and
    /// closes the file.
    package func close() async throws {
        await writer.close()
        try await onQueue(codecQueue) { [pool, checkpoints] in
            try translatingErrors { try checkpoints.close() }
            // A reader that is still at work keeps the log as it is; what is in it is safe, and the next start reads it.
            _ = try? pool.writeWithoutTransaction { db in try Row.fetchOne(db, sql: "PRAGMA wal_checkpoint(TRUNCATE)") }
            try translatingErrors { try pool.close() }
        }
    }

    /// How many writes were made and how many transactions they took since the ledger was opened.
    package var writeStatistics: WriteStatistics { writer.statistics }

    /// Tells someone of every commit from now on: what it changed, and what it cost. Called on the writer's queue after the
    /// callers of its writes have gone on; must return quickly. One watcher: a later one replaces it.
    package func watch(_ tell: @escaping @Sendable (CommitNews, CommitFigures) -> Void) { writer.watch(tell) }
}

extension Ledger {
    /// Runs a read on a snapshot, beside the writer.
    func read<T: Sendable>(_ body: @escaping @Sendable (Database) throws -> T) async throws -> T {
        do {
            return try await pool.read(body)
        } catch {
            throw LedgerError.translating(error)
        }
    }

    /// Runs a write in the next shared transaction and returns once it is durable.
    func write<T: Sendable>(
        _ kind: WriteQueue.Kind = .upkeep, bytes: Int = 0, _ body: @escaping @Sendable (Database) throws -> T
    ) async throws -> T {
        try await writer.perform(kind, bytes: bytes, body)
    }
}

/// Runs blocking or heavy work on a Dispatch queue, so that the cooperative pool stays free.
func onQueue<T: Sendable>(_ queue: DispatchQueue, _ body: @escaping @Sendable () throws -> T) async throws -> T {
    try await withCheckedThrowingContinuation { continuation in
        queue.async { continuation.resume(with: Result { try body() }) }
    }
}
