// The events that the ledger keeps, and what it tells of each commit.
import Domain
import GRDB
import Glibc
import Storage
import StrictJSON
import Synchronization
import Testing

/// Everything that a ledger told.
private final class Watcher: Sendable {
    private let state = Mutex<(news: [CommitNews], figures: [CommitFigures])>(([], []))

    func watch(_ ledger: Ledger) {
        ledger.watch { [self] news, figures in
            state.withLock {
                $0.news.append(news)
                $0.figures.append(figures)
            }
        }
    }

    /// What was told, once every transaction was: callers go on before the watcher hears of it.
    func news(after ledger: Ledger) async throws -> [CommitNews] {
        while state.withLock({ $0.news.count }) < ledger.writeStatistics.transactions {
            try await Task.sleep(for: .milliseconds(5))
        }
        return state.withLock { $0.news }
    }

    var figures: [CommitFigures] { state.withLock { $0.figures } }
}

private let every = Set(EventType.allCases)

/// How many bytes of its stack the calling thread uses now: glibc keeps a thread's descriptor, which `pthread_self` points
/// to, at the beginning of its stack.
private func stackDepth() -> Int {
    var here = 0
    return withUnsafeMutablePointer(to: &here) { Int(pthread_self()) - Int(bitPattern: $0) }
}

