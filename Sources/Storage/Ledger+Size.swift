// How large the file is, and giving its free pages back to the file system.
import Domain
import Foundation
import GRDB

extension Ledger {
    /// The size of the database and what of it holds something.
    package func size() async throws -> LedgerSize {
        try await read { db in try db.size() }
    }

    /// Rewrites the file without its free pages; for a ledger that nobody else has open.
    ///
    /// Needs room for a second copy in the directory for temporary files, and for one more in the log. Blocks until it is
    /// done. Throws `LedgerError.locked` when another process has the database open.
    package func vacuum() async throws {
        try await onQueue(codecQueue) { [pool] in
            try translatingErrors {
                try pool.barrierWriteWithoutTransaction { db in
                    // Sorting stays in memory elsewhere; a copy of the whole file must not.
                    try db.execute(sql: "PRAGMA temp_store = FILE")
                    try db.execute(sql: "VACUUM")
                    try db.execute(sql: "PRAGMA temp_store = MEMORY")
                    _ = try db.checkpoint(.truncate)
                }
            }
        }
    }
}

extension Database {
    /// The size of the database and what of it holds something, in this snapshot.
    func size() throws -> LedgerSize {
        let page = try integer("PRAGMA page_size") ?? 0
        return LedgerSize(
            fileBytes: page * (try integer("PRAGMA page_count") ?? 0),
            freeBytes: page * (try integer("PRAGMA freelist_count") ?? 0))
    }
}
