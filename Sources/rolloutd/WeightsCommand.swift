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
        abstract: "Write a policy as a Hugging Face directory, or a trained adapter in PEFT's format.",
        discussion: """
            The policy's checkpoint must be kept still: the last \(CheckpointDirectory.recentKept), every \
            \(CheckpointDirectory.milestoneEvery)th and the best by held-out accuracy are. The service may run meanwhile.

            Example:
              rolloutd weights --to policy-12 --policy 12
              rolloutd weights --to policy-12 --dtype bf16 --shard-megabytes 2000
              rolloutd weights --to adapter-12 --adapter        (trained with --lora-rank; PeftModel reads it)
            """)

    @OptionGroup var database: DatabaseOption
    @Option(help: "The policy's version; the newest when it is left out.") var policy: Int?
    @Option(help: "The directory to write; made if missing.") var to: String
    @Flag(help: "Write the adapter alone, instead of the model with it merged in.") var adapter = false
    @Option(help: "Element type: fp32, bf16 or fp16.") var dtype = "fp32"
    @Option(help: "Several files of at most so many megabytes, with their index.") var shardMegabytes: Int?

    func validate() throws {
        guard Self.types[dtype] != nil else {
            throw ValidationError("--dtype must be fp32, bf16 or fp16, not \(dtype)")
        }
        guard shardMegabytes ?? 1 > 0 else { throw ValidationError("--shard-megabytes must be above 0") }
    }

    private static let types: [String: SafetensorsFile.ElementType] = [
        "fp32": .float32, "bf16": .bfloat16, "fp16": .float16,
    ]

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
        let weights = try checkpoints.weights(of: chosen)
        if adapter {
            try weights.saveAdapter(directory: to)
        } else {
            try weights.save(
                directory: to, as: Self.types[dtype] ?? .float32, shardBytes: shardMegabytes.map { $0 * 1_000_000 })
        }
        try Tokenizer.load(directory: checkpoints.path).save(directory: to)
        let what = adapter ? "the adapter of policy" : "policy"
        print("wrote \(what) \(chosen.version) to \(to)")
    }
}
