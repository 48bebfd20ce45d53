// `rolloutd compact`: packs the bodies of settled rollouts, and gives free pages back to the file system.
import ArgumentParser
import Domain
import Foundation
import Storage

struct CompactCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "compact",
        abstract: "Pack the bodies of settled rollouts, then make the file as small as it can be.",
        discussion: """
            Packing loses nothing: every reader sees the same rollout, bit for bit. The service does it by itself for
            rollouts older than --compact-after-hours; the file then stops growing, and only this command makes it shrink.
            Rewriting the file needs the database for itself: stop the service first, or leave it out with --no-rewrite.
            It needs room for two more copies of the small file beside the database.

            Example:
              rolloutd compact --database data/rolloutd.sqlite
            """)

    @OptionGroup var database: DatabaseOption

    @Option(help: "Pack rollouts that are older than so many hours.")
    var olderThanHours: Double = 0

    @Flag(inversion: .prefixedNo, help: "Rewrite the file without its free pages.")
    var rewrite = true

    func run() async throws {
        guard (0...Limits.retentionDaysMax).contains(olderThanHours) else {
            throw ValidationError("--older-than-hours must be from 0 to \(Int(Limits.retentionDaysMax))")
        }
        // SQLite's copy must not go where temporary files usually lie: often a small disk, or memory.
        setenv("SQLITE_TMPDIR", URL(fileURLWithPath: database.database).deletingLastPathComponent().path, 0)
        let ledger = try database.openExisting()
        let before = try await ledger.size()
        let clock = ContinuousClock()
        let start = clock.now
        let moment = WallClock.system.now().adding(seconds: -olderThanHours * 3_600).adding(seconds: 0.001)
        var total = CompactionStep()
        while case let step = try await ledger.compact(createdBefore: moment), step.seen > 0 {
            total.rollouts += step.rollouts
            total.bytesBefore += step.bytesBefore
            total.bytesAfter += step.bytesAfter
        }
        let seconds = (clock.now - start) / .seconds(1)
        print(
            "packed \(total.rollouts) rollouts in \(fixed(seconds, 1)) s: bodies of \(total.bytesBefore) bytes now take "
                + "\(total.bytesAfter)")
        if rewrite { try await ledger.vacuum() }
        let after = try await ledger.size()
        try await ledger.close()
        print("the file had \(before.fileBytes) bytes and has \(after.fileBytes), \(after.freeBytes) of them free")
    }
}
