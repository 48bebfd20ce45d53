// The database's schema as an ordered list of SQL files, embedded in the binary. No logic: Storage applies them.

/// One step from one schema to the next.
package struct Migration: Sendable {
    /// Its place in the order, from 1 without gaps; SQLite's `user_version` after it was applied.
    package let number: Int
    /// The file's name without extension, as `m0001_init`.
    package let name: String
    /// Statements that run in one transaction.
    package let sql: String

    fileprivate init(_ number: Int, _ name: String, _ bytes: [UInt8]) {
        self.number = number
        self.name = name
        sql = String(decoding: bytes, as: UTF8.self)
    }
}

/// All migrations, oldest first.
package let allMigrations: [Migration] = [
    Migration(1, "m0001_init", PackageResources.m0001_init_sql),
    Migration(2, "m0002_update_provenance", PackageResources.m0002_update_provenance_sql),
    Migration(3, "m0003_demonstrations", PackageResources.m0003_demonstrations_sql),
    Migration(4, "m0004_retention", PackageResources.m0004_retention_sql),
    Migration(5, "m0005_access", PackageResources.m0005_access_sql),
    Migration(6, "m0006_visible_leases", PackageResources.m0006_visible_leases_sql),
    Migration(7, "m0007_listing_indexes", PackageResources.m0007_listing_indexes_sql),
    Migration(8, "m0008_events", PackageResources.m0008_events_sql),
    Migration(9, "m0009_atropos", PackageResources.m0009_atropos_sql),
    Migration(10, "m0010_evaluations", PackageResources.m0010_evaluations_sql),
    Migration(11, "m0011_kept_tokens", PackageResources.m0011_kept_tokens_sql),
    Migration(12, "m0012_packed_tasks", PackageResources.m0012_packed_tasks_sql),
    Migration(13, "m0013_evaluation_conduct", PackageResources.m0013_evaluation_conduct_sql),
]
