// `rolloutd backup` and `check`: the ledger without a server.
import ArgumentParser
import Domain
import Foundation
import Storage

/// The flag that names a database that must exist.
struct DatabaseOption: ParsableArguments {
    @Option(help: "The SQLite database file. [ROLLOUTD_DATABASE]")
    var database: String = ProcessInfo.processInfo.environment["ROLLOUTD_DATABASE"] ?? "data/rolloutd.sqlite"

    /// Opens the database; it must be there already.
    func openExisting() throws -> Ledger {
        guard FileManager.default.fileExists(atPath: database) else {
            throw ValidationError("there is no database \(database); name one with --database")
        }
        return try Ledger.open(at: database, clock: .system, identifiers: .system)
    }
}

struct BackupCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "backup", abstract: "Copy the database while the service runs.",
        discussion: """
            The copy is consistent. Checkpoint files lie beside the database; copy that directory after the database.

            Example:
              rolloutd backup --to backup.sqlite && cp -r data/rolloutd.sqlite.checkpoints backup.sqlite.checkpoints
            """)

    @OptionGroup var database: DatabaseOption
    @Option(help: "The file to write; must not exist.") var to: String

    func run() async throws {
        guard !FileManager.default.fileExists(atPath: to) else { throw ValidationError("\(to) exists already") }
        let ledger = try database.openExisting()
        try await ledger.backup(to: to)
        try await ledger.close()
        print("copied to \(to)")
    }
}

struct CheckCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "check", abstract: "Verify the invariants of a database; prints what is wrong.")

    @OptionGroup var database: DatabaseOption

    func run() async throws {
        let ledger = try database.openExisting()
        let faults = try await ledger.check()
        try await ledger.close()
        for fault in faults { print(fault) }
        guard faults.isEmpty else { throw ExitCode(1) }
        print("ok: \(database.database) holds all its invariants")
    }
}
