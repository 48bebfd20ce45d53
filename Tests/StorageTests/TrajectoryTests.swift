// Groups of sequences in the ledger: over restarts, leases that run out, and random sessions under the invariants.
import Domain
import Foundation
import GRDB
@testable import Storage
import TestSupport
import Testing

struct TrajectoryTests {
    private func trainer(_ batchSize: Int = 2) -> TrainerRegistration {
        TrainerRegistration(
            group: "g", project: "p", batchSize: batchSize, tokensMax: 512, checkpointDirectory: "/c",
            checkpointInterval: 5, startingStep: 0, steps: 100)
    }

    private func environment(_ name: String = "e", groupSize: Int = 4) -> EnvironmentRegistration {
        EnvironmentRegistration(name: name, tokensMax: 512, weight: 1, groupSize: groupSize, batchShare: nil)
    }

    private func group(_ name: String, sequences: Int = 1, of environment: Int64? = nil) -> TrajectoryGroup {
        TrajectoryGroup(environment: environment, sequences: sequences, text: Array("\"\(name)\"".utf8))
    }

    /// Posts a group whose answer is taken.
    @discardableResult
    private func post(_ ledger: Ledger, _ groups: TrajectoryGroup...) async throws -> TrajectoryReceipt {
        let (receipt, delivery) = try await ledger.post(TrajectoryPost(groups: groups))
        delivery.noteTaken()
        return receipt
    }

    /// Takes a batch and says so; its groups' texts, without quotes.
    private func take(
        _ ledger: Ledger, _ acknowledgement: BatchAcknowledgement = .all, seconds: Double = 60
    ) async throws -> [String]? {
        let (offer, delivery) = try await ledger.takeBatch(acknowledging: acknowledgement, seconds: seconds)
        guard case .batch(let batch) = offer else { return nil }
        var texts: [String] = []
        for seq in batch.groups {
            let text = try #require(try await ledger.trajectoryText(seq))
            texts.append(String(decoding: text, as: UTF8.self).replacing("\"", with: ""))
        }
        try await delivery?.noteTaken()
        return texts
    }

    private func waiting(_ ledger: Ledger) async throws -> Int {
        try await ledger.pool.read { db in try Int.fetchOne(db, sql: "SELECT count(*) FROM trajectory_groups") ?? 0 }
    }

    @Test func `queue, batches, environments and step survive a restart`() async throws {
        let fixture = try Fixture()
        let ledger = fixture.ledger
        _ = try await ledger.register(trainer: trainer())
        #expect(try await ledger.register(environment: environment()) == nil)
        #expect(try await take(ledger) == nil)
        #expect(try await ledger.register(environment: environment())?.name == "e_0")
        for name in ["a", "b", "c", "d", "e"] { try await post(ledger, group(name)) }
        #expect(try await post(ledger, group("f", sequences: 3, of: 0)).bufferSize == 3)
        #expect(try await take(ledger) == ["a", "b"])
        try await ledger.close()

        let again = try fixture.reopened()
        let run = try #require(try await again.trajectoryRun())
        #expect(run.step == 2 && run.queued == 1 && run.isStarted && run.registration == trainer())
        #expect(try await again.register(environment: environment())?.name == "e_1")
        // Its answer had gone out before; the next request acknowledges it.
        #expect(try await take(again) == ["c", "d"])
        #expect(try await post(again, group("g", sequences: 1, of: 0)).bufferSize == 0)
        #expect(String(decoding: try await again.latestTrajectory() ?? [], as: UTF8.self) == "\"g\"")
        #expect(try await again.check() == [])
        try await again.close()
    }

    @Test func `a batch whose answer nobody is known to have taken comes again after a restart`() async throws {
        let fixture = try Fixture()
        _ = try await fixture.ledger.register(trainer: trainer())
        try await post(fixture.ledger, group("a"), group("b"))
        let (offer, delivery) = try await fixture.ledger.takeBatch(acknowledging: .all, seconds: 60)
        guard case .batch(let first) = offer else {
            Issue.record("\(offer)")
            return
        }
        // While it is under way nobody else gets it.
        #expect(try await take(fixture.ledger) == nil)
        let again = try fixture.reopened()
        let (repeated, _) = try await again.takeBatch(acknowledging: .all, seconds: 60)
        guard case .batch(let second) = repeated else {
            Issue.record("\(repeated)")
            return
        }
        #expect(second.seq == first.seq && second.groups == first.groups && second.attempt == 2)
        withExtendedLifetime(delivery) {}
        try await again.close()
        try await fixture.ledger.close()
    }

