// `rolloutd backup` and `restore`: a whole copy of a ledger that may be in use, and the way back.
import ArgumentParser
import Domain
import Foundation
import Service
import Storage

struct BackupCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "backup", abstract: "Copy the database and its checkpoints while the service runs.",
        discussion: """
            The copy is consistent: BACKUP, and BACKUP.checkpoints/ with the checkpoints that it names (links, where the file
            system allows it). A running server does the same for POST /admin/backup.

            Example:
              rolloutd backup --to /backup/rolloutd.sqlite
            """)

    @OptionGroup var database: DatabaseOption
    @Option(help: "The file to write; must not exist.") var to: String

    func run() async throws {
        guard !FileManager.default.fileExists(atPath: to) else { throw ValidationError("\(to) exists already") }
        let ledger = try database.openExisting()
        try await LedgerBackup.make(ledger, checkpoints: database.database + ".checkpoints", to: to)
        try await ledger.close()
        print("copied to \(to)")
    }
}

struct RestoreCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "restore", abstract: "Put a backup in the place of a database that no process has open.",
        discussion: """
            The backup is checked first and copied whole before anything is moved. What was there is kept: it is moved aside,
            with its checkpoints, under the name that is printed.

            Example:
              rolloutd restore --from /backup/rolloutd.sqlite --database data/rolloutd.sqlite
            """)

    @Option(help: "The backup's file.") var from: String
    @Option(help: "The database to put in its place. [ROLLOUTD_DATABASE]")
    var database: String = ProcessInfo.processInfo.environment["ROLLOUTD_DATABASE"] ?? "data/rolloutd.sqlite"

    func run() async throws {
        try makeParentDirectory(of: database)
        let now = WallClock.system.now().rfc3339.filter { $0.isNumber || $0 == "T" }
        let aside = try await LedgerBackup.restore(
            from: from, to: database, clock: .system, identifiers: .system, suffix: ".before-" + now)
        if let aside { print("what was there is now \(aside)") }
        print("restored \(database) from \(from); start the server as before")
    }
}
