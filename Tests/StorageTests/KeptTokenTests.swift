// Tokens beyond the clip range in the ledger: with the update or not at all, in pages of whole updates, gone with their rollout.
import Domain
import Testing

@testable import Storage

struct KeptTokenTests {
    private func token(_ rollout: String, _ position: Int, advantage: Double = 0.5, ratio: Double = 2) -> KeptToken {
        KeptToken(
            rolloutID: RolloutID(rollout), position: position, context: [7, 8, 9], contextPlace: 1, behaviour: -2.25,
            logprob: -1.5, entropy: 0.75, advantage: advantage, ratio: ratio, gradient: -0.64)
    }

    @Test func `what an update recorded is read back as it was, newest update first and the most telling first`()
        async throws
    {
        try await withLedger { ledger, _ in
            try await consumedGroup(ledger, "none", members: 2, tokens: 8)
            try await consumedGroup(ledger, "a", members: 2, tokens: 8, kept: [token("a/1", 3), token("a/0", 5)])
            try await consumedGroup(
                ledger, "b", members: 2, tokens: 8, kept: [token("b/0", 2), token("b/0", 1), token("b/1", 0)])
            let all = try await ledger.keptTokens(before: nil, limit: 50)
            #expect(all.map(\.token.rolloutID.text) == ["b/0", "b/0", "b/1", "a/1", "a/0"])
            #expect(all.map(\.token.position) == [2, 1, 0, 3, 5])
            #expect(all.first?.token == token("b/0", 2) && all.first?.objective == "gppo")
            let group = try await ledger.rollout(RolloutID("b/0"))?.groupID
            #expect(all.first?.groupID == group)
            // A page is whole updates, however few tokens are asked for.
            let first = try await ledger.keptTokens(before: nil, limit: 1)
            #expect(first.count == 3 && Set(first.map(\.update.number)) == [3])
            let next = try await ledger.keptTokens(before: first.last?.update, limit: 1)
            #expect(next.map(\.token.rolloutID.text) == ["a/1", "a/0"])
            #expect(try await ledger.keptTokens(before: next.last?.update, limit: 1) == [])
            #expect(try await ledger.keptTokens(of: RolloutID("b/0")).map(\.token.position) == [1, 2])
            #expect(try await ledger.keptTokens(of: RolloutID("nobody")) == [])
        }
    }

    @Test func `an update that is refused leaves none, and a number that is none keeps no update from being stored`()
        async throws
    {
        try await withLedger { ledger, _ in
            try await consumedGroup(
                ledger, "a", members: 1, tokens: 8,
                kept: [
                    token("a/0", 0, ratio: .infinity), token("nobody", 1), token("a/0", 2),
                    token("a/0", 3, advantage: 0),
                ])
            #expect(try await ledger.keptTokens(before: nil, limit: 9).map(\.token.position) == [2])
            var gap = updateCommit(9, [])
            gap.kept = [token("a/0", 1)]
            await #expect(throws: LedgerError.self) { try await ledger.commit(update: gap) }
            #expect(try await ledger.keptTokens(of: RolloutID("a/0")).count == 1)
        }
    }

    @Test func `tokens go with the rollout that retention deletes`() async throws {
        try await withLedger { ledger, fixture in
            try await consumedGroup(ledger, "old", members: 2, tokens: 8, kept: [token("old/0", 3)])
            fixture.clock.advance(seconds: 10 * 86_400)
            try await consumedGroup(ledger, "new", members: 1, tokens: 8, kept: [token("new/0", 1)])
            try await consumedGroup(ledger, "newest", members: 1, tokens: 8)
            #expect(try await ledger.retain(RetentionPolicy(days: 7)).rollouts == 2)
            #expect(try await ledger.keptTokens(before: nil, limit: 9).map(\.token.rolloutID.text) == ["new/0"])
        }
    }

    @Test func `curves take evenly chosen updates of any range, its ends among them`() async throws {
        try await withLedger { ledger, _ in
            #expect(
                try await ledger.updateSeries(from: nil, to: nil, points: 5) == UpdateSeries(whole: nil, updates: []))
            try await ledger.registerInitialPolicy(checkpoint: checkpoint(0))
            for version in 1...21 {
                try await ledger.commit(update: updateCommit(version, [], metrics: [.init("loss", Double(version))]))
            }
            func versions(_ from: Int?, _ to: Int?, _ points: Int) async throws -> [Int] {
                try await ledger.updateSeries(from: from, to: to, points: points).updates.map(\.version.number)
            }
            #expect(try await versions(nil, nil, 5) == [1, 6, 11, 16, 21])
            #expect(try await versions(nil, nil, 100) == Array(1...21))
            #expect(try await versions(5, 7, 240) == [5, 6, 7])
            #expect(try await versions(21, nil, 240) == [21])
            #expect(try await versions(22, nil, 240) == [])
            #expect(try await versions(9, 3, 9) == [])
            let series = try await ledger.updateSeries(from: 3, to: 4, points: 9)
            #expect(series.whole == 1...21 && series.updates.first?["loss"] == 3)
        }
    }
}