    @Test func `a lease that runs out, and one that was not taken, go back before everything else`() async throws {
        try await withLedger { ledger, fixture in
            _ = try await ledger.register(trainer: trainer(1))
            for name in ["a", "b", "c"] { try await post(ledger, group(name)) }
            #expect(try await take(ledger, seconds: 10) == ["a"])
            fixture.clock.advance(seconds: 11)
            #expect(try await take(ledger, seconds: 10) == ["a"])
            fixture.clock.advance(seconds: 9)
            #expect(try await take(ledger) == ["b"])
            // Dropped on the way.
            _ = try await ledger.takeBatch(acknowledging: .all, seconds: 60)
            #expect(try await take(ledger) == ["c"])
            #expect(try await take(ledger) == nil)
            // The last one stays, as the latest example.
            #expect(try await waiting(ledger) == 1)
        }
    }

    @Test func `the same post is stored once until its answer was taken, and for ten minutes`() async throws {
        try await withLedger { ledger, fixture in
            func lost(_ name: String, key: String? = nil) async throws -> Bool {
                try await ledger.post(TrajectoryPost(groups: [group(name)], key: key)).receipt.isRepeat
            }
            #expect(try await !lost("a"))
            #expect(try await lost("a"))
            #expect(try await !lost("b"))
            // Also by a process that knows nothing of answers.
            let other = try fixture.reopened()
            #expect(try await other.post(TrajectoryPost(groups: [group("a")])).receipt.isRepeat)
            try await other.close()
            fixture.clock.advance(seconds: Limits.repeatSeconds + 1)
            #expect(try await !lost("a"))
            #expect(try await post(ledger, group("c")).isRepeat == false)
            #expect(try await post(ledger, group("c")).isRepeat == false)
            #expect(try await !lost("k", key: "1"))
            fixture.clock.advance(seconds: Limits.repeatSeconds + 1)
            #expect(try await lost("k", key: "1"))
            await #expect(throws: InputError.self) { try await lost("l", key: "1") }
            #expect(try await !lost("l", key: "2"))
        }
    }

    @Test func `a queue that is full refuses more and loses nothing`() async throws {
        try await withLedger { ledger, _ in
            _ = try await ledger.register(trainer: trainer(1))
            let many = (0..<Limits.trajectoriesPerRequestMax).map { group("\($0)") }
            for _ in 0..<(Limits.trajectoriesWaitingMax / many.count) {
                let (_, delivery) = try await ledger.post(TrajectoryPost(groups: many))
                delivery.noteTaken()
            }
            await #expect(throws: LedgerError.self) { try await post(ledger, group("more")) }
            #expect(try await waiting(ledger) == Limits.trajectoriesWaitingMax)
            #expect(try await take(ledger) == ["0"])
            #expect(try await take(ledger) == ["1"])
            #expect(try await post(ledger, group("more")).isRepeat == false)
        }
    }

    @Test(arguments: [1, 2, 3, 4]) func `every group of a random session comes out once and in whole batches`(
        seed: UInt64
    ) async throws {
        var generator = SeededGenerator(seed: 900 + seed)
        let fixture = try Fixture()
        var ledger = fixture.ledger
        let size = [2, 4, 8].randomElement(using: &generator) ?? 4
        _ = try await ledger.register(trainer: trainer(size))
        var posted: Set<String> = []
        var seen: [String] = []
        var held: [String] = []
        for index in 0..<160 {
            switch Int.random(in: 0..<10, using: &generator) {
            case 0..<5:
                let name = "\(index)"
                let isLost = Bool.random(using: &generator)
                for _ in 0..<(isLost ? 2 : 1) {
                    let (receipt, delivery) = try await ledger.post(TrajectoryPost(groups: [group(name)]))
                    #expect(receipt.isRepeat == posted.contains(name))
                    posted.insert(name)
                    if !isLost { delivery.noteTaken() }
                }
            case 5..<8:
                seen += held
                held = try await take(ledger) ?? []
                #expect(held.isEmpty || held.count == size)
            case 8:
                // The trainer begins anew, and what it held comes first.
                _ = try await ledger.register(trainer: trainer(size))
                if !held.isEmpty { #expect(try await take(ledger) == held) }
            default:
                try await ledger.close()
                ledger = try fixture.reopened()
            }
        }
        while !held.isEmpty {
            seen += held
            held = try await take(ledger) ?? []
        }
        #expect(Set(seen).count == seen.count && seen.count == posted.count / size * size)
        #expect(seen == posted.sorted { (Int($0) ?? 0) < (Int($1) ?? 0) }.prefix(seen.count).map { $0 })
        #expect(try await ledger.check() == [])
        try await ledger.close()
    }
}
