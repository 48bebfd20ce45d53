// The one writer with group commit. Knows transactions, not what is written.
//
//     callers ──▶ bounded queue ──▶ one transaction of up to N writes, each in a savepoint ──▶ fsync ──▶ callers go on
import Dispatch
import Domain
import GRDB
import Synchronization

/// What the writer has done since the ledger was opened.
package struct WriteStatistics: Sendable, Equatable {
    /// Writes whose transaction was committed.
    package var writes = 0
    /// Transactions committed; fewer than writes when writers shared them.
    package var transactions = 0
    /// Writes waiting now.
    package var pending = 0
    /// Bytes that those announced.
    package var pendingBytes = 0
    /// Transactions whose changes could not be told to watchers; what they stored is stored.
    package var untold = 0
}

/// Queues writes and commits those that wait together.
final class WriteQueue: Sendable {
    /// Who writes: intake is turned away first, so that verdicts and updates still find room when clients flood us.
    enum Kind { case intake, upkeep }

    /// What a write that says no size puts into the log, about: a few pages.
    private static let smallWriteBytes = 32_768

    private struct State {
        var pending: [any PendingWrite] = []
        var pendingBytes = 0
        var isDraining = false
        var isClosed = false
        var statistics = WriteStatistics()
    }

    /// In a struct, because a function that is itself a generic value is wrapped once more each time that `withLock` puts
    /// it back: a call after n commits went through n wrappers, down to the end of the stack.
    private struct Watcher {
        /// Called on the writer's queue after each commit, when its callers have gone on; must return quickly.
        var tell: (@Sendable (CommitNews, CommitFigures) -> Void)?
    }

    private let pool: DatabasePool
    private let options: LedgerOptions
    private let checkpoints: LogCheckpoints
    private let queue = DispatchQueue(label: "rolloutd.ledger.writer", qos: .userInitiated)
    private let state = Mutex(State())
    private let clock: WallClock
    private let watcher = Mutex(Watcher())

    init(pool: DatabasePool, checkpoints: LogCheckpoints, options: LedgerOptions, clock: WallClock) {
        self.pool = pool
        self.checkpoints = checkpoints
        self.options = options
        self.clock = clock
    }

    /// Tells someone of every commit from now on.
    func watch(_ tell: @escaping @Sendable (CommitNews, CommitFigures) -> Void) { watcher.withLock { $0.tell = tell } }

    var statistics: WriteStatistics {
        state.withLock { state in
            var copy = state.statistics
            copy.pending = state.pending.count
            copy.pendingBytes = state.pendingBytes
            return copy
        }
    }

    /// Queues a write of about `bytes` and returns its result after the transaction that holds it is durable.
    ///
    /// Throws what the body threw (its savepoint is undone, the others' are not), or `LedgerError` when the transaction
    /// failed and nothing of it was stored.
    func perform<T: Sendable>(
        _ kind: Kind, bytes: Int, _ body: @escaping @Sendable (Database) throws -> T
    ) async throws -> T {
        try await withCheckedThrowingContinuation { continuation in
            let write = Write(bytes: bytes, body: body, continuation: continuation)
            if let refusal = enqueue(write, kind) { continuation.resume(throwing: refusal) }
        }
    }

    /// Refuses new writes and returns when those that waited are done.
    func close() async {
        state.withLock { $0.isClosed = true }
        await withCheckedContinuation { continuation in
            queue.async { continuation.resume() }
        }
    }

    private func enqueue(_ write: any PendingWrite, _ kind: Kind) -> LedgerError? {
        let (refusal, mustStart) = state.withLock { state -> (LedgerError?, Bool) in
            if state.isClosed { return (.closed, false) }
            let room = kind == .intake ? options.pendingWritesMax : 2 * options.pendingWritesMax
            let isOverBytes = kind == .intake && state.pendingBytes + write.bytes > Limits.pendingWriteBytesMax
            if state.pending.count >= room || (isOverBytes && !state.pending.isEmpty) {
                return (.busy(retryAfterSeconds: 1), false)
            }
            state.pending.append(write)
            state.pendingBytes += write.bytes
            let mustStart = !state.isDraining
            state.isDraining = true
            return (nil, mustStart)
        }
        if mustStart { queue.async { [self] in drain() } }
        return refusal
    }

