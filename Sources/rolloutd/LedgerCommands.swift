// `rolloutd check`: the ledger without a server.
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
