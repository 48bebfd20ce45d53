// Looking into a ledger that belongs to somebody else: another server's, or that of a run that has ended. It is opened for
// reading alone: nothing is migrated, nobody is held up, nothing is written.
import Dispatch
import Domain
import Foundation
import GRDB
import Glibc
import SchemaMigrations

/// A ledger's file as a reader sees it.
package struct LedgerFile: Sendable {
    /// What differs when somebody has written.
    package struct Stamp: Sendable, Equatable {
        package var device: UInt64
        package var inode: UInt64
        package var bytes: Int64
        package var modified: Int64
        /// Of the write-ahead log; 0 where there is none.
        package var logBytes: Int64
        package var logModified: Int64
    }

    /// Readers take turns: a page that asks for many ledgers must not take every thread.
    private static let queue = DispatchQueue(label: "rolloutd.ledger.others", qos: .utility)
    /// Tries to read a file that changes meanwhile.
    private static let tries = 3

    package let path: String

    package init(path: String) { self.path = path }

    /// What the file is like now; nil where there is no regular file.
    package var stamp: Stamp? {
        guard let file = Self.status(of: path) else { return nil }
        let log = Self.status(of: path + "-wal")
        return Stamp(
            device: UInt64(file.st_dev), inode: UInt64(file.st_ino), bytes: Int64(file.st_size),
            modified: Self.nanoseconds(file), logBytes: log.map { Int64($0.st_size) } ?? 0,
            logModified: log.map(Self.nanoseconds) ?? 0)
    }

    /// How far its run is. Throws `LedgerError` when it is no ledger, damaged, or newer than this binary.
    package func outline() async throws -> RunOutline { try await read { db in try db.runOutline() } }

    /// Its updates that made these versions, as far as they are there, without what they can be made again from.
    package func updates(at versions: [Int]) async throws -> [UpdateRecord] {
        try await read { db in try db.updates(at: versions) }
    }

    private func read<T: Sendable>(_ body: @escaping @Sendable (Database) throws -> T) async throws -> T {
        try await onQueue(Self.queue) {
            for _ in 0..<Self.tries {
                guard let before = stamp else { throw LedgerError.cannotOpen("the file is gone") }
                // Without a log nobody is writing, and SQLite need not lock, nor make files beside it, if it is told so.
                // Whoever begins meanwhile changes the stamp, and then nothing counts that was read.
                let isAlone = before.logBytes == 0
                let result = Result { try translatingErrors { try Self.open(path, isAlone: isAlone, body) } }
                if !isAlone || stamp == before { return try result.get() }
            }
            throw LedgerError.cannotOpen("the file changed while it was read; look again")
        }
    }

    private static func open<T>(_ path: String, isAlone: Bool, _ body: (Database) throws -> T) throws -> T {
        var configuration = Configuration()
        configuration.label = "rolloutd.ledger.others"
        configuration.readonly = true
        configuration.busyMode = .timeout(0.1)
        configuration.prepareDatabase { db in
            // A file from elsewhere is data, whatever its schema says.
            try db.execute(sql: "PRAGMA trusted_schema = OFF; PRAGMA cell_size_check = ON; PRAGMA temp_store = MEMORY")
        }
        let database = try DatabaseQueue(
            path: isAlone ? "file:\(encoded(path))?immutable=1" : path, configuration: configuration)
        defer { try? database.close() }
        return try database.read { db in
            guard try Int.fetchOne(db, sql: "PRAGMA application_id") == ledgerApplicationID else {
                throw LedgerError.cannotOpen("it is no ledger of rolloutd's")
            }
            // A view in a table's place could compute for ever.
            let tables = try Int.fetchOne(
                db,
                sql: "SELECT count(*) FROM sqlite_schema WHERE type = 'table' AND name IN ('updates', 'evaluations')")
            guard tables == 2 else { throw LedgerError.cannotOpen("it has no tables of updates and evaluations") }
            return try body(db)
        }
    }

    /// The path in a URI: whatever could end it or mean something in it, by its number.
    private static func encoded(_ path: String) -> String {
        path.addingPercentEncoding(withAllowedCharacters: .urlPathAllowed.subtracting(CharacterSet(charactersIn: ";")))
            ?? path
    }

    private static func status(of path: String) -> stat? {
        var status = stat()
        guard stat(path, &status) == 0, status.st_mode & S_IFMT == S_IFREG else { return nil }
        return status
    }

    private static func nanoseconds(_ status: stat) -> Int64 {
        Int64(status.st_mtim.tv_sec) &* 1_000_000_000 &+ Int64(status.st_mtim.tv_nsec)
    }
}

