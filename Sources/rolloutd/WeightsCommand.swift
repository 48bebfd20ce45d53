// `rolloutd weights`: a stored policy as a Hugging Face directory, without a server.
import ArgumentParser
import Domain
import Foundation
import Modeling
import Service
import Storage

struct WeightsCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "weights",
        abstract: "Write a policy as a Hugging Face directory: configuration, weights, tokenizer.",
        discussion: """
            The policy's checkpoint must be kept still: the last \(CheckpointDirectory.recentKept), every \
            \(CheckpointDirectory.milestoneEvery)th and the best by held-out accuracy are. The service may run meanwhile.

            Example:
              rolloutd weights --to policy-12 --policy 12
            """)

    @OptionGroup var database: DatabaseOption
    @Option(help: "The policy's version; the newest when it is left out.") var policy: Int?
    @Option(help: "The directory to write; made if missing.") var to: String

    func run() async throws {
        let ledger = try database.openExisting()
        let kept = try await ledger.checkpoints()
        try await ledger.close()
        guard
            let chosen = kept.filter({ policy == nil || $0.version.number == policy }).max(by: {
                $0.version < $1.version
            })
        else {
            let versions = kept.map(\.version).sorted().map(\.description).joined(separator: ", ")
            throw ValidationError(
                "that policy's weights are not kept; those kept are \(versions.isEmpty ? "none" : versions)")
        }
        let checkpoints = CheckpointDirectory(path: database.database + ".checkpoints")
        try checkpoints.weights(of: chosen).save(directory: to)
        try Tokenizer.load(directory: checkpoints.path).save(directory: to)
        print("wrote policy \(chosen.version) to \(to)")
    }
}
