// `rolloutd compare` and `rolloutd plot` as a person runs them: what they write, what they share, and what they refuse.
import Domain
import Foundation
import Storage
import StrictJSON
import TestSupport
import Testing

@Suite(.serialized) struct CompareTests {
    private static let prompts = (0..<10).map { "q\($0)=" }
    private let folder: TemporaryFolder

    init() async throws {
        folder = try TemporaryFolder()
        try TinyModel.writeTaught(["1", "2"], prompts: Self.prompts, to: folder.path + "/model")
        let lines = Self.prompts.enumerated().map { index, text in
            #"{"id":"p\#(index)","dataset":"d","text":"\#(text)","task":{"type":"math","answer":"\#(1 + index % 2)"}}"#
        }
        try Data(lines.joined(separator: "\n").utf8).write(to: URL(fileURLWithPath: folder.path + "/prompts.ndjson"))
        let stored = try await Binary.run(["import", folder.path + "/prompts.ndjson", "--database", start])
        #expect(stored.status == 0, "\(stored.errors)")
    }

    private var start: String { folder.path + "/start.sqlite" }
    private var out: String { folder.path + "/comparison" }

    private func compare(_ methods: [String], updates: Int, seeds: Int = 2) async throws -> (
        status: Int32, output: String, errors: String
    ) {
        try await Binary.run(
            [
                "compare", "--updates", String(updates), "--seeds", String(seeds), "--database", start, "--out", out,
                "--model", folder.path + "/model", "--set", "groups_per_update=6", "--set", "group_size=4",
                "--set", "mini_batches=2", "--set", "epochs=2", "--set", "response_tokens_max=4",
                "--set", "prompt_tokens_max=16", "--set", "learning_rate=5e-3",
            ] + methods.flatMap { ["--method", $0] })
    }

    private func text(_ name: String) throws -> String {
        String(decoding: try Data(contentsOf: URL(fileURLWithPath: out + "/" + name)), as: UTF8.self)
    }

    private func updates(_ run: String) async throws -> [UpdateRecord] {
        let ledger = try Ledger.open(
            at: out + "/" + run, clock: WallClock { Timestamp(milliseconds: 0) }, identifiers: IdentifierSource { $0 })
        let updates = try await ledger.updates(before: nil, limit: 100)
        try await ledger.close()
        return updates.reversed()
    }

