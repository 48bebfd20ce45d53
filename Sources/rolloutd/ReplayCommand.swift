// `rolloutd replay`: a stored update made again from the ledger, and whether it is the same.
import ArgumentParser
import Domain
import Foundation
import Service
import Storage

struct ReplayCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "replay",
        abstract: "Make a stored update again from the ledger and compare it with what was recorded.",
        discussion: """
            Starts from the newest checkpoint before the update, so updates between the two are made again on the way.
            Nothing is changed; the service may run meanwhile.

            Example:
              rolloutd replay --update 12

            Exit status: 0 the same to the last bit, 1 different, 64 wrong usage.
            """)

    @OptionGroup var database: DatabaseOption

    @Option(help: "The update, by the policy version that it made; from 1.")
    var update: Int

    @Option(help: "Threads that train; the result does not depend on it.")
    var threads: Int = max(1, min(2, ProcessInfo.processInfo.activeProcessorCount))

    /// The metrics that a person looks at first.
    private static let shown = ["loss", "gradient_norm", "entropy", "tokens", "reward"]

    func run() async throws {
        guard update >= 1 else { throw ValidationError("--update must be at least 1") }
        let ledger = try database.openExisting()
        let scratch = FileManager.default.temporaryDirectory.appendingPathComponent(
            "rolloutd-replay-\(ProcessInfo.processInfo.processIdentifier)")
        try FileManager.default.createDirectory(at: scratch, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(at: scratch) }
        let replay = UpdateReplay(
            ledger: ledger, checkpointDirectory: database.database + ".checkpoints", threads: threads)
        let result: ReplayedUpdate
        do {
            result = try await replay.run(to: PolicyVersion(update), scratch: scratch.path) { step in
                let word = step.isSame ? "the same" : "different: \(Self.list(step))"
                FileHandle.standardError.write(Data("update \(step.version): \(word)\n".utf8))
            }
        } catch let error as InputError {
            throw ValidationError("\(error)")
        }
        try await ledger.close()
        Self.show(result)
        if !result.isSame { throw ExitCode(1) }
    }

    private static func list(_ step: ReplayedUpdate) -> String {
        let weights = step.recordedDigest == step.replayedDigest ? [] : ["weights"]
        return (weights + step.differences).joined(separator: ", ")
    }

    private static func show(_ update: ReplayedUpdate) {
        func value(_ name: String, _ metrics: [UpdateRecord.Metric]) -> String? {
            metrics.first { $0.name == name }.map { String($0.value) }
        }
        print(column("update \(update.version)") + column("recorded") + "replayed")
        for name in shown {
            guard let now = value(name, update.replayed) else { continue }
            print(column(name) + column(value(name, update.recorded) ?? "none") + now)
        }
        print(
            column("checkpoint") + column(String(update.recordedDigest.prefix(16))) + update.replayedDigest.prefix(16))
        print(update.isSame ? "the same to the last bit" : "different: \(list(update))")
    }

    private static func column(_ text: String) -> String {
        text + String(repeating: " ", count: max(1, 26 - text.count))
    }
}
