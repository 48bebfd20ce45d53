// The paper's pipeline from one configuration file: SFT on demonstrations, then math RL, then code RL.
import Domain
import Foundation
import Storage
import StrictJSON
import TestSupport
import Testing

@Suite(.serialized) struct StageTests {
    private static let supervised = 80
    private static let math = 30
    private static let code = 3
    private static let prompts = (0..<10).map { "q\($0)=" }
    private let folder: TemporaryFolder

    init() throws {
        folder = try TemporaryFolder()
        try TinyModel.write(to: folder.path + "/model")
        let math = Self.prompts.enumerated().map { index, text in
            #"{"id":"m\#(index)","dataset":"d","text":"\#(text)","task":{"type":"math","answer":"\#(1 + index % 2)"}}"#
        }
        let code = (0..<6).map { index in
            #"{"id":"c\#(index)","dataset":"d","text":"c\#(index)","task":{"type":"code","language":"python","assertions":"assert f() == 1"}}"#
        }
        // Each prompt with both answers: the policy that imitates them is right half of the time, so rewards can teach it.
        let worked = Self.prompts.flatMap { text in
            ["1", "2"].map { #"{"dataset":"worked","text":"\#(text)","response":"\#($0)"}"# }
        }
        try write("prompts.ndjson", (math + code).joined(separator: "\n"))
        try write("worked.ndjson", worked.joined(separator: "\n"))
        try write(
            "pipeline.json",
            """
            {"model": "\(folder.path)/model", "hyperparameters": {"groups_per_update": 6, "group_size": 4,
                "response_tokens_max": 4, "prompt_tokens_max": 16, "mini_batches": 2},
             "stages": [
                {"name": "sft", "updates": \(Self.supervised), "hyperparameters": {"mode": "sft", "dataset": "worked",
                    "demonstrations_per_update": 20, "learning_rate": 0.01, "warmup_updates": 3}},
                {"name": "math", "updates": \(Self.math), "hyperparameters": {"task": "math", "learning_rate": 2e-5,
                    "resampling_rounds": 2}},
                {"name": "code", "updates": \(Self.code), "hyperparameters": {"task": "code", "learning_rate": 1e-5}}]}
            """)
    }

    private func write(_ name: String, _ text: String) throws {
        try Data(text.utf8).write(to: URL(fileURLWithPath: folder.path + "/" + name))
    }

    private func newDatabase(_ name: String) async throws -> String {
        let database = folder.path + "/" + name
        for arguments in [["prompts.ndjson"], ["worked.ndjson", "--demonstrations"]] {
            let path = folder.path + "/" + (arguments.first ?? "")
            let stored = try await Binary.run(["import", path, "--database", database] + arguments.dropFirst())
            #expect(stored.status == 0, "\(stored.errors)")
        }
        return database
    }

    private func arguments(_ database: String) -> [String] {
        let total = Self.supervised + Self.math + Self.code
        return [
            "train", "--updates", String(total), "--database", database, "--config", folder.path + "/pipeline.json",
        ]
    }

    private func open(_ database: String) throws -> Ledger {
        try Ledger.open(
            at: database, clock: WallClock { Timestamp(milliseconds: 0) }, identifiers: IdentifierSource { $0 })
    }

    private func records(_ database: String) async throws -> [UpdateRecord] {
        let ledger = try open(database)
        let updates = try await ledger.updates(before: nil, limit: 1_000)
        try await ledger.close()
        return updates.reversed()
    }

    @Test(.timeLimit(.minutes(5)))
    func `SFT, math RL and code RL run as one file, each with its own settings, data and fresh moments`() async throws {
        let database = try await newDatabase("run.sqlite")
        let result = try await Binary.run(arguments(database))
        #expect(result.status == 0, "\(result.errors)")
        #expect(result.output.contains("stage sft begins after policy 0"), "\(result.output)")
        #expect(result.output.contains("stage code begins after policy \(Self.supervised + Self.math)"))
        let found = try await records(database)
        #expect(
            found.map(\.objective)
                == Array(repeating: "sft", count: Self.supervised)
                + Array(repeating: "gppo", count: Self.math + Self.code))

        let losses = found.prefix(Self.supervised).compactMap { $0["loss"] }
        let (first, last) = (try #require(losses.first), try #require(losses.last))
        #expect(last < first / 2, "imitation must have learned: \(first) to \(last)")
        #expect(found.first?["demonstrations"] == 20)
        // Warm-up counts within the stage.
        let ratio = (found.first?["learning_rate"] ?? 0) / (found[2]["learning_rate"] ?? 1)
        #expect(abs(ratio - 1.0 / 3) < 1e-9)

        // The kills of the other test fall between rounds of sampling, too.
        let rounds = found.compactMap { $0["resampling_rounds"] }
        #expect(rounds.count == Self.math && rounds.contains { $0 > 0 }, "\(rounds)")

        let settings = try found.map { try JSONValue.parse(text: $0.provenance?.settings ?? "{}") }
        #expect(settings[Self.supervised]["schedule_start"]?.integer == Int64(Self.supervised))
        #expect(settings[Self.supervised]["learning_rate"]?.number == 2e-5)
        #expect(settings.last?["task"]?.string == "code")

        let ledger = try open(database)
        let changes = try await ledger.learnerChanges(limit: 10).reversed()
        #expect(changes.map(\.cause) == [.stage, .stage, .stage])
        #expect(changes.last?.afterVersion == PolicyVersion(Self.supervised + Self.math))
        for version in (Self.supervised + 1)...found.count {
            let groups = try await ledger.consumedGroups(by: PolicyVersion(version), judgedThrough: .max)
            #expect(!groups.isEmpty)
            var types: Set<String?> = []
            for group in groups { types.insert(try await ledger.prompt(group.prompt.id)?.task.type) }
            #expect(types == [version <= Self.supervised + Self.math ? "math" : "code"], "update \(version)")
        }
        try await ledger.close()
    }

    @Test(.timeLimit(.minutes(5)))
    func `a pipeline killed again and again ends with the same weights, and its updates can be made again`()
        async throws
    {
        let calm = try await newDatabase("calm.sqlite")
        #expect(try await Binary.run(arguments(calm)).status == 0)
        let stormy = try await newDatabase("stormy.sqlite")
        var generator = SeededGenerator(seed: 20_261_128)
        var reached: Set<Int> = []
        for round in 0..<12 {
            // Later and later, so that a slow machine comes to learn, too.
            let last = 0.6 + 0.1 * Double(round)
            try await Binary.killAfter(Double.random(in: 0.15...last, using: &generator), arguments(stormy))
            reached.insert(try await records(stormy).count)
        }
        #expect(reached.count > 2, "too few kills fell into learning: \(reached.sorted())")
        let rest = try await Binary.run(arguments(stormy))
        #expect(rest.status == 0, "\(rest.errors)")
        let digests = try await records(calm).map { $0.provenance?.checkpointDigest }
        #expect(digests.count == Self.supervised + Self.math + Self.code)
        #expect(try await records(stormy).map { $0.provenance?.checkpointDigest } == digests)

        // New demonstrations change nothing of what is made again.
        try write("more.ndjson", #"{"dataset":"worked","text":"z","response":"9"}"#)
        let more = try await Binary.run([
            "import", folder.path + "/more.ndjson", "--database", stormy, "--demonstrations",
        ])
        #expect(more.status == 0, "\(more.errors)")
        for update in [5, Self.supervised, Self.supervised + 1] {
            let replayed = try await Binary.run(["replay", "--database", stormy, "--update", String(update)])
            #expect(replayed.status == 0, "\(update): \(replayed.output) \(replayed.errors)")
            #expect(replayed.output.contains("the same to the last bit"))
        }
    }

    @Test(.timeLimit(.minutes(1)))
    func `a plan that cannot run is refused before anything is made`() async throws {
        func refusal(_ stages: String) async throws -> String {
            try write("bad.json", #"{"stages": \#(stages)}"#)
            let result = try await Binary.run([
                "train", "--updates", "1", "--database", folder.path + "/bad.sqlite", "--config",
                folder.path + "/bad.json",
            ])
            #expect(result.status != 0)
            return result.errors
        }
        let endless = try await refusal(#"[{"name":"a"},{"name":"b","updates":3}]"#)
        #expect(endless.contains("stage \"a\" has no end"), "\(endless)")
        let twice = try await refusal(#"[{"name":"a","updates":1},{"name":"a","updates":3}]"#)
        #expect(twice.contains("same name"), "\(twice)")
        let unknown = try await refusal(#"[{"name":"a","updates":1,"hyperparameters":{"lerning_rate":1}}]"#)
        #expect(unknown.contains("lerning_rate"), "\(unknown)")
        let typo = try await refusal(#"[{"name":"a","update":1}]"#)
        #expect(typo.contains("stages[0]") && typo.contains("updates"), "\(typo)")
        #expect(!FileManager.default.fileExists(atPath: folder.path + "/bad.sqlite"))
    }
}
