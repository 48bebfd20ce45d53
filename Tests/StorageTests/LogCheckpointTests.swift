// The write-ahead log: copied beside the writer, within its bound, and never a reason for a commit to fail.
import Dispatch
import Domain
import Foundation
import GRDB
import Testing

@testable import Storage

struct LogCheckpointTests {
    /// Writes a mebibyte.
    private func write(_ number: Int, _ ledger: Ledger) async throws {
        _ = try await ledger.write(.intake, bytes: 1 << 20) { db in
            try db.run("INSERT INTO settings VALUES (?, ?)", ["s\(number)", String(repeating: "x", count: 1 << 20)])
        }
    }

    private func logBytes(_ fixture: Fixture) throws -> Int {
        try FileManager.default.attributesOfItem(atPath: fixture.path + "-wal")[.size] as? Int ?? 0
    }

    @Test func `the log stays within its bound under a load without a gap, and everything is there`() async throws {
        try await withLedger { ledger, fixture in
            let count = 3 * Limits.logBytesMax >> 20
            for number in 0..<count { try await write(number, ledger) }
            #expect(try logBytes(fixture) < Limits.logBytesMax + 3 * Limits.logBytesPerCheckpoint)
            let stored = try await ledger.read { db in try db.integer("SELECT count(*) FROM settings") }
            #expect(stored.map(Int.init) == count)
        }
    }

    @Test func `a reader of an old snapshot holds up no commit, and the log is begun anew after it`() async throws {
        try await withLedger { ledger, fixture in
            try await write(0, ledger)
            let (entered, released) = (DispatchSemaphore(value: 0), DispatchSemaphore(value: 0))
            async let old = ledger.read { db -> Int64? in
                _ = try db.integer("SELECT count(*) FROM settings")
                entered.signal()
                released.wait()
                return try db.integer("SELECT count(*) FROM settings")
            }
            await withCheckedContinuation { continuation in
                DispatchQueue.global().async {
                    entered.wait()
                    continuation.resume()
                }
            }
            let count = Limits.logBytesMax >> 20
            for number in 1...count { try await write(number, ledger) }
            released.signal()
            #expect(try await old == 1, "a snapshot does not change")
            let grown = try logBytes(fixture)
            #expect(grown > Limits.logBytesMax)
            for number in 1...count { try await write(count + number, ledger) }
            #expect(try logBytes(fixture) < grown + Limits.logBytesMax, "what nobody reads any more is written over")
        }
    }
}
