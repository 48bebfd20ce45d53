// `rolloutd export` and `check`: the ledger without a server.
import ArgumentParser
import Domain
import Foundation
import Storage
import StrictJSON

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

struct ExportCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "export", abstract: "Print stored rollouts as NDJSON, oldest first.",
        discussion: "Example:\n  rolloutd export --dataset mine > rollouts.ndjson")

    @OptionGroup var database: DatabaseOption
    @Option(help: "Only rollouts of this data set.") var dataset: String?
    @Option(help: "Only rollouts of this status.") var status: String?

    func run() async throws {
        let wanted = try status.map { name in
            guard let status = RolloutStatus(rawValue: name) else {
                throw ValidationError(
                    "--status must be one of \(RolloutStatus.allCases.map(\.rawValue).joined(separator: ", "))")
            }
            return status
        }
        let ledger = try database.openExisting()
        var cursor: Int64? = 0
        while let from = cursor {
            let page = try await ledger.exportRollouts(
                matching: RolloutFilter(status: wanted, dataset: dataset), from: from, limit: Limits.pageRowsMax)
            for rollout in page.rollouts {
                FileHandle.standardOutput.write(Data(rollout.json.serialized() + [UInt8(ascii: "\n")]))
            }
            cursor = page.nextCursor
        }
        try await ledger.close()
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
