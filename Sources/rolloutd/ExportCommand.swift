// `rolloutd export`: stored rollouts as NDJSON or as columns, without a server.
import ArgumentParser
import Compressing
import Domain
import Foundation
import Glibc
import Storage
import StrictJSON

struct ExportCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "export", abstract: "Print stored rollouts as NDJSON, or as columns for Parquet, oldest first.",
        discussion: """
            The service may run meanwhile; GET /v1/rollouts/export gives the same from another machine.

            Examples:
              rolloutd export --dataset mine > rollouts.ndjson
              rolloutd export --verdict passed --min-reward 1 --fields id,response,reward
              rolloutd export --include prompt,judgements --compress > ledger.ndjson.zst
              rolloutd import --rollouts ledger.ndjson.zst --database other.sqlite
              rolloutd export --format columns | examples/to_parquet.py rollouts.parquet
            """)

    @OptionGroup var database: DatabaseOption
    @OptionGroup var filters: FilterOptions
    @Option(help: "ndjson: a rollout a line; columns: arrays by column, up to 128 rollouts a line.")
    var format = "ndjson"
    @Option(help: "Only these fields, comma-separated.") var fields: String?
    @Option(help: "Beside the standard fields: prompt, judgements.") var include: String?
    @Flag(help: "Write Zstandard.") var compress = false

    func run() async throws {
        guard let wanted = ExportShape.Format(rawValue: format) else {
            throw ValidationError("--format must be ndjson or columns, not \(format)")
        }
        let filter: RolloutFilter
        let shape: ExportShape
        do {
            filter = try filters.filter()
            shape = try ExportShape(format: wanted, fields: fields, include: include)
        } catch {
            throw ValidationError("\(error)")
        }
        let ledger = try database.openExisting()
        let progress = ExportProgress(total: try await ledger.rolloutCount(matching: filter))
        var writer = ExportWriter(shape)
        var sink = ExportSink(isCompressed: compress)
        var done = 0
        var cursor: Int64? = 0
        while let from = cursor {
            let page = try await ledger.exportPage(
                matching: filter, from: from, limit: Limits.exportPageRows, shape: shape)
            for row in page.rows { writer.append(row) }
            cursor = page.nextCursor
            try sink.write(writer.take(isLast: cursor == nil), isLast: cursor == nil)
            done += page.rows.count
            progress.show(done)
        }
        progress.end(done)
        try await ledger.close()
    }
}

/// Which rollouts; the names are those of the queries.
struct FilterOptions: ParsableArguments {
    @Option(help: "Only rollouts of this status.") var status: String?
    @Option(help: "Only rollouts of this data set.") var dataset: String?
    @Option(help: "Only rollouts of this prompt.") var promptId: String?
    @Option(help: "Only rollouts of this group.") var groupId: String?
    @Option(help: "Only rollouts that this policy sampled.") var policyVersion: Int?
    @Option(help: "Only rollouts created at or after this moment, as 2026-11-22T13:00:00Z.") var createdAfter: String?
    @Option(help: "Only rollouts created before this moment.") var createdBefore: String?
    @Option(help: "Only passed, failed or undetermined ones.") var verdict: String?
    @Option(help: "Only rewards of at least this.") var minReward: Double?
    @Option(help: "Only rewards of at most this.") var maxReward: Double?
    @Option(help: "Only rollouts that this update consumed.") var consumedByUpdate: Int?
    @Option(help: "Only rollouts of this generator.") var generator: String?

    /// The filter; throws an `InputError` that names the option.
    func filter() throws(InputError) -> RolloutFilter {
        var members: [JSONMember] = []
        let texts = [
            ("status", status), ("dataset", dataset), ("prompt_id", promptId), ("group_id", groupId),
            ("created_after", createdAfter), ("created_before", createdBefore), ("verdict", verdict),
            ("generator", generator),
        ]
        for (name, value) in texts { if let value { members.append(JSONMember(name, .string(value))) } }
        for (name, value) in [("policy_version", policyVersion), ("consumed_by_update", consumedByUpdate)] {
            if let value { members.append(JSONMember(name, .integer(Int64(value)))) }
        }
        for (name, value) in [("min_reward", minReward), ("max_reward", maxReward)] {
            if let value { members.append(JSONMember(name, .double(value))) }
        }
        return try RolloutFilter(fields: try JSONFields(.object(members), known: RolloutFilter.names))
    }
}

/// Standard output, compressed or not.
private struct ExportSink {
    /// Text of one frame.
    private static let frameBytes = 4_194_304

    let isCompressed: Bool
    private var pending: [UInt8] = []

    init(isCompressed: Bool) { self.isCompressed = isCompressed }

    mutating func write(_ bytes: [UInt8], isLast: Bool) throws {
        guard isCompressed else {
            try FileHandle.standardOutput.write(contentsOf: Data(bytes))
            return
        }
        pending += bytes
        guard pending.count >= Self.frameBytes || isLast else { return }
        let frame = try pending.withUnsafeBytes { try zstdCompressed($0) }
        pending = []
        try FileHandle.standardOutput.write(contentsOf: Data(frame))
    }
}

/// How far an export is, on standard error: a bar where that is a terminal, otherwise a line at each tenth and at the end.
private final class ExportProgress {
    private static let barWidth = 32

    private let total: Int
    private let isTerminal = isatty(STDERR_FILENO) == 1
    private var shown = 0

    init(total: Int) { self.total = total }

    func show(_ done: Int) {
        let share = total == 0 ? 1 : min(1, Double(done) / Double(total))
        if isTerminal {
            let filled = Int(share * Double(Self.barWidth))
            let bar = String(repeating: "█", count: filled) + String(repeating: "░", count: Self.barWidth - filled)
            write("\r\u{1B}[Kexport \(bar) \(done) of \(total)")
        } else if Int(share * 10) > shown, total >= 1_000 {
            shown = Int(share * 10)
            write("export: \(done) of \(total)\n")
        }
    }

    func end(_ done: Int) { write((isTerminal ? "\r\u{1B}[K" : "") + "exported \(done) rollouts\n") }

    private func write(_ text: String) { FileHandle.standardError.write(Data(text.utf8)) }
}
