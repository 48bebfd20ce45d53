// Runs whose model is held in another way: an adapter on a model that stays, bf16 matrices, weights written in several forms.
import Domain
import Foundation
import Modeling
import Storage
import TestSupport
import Testing

@Suite(.serialized) struct ModelOptionTests {
    private static let prompts = (0..<6).map { "q\($0)=" }
    private let folder: TemporaryFolder

    init() throws {
        folder = try TemporaryFolder()
        try TinyModel.writeTaught(["1", "2"], prompts: Self.prompts, to: folder.path + "/model")
        let lines = Self.prompts.enumerated().map { index, text in
            #"{"id":"p\#(index)","dataset":"d","text":"\#(text)","task":{"type":"math","answer":"\#(1 + index % 2)"}}"#
        }
        try Data(lines.joined(separator: "\n").utf8).write(to: URL(fileURLWithPath: folder.path + "/prompts.ndjson"))
    }

    private func train(_ name: String, updates: Int, _ options: [String]) async throws -> String {
        let database = folder.path + "/" + name
        if !FileManager.default.fileExists(atPath: database) {
            let stored = try await Binary.run(["import", folder.path + "/prompts.ndjson", "--database", database])
            #expect(stored.status == 0, "\(stored.errors)")
        }
        let result = try await Binary.run(
            [
                "train", "--updates", String(updates), "--database", database, "--model", folder.path + "/model",
                "--set", "groups_per_update=4", "--set", "group_size=4", "--set", "response_tokens_max=4", "--set",
                "prompt_tokens_max=16", "--set", "learning_rate=1e-3",
            ] + options)
        #expect(result.status == 0, "\(result.errors)")
        return database
    }

    private func tensors(_ directory: String) throws -> [String: [Float]] {
        let weights = try ModelWeights.load(directory: directory)
        return Dictionary(uniqueKeysWithValues: weights.tensors.map { ($0.name, weights.tensor(named: $0.name) ?? []) })
    }

    @Test func `an adapter is trained over a restart, replayed to the last bit, and written alone or merged`()
        async throws
    {
        let options = ["--lora-rank", "4", "--lora-targets", "q_proj,down_proj"]
        let database = try await train("lora.sqlite", updates: 4, options)
        // The second start says nothing of the adapter: the checkpoint knows.
        _ = try await train("lora.sqlite", updates: 8, [])
        let replay = try await Binary.run(["replay", "--update", "8", "--database", database])
        #expect(replay.status == 0 && replay.output.contains("the same to the last bit"), "\(replay.output)")

        let merged = try await Binary.run(["weights", "--to", folder.path + "/merged", "--database", database])
        #expect(merged.status == 0, "\(merged.errors)")
        let before = try tensors(folder.path + "/model")
        for (name, numbers) in try tensors(folder.path + "/merged") {
            let isTarget = name.contains("q_proj") || name.contains("down_proj")
            #expect((before[name] != numbers) == isTarget, "\(name)")
        }
        let alone = try await Binary.run(
            ["weights", "--adapter", "--to", folder.path + "/adapter", "--database", database])
        #expect(alone.status == 0, "\(alone.errors)")
        let files = try FileManager.default.contentsOfDirectory(atPath: folder.path + "/adapter").sorted()
        #expect(
            files == [
                "adapter_config.json", "adapter_model.safetensors", "generation_config.json", "tokenizer.json",
            ])
    }

    @Test func `a run in bf16 replays to the last bit and writes what it is asked for`() async throws {
        let database = try await train("half.sqlite", updates: 5, ["--precision", "bf16"])
        let replay = try await Binary.run(["replay", "--update", "5", "--database", database])
        #expect(replay.status == 0 && replay.output.contains("the same to the last bit"), "\(replay.output)")
        let written = try await Binary.run([
            "weights", "--to", folder.path + "/half", "--dtype", "bf16", "--shard-megabytes", "1", "--database",
            database,
        ])
        #expect(written.status == 0, "\(written.errors)")
        _ = try ModelWeights.load(directory: folder.path + "/half")
        let none = try await Binary.run([
            "weights", "--adapter", "--to", folder.path + "/none", "--database", database,
        ])
        #expect(none.status != 0 && none.errors.contains("--lora-rank"), "\(none.errors)")
    }

    @Test(arguments: [
        (["--lora-rank", "0"], "lora_rank"), (["--lora-alpha", "3"], "lora_rank"),
        (["--precision", "fp8"], "fp32 or bf16"),
        (["--lora-rank", "4", "--lora-targets", "lm_head"], "q_proj"),
    ])
    func `a wrong option says what is right`(_ options: [String], _ hint: String) async throws {
        let result = try await Binary.run(
            ["train", "--updates", "1", "--database", folder.path + "/wrong.sqlite", "--model", folder.path + "/model"]
                + options)
        #expect(result.status != 0 && result.errors.contains(hint), "\(result.errors)")
    }

    @Test func `an adapter without a model to adapt is refused with what to do`() async throws {
        let result = try await Binary.run([
            "train", "--updates", "1", "--database", folder.path + "/none.sqlite", "--lora-rank", "4",
        ])
        #expect(result.status != 0 && result.errors.contains("--model"), "\(result.errors)")
    }
}
