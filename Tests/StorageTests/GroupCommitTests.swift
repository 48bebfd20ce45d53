// The one writer: sharing transactions, keeping faults apart, and turning callers away before memory grows.
import Dispatch
import Domain
import GRDB
import Testing

@testable import Storage

struct GroupCommitTests {
    /// Holds the writer inside a transaction until `open()`.
    private final class Gate: Sendable {
        private let entered = DispatchSemaphore(value: 0)
        private let released = DispatchSemaphore(value: 0)
        func hold() {
            entered.signal()
            released.wait()
        }
        func open() { released.signal() }
        func waitUntilHeld() async {
            await withCheckedContinuation { continuation in
                DispatchQueue.global().async { [self] in
                    entered.wait()
                    continuation.resume()
                }
            }
        }
    }

    private func waitForPending(_ count: Int, _ ledger: Ledger) async {
        while ledger.writeStatistics.pending < count { try? await Task.sleep(for: .milliseconds(1)) }
    }

    @Test func `writes that wait together share one transaction`() async throws {
        try await withLedger { ledger, _ in
            try await ledger.addPrompt(mathPrompt("p"))
            let before = ledger.writeStatistics
            let gate = Gate()
            try await withThrowingTaskGroup(of: Void.self) { group in
                group.addTask { try await ledger.write { _ in gate.hold() } }
                await gate.waitUntilHeld()
                for index in 0..<64 {
                    group.addTask { try await ledger.addRollout(rollout("r\(index)", of: "p")) }
                }
                await waitForPending(64, ledger)
                gate.open()
                try await group.waitForAll()
            }
            let after = ledger.writeStatistics
            #expect(after.writes - before.writes == 65)
            #expect(after.transactions - before.transactions == 2)
            #expect(after.pending == 0)
            #expect(try await ledger.counts().rollouts[.queued] == 64)
        }
    }

    @Test func `a transaction takes no more writes than its limit`() async throws {
        try await withLedger(options: LedgerOptions(writesPerTransactionMax: 10)) { ledger, _ in
            let gate = Gate()
            try await withThrowingTaskGroup(of: Void.self) { group in
                group.addTask { try await ledger.write { _ in gate.hold() } }
                await gate.waitUntilHeld()
                for index in 0..<25 { group.addTask { try await ledger.set("s\(index)", to: "1") } }
                await waitForPending(25, ledger)
                gate.open()
                try await group.waitForAll()
            }
            #expect(ledger.writeStatistics.transactions == 4)
        }
    }

    @Test func `one write that fails leaves the others of its transaction whole`() async throws {
        try await withLedger { ledger, _ in
            struct Refused: Error {}
            let gate = Gate()
            try await withThrowingTaskGroup(of: Void.self) { group in
                group.addTask { try await ledger.write { _ in gate.hold() } }
                await gate.waitUntilHeld()
                for index in 0..<12 {
                    group.addTask {
                        do {
                            try await ledger.write { db in
                                try db.run("INSERT INTO settings VALUES (?, 'x')", ["s\(index)"])
                                if index % 3 == 0 { throw Refused() }
                            }
                            #expect(index % 3 != 0)
                        } catch is Refused {
                            #expect(index % 3 == 0)
                        }
                    }
                }
                await waitForPending(12, ledger)
                gate.open()
                try await group.waitForAll()
            }
            for index in 0..<12 {
                #expect((try await ledger.setting("s\(index)") == nil) == (index % 3 == 0))
            }
        }
    }

    @Test func `a write's own broken rule is reported in our words, and the ledger goes on`() async throws {
        try await withLedger { ledger, _ in
            let error = await #expect(throws: LedgerError.self) {
                try await ledger.write { db in
                    try db.run("INSERT INTO settings VALUES ('a', 'x')")
                    try db.run("INSERT INTO policies VALUES (7, 0)")
                }
            }
            guard case .invariant = error else {
                Issue.record("\(String(describing: error))")
                return
            }
            #expect(try await ledger.setting("a") == nil)
            try await ledger.set("a", to: "y")
        }
    }

    @Test func `a full queue turns intake away at once and still takes verdicts`() async throws {
        try await withLedger(options: LedgerOptions(pendingWritesMax: 4)) { ledger, _ in
            try await ledger.addPrompt(mathPrompt("p"))
            let gate = Gate()
            try await withThrowingTaskGroup(of: Void.self) { group in
                group.addTask { try await ledger.write { _ in gate.hold() } }
                await gate.waitUntilHeld()
                for index in 0..<4 {
                    group.addTask { try await ledger.addRollout(rollout("r\(index)", of: "p")) }
                }
                await waitForPending(4, ledger)
                await #expect(throws: LedgerError.busy(retryAfterSeconds: 1)) {
                    try await ledger.addRollout(rollout("late", of: "p"))
                }
                group.addTask { try await ledger.set("learner", to: "on") }
                await waitForPending(5, ledger)
                gate.open()
                try await group.waitForAll()
            }
            #expect(try await ledger.counts().rollouts[.queued] == 4)
            #expect(try await ledger.rollout(RolloutID("late")) == nil)
            #expect(try await ledger.setting("learner") == "on")
        }
    }

    @Test func `reads do not wait for the writer and see only what is committed`() async throws {
        try await withLedger { ledger, _ in
            try await ledger.set("a", to: "1")
            let gate = Gate()
            try await withThrowingTaskGroup(of: Void.self) { group in
                group.addTask {
                    try await ledger.write { db in
                        try db.run("UPDATE settings SET value = '2' WHERE name = 'a'")
                        gate.hold()
                    }
                }
                await gate.waitUntilHeld()
                #expect(try await ledger.setting("a") == "1")
                gate.open()
                try await group.waitForAll()
            }
            #expect(try await ledger.setting("a") == "2")
        }
    }

    @Test func `closing finishes what waits and refuses what comes after`() async throws {
        let fixture = try Fixture()
        let ledger = fixture.ledger
        let gate = Gate()
        try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask { try await ledger.write { _ in gate.hold() } }
            await gate.waitUntilHeld()
            for index in 0..<8 { group.addTask { try await ledger.set("s\(index)", to: "kept") } }
            await waitForPending(8, ledger)
            group.addTask { try await ledger.close() }
            gate.open()
            try await group.waitForAll()
        }
        await #expect(throws: LedgerError.closed) { try await ledger.set("after", to: "x") }
        let again = try fixture.reopened()
        for index in 0..<8 { #expect(try await again.setting("s\(index)") == "kept") }
        try await again.close()
    }

    @Test func `concurrent posts of the same rollouts store each once`() async throws {
        try await withLedger { ledger, _ in
            try await ledger.addPrompt(mathPrompt("p"))
            let fresh = try await withThrowingTaskGroup(of: Int.self) { group in
                for _ in 0..<8 {
                    group.addTask {
                        var fresh = 0
                        for index in 0..<20 {
                            fresh += try await ledger.addRollout(rollout("r\(index)", of: "p")).isNew ? 1 : 0
                        }
                        return fresh
                    }
                }
                return try await group.reduce(0, +)
            }
            #expect(fresh == 20)
            #expect(try await ledger.counts().rollouts[.queued] == 20)
        }
    }
}
