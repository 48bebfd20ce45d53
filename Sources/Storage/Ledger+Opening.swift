// Opening the file: the PRAGMAs in one list, and refusals that say what to do.
import Domain
import Foundation
import GRDB

/// Set on every connection, in this order. `journal_mode=WAL` is DatabasePool's; `synchronous` is set again after it,
/// because DatabasePool lowers it to NORMAL, with which a power cut loses acknowledged commits.
private let connectionPragmas: [(name: String, value: String, why: String)] = [
    ("foreign_keys", "ON", "off by default in SQLite"),
    ("synchronous", "FULL", "an acknowledged commit survives a power cut"),
    ("wal_autocheckpoint", "0", "LogCheckpoints does it, beside the writer"),
    ("journal_size_limit", "134217728", "a log grown by a burst is cut back to 128 MiB"),
    ("cache_size", "-16384", "16 MiB a connection"),
    ("temp_store", "MEMORY", "sorting writes no files"),
    ("trusted_schema", "OFF", "a tampered schema cannot call functions"),
    ("cell_size_check", "ON", "damaged pages are found when read, not later"),
]

/// "ROLL" in ASCII: tells a ledger from any other SQLite file.
let ledgerApplicationID = 0x524F_4C4C

extension Ledger {
    /// Opens and migrates; sync, for the composition root.
    static func openPool(
        at path: String, options: LedgerOptions, now: Timestamp
    ) throws -> (DatabasePool, LogCheckpoints) {
        try refuseUnusablePath(path)
        return try translatingErrors {
            let pool = try DatabasePool(path: path, configuration: configuration(options))
            do {
                try pool.writeWithoutTransaction { db in
                    try applyPragmas(db)
                    guard try String.fetchOne(db, sql: "PRAGMA journal_mode") == "wal",
                        try Int.fetchOne(db, sql: "PRAGMA synchronous") == 2,
                        try Bool.fetchOne(db, sql: "PRAGMA foreign_keys") == true
                    else {
                        throw LedgerError.cannotOpen("\(path): the file system does not support a write-ahead log")
                    }
                    try migrate(db, now: now)
                    try CommitWatch.install(db)
                }
                return (pool, try LogCheckpoints(path: path, configuration: configuration(options)))
            } catch {
                try pool.close()
                throw error
            }
        }
    }

    private static func configuration(_ options: LedgerOptions) -> Configuration {
        var configuration = Configuration()
        configuration.label = "rolloutd.ledger"
        configuration.maximumReaderCount = max(1, options.readers)
        configuration.busyMode = .timeout(options.busySeconds)
        configuration.qos = .userInitiated
        let securelyDeletes = options.securelyDeletes
        configuration.prepareDatabase { db in
            try applyPragmas(db)
            // Distributions build SQLite with either default.
            try db.execute(sql: "PRAGMA secure_delete = \(securelyDeletes ? "ON" : "OFF")")
        }
        return configuration
    }

    private static func applyPragmas(_ db: Database) throws {
        for pragma in connectionPragmas {
            try db.execute(sql: "PRAGMA \(pragma.name) = \(pragma.value)")
        }
    }

    private static func refuseUnusablePath(_ path: String) throws {
        guard !path.isEmpty, path != ":memory:", !path.hasPrefix("file:") else {
            throw LedgerError.cannotOpen(
                "the database must be a file, not '\(path)'; give a path such as rolloutd.sqlite")
        }
        let directory = (path as NSString).deletingLastPathComponent
        var isDirectory: ObjCBool = false
        let manager = FileManager.default
        if !directory.isEmpty {
            guard manager.fileExists(atPath: directory, isDirectory: &isDirectory), isDirectory.boolValue else {
                throw LedgerError.cannotOpen("\(directory) is no directory; create it first: mkdir -p '\(directory)'")
            }
        }
        if manager.fileExists(atPath: path, isDirectory: &isDirectory), isDirectory.boolValue {
            throw LedgerError.cannotOpen("\(path) is a directory; name a file in it, as \(path)/rolloutd.sqlite")
        }
    }
}
