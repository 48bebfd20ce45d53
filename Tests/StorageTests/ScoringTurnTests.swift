// Fair turns before the judges: one key's flood does not starve another's few, and costs the ledger no more.
import Domain
import Foundation
import Testing

@testable import Storage

@Suite struct ScoringTurnTests {
    @Test func `lanes take turns by their weights, and nobody gets more than they have`() {
        var turns = ScoringTurns()
        let lanes = [
            WaitingLane(lane: 1, waiting: 20_000, weight: 1), WaitingLane(lane: 2, waiting: 20_000, weight: 3),
            WaitingLane(lane: 3, waiting: 5, weight: 1),
        ]
        var taken: [Int64: Int] = [:]
        for _ in 0..<10 {
            let shares = turns.take(64, from: lanes)
            #expect(shares.reduce(0) { $0 + $1.count } == 64)
            for share in shares {
                #expect(share.lane != 3 || share.count <= 5)
                if share.lane != 3 { taken[share.lane, default: 0] += share.count }
            }
        }
        let ratio = Double(taken[2] ?? 0) / Double(taken[1] ?? 1)
        #expect((2.5...3.5).contains(ratio), "\(ratio)")
    }

    @Test func `one by one is as fair as by sixty-four`() {
        var turns = ScoringTurns()
        let lanes = [WaitingLane(lane: 0, waiting: 99, weight: 1), WaitingLane(lane: 7, waiting: 99, weight: 1)]
        var taken: [Int64] = []
        for _ in 0..<64 { taken += turns.take(1, from: lanes).map(\.lane) }
        #expect(taken.count(where: { $0 == 7 }) == 32)
        #expect(turns.take(5, from: []) == [])
        #expect(turns.take(5, from: [WaitingLane(lane: 0, waiting: 2, weight: 1)]) == [LaneShare(lane: 0, count: 2)])
    }

    /// Posts rollouts of a lane, without tokens, a thousand at a time.
    private func post(_ count: Int, lane: Int64, to ledger: Ledger) async throws {
        for start in stride(from: 0, to: count, by: 1_000) {
            let batch = (start..<min(count, start + 1_000)).map {
                rollout("l\(lane)-\($0)", of: "p", tokens: [], logprobs: [])
            }
            for receipt in try await ledger.submit(rollouts: batch, admission: admission(groupSize: 64), lane: lane) {
                _ = try receipt.get()
            }
        }
    }

    /// Leases of 64 until one holds all rollouts of the lane; how many were handed out before the last of them.
    private func position(ofLast lane: Int64, count: Int, _ ledger: Ledger) async throws -> Int {
        var seen = 0
        var found = 0
        while let lease = try await ledger.leaseScoring(worker: "j", max: 64, seconds: 600) {
            for work in lease.rollouts {
                seen += 1
                if work.lane == lane { found += 1 }
                if found == count { return seen }
            }
        }
        return .max
    }

    @Test func `eight rollouts behind a flood of nineteen thousand are judged among the first sixty-four`() async throws
    {
        let fixture = try Fixture()
        let ledger = fixture.ledger
        try await ledger.addPrompt(mathPrompt("p"))
        let flood = try await ledger.createKey(KeyRequest(name: "a", roles: [.generate]), countedKey(1), by: .command)
        let small = try await ledger.createKey(KeyRequest(name: "b", roles: [.generate]), countedKey(2), by: .command)
        try await post(19_000, lane: flood.seq, to: ledger)
        try await post(8, lane: small.seq, to: ledger)
        let start = ContinuousClock.now
        let place = try await position(ofLast: small.seq, count: 8, ledger)
        let elapsed = ContinuousClock.now - start
        // By age it would be 19,008.
        #expect(place <= 64, "the last of the eight was number \(place)")
        // The cost of a lease does not grow with the queue: this was 10 to 20 ms in a debug build.
        #expect(elapsed < .seconds(2), "\(elapsed)")
        // What the flood still has goes on in its order.
        let next = try #require(try await ledger.leaseScoring(worker: "j", max: 64, seconds: 600))
        #expect(next.rollouts.count == 64 && next.rollouts.allSatisfy { $0.lane == flood.seq })
        #expect(next.rollouts.first?.rolloutID == RolloutID("l\(flood.seq)-56"))
        #expect(try await ledger.check() == [])
        try await ledger.close()
    }

    @Test func `work that comes back waits in its own lane, at its front`() async throws {
        try await withLedger { ledger, fixture in
            try await ledger.addPrompt(mathPrompt("p"))
            try await post(4, lane: KeyLane.inProcess, to: ledger)
            try await post(4, lane: KeyLane.unnamed, to: ledger)
            let first = try #require(try await ledger.leaseScoring(worker: "j", max: 2, seconds: 30))
            #expect(first.rollouts.map(\.lane) == [-1, -1])
            fixture.clock.advance(seconds: 31)
            let second = try #require(try await ledger.leaseScoring(worker: "j", max: 8, seconds: 30))
            #expect(second.rollouts.count == 8)
            #expect(second.rollouts.filter { $0.lane == -1 }.map(\.attempt) == [2, 2, 1, 1])
            #expect(try await ledger.leaseScoring(worker: "j", max: 8, seconds: 30) == nil)
        }
    }

    @Test func `a key's quota of waiting rollouts holds it back and nobody else, and stores nothing`() async throws {
        try await withLedger { ledger, _ in
            try await ledger.addPrompt(mathPrompt("p"))
            let key = try await ledger.createKey(
                KeyRequest(name: "a", roles: [.generate]), countedKey(1), by: .command)
            let batch = (0..<5).map { rollout("r\($0)", of: "p") }
            await #expect(throws: LedgerError.keyBacklog(queued: 4, limit: 4, retryAfterSeconds: 5)) {
                _ = try await ledger.submit(rollouts: batch, admission: admission(), lane: key.seq, laneMax: 4)
            }
            #expect(try await ledger.rollout(RolloutID("r0")) == nil)
            _ = try await ledger.submit(
                rollouts: Array(batch.prefix(4)), admission: admission(), lane: key.seq, laneMax: 4)
            await #expect(throws: LedgerError.self) {
                _ = try await ledger.submit(rollouts: [batch[4]], admission: admission(), lane: key.seq, laneMax: 4)
            }
            // A repetition is no new rollout, and another lane is not this one's business.
            _ = try await ledger.submit(rollouts: [batch[0]], admission: admission(), lane: key.seq, laneMax: 4)
            _ = try await ledger.submit(rollouts: [batch[4]], admission: admission(), lane: 0, laneMax: 4)
            try await ledger.passAll()
            _ = try await ledger.submit(
                rollouts: [rollout("r9", of: "p")], admission: admission(), lane: key.seq, laneMax: 4)
            #expect(
                try await ledger.lanes(of: [RolloutID("r9"), RolloutID("r4"), RolloutID("none")])
                    == [RolloutID("r9"): key.seq, RolloutID("r4"): 0])
        }
    }
}