    private func drain() {
        while let batch = takeBatch() {
            let start = ContinuousClock.now
            let failure = commit(batch)
            let end = ContinuousClock.now
            if failure == nil {
                state.withLock { state in
                    state.statistics.writes += batch.count
                    state.statistics.transactions += 1
                }
            }
            for write in batch { write.finish(failure: failure) }
            guard failure == nil else { continue }
            tell(batch, start, end)
            checkpoints.committed(bytes: batch.reduce(0) { $0 + max($1.bytes, Self.smallWriteBytes) })
            if checkpoints.isOverBound { pool.writeWithoutTransaction { checkpoints.finish($0) } }
        }
    }

    /// Hands out what the triggers noted of the transaction that was just committed.
    private func tell(_ batch: [any PendingWrite], _ start: ContinuousClock.Instant, _ end: ContinuousClock.Instant) {
        let figures = CommitFigures(
            waitSeconds: batch.map { ($0.queuedAt.duration(to: start)).seconds },
            commitSeconds: start.duration(to: end).seconds, bytes: batch.reduce(0) { $0 + $1.bytes })
        do {
            let news = try pool.writeWithoutTransaction { [clock] db in try CommitWatch.take(db, at: clock.now()) }
            watcher.withLock { $0.tell }?(news, figures)
        } catch {
            state.withLock { $0.statistics.untold += 1 }
        }
    }

    /// The next writes to share a transaction, bounded by number and bytes; nil when none waits.
    private func takeBatch() -> [any PendingWrite]? {
        state.withLock { state in
            var bytes = 0
            var count = 0
            for write in state.pending.prefix(options.writesPerTransactionMax) {
                if count > 0, bytes + write.bytes > Limits.transactionBytesMax { break }
                bytes += write.bytes
                count += 1
            }
            guard count > 0 else {
                state.isDraining = false
                return nil
            }
            let batch = Array(state.pending.prefix(count))
            state.pending.removeFirst(count)
            state.pendingBytes -= bytes
            return batch
        }
    }

    /// Runs the batch in one transaction; nil when it is durable, otherwise why none of it is.
    private func commit(_ batch: [any PendingWrite]) -> (any Error)? {
        do {
            try pool.writeWithoutTransaction { db in
                try db.inTransaction(.immediate) {
                    for write in batch {
                        let error = write.run(in: db)
                        // A full disk may have undone the whole transaction, earlier writes included.
                        if !db.isInsideTransaction { throw error ?? LedgerError.inputOutput("transaction lost") }
                    }
                    return .commit
                }
            }
            return nil
        } catch {
            return LedgerError.translating(error)
        }
    }
}

/// A queued write whose result type is known to itself alone.
private protocol PendingWrite: Sendable {
    var bytes: Int { get }
    var queuedAt: ContinuousClock.Instant { get }
    /// Runs inside a savepoint and keeps the result; returns the error it kept, if any.
    func run(in db: Database) -> (any Error)?
    /// Resumes the caller with the kept result, or with the failure of the transaction.
    func finish(failure: (any Error)?)
}

private final class Write<T: Sendable>: PendingWrite {
    let bytes: Int
    let queuedAt = ContinuousClock.now
    private let body: @Sendable (Database) throws -> T
    private let continuation: CheckedContinuation<T, any Error>
    private let result = Mutex<Result<T, any Error>?>(nil)

    init(
        bytes: Int, body: @escaping @Sendable (Database) throws -> T, continuation: CheckedContinuation<T, any Error>
    ) {
        self.bytes = bytes
        self.body = body
        self.continuation = continuation
    }

    func run(in db: Database) -> (any Error)? {
        do {
            var value: T?
            try db.inSavepoint {
                value = try body(db)
                return .commit
            }
            guard let value else { throw LedgerError.inputOutput("a write gave no result") }
            result.withLock { $0 = .success(value) }
            return nil
        } catch {
            let translated = LedgerError.translating(error)
            result.withLock { $0 = .failure(translated) }
            return translated
        }
    }

    func finish(failure: (any Error)?) {
        if let failure { return continuation.resume(throwing: failure) }
        let kept = result.withLock { $0 }
        continuation.resume(with: kept ?? .failure(LedgerError.inputOutput("a write was not run")))
    }
}

extension Duration {
    /// The duration in seconds.
    fileprivate var seconds: Double { Double(components.seconds) + Double(components.attoseconds) * 1e-18 }
}