struct EventTests {
    @Test func `what happens to groups, leases, updates and evaluations is kept in its order`() async throws {
        try await withLedger { ledger, fixture in
            try await ledger.registerInitialPolicy(checkpoint: checkpoint(0))
            _ = try await ledger.submit(prompts: [mathPrompt("p")])
            let lease = try #require(
                try await ledger.leaseGroups(
                    worker: "w", max: 1, groupSize: 1, policyVersion: PolicyVersion(0), scope: PromptScope(),
                    seconds: 60))
            let group = lease.groups[0].id
            fixture.clock.advance(seconds: 2)
            let admission = RolloutAdmission(currentVersion: PolicyVersion(0), groupSize: 1)
            _ = try await ledger.submit(
                rollouts: [rollout("r", of: "p", group: group.text)], admission: admission)
            let scoring = try #require(try await ledger.leaseScoring(worker: "j", max: 8, seconds: 60))
            _ = try await ledger.record(
                results: [
                    ScoringResult(rolloutID: RolloutID("r"), attempt: 1, verdict: .passed("equal"), reward: 1)
                ], lease: scoring.id)
            try await ledger.commit(
                update: updateCommit(1, [ConsumedGroup(id: group, fate: .trained, advantages: [:])]))
            try await ledger.record(evaluations: [
                EvaluationRecord(
                    version: PolicyVersion(1), kind: "all", prompts: 4, samples: 0, greedyAccuracy: 0.5,
                    averageAccuracy: nil, passAtK: nil, undetermined: 0, learningSeconds: 1,
                    createdAt: Timestamp(milliseconds: 9))
            ])
            try await ledger.record(events: [(.alarm, .members(["message": .string("entropy fell")]))])

            let page = try await ledger.events(after: 0, through: .max, types: every, limit: 100)
            #expect(
                page.events.map(\.type) == [
                    .policyPublished, .leaseEnded, .groupReady, .updateCommitted, .policyPublished,
                    .evaluationFinished, .alarm,
                ])
            #expect(page.events.map(\.sequence) == Array(1...7))
            let ended = try #require(page.events.first { $0.type == .leaseEnded })
            #expect(
                JSONValue.object(ended.data).text
                    == #"{"lease_id":"\#(lease.id)","kind":"generate","worker":"w","attempt":1,"ending":"completed","held_seconds":2.0}"#
            )
            let ready = try #require(page.events.first { $0.type == .groupReady })
            #expect(JSONValue.object(ready.data).text == #"{"group_id":"\#(group)","prompt_id":"p","rollouts":1}"#)
            #expect(ready.at == fixture.clock.wall.now())
            #expect(
                page.events.count { $0.type == .leaseEnded } == 1, "a scoring lease that ends by verdicts is not told")
            let some = try await ledger.events(after: 2, through: 6, types: [.policyPublished, .alarm], limit: 100)
            #expect(some.events.map(\.type) == [.policyPublished] && some.through == 6)
        }
    }

    @Test func `telling of the thousandth commit takes no more of the stack than telling of the first`() async throws {
        try await withLedger { ledger, _ in
            let depths = Mutex<[Int]>([])
            ledger.watch { _, _ in depths.withLock { $0.append(stackDepth()) } }
            for number in 0..<1000 { _ = try await ledger.submit(prompts: [mathPrompt("p-\(number)")]) }
            while depths.withLock({ $0.count }) < 1000 { try await Task.sleep(for: .milliseconds(5)) }
            let (first, last) = depths.withLock { ($0[0], $0[999]) }
            // A wrapper for each commit, as there was once, makes 192,000 bytes, and ends the service when the stack is full.
            #expect(last < first + 16_384, "\(first) bytes at the first commit, \(last) at the last")
        }
    }

    @Test func `a watcher hears of each commit once, and of nothing that was undone`() async throws {
        try await withLedger { ledger, _ in
            let watcher = Watcher()
            watcher.watch(ledger)
            _ = try await ledger.submit(prompts: [mathPrompt("p")])
            let admission = RolloutAdmission(currentVersion: PolicyVersion(0), groupSize: 4)
            _ = try await ledger.submit(
                rollouts: (0..<4).map { rollout("r-\($0)", of: "p") } + [rollout("bad", of: "none")],
                admission: admission)
            // The same again changes nothing.
            _ = try await ledger.submit(rollouts: (0..<4).map { rollout("r-\($0)", of: "p") }, admission: admission)
            let lease = try #require(try await ledger.leaseScoring(worker: "j", max: 8, seconds: 60))
            let results = (0..<4).map {
                ScoringResult(rolloutID: RolloutID("r-\($0)"), attempt: 1, verdict: .passed("equal"), reward: 1)
            }
            _ = try await ledger.record(results: results, lease: lease.id)
            // An update of a version that cannot be: its whole write is undone.
            await #expect(throws: LedgerError.self) { try await ledger.commit(update: updateCommit(7, [])) }

            let news = try await watcher.news(after: ledger)
            #expect(news.flatMap(\.accepted).map(\.rolloutID.text) == ["r-0", "r-1", "r-2", "r-3"])
            #expect(Set(news.flatMap(\.accepted).map(\.groupID)).count == 1)
            #expect(news.flatMap(\.waitSeconds).count == 4)
            #expect(news.flatMap(\.judged).map(\.outcome) == [.passed, .passed, .passed, .passed])
            #expect(news.flatMap(\.settled).count == 4 && news.flatMap(\.settled).allSatisfy(\.isJudged))
            #expect(news.flatMap(\.endedLeases).map(\.ending) == ["completed"])
            #expect(news.flatMap(\.events).map(\.type) == [.groupReady])
            #expect(watcher.figures.allSatisfy { $0.commitSeconds > 0 && !$0.waitSeconds.isEmpty })
            #expect(ledger.writeStatistics.untold == 0)
        }
    }

    @Test func `old events are forgotten type by type, and whoever asks for them is told`() async throws {
        try await withLedger { ledger, _ in
            try await ledger.record(events: [(.alarm, .members(["message": .string("first")]))])
            for index in 0..<6 {
                try await ledger.record(events: [(.learnerState, .members(["state": .string("\(index)")]))])
            }
            #expect(try await ledger.trimEvents(kept: 2) == 4)
            let page = try await ledger.events(after: 0, through: .max, types: every, limit: 100)
            #expect(page.events.map(\.sequence) == [1, 6, 7], "a type of many events pushes out no other")
            #expect(try await ledger.trimmedEventTypes(after: 0) == [.learnerState])
            #expect(try await ledger.trimmedEventTypes(after: 5) == [])
            #expect(try await ledger.newestEvent() == 7)
            #expect(try await ledger.trimEvents(kept: 0) == 3)
            #expect(try await ledger.newestEvent() == 7, "a number is never given twice")
        }
    }

    @Test func `a look at the ledger says what waits, since when, and who holds what`() async throws {
        try await withLedger { ledger, fixture in
            _ = try await ledger.submit(prompts: [mathPrompt("p")])
            let admission = RolloutAdmission(currentVersion: PolicyVersion(0), groupSize: 4)
            let posted = fixture.clock.wall.now()
            _ = try await ledger.submit(rollouts: [rollout("r-0", of: "p")], admission: admission)
            fixture.clock.advance(seconds: 5)
            _ = try await ledger.submit(rollouts: [rollout("r-1", of: "p")], admission: admission)
            var pulse = try await ledger.pulse()
            #expect(pulse.queue("waiting") == .init(name: "waiting", count: 2, oldest: posted))
            #expect(pulse.queue("leased") == .init(name: "leased", count: 0, oldest: nil))
            #expect(pulse.databaseBytes + pulse.logBytes > 0 && pulse.policyLag == nil)
            _ = try await ledger.leaseScoring(worker: "j", max: 1, seconds: 30)
            let leased = fixture.clock.wall.now()
            pulse = try await ledger.pulse()
            #expect(pulse.queue("waiting")?.oldest == leased && pulse.queue("waiting")?.count == 1)
            #expect(pulse.queue("leased") == .init(name: "leased", count: 1, oldest: leased))
            #expect(pulse.leases == [.score: 1, .generate: 0])
            #expect(
                pulse.workers == [
                    .init(
                        kind: .score, worker: "j", count: 1, oldest: leased, nextExpiry: leased.adding(seconds: 30))
                ])
            #expect(pulse.groups["open"] == 1 && pulse.groups["ready"] == 0)
        }
    }
}
