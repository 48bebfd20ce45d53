// Packed bodies: every reader sees what was posted, bit for bit; what is not settled stays as it is; the file stops growing.
import Domain
import Foundation
import GRDB
import SchemaMigrations
import StrictJSON
import Testing

@testable import Storage

struct CompactionTests {
    private let later = Timestamp(milliseconds: 1_700_000_000_001)

    @Test func `a packed rollout reads as it was posted, to the last bit, wherever it is read`() async throws {
        try await withLedger { ledger, _ in
            let sent = try await consumedGroup(ledger, members: 4, tokens: 700)
            let before = try await everyView(ledger)
            let step = try await ledger.compact(createdBefore: later)
            #expect(step.rollouts == 4 && step.seen == 4)
            #expect(step.bytesAfter < step.bytesBefore * 3 / 4)
            #expect(try await ledger.compact(createdBefore: later).seen == 0)
            #expect(try await ledger.counts().packed == 4)
            let bodies = try await ledger.pool.read { db in
                try Int.fetchOne(db, sql: "SELECT sum(length(response) + length(token_ids)) FROM rollout_bodies")
            }
            #expect(bodies == 0)
            #expect(try await everyView(ledger) == before)
            for rollout in sent {
                let id = try #require(rollout.id)
                let stored = try #require(try await ledger.rollout(id))
                #expect(stored.response == rollout.response && stored.tokenIDs == rollout.tokenIDs)
                #expect(stored.logprobs.map(\.bitPattern) == rollout.logprobs.map(\.bitPattern))
                // The same rollout posted again is still the same rollout, and another one is not.
                #expect(try await ledger.addRollout(rollout).isNew == false)
                var other = rollout
                other.logprobs[3] = -0.125
                #expect(try await ledger.refusal(of: other)?.code == .conflict)
            }
        }
    }

    @Test func `a packed rollout can be judged again`() async throws {
        try await withLedger { ledger, _ in
            let sent = try await consumedGroup(ledger, members: 2, tokens: 300)
            _ = try await ledger.compact(createdBefore: later)
            #expect(try await ledger.requestRescore(matching: RolloutFilter(), limit: 9) == 2)
            let lease = try #require(try await ledger.leaseScoring(worker: "j", max: 9, seconds: 60))
            #expect(lease.rollouts.map(\.response) == sent.map(\.response))
        }
    }

    @Test func `what waits for a judge or an update, is too young, or is short stays as it is`() async throws {
        try await withLedger { ledger, fixture in
            try await consumedGroup(ledger, members: 2, tokens: 300)
            try await ledger.addPrompt(mathPrompt("ready"))
            for index in 0..<2 { try await ledger.addRollout(longRollout("ready/\(index)", of: "ready", tokens: 300)) }
            try await ledger.passAll()
            try await ledger.addPrompt(mathPrompt("open"))
            try await ledger.addRollout(longRollout("open/0", of: "open", tokens: 300))
            // Too young.
            #expect(try await ledger.compact(createdBefore: Timestamp(milliseconds: 1_700_000_000_000)).seen == 0)
            // A judge holds one of the consumed.
            #expect(try await ledger.requestRescore(matching: RolloutFilter(status: .consumed), limit: 1) == 1)
            #expect(try await ledger.compact(createdBefore: later).rollouts == 1)
            try await ledger.passAll()
            #expect(try await ledger.compact(createdBefore: later).rollouts == 1)
            #expect(try await ledger.compact(createdBefore: later).seen == 0)
            #expect(try await ledger.counts().packed == 2)
            // A short one is looked at once and left alone.
            try await consumedGroup(ledger, "short", members: 2, tokens: 3)
            let step = try await ledger.compact(createdBefore: later)
            #expect(step.seen == 2 && step.bytesAfter == step.bytesBefore)
            #expect(try await ledger.compact(createdBefore: later).seen == 0)
            #expect(try await ledger.counts().packed == 2)
            _ = fixture
        }
    }

