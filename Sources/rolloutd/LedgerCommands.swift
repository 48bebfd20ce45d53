// `rolloutd import`, `export`, `backup` and `check`: the ledger without a server.
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

struct ImportCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "import",
        abstract: "Store prompts from an NDJSON file, each line as an element of POST /v1/prompts.",
        discussion: """
            The same file again changes nothing. Lines that cannot be used are listed with their number; the rest goes in.

            Example:
              echo '{"id":"p1","dataset":"mine","text":"What is 2+2?","task":{"type":"math","answer":"4"}}' > prompts.ndjson
              rolloutd import prompts.ndjson
            """)

    @OptionGroup var database: DatabaseOption
    @Argument(help: "The NDJSON file; - is standard input.") var file: String

    func run() async throws {
        try makeParentDirectory(of: database.database)
        let ledger = try Ledger.open(at: database.database, clock: .system, identifiers: .system)
        guard let handle = file == "-" ? FileHandle.standardInput : FileHandle(forReadingAtPath: file) else {
            throw ValidationError("\(file) cannot be read")
        }
        var importer = PromptImport(ledger: ledger)
        var pending = Data()
        while let chunk = try handle.read(upToCount: 1 << 20), !chunk.isEmpty {
            pending.append(chunk)
            while let newline = pending.firstIndex(of: UInt8(ascii: "\n")) {
                try await importer.take(Array(pending[pending.startIndex..<newline]))
                pending.removeSubrange(pending.startIndex...newline)
            }
        }
        if !pending.isEmpty { try await importer.take(Array(pending)) }
        try await importer.flush()
        try await ledger.close()
        print("\(importer.created) stored, \(importer.known) already there, \(importer.faults) refused")
        if importer.faults > 0 { throw ExitCode(1) }
    }
}

/// Collects lines into batches and counts what became of them.
private struct PromptImport {
    let ledger: Ledger
    var created = 0
    var known = 0
    var faults = 0
    private var line = 0
    private var batch: [(line: Int, submission: PromptSubmission)] = []

    init(ledger: Ledger) { self.ledger = ledger }

    mutating func take(_ bytes: [UInt8]) async throws {
        line += 1
        guard bytes.contains(where: { $0 > 0x20 }) else { return }
        do {
            batch.append((line, try PromptSubmission(json: try JSONValue.parse(bytes, limits: .standard))))
        } catch {
            complain(line, "\(error)")
        }
        if batch.count >= Limits.promptsPerRequestMax { try await flush() }
    }

    mutating func flush() async throws {
        let receipts = try await ledger.submit(prompts: batch.map(\.submission))
        for (item, receipt) in zip(batch, receipts) {
            switch receipt {
            case .success(let receipt) where receipt.isNew: created += 1
            case .success: known += 1
            case .failure(let error): complain(item.line, "\(error)")
            }
        }
        batch = []
    }

    private mutating func complain(_ line: Int, _ message: String) {
        faults += 1
        FileHandle.standardError.write(Data("line \(line): \(message)\n".utf8))
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
