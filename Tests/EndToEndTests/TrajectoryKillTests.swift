// kill -9 while environments post and a trainer takes batches: what was acknowledged to either side stays so.
import Domain
import Foundation
import Glibc
import StrictJSON
import Synchronization
import TestSupport
import Testing

@Suite(.serialized) struct TrajectoryKillTests {
    private static let kills = 10
    private static let batchSize = 4
    private static let registration = JSONValue.members([
        "wandb_group": .string("g"), "wandb_project": .string("p"), "batch_size": .integer(4),
        "max_token_len": .integer(64), "checkpoint_dir": .string("/c"), "save_checkpoint_interval": .integer(1),
        "starting_step": .integer(0), "num_steps": .integer(1_000),
    ])

    @Test(.timeLimit(.minutes(5)))
    func `a server killed ten times loses no acknowledged group and hands none out twice to a trainer that goes on`()
        async throws
    {
        let folder = try TemporaryFolder()
        let arguments = ["--database", folder.path + "/ledger.sqlite", "--learner", "off"]
        var generator = SeededGenerator(seed: 20_261_130)
        var posted: Set<Int64> = []
        var acknowledged: Set<Int64> = []
        // By number of batch: one that had arrived when the server died, before it could note so, comes again under its number.
        var trained: [String: [Int64]] = [:]
        for round in 0..<Self.kills {
            let server = try await ServerProcess.start(arguments)
            if round == 0 { #expect(await server.post("/register", Self.registration)?.status == 200) }
            let moment = Double.random(in: 0.05...0.5, using: &generator)
            async let killed: Void = {
                try? await Task.sleep(for: .seconds(moment))
                server.signal(SIGKILL)
            }()
            async let taken = takeUntilKilled(server)
            let (sent, answered) = await postUntilKilled(server, round)
            posted.formUnion(sent)
            acknowledged.formUnion(answered)
            trained.merge(await taken) { $1 }
            await killed
            #expect(await server.waitForExit(seconds: 20))
        }
        let server = try await ServerProcess.start(arguments)
        trained.merge(await take(server) { $0 == nil }) { $1 }
        server.signal(SIGTERM)
        #expect(await server.waitForExit(seconds: 60))
        #expect(acknowledged.count > 10 * Self.batchSize, "too little was acknowledged for the test to mean anything")
        let groups = trained.values.flatMap { $0 }
        #expect(Set(groups).count == groups.count, "a group was in two batches")
        #expect(Set(groups).isSubset(of: posted))
        let left = acknowledged.subtracting(groups)
        #expect(left.count < Self.batchSize, "\(left.count) groups are lost")
        let check = try await Binary.run(["check", "--database", folder.path + "/ledger.sqlite"])
        #expect(check.status == 0, "\(check.output)\(check.errors)")
    }

    /// What was sent, and what of it was answered; a post without an answer is not sent again.
    private func postUntilKilled(_ server: ServerProcess, _ round: Int) async -> (
        sent: Set<Int64>, answered: Set<Int64>
    ) {
        var (sent, answered): (Set<Int64>, Set<Int64>) = ([], [])
        for index in 0..<2_000 {
            let number = Int64(round * 10_000 + index)
            let tokens = JSONValue.array([.integers([number, 1, 2])])
            sent.insert(number)
            let body = JSONValue.members(["tokens": tokens, "masks": tokens, "scores": .doubles([0.5])])
            guard await server.post("/scored_data", body)?.status == 200 else { break }
            answered.insert(number)
        }
        return (sent, answered)
    }

    private func takeUntilKilled(_ server: ServerProcess) async -> [String: [Int64]] {
        await take(server) { _ in false }
    }

    /// The groups of all batches that arrived whole, by number, until the server is gone or `isEnd` says so of a batch.
    private func take(_ server: ServerProcess, until isEnd: ([Int64]?) -> Bool) async -> [String: [Int64]] {
        var taken: [String: [Int64]] = [:]
        for _ in 0..<5_000 {
            guard let answer = await server.client.send("GET", "/batch"), answer.status == 200,
                answer.body.last == UInt8(ascii: "}")
            else { break }
            let batch = answer.json["batch"]?.elements?.compactMap {
                $0["tokens"]?.elements?.first?.elements?.first?.integer
            }
            if let batch, let number = answer.headers["x-batch-id"] { taken[number] = batch }
            if isEnd(batch) { break }
            if batch == nil { try? await Task.sleep(for: .milliseconds(5)) }
        }
        return taken
    }
}
