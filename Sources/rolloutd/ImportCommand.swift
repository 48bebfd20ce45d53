// `rolloutd import`: prompts, demonstrations and exported rollouts from files into the ledger, without a server.
import ArgumentParser
import Datasets
import Domain
import Foundation
import Storage
import StrictJSON

struct ImportCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "import",
        abstract: "Store prompts, demonstrations, or another ledger's rollouts from a file.",
        discussion: """
            Lines in our own form are elements of POST /v1/prompts, or with --demonstrations of POST /v1/demonstrations; those may be
            conversations that end with the assistant's turn, as OpenAI's and Hugging Face's files for training have them.
            With --rollouts they are lines of `rolloutd export`, whose prompts must be there already or come along
            (--include prompt). Imported rollouts keep ids, groups, verdicts and dates; those that had been consumed, or retired,
            are scored again and say so in "origin". The learner passes imported groups by.

            --format reads other people's data sets, as NDJSON, JSON or Parquet; without it the first row's fields tell which it is
            (docs/DATASETS.md says what becomes of which field):
            \(DatasetFormat.all.map { "  \($0.name): \($0.summary)" }.joined(separator: "\n"))

            Files may be compressed with gzip or Zstandard. The same file again changes nothing. Rows that cannot be used are listed
            with their number; the rest goes in, and the status is 1.

            Examples:
              echo '{"id":"p1","dataset":"mine","text":"What is 2+2?","task":{"type":"math","answer":"4"}}' > prompts.ndjson
              rolloutd import prompts.ndjson
              rolloutd import --format math-benchmark --dataset aime24 aime24.jsonl --preview
              rolloutd import --dataset livecodebench-v5 --since 2024-08-01 --until 2025-02-01 test5.jsonl
              rolloutd problems --count 4000 --demonstrations | rolloutd import --demonstrations -
              rolloutd export --include prompt,judgements --compress > all.ndjson.zst
              rolloutd import --rollouts all.ndjson.zst --database archive.sqlite
            """)

    @OptionGroup var database: DatabaseOption
    @Flag(help: "The lines are demonstrations in our own form.") var demonstrations = false
    @Flag(help: "The lines are exported rollouts.") var rollouts = false
    @Option(help: "The format of the rows, or auto.") var format: String?
    @Flag(help: "Show what would be stored, and store nothing.") var preview = false
    @Option(help: "The data set's name; otherwise the format's own, or the file's.") var dataset: String?
    @Option(help: "The split, for ids and metadata, where the rows do not say it.") var split: String?
    @Option(help: "Only the first rows.") var limit: Int?
    @Option(help: "Appended to each prompt, as ' Put your final answer within \\boxed{}.'") var suffix: String?
    @Option(help: "The first day of the contests whose problems are wanted, as 2024-08-01; for livecodebench.")
    var since: String?
    @Option(help: "The last day.") var until: String?
    @Flag(help: "Leave tests out that are larger than a task may be; metadata says how many.")
    var leaveOutLargeTests = false
    @Argument(help: "The file; - is standard input.") var file: String

    func validate() throws {
        if demonstrations, rollouts { throw ValidationError("give one of --demonstrations and --rollouts") }
        if demonstrations || rollouts, format != nil {
            throw ValidationError("--demonstrations and --rollouts are our own forms; --format is for others")
        }
        if rollouts, preview { throw ValidationError("--preview shows prompts and demonstrations, not rollouts") }
        if let limit, limit < 1 { throw ValidationError("--limit must be at least 1") }
        if let format, format != "auto", DatasetFormat.named(format) == nil {
            let names = DatasetFormat.all.map(\.name).joined(separator: ", ")
            throw ValidationError("there is no format \(format); there are auto, \(names)")
        }
        for (day, option) in [(since, "since"), (until, "until")] {
            if let day, day.wholeMatch(of: /[0-9]{4}-[0-9]{2}-[0-9]{2}/) == nil {
                throw ValidationError("--\(option) must be a day, as 2024-08-01")
            }
        }
        for (name, option) in [(dataset, "dataset"), (split, "split")] {
            if let name, let fault = nameFault(name, field: "--\(option)") { throw ValidationError("\(fault)") }
        }
    }

    func run() async throws {
        let source = try ImportSource(path: file)
        let (rows, format) = try openRows(source)
        let read = reader(format, source)
        let counts =
            if preview { try await show(rows, source, read) } else { try await store(rows, source, read) }
        if counts.faults > 0 { throw ExitCode(1) }
    }

    // MARK: Reading

    /// The rows, and the format that was named or recognised; nil for our own.
    private func openRows(_ source: ImportSource) throws -> (any DatasetRows, DatasetFormat?) {
        do {
            let rows = PeekedRows(try source.rows())
            guard let format = try chosenFormat(rows, source) else {
                guard dataset == nil, split == nil, suffix == nil, !leaveOutLargeTests, since == nil, until == nil
                else {
                    throw ValidationError(
                        "rows in our own form say themselves what they are; --dataset, --split, --suffix, --since, --until and --leave-out-large-tests are for others"
                    )
                }
                return (rows, nil)
            }
            if since != nil || until != nil, !format.hasDates {
                throw ValidationError(
                    "rows of \(format.name) do not say when their problems were set: leave out --since and --until")
            }
            // A table is opened again for the columns that matter.
            return (source.isTable ? try source.rows(keeping: Set(format.fields)) : rows, format)
        } catch let fault as DatasetFault {
            throw ValidationError("\(file): \(fault)")
        }
    }

    private func chosenFormat(_ rows: PeekedRows, _ source: ImportSource) throws -> DatasetFormat? {
        if let format, let named = DatasetFormat.named(format) { return named }
        guard !demonstrations, !rollouts else { return nil }
        let probed = try rows.peek(Limits.datasetProbeRows).compactMap { try? $0.content.get() }
        guard let first = probed.first else { return nil }
        if format == nil, first["task"] != nil { return nil }
        if let found = DatasetFormat.recognising(first) {
            note("format \(found.name), recognised by the fields of the first row (--format says otherwise)")
            return found
        }
        // Rows of our own form of which the first is broken: each is told what it lacks.
        let isOurs = probed.contains { $0["task"] != nil || $0["text"] != nil }
        guard format == "auto" || source.isTable || !isOurs else { return nil }
        var fields = "none"
        if case .object(let members) = first { fields = members.prefix(20).map(\.name).joined(separator: ", ") }
        let names = DatasetFormat.all.map(\.name).joined(separator: ", ")
        throw ValidationError(
            "the first row's fields are neither our own form's (it has a task) nor of a format known here: \(fields). There are \(names)"
        )
    }

    /// What a row of a format, or of our own forms for prompts and demonstrations, becomes.
    private func reader(
        _ format: DatasetFormat?, _ source: ImportSource
    ) -> (JSONValue) throws -> DatasetRecord? {
        var wishes = ImportWishes()
        (wishes.dataset, wishes.fileName, wishes.split) = (dataset, source.name, split)
        (wishes.suffix, wishes.leavesOutLargeTests) = (suffix, leaveOutLargeTests)
        (wishes.since, wishes.until) = (since, until)
        if let format { return { [wishes] row in try format.record(of: row, wishes) } }
        if demonstrations { return { .demonstration(try DemonstrationSubmission(json: $0)) } }
        return { .prompt(try PromptSubmission(json: $0)) }
    }

    // MARK: Storing and showing

    private func store(
        _ rows: any DatasetRows, _ source: ImportSource, _ read: @escaping (JSONValue) throws -> DatasetRecord?
    ) async throws -> ImportCounts {
        try makeParentDirectory(of: database.database)
        let ledger = try Ledger.open(at: database.database, clock: .system, identifiers: .system)
        let fraction = { source.fraction(rows: $0) }
        let counts: ImportCounts
        if rollouts {
            var importer = RowImport<ImportedRollout>(
                read: { try ImportedRollout(json: $0) }, submit: { try await ledger.importRollouts($0) },
                batchMax: Limits.importRowsPerWrite)
            counts = try await importer.run(rows, limit: limit, fraction: fraction)
        } else {
            var importer = RowImport<DatasetRecord>(read: read, submit: { try await submit($0, to: ledger) })
            counts = try await importer.run(rows, limit: limit, fraction: fraction)
        }
        try await ledger.close()
        let others = counts.passedOver == 0 ? "" : ", \(counts.passedOver) of other days"
        print("\(counts.created) stored, \(counts.known) already there, \(counts.faults) refused\(others)")
        return counts
    }

    private func show(
        _ rows: any DatasetRows, _ source: ImportSource, _ read: @escaping (JSONValue) throws -> DatasetRecord?
    ) async throws -> ImportCounts {
        var shown = ImportPreview()
        var importer = RowImport<Void>(
            read: { row in
                guard let record = try read(row) else { return nil }
                return shown.add(record)
            }, submit: { $0.map { _ in .success(true) } })
        let counts = try await importer.run(rows, limit: limit) { source.fraction(rows: $0) }
        for line in shown.lines { print(line) }
        let others = counts.passedOver == 0 ? "" : ", \(counts.passedOver) of other days"
        print("would store \(shown.summary); \(counts.faults) refused\(others); nothing was stored")
        return counts
    }

    private func note(_ message: String) { FileHandle.standardError.write(Data("\(message)\n".utf8)) }
}

/// Stores prompts and demonstrations, and answers in their order.
private func submit(_ records: [DatasetRecord], to ledger: Ledger) async throws -> [Result<Bool, InputError>] {
    var prompts: [PromptSubmission] = []
    var demonstrations: [DemonstrationSubmission] = []
    for record in records {
        switch record {
        case .prompt(let prompt): prompts.append(prompt)
        case .demonstration(let demonstration): demonstrations.append(demonstration)
        }
    }
    var promptAnswers: ArraySlice<Result<PromptReceipt, InputError>> = []
    if !prompts.isEmpty { promptAnswers = try await ledger.submit(prompts: prompts)[...] }
    var demonstrationAnswers: ArraySlice<Result<DemonstrationReceipt, InputError>> = []
    if !demonstrations.isEmpty {
        demonstrationAnswers = try await ledger.submit(demonstrations: demonstrations)[...]
    }
    return records.compactMap { record in
        switch record {
        case .prompt: promptAnswers.popFirst()?.map(\.isNew)
        case .demonstration: demonstrationAnswers.popFirst()?.map(\.isNew)
        }
    }
}
