// What can keep the ledger from doing its work, each with what to do about it. A client's fault is an InputError instead.
import Domain
import GRDB

/// Why the ledger refused or failed; nothing of the operation was stored.
package enum LedgerError: Error, Sendable, Equatable, CustomStringConvertible {
    /// The queue before the writer is full; come back after that many seconds.
    case busy(retryAfterSeconds: Double)
    /// Too many rollouts wait for a judge.
    case backlog(queued: Int, limit: Int, retryAfterSeconds: Double)
    /// The database is beyond its budget and retention can delete nothing more.
    case overBudget(bytes: Int64, budget: Int64, retryAfterSeconds: Double)
    /// Too many rollouts of one key wait for a judge.
    case keyBacklog(queued: Int, limit: Int, retryAfterSeconds: Double)
    /// A queue of trajectories is full; the text says which.
    case queueFull(String, retryAfterSeconds: Double)
    /// The disk, or the file's quota, is full.
    case diskFull
    /// The file or its directory cannot be written.
    case readOnly
    /// The file is damaged, or is no SQLite database.
    case corrupt(String)
    /// Another process holds the database.
    case locked
    /// The disk failed.
    case inputOutput(String)
    /// The file cannot be opened; the message says why and what to do.
    case cannotOpen(String)
    /// A newer binary has migrated the database.
    case newerSchema(found: Int, known: Int)
    /// An applied migration is not the one this binary holds.
    case changedMigration(String)
    /// An update names a group that no update may consume (any more).
    case groupNotReady(GroupID, status: String)
    /// An update or policy does not follow the newest one.
    case versionGap(expected: PolicyVersion, got: PolicyVersion)
    /// The operation would have broken an invariant; a bug of ours.
    case invariant(String)
    /// The ledger was closed.
    case closed

    /// What happened and what to do, in words for a log or an operator.
    package var description: String {
        switch self {
        case .busy(let seconds): "too many writes are waiting; try again in \(seconds) s"
        case .backlog(let queued, let limit, let seconds):
            "\(queued) rollouts are waiting for a verdict (limit \(limit)); try again in \(seconds) s"
        case .overBudget(let bytes, let budget, let seconds):
            "the database holds \(bytes) bytes of \(budget) and nothing in it may be deleted yet; "
                + "raise retention_bytes, or try again in \(seconds) s"
        case .keyBacklog(let queued, let limit, let seconds):
            "\(queued) rollouts of this key are waiting for a verdict (its quota is \(limit)); try again in \(seconds) s"
        case .queueFull(let what, let seconds): "\(what); try again in \(seconds) s"
        case .diskFull:
            "the disk of the database is full; free space or move the database; nothing was lost, writing goes on then"
        case .readOnly: "the database cannot be written; check the owner and mode of the file and of its directory"
        case .corrupt(let detail):
            "the database is damaged (\(detail)); stop, keep a copy of the file, and restore the last backup"
        case .locked: "another process holds the database; stop it, or wait until its backup ends"
        case .inputOutput(let detail): "the disk of the database failed (\(detail)); check the system's log"
        case .cannotOpen(let detail): detail
        case .newerSchema(let found, let known):
            "the database has schema \(found), this binary knows up to \(known); upgrade rolloutd or restore a backup"
        case .changedMigration(let name):
            "the applied migration \(name) differs from this binary's; use the binary that made the database"
        case .groupNotReady(let id, let status): "group \(id) cannot be consumed: it is \(status)"
        case .versionGap(let expected, let got): "the next policy version is \(expected), not \(got)"
        case .invariant(let detail): "the ledger refused an inconsistent change (\(detail)); please report it"
        case .closed: "the ledger is closed"
        }
    }

    /// After how many seconds another try makes sense, or nil when somebody must act first.
    package var retryAfterSeconds: Double? {
        switch self {
        case .busy(let seconds), .backlog(_, _, let seconds), .keyBacklog(_, _, let seconds),
            .overBudget(_, _, let seconds), .queueFull(_, let seconds):
            seconds
        case .diskFull, .locked, .inputOutput: 10
        default: nil
        }
    }
}

extension LedgerError {
    /// The error as callers see it: ours and the client's pass, SQLite's are put in our words.
    static func translating(_ error: any Error) -> any Error {
        guard let error = error as? DatabaseError else { return error }
        let detail = error.message ?? "result code \(error.resultCode.rawValue)"
        switch error.resultCode {
        case .SQLITE_FULL: return LedgerError.diskFull
        case .SQLITE_READONLY, .SQLITE_PERM: return LedgerError.readOnly
        case .SQLITE_CORRUPT, .SQLITE_NOTADB: return LedgerError.corrupt(detail)
        case .SQLITE_BUSY, .SQLITE_LOCKED: return LedgerError.locked
        case .SQLITE_IOERR: return LedgerError.inputOutput(detail)
        case .SQLITE_CANTOPEN: return LedgerError.cannotOpen("the database cannot be opened: \(detail)")
        case .SQLITE_MISUSE where detail.contains("closed"): return LedgerError.closed
        default: return LedgerError.invariant(detail)
        }
    }
}

/// Runs the body and puts SQLite's errors in our words.
func translatingErrors<T>(_ body: () throws -> T) throws -> T {
    do {
        return try body()
    } catch {
        throw LedgerError.translating(error)
    }
}
