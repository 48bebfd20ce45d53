// Exactly once, to the last bit: a run that was killed at random moments ends like one that never was, and any of its
// updates can be made again from the ledger.
import Domain
import Foundation
import GRDB
import Storage
import StrictJSON
import TestSupport
import Testing

@Suite(.serialized) struct ReplayTests {
    /// Kills in one run, each up to `momentMax` seconds after the process was started; starting takes a part of that.
    private static let kills = 50
    private static let momentMax = 1.1
    private static let updates = 300
    private static let prompts = (0..<10).map { "q\($0)=" }

    private let folder: TemporaryFolder

    init() throws {
        folder = try TemporaryFolder()
        try TinyModel.writeTaught(["1", "2"], prompts: Self.prompts, to: folder.path + "/model")
        let lines = Self.prompts.enumerated().map { index, text in
            #"{"id":"p\#(index)","dataset":"d","text":"\#(text)","task":{"type":"math","answer":"\#(1 + index % 2)"}}"#
        }
        try Data(lines.joined(separator: "\n").utf8).write(to: URL(fileURLWithPath: folder.path + "/prompts.ndjson"))
    }

    private func arguments(_ database: String, updates: Int = Self.updates) -> [String] {
        [
            "train", "--updates", String(updates), "--database", database, "--model", folder.path + "/model",
            "--set", "groups_per_update=6", "--set", "group_size=4", "--set", "mini_batches=2", "--set",
            "response_tokens_max=4", "--set", "prompt_tokens_max=16", "--set", "learning_rate=2e-5",
        ]
    }

    private func newDatabase(_ name: String) async throws -> String {
        let database = folder.path + "/" + name
        let stored = try await Binary.run(["import", folder.path + "/prompts.ndjson", "--database", database])
        #expect(stored.status == 0, "\(stored.errors)")
        return database
    }

    private func records(_ database: String) async throws -> [UpdateRecord] {
        let ledger = try Ledger.open(
            at: database, clock: WallClock { Timestamp(milliseconds: 0) }, identifiers: IdentifierSource { $0 })
        let updates = try await ledger.updates(before: nil, limit: 1_000)
        try await ledger.close()
        return updates.sorted { $0.version < $1.version }
    }

    @Test(.timeLimit(.minutes(10)))
    func `a run killed fifty times ends with bit for bit the weights of one that was never killed`() async throws {
        let calm = try await newDatabase("calm.sqlite")
        let whole = try await Binary.run(arguments(calm))
        #expect(whole.status == 0, "\(whole.errors)")
        let expected = try await records(calm)
        #expect(expected.count == Self.updates)

        let stormy = try await newDatabase("stormy.sqlite")
        var generator = SeededGenerator(seed: 20_261_122)
        var reached: Set<Int> = []
        for _ in 0..<Self.kills {
            try await Binary.killAfter(Double.random(in: 0...Self.momentMax, using: &generator), arguments(stormy))
            reached.insert(try await records(stormy).count)
        }
        #expect(reached.count > Self.kills / 4, "too few kills fell into learning: \(reached.sorted())")
        let rest = try await Binary.run(arguments(stormy))
        #expect(rest.status == 0, "\(rest.errors)")

        let found = try await records(stormy)
        #expect(found.map { $0.provenance?.checkpointDigest } == expected.map { $0.provenance?.checkpointDigest })
        #expect(found.map { $0["loss"] } == expected.map { $0["loss"] })
        // Weights that never moved would be equal for nothing.
        #expect(Set(expected.compactMap { $0.provenance?.checkpointDigest }).count == Self.updates)
        let check = try await Binary.run(["check", "--database", stormy])
        #expect(check.status == 0, "\(check.output)")
    }

    @Test(.timeLimit(.minutes(5)))
    func `replay makes a stored update again to the last bit, and says so when the ledger was changed`() async throws {
        let database = try await newDatabase("run.sqlite")
        #expect(try await Binary.run(arguments(database, updates: 60)).status == 0)
        let same = try await Binary.run(["replay", "--update", "23", "--database", database])
        #expect(same.status == 0, "\(same.output)\(same.errors)")
        #expect(same.output.contains("the same to the last bit"))
        #expect(same.errors.contains("update 1: the same"), "from version 0, since 15 is no longer kept")

        let unknown = try await Binary.run(["replay", "--update", "999", "--database", database])
        #expect(unknown.status == 64)
        #expect(unknown.errors.contains("there is no update 999"))

        try changeOneLogprob(database, update: 59)
        let different = try await Binary.run(["replay", "--update", "59", "--database", database])
        #expect(different.status == 1)
        #expect(different.output.contains("different: weights"))
    }

    /// Makes one recorded log-prob of a trained rollout another, as a disk or a person might.
    private func changeOneLogprob(_ database: String, update: Int) throws {
        let ledger = try DatabaseQueue(path: database)
        try ledger.write { db in
            let row = try #require(
                try Row.fetchOne(
                    db,
                    sql: """
                        SELECT rollout_seq, logprobs FROM rollout_bodies WHERE rollout_seq =
                            (SELECT seq FROM rollouts WHERE consumed_by_update = ? AND advantage <> 0 LIMIT 1)
                        """, arguments: [update]))
            var logprobs: Data = row["logprobs"]
            logprobs[logprobs.startIndex] ^= 0xFF
            logprobs[logprobs.startIndex + 1] ^= 0xFF
            let seq: Int64 = row["rollout_seq"]
            try db.execute(
                sql: "UPDATE rollout_bodies SET logprobs = ? WHERE rollout_seq = ?", arguments: [logprobs, seq])
        }
        try ledger.close()
    }
}