    @Test(.timeLimit(.minutes(5)))
    func `methods run from one start with the same prompts, and the table, curves and data say how they differ`()
        async throws
    {
        let result = try await compare(["gppo", "clip-higher", "ce-gppo,beta1=0.5"], updates: 4)
        #expect(result.status == 0, "\(result.errors)")
        #expect(result.output == (try text("table.md")))
        #expect(result.output.contains("| gppo | clip-higher | ce-gppo,beta1=0.5 |"))
        #expect(result.output.contains("minus gppo, paired by seed"))

        let rows = try text("runs.ndjson").split(separator: "\n").map { try JSONValue.parse(text: String($0)) }
        #expect(rows.filter { $0["update"] != nil }.count == 3 * 2 * 4)
        #expect(try text("gradient-norm.svg").contains("ce-gppo,beta1=0.5"))

        let gppo = try await updates("gppo-seed-1.sqlite")
        let clip = try await updates("clip-higher-seed-1.sqlite")
        let other = try await updates("gppo-seed-2.sqlite")
        // The same policy, prompts and samples: the first rewards agree, and only then methods part.
        #expect(gppo.first?["reward_mean"] == clip.first?["reward_mean"])
        #expect(
            gppo.first?["reward_mean"] != other.first?["reward_mean"] || gppo.first?["loss"] != other.first?["loss"])
        #expect(gppo.contains { ($0["gradient_mass_kept"] ?? 0) > 0 }, "GPPO kept nothing out of range")
        #expect(clip.allSatisfy { $0["gradient_mass_kept"] == 0 }, "clipping kept a gradient")
        #expect(gppo.last?.provenance?.checkpointDigest != clip.last?.provenance?.checkpointDigest)
        try await showsRuns()
    }

    /// A server over another ledger, told of the directory by the environment, shows the runs side by side.
    private func showsRuns() async throws {
        let before = try FileManager.default.contentsOfDirectory(atPath: out).sorted()
        let server = try await ServerProcess.start(
            ["--database", folder.path + "/other.sqlite", "--learner", "off"], environment: ["ROLLOUTD_RUNS": out])
        defer { server.signal(9) }
        let page = await server.client.send("GET", "/runs/compare?metric=reward_mean&metric=gradient_mass_kept")
        let text = page?.text ?? ""
        for part in [
            "gppo (2 seeds)", "clip-higher (2 seeds)", "ce-gppo-beta1-0.5 (2 seeds)", "<td>this ledger</td>",
            "class=\"line s2\"", "1 to 4",
        ] {
            #expect(text.contains(part), "\(part) is not in \(text.prefix(2_000))")
        }
        #expect(try FileManager.default.contentsOfDirectory(atPath: out).sorted() == before)
    }

    @Test(.timeLimit(.minutes(5)))
    func `the same command again adds what is missing and repeats nothing`() async throws {
        #expect(try await compare(["gppo"], updates: 3, seeds: 1).status == 0)
        let before = try await updates("gppo-seed-1.sqlite")
        let again = try await compare(["gppo", "cispo"], updates: 3, seeds: 1)
        #expect(again.status == 0, "\(again.errors)")
        #expect(try await updates("gppo-seed-1.sqlite") == before)
        #expect(try await updates("cispo-seed-1.sqlite").count == 3)
    }

    @Test func `a start that has learned already and an unknown method are refused before anything is run`()
        async throws
    {
        let unknown = try await compare(["gpo"], updates: 2)
        #expect(unknown.status != 0)
        #expect(unknown.errors.contains("clip-higher"), "\(unknown.errors)")
        #expect(!FileManager.default.fileExists(atPath: out))
        let config = folder.path + "/stages.json"
        try Data(#"{"stages":[{"name":"sft","updates":2,"hyperparameters":{"mode":"sft"}}]}"#.utf8)
            .write(to: URL(fileURLWithPath: config))
        let staged = try await Binary.run([
            "compare", "--updates", "2", "--database", start, "--out", out, "--config", config,
        ])
        #expect(staged.status == 64 && staged.errors.contains("leave stages out"), "\(staged.errors)")
        let learned = try await Binary.run([
            "train", "--updates", "1", "--database", start, "--model", folder.path + "/model", "--set",
            "groups_per_update=2", "--set", "group_size=4", "--set", "response_tokens_max=4", "--set",
            "prompt_tokens_max=16",
        ])
        #expect(learned.status == 0, "\(learned.errors)")
        let late = try await compare(["gppo"], updates: 2)
        #expect(late.status != 0)
        #expect(late.errors.contains("name another --database"), "\(late.errors)")
    }

    @Test func `plot writes each curve as a picture of its own`() async throws {
        #expect(try await compare(["gppo"], updates: 3, seeds: 1).status == 0)
        let plotted = try await Binary.run([
            "plot", "--database", out + "/gppo-seed-1.sqlite", "--out", folder.path + "/curves",
        ])
        #expect(plotted.status == 0, "\(plotted.errors)")
        let files = plotted.output.split(separator: "\n").map(String.init)
        #expect(files.contains { $0.hasSuffix("/entropy.svg") })
        for file in files {
            let parser = XMLCheck(contentsOf: file)
            #expect(parser.isWellFormed, "\(file)")
        }
    }
}

/// Whether a file is well-formed XML: tags balance and no text holds a bare `&` or `<`.
private struct XMLCheck {
    let isWellFormed: Bool

    init(contentsOf path: String) {
        guard let data = FileManager.default.contents(atPath: path) else {
            isWellFormed = false
            return
        }
        var open: [Substring] = []
        var rest = String(decoding: data, as: UTF8.self)[...]
        var isFine = true
        while let start = rest.firstIndex(of: "<"), let end = rest[start...].firstIndex(of: ">") {
            let tag = rest[rest.index(after: start)..<end]
            if tag.hasPrefix("/") {
                isFine = isFine && open.popLast() == tag.dropFirst()
            } else if !tag.hasSuffix("/") {
                open.append(tag.prefix { $0 != " " })
            }
            rest = rest[rest.index(after: end)...]
        }
        isWellFormed = isFine && open.isEmpty && data.count > 200
    }
}
