// Brings a database to this binary's schema, or refuses it. The SQL itself is in migrations/.
import Domain
import GRDB
import SchemaMigrations

extension Ledger {
    /// The number of this binary's last migration.
    package static var schemaNumber: Int { allMigrations.last?.number ?? 0 }

    /// Applies what is missing, each migration in one transaction; throws when the database is not ours or is newer.
    static func migrate(_ db: Database, now: Timestamp, migrations: [Migration] = allMigrations) throws {
        try refuseForeignDatabase(db)
        let found = try Int.fetchOne(db, sql: "PRAGMA user_version") ?? 0
        let known = migrations.last?.number ?? 0
        guard found <= known else { throw LedgerError.newerSchema(found: found, known: known) }
        try db.inTransaction(.immediate) {
            try db.execute(
                sql: """
                    CREATE TABLE IF NOT EXISTS schema_migrations (
                        number INTEGER PRIMARY KEY, name TEXT NOT NULL, digest TEXT NOT NULL, applied_at INTEGER NOT NULL
                    ) STRICT
                    """)
            try db.execute(sql: "PRAGMA application_id = \(ledgerApplicationID)")
            return .commit
        }
        for migration in migrations {
            let digest = ContentHash.of(migration.sql.utf8).hexadecimal
            let row = try Row.fetchOne(
                db, sql: "SELECT name, digest FROM schema_migrations WHERE number = ?", arguments: [migration.number])
            if let row {
                guard row["digest"] == digest else { throw LedgerError.changedMigration(row["name"]) }
                continue
            }
            try db.inTransaction(.immediate) {
                try db.execute(sql: migration.sql)
                try db.execute(
                    sql: "INSERT INTO schema_migrations VALUES (?, ?, ?, ?)",
                    arguments: [migration.number, migration.name, digest, now.milliseconds])
                try db.execute(sql: "PRAGMA user_version = \(migration.number)")
                return .commit
            }
        }
    }

    /// A file with tables of somebody else's must not be migrated into a ledger.
    private static func refuseForeignDatabase(_ db: Database) throws {
        let tables = try Int.fetchOne(db, sql: "SELECT count(*) FROM sqlite_schema") ?? 0
        let application = try Int.fetchOne(db, sql: "PRAGMA application_id") ?? 0
        guard tables == 0 || application == ledgerApplicationID else {
            throw LedgerError.cannotOpen("the file is another program's SQLite database; name another file")
        }
    }
}