extension Ledger {
    /// How far this ledger's own run is.
    package func runOutline() async throws -> RunOutline { try await read { db in try db.runOutline() } }

    /// The updates that made these versions, as far as they are there, without what they can be made again from.
    package func updates(at versions: [Int]) async throws -> [UpdateRecord] {
        try await read { db in try db.updates(at: versions) }
    }
}

extension Database {
    fileprivate func runOutline() throws -> RunOutline {
        let schema = try Int.fetchOne(self, sql: "PRAGMA user_version") ?? 0
        let known = allMigrations.last?.number ?? 0
        guard schema <= known else { throw LedgerError.newerSchema(found: schema, known: known) }
        var outline = RunOutline(schema: schema, whole: nil, newest: nil, evaluations: [])
        // Two queries: each is one look at an end of the primary key.
        if let first = try integer("SELECT min(version) FROM updates"),
            let last = try integer("SELECT max(version) FROM updates"), first >= 0, first <= last,
            last <= Int64(Int32.max)
        {
            outline.whole = Int(first)...Int(last)
            // Stages record different numbers, and a rollback hardly any.
            let some = Set((0...7).map { Int(first) + $0 * Int(last - first) / 7 }).sorted()
            let updates = try updates(at: some)
            outline.newest = updates.last
            outline.metrics = updates.flatMap(\.metrics).map(\.name).reduce(into: []) {
                if !$0.contains($1) { $0.append($1) }
            }
        }
        outline.evaluations = try rows(
            """
            SELECT version, kind, prompts, samples, greedy_accuracy, average_accuracy, pass_at_k, undetermined,
                learning_seconds, created_at
            FROM evaluations WHERE kind IN ('all', 'math', 'code') ORDER BY seq DESC LIMIT ?
            """, [Limits.runEvaluationsMax]
        ).reversed().map { row in
            EvaluationRecord(
                version: PolicyVersion(try row.value("version")), kind: try row.value("kind"),
                prompts: try row.value("prompts"), samples: try row.value("samples"),
                greedyAccuracy: try row.value("greedy_accuracy"),
                averageAccuracy: try row.number("average_accuracy"), passAtK: try row.number("pass_at_k"),
                undetermined: try row.value("undetermined"), learningSeconds: try row.value("learning_seconds"),
                createdAt: Timestamp(milliseconds: try row.value("created_at")))
        }
        return outline
    }

    fileprivate func updates(at versions: [Int]) throws -> [UpdateRecord] {
        try versions.compactMap { version in
            let row = try row(
                """
                SELECT version, objective, CASE WHEN length(metrics) <= ? THEN metrics END AS metrics, created_at
                FROM updates WHERE version = ?
                """, [Limits.updateMetricsLengthMax, version])
            return try row.map { row in
                UpdateRecord(
                    version: PolicyVersion(try row.value("version")),
                    createdAt: Timestamp(milliseconds: try row.value("created_at")),
                    objective: try row.value("objective"), metrics: try decodeMetrics(row.value("metrics")))
            }
        }
    }
}

extension Row {
    /// A column's value; a file from elsewhere may hold anything, which must not end the process.
    fileprivate func value<T: DatabaseValueConvertible>(_ column: String) throws -> T {
        let stored: DatabaseValue = self[column]
        guard let value = T.fromDatabaseValue(stored) else { throw LedgerError.corrupt("\(column) holds \(stored)") }
        return value
    }

    /// A number, or nil where it is NULL.
    fileprivate func number(_ column: String) throws -> Double? {
        let stored: DatabaseValue = self[column]
        return stored.isNull ? nil : try value(column)
    }
}
