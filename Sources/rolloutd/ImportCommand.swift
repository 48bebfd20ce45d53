// `rolloutd import`: prompts, demonstrations and exported rollouts from NDJSON into the ledger, without a server.
import ArgumentParser
import Compressing
import Domain
import Foundation
import Storage
import StrictJSON

struct ImportCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "import",
        abstract: "Store prompts, demonstrations, or another ledger's rollouts from an NDJSON file.",
        discussion: """
            Each line is an element of POST /v1/prompts, or with --demonstrations one of POST /v1/demonstrations; those may be
            conversations that end with the assistant's turn, as OpenAI's and Hugging Face's files for training have them.
            With --rollouts they are lines of `rolloutd export`, whose prompts must be there already or come along
            (--include prompt). Imported rollouts keep ids, groups, verdicts and dates; those that had been consumed, or retired,
            are scored again and say so in "origin". The learner passes imported groups by.
            A file may be compressed with Zstandard. The same file again changes nothing. Lines that cannot be used are listed with their number; the rest goes in.

            Examples:
              echo '{"id":"p1","dataset":"mine","text":"What is 2+2?","task":{"type":"math","answer":"4"}}' > prompts.ndjson
              rolloutd import prompts.ndjson
              rolloutd problems --count 4000 --demonstrations | rolloutd import --demonstrations -
              rolloutd export --include prompt,judgements --compress > all.ndjson.zst
              rolloutd import --rollouts all.ndjson.zst --database archive.sqlite
            """)

    @OptionGroup var database: DatabaseOption
    @Flag(help: "The lines are demonstrations.") var demonstrations = false
    @Flag(help: "The lines are exported rollouts.") var rollouts = false
    @Argument(help: "The NDJSON file; - is standard input.") var file: String

    func validate() throws {
        if demonstrations, rollouts { throw ValidationError("give one of --demonstrations and --rollouts") }
    }

    func run() async throws {
        try makeParentDirectory(of: database.database)
        let ledger = try Ledger.open(at: database.database, clock: .system, identifiers: .system)
        guard let handle = file == "-" ? FileHandle.standardInput : FileHandle(forReadingAtPath: file) else {
            throw ValidationError("\(file) cannot be read")
        }
        let counts =
            if rollouts {
                try await storeRollouts(handle, ledger)
            } else if demonstrations {
                try await storeDemonstrations(handle, ledger)
            } else {
                try await storePrompts(handle, ledger)
            }
        try await ledger.close()
        print("\(counts.created) stored, \(counts.known) already there, \(counts.faults) refused")
        if counts.faults > 0 { throw ExitCode(1) }
    }

    private func storePrompts(_ handle: FileHandle, _ ledger: Ledger) async throws -> ImportCounts {
        var importer = LineImport<PromptSubmission>(
            read: { try PromptSubmission(json: $0) },
            submit: { batch in try await ledger.submit(prompts: batch).map { $0.map(\.isNew) } })
        return try await importer.run(handle)
    }

    private func storeRollouts(_ handle: FileHandle, _ ledger: Ledger) async throws -> ImportCounts {
        var importer = LineImport<ImportedRollout>(
            read: { try ImportedRollout(json: $0) }, submit: { batch in try await ledger.importRollouts(batch) },
            batchMax: Limits.importRowsPerWrite)
        return try await importer.run(handle)
    }

    private func storeDemonstrations(_ handle: FileHandle, _ ledger: Ledger) async throws -> ImportCounts {
        var importer = LineImport<DemonstrationSubmission>(
            read: { try DemonstrationSubmission(json: $0) },
            submit: { batch in try await ledger.submit(demonstrations: batch).map { $0.map(\.isNew) } })
        return try await importer.run(handle)
    }
}

/// What became of the lines of a file.
private struct ImportCounts {
    var created = 0
    var known = 0
    var faults = 0
}

/// Collects lines into batches, stores them, and counts what became of them.
private struct LineImport<Item> {
    /// Bytes of lines that are stored together, so that long demonstrations do not pile up.
    private static var batchBytesMax: Int { 16_777_216 }

    private let read: (JSONValue) throws -> Item
    /// Stores a batch and says of each item whether it was new.
    private let submit: ([Item]) async throws -> [Result<Bool, InputError>]
    private var counts = ImportCounts()
    private var line = 0
    private var batch: [(line: Int, item: Item)] = []
    private var bytes = 0

    private let batchMax: Int

    init(
        read: @escaping (JSONValue) throws -> Item,
        submit: @escaping ([Item]) async throws -> [Result<Bool, InputError>],
        batchMax: Int = Limits.promptsPerRequestMax
    ) {
        self.batchMax = batchMax
        self.read = read
        self.submit = submit
    }

    mutating func run(_ handle: FileHandle) async throws -> ImportCounts {
        var pending = Data()
        var packed: ZstandardReader?
        var isFirst = true
        while let chunk = try handle.read(upToCount: 1 << 20), !chunk.isEmpty {
            if isFirst, isZstandard(chunk) { packed = try ZstandardReader() }
            isFirst = false
            if let packed {
                do {
                    try chunk.withUnsafeBytes { try packed.read($0) { pending.append(contentsOf: $0) } }
                } catch {
                    throw ValidationError("the file is no Zstandard after line \(line): \(error)")
                }
            } else {
                pending.append(chunk)
            }
            while let newline = pending.firstIndex(of: UInt8(ascii: "\n")) {
                try await take(Array(pending[pending.startIndex..<newline]))
                pending.removeSubrange(pending.startIndex...newline)
            }
        }
        if let packed, !packed.isComplete { complain(line + 1, "the file ends in the middle of a Zstandard frame") }
        if !pending.isEmpty { try await take(Array(pending)) }
        try await flush()
        return counts
    }

    private mutating func take(_ text: [UInt8]) async throws {
        line += 1
        guard text.contains(where: { $0 > 0x20 }) else { return }
        do {
            batch.append((line, try read(try JSONValue.parse(text, limits: .standard))))
            bytes += text.count
        } catch {
            complain(line, "\(error)")
        }
        if batch.count >= batchMax || bytes >= Self.batchBytesMax { try await flush() }
    }

    private mutating func flush() async throws {
        let answers = try await submit(batch.map(\.item))
        for (place, answer) in zip(batch, answers) {
            switch answer {
            case .success(let isNew): if isNew { counts.created += 1 } else { counts.known += 1 }
            case .failure(let error): complain(place.line, "\(error)")
            }
        }
        batch = []
        bytes = 0
    }

    private mutating func complain(_ line: Int, _ message: String) {
        counts.faults += 1
        FileHandle.standardError.write(Data("line \(line): \(message)\n".utf8))
    }
}