    @Test func `a damaged packed body is an error that says so, never another rollout, and check finds it`()
        async throws
    {
        let fixture = try Fixture()
        let ledger = fixture.ledger
        try await consumedGroup(ledger, members: 2, tokens: 300)
        _ = try await ledger.compact(createdBefore: later)
        try await ledger.pool.write { db in
            try db.execute(sql: "UPDATE packed_bodies SET tokens = tokens + 1 WHERE rollout_seq = 2")
        }
        await #expect(throws: LedgerError.self) { _ = try await ledger.rollout(RolloutID("p/1")) }
        #expect(try await ledger.check() == ["the packed body of rollout p/1 cannot be read"])
        try await ledger.close()
    }

    @Test func `freed pages are used again, and rewriting gives them back`() async throws {
        try await withLedger { ledger, _ in
            for index in 0..<6 { try await consumedGroup(ledger, "a\(index)", members: 8, tokens: 2_000) }
            while try await ledger.compact(createdBefore: later).seen > 0 {}
            let packed = try await ledger.size()
            #expect(packed.freeBytes > packed.fileBytes / 4)
            for index in 0..<2 { try await consumedGroup(ledger, "b\(index)", members: 8, tokens: 2_000) }
            #expect(try await ledger.size().fileBytes == packed.fileBytes)
            let before = try await everyView(ledger)
            try await ledger.vacuum()
            let small = try await ledger.size()
            #expect(small.freeBytes == 0 && small.fileBytes < packed.fileBytes)
            #expect(try await everyView(ledger) == before)
        }
    }

    /// What the listing, the export and the reading of an update see.
    private func everyView(_ ledger: Ledger) async throws -> [Rollout] {
        let listed = try await ledger.rollouts(matching: RolloutFilter(), before: nil, limit: 200).rollouts
        let summaries = try await ledger.listRollouts(matching: RolloutFilter(), before: nil, limit: 200).rollouts
        #expect(summaries == listed.map(\.summary))
        let exported = try await ledger.exportRollouts(matching: RolloutFilter(), from: 0, limit: 200).rollouts
        let learned = try await ledger.consumedGroups(by: PolicyVersion(1), judgedThrough: .max).flatMap(\.rollouts)
        return listed + exported + learned
    }
}

// MARK: Values

/// A rollout with texts and numbers as models make them: log-probabilities of every magnitude, negative zero among them.
func longRollout(_ id: String, of prompt: String, tokens: Int, version: Int = 0) -> RolloutSubmission {
    var random = SeededGenerator(seed: UInt64(id.utf8.reduce(7) { $0 &* 31 &+ UInt64($1) }))
    let ids = (0..<tokens).map { _ in Int32.random(in: 0..<1_000, using: &random) * 150 }
    var logprobs: [Float] = [-0.0]
    for index in 1..<max(tokens, 2) {
        logprobs.append(-Float.random(in: 0..<1, using: &random) / Float(1 + index % 50 * index))
    }
    logprobs = Array(logprobs.prefix(tokens))
    let words = ["so ", "we ", "have ", "x = ", "\u{0}", "\\boxed{2} "]
    var text = ""
    for _ in 0..<tokens { text += words[Int.random(in: 0..<words.count, using: &random)] }
    return rollout(id, of: prompt, response: text, tokens: ids, logprobs: logprobs, version: version)
}

/// Stores a group of long rollouts, has it judged, and commits an update that consumes it; returns what was sent.
@discardableResult
func consumedGroup(
    _ ledger: Ledger, _ name: String = "p", members: Int, tokens: Int, kept: [KeptToken] = []
) async throws -> [RolloutSubmission] {
    let next = (try await ledger.latestVersion()?.number ?? -1) + 1
    if next == 0 { try await ledger.registerInitialPolicy(checkpoint: checkpoint(0)) }
    try await ledger.addPrompt(mathPrompt(name))
    let sent = (0..<members).map { longRollout("\(name)/\($0)", of: name, tokens: tokens) }
    let rules = admission(version: 99, groupSize: members)
    var group: GroupID?
    for rollout in sent { group = try await ledger.addRollout(rollout, rules).groupID }
    try await ledger.passAll()
    let part = ConsumedGroup(
        id: try #require(group), fate: .trained, advantages: [RolloutID("\(name)/0"): 0.5])
    var update = updateCommit(max(next, 1), [part])
    update.kept = kept
    try await ledger.commit(update: update)
    return sent
}
