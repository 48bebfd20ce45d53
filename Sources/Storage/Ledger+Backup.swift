// An online backup: one consistent file, made while the service runs.
import Domain
import Foundation
import GRDB

extension Ledger {
    /// Copies the ledger, as of now, into a new file; the writer is not held up.
    ///
    /// The copy is written under a temporary name beside the target, synced, verified to open, and then renamed, so a file
    /// of the target's name is always a whole backup. Throws `LedgerError.cannotOpen` when the target exists.
    package func backup(to path: String) async throws {
        try await onQueue(codecQueue) { [pool] in
            let manager = FileManager.default
            guard !manager.fileExists(atPath: path) else {
                throw LedgerError.cannotOpen("\(path) exists; name a new file for the backup")
            }
            let partial = path + ".partial"
            do {
                try translatingErrors {
                    try removeDatabase(partial)
                    let copy = try DatabaseQueue(path: partial)
                    try pool.backup(to: copy)
                    // One file that needs no companions: out of write-ahead mode, which also syncs it.
                    try copy.writeWithoutTransaction { db in
                        try db.execute(sql: "PRAGMA synchronous = FULL")
                        try db.execute(sql: "PRAGMA journal_mode = DELETE")
                        guard try Int.fetchOne(db, sql: "PRAGMA application_id") == ledgerApplicationID else {
                            throw LedgerError.corrupt("the copy is no ledger")
                        }
                    }
                    try copy.close()
                }
                try manager.moveItem(atPath: partial, toPath: path)
            } catch {
                try removeDatabase(partial)
                if error is LedgerError { throw error }
                throw LedgerError.cannotOpen("the backup \(path) cannot be written: \(error)")
            }
        }
    }
}

extension Ledger {
    /// The files of the checkpoints that a backup names, oldest first; the backup is not changed.
    package static func checkpointNames(inBackup path: String) async throws -> [String] {
        try translatingErrors {
            var configuration = Configuration()
            configuration.readonly = true
            let queue = try DatabaseQueue(path: path, configuration: configuration)
            defer { try? queue.close() }
            return try queue.read { db in
                try String.fetchAll(db, sql: "SELECT path FROM checkpoints ORDER BY version")
            }
        }
    }

    /// Whether a process has the ledger open. In write-ahead mode every open connection holds a shared lock, so an exclusive
    /// one can be had only when there is none.
    package static func isInUse(at path: String) throws -> Bool {
        var configuration = Configuration()
        configuration.busyMode = .immediateError
        do {
            let queue = try DatabaseQueue(path: path, configuration: configuration)
            defer { try? queue.close() }
            try queue.writeWithoutTransaction { db in
                try db.execute(sql: "PRAGMA locking_mode = EXCLUSIVE")
                try db.execute(sql: "BEGIN EXCLUSIVE; ROLLBACK")
            }
            return false
        } catch let error as DatabaseError where [.SQLITE_BUSY, .SQLITE_LOCKED].contains(error.resultCode) {
            return true
        } catch { throw LedgerError.translating(error) }
    }
}

/// Removes a database file and its companions, if there are any.
private func removeDatabase(_ path: String) throws {
    let manager = FileManager.default
    for suffix in ["", "-wal", "-shm", "-journal"] where manager.fileExists(atPath: path + suffix) {
        try manager.removeItem(atPath: path + suffix)
    }
}
