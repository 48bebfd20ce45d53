// What happens to the file when the machine fails: crashes at any moment, a full disk, damaged pages.
import Domain
import Foundation
import GRDB
import Glibc
import Synchronization
import Testing

@testable import Storage

struct DurabilityTests {
    private func open(_ path: String) throws -> Ledger {
        try Ledger.open(at: path, clock: StillClock().wall, identifiers: countedIdentifiers())
    }

    private func copy(_ path: String, to target: String, walBytes: Int? = nil) throws {
        let manager = FileManager.default
        for suffix in ["", "-wal"] where manager.fileExists(atPath: path + suffix) {
            try manager.copyItem(atPath: path + suffix, toPath: target + suffix)
        }
        if let walBytes { truncate(target + "-wal", off_t(walBytes)) }
    }

    private func size(_ path: String) throws -> Int {
        try FileManager.default.attributesOfItem(atPath: path)[.size] as? Int ?? 0
    }

    @Test func `a crash at any moment under load loses no acknowledged rollout and keeps none by half`() async throws {
        let fixture = try Fixture()
        let ledger = fixture.ledger
        try await ledger.addPrompt(mathPrompt("p"))
        let acknowledged = Names()
        try await withThrowingTaskGroup(of: Void.self) { group in
            for client in 0..<8 {
                group.addTask {
                    for index in 0..<40 {
                        let tokens = [Int32](repeating: Int32(client), count: 200)
                        let logprobs = [Float](repeating: -1, count: 200)
                        let sent = rollout("c\(client)/\(index)", of: "p", tokens: tokens, logprobs: logprobs)
                        let receipt = try await ledger.addRollout(sent)
                        acknowledged.insert(receipt.id.text)
                    }
                }
            }
            group.addTask {
                // The log is far from a checkpoint, so a copy of it, torn at its end, is what a crash leaves.
                for moment in 0..<12 {
                    let expected = acknowledged.all
                    let path = fixture.directory.file("crash\(moment).sqlite")
                    try copy(fixture.path, to: path)
                    let survivor = try open(path)
                    let page = try await allRollouts(survivor)
                    #expect(Set(page.map(\.id.text)).isSuperset(of: expected))
                    #expect(Set(page.map(\.id)).count == page.count)
                    #expect(page.allSatisfy { $0.tokenIDs.count == 200 && $0.logprobs.count == 200 })
                    #expect(try await survivor.check() == [])
                    try await survivor.close()
                }
            }
            try await group.waitForAll()
        }
        #expect(try await ledger.counts().rollouts[.queued] == 320)
        try await ledger.close()
    }

    private func allRollouts(_ ledger: Ledger) async throws -> [Rollout] {
        var rollouts: [Rollout] = []
        var cursor: Int64? = 0
        while let from = cursor {
            let page = try await ledger.exportRollouts(matching: RolloutFilter(), from: from, limit: 200)
            rollouts += page.rollouts
            cursor = page.nextCursor
        }
        return rollouts
    }

    @Test func `a log cut at any byte gives a prefix of what was acknowledged`() async throws {
        let fixture = try Fixture()
        try await fixture.ledger.addPrompt(mathPrompt("p"))
        var sizes: [Int] = []
        for index in 0..<12 {
            try await fixture.ledger.addRollout(rollout("r\(index)", of: "p"))
            sizes.append(try size(fixture.path + "-wal"))
        }
        var random = SeededGenerator(seed: 42)
        for trial in 0..<24 {
            let cut = Int.random(in: sizes[0]...(sizes.last ?? 0), using: &random)
            let path = fixture.directory.file("cut\(trial).sqlite")
            try copy(fixture.path, to: path, walBytes: cut)
            let survivor = try open(path)
            let kept = try await allRollouts(survivor).map(\.id.text)
            let durable = sizes.filter { $0 <= cut }.count
            #expect(kept.count >= durable)
            #expect(kept == (0..<kept.count).map { "r\($0)" })
            #expect(try await survivor.check() == [])
            try await survivor.close()
        }
        try await fixture.ledger.close()
    }

    @Test func `what a killed process was judging is judged again after the restart, once`() async throws {
        let fixture = try Fixture()
        try await fixture.ledger.addPrompt(mathPrompt("p"))
        for index in 0..<4 { try await fixture.ledger.addRollout(rollout("r\(index)", of: "p")) }
        _ = try await fixture.ledger.leaseScoring(worker: "j", max: 3, seconds: 600, isLocal: true)
        let path = fixture.directory.file("killed.sqlite")
        try copy(fixture.path, to: path)
        let survivor = try open(path)
        #expect(try await survivor.reclaimAll() == 3)
        try await survivor.passAll()
        #expect(try await survivor.counts().rollouts[.scored] == 4)
        #expect(try await survivor.check() == [])
        try await survivor.close()
        try await fixture.ledger.close()
    }

    @Test(.enabled(if: SmallDisk.canBeMade, "needs root to mount a small tmpfs"))
    func `a full disk refuses writes, keeps what was acknowledged, and goes on when there is space`() async throws {
        let disk = try SmallDisk(megabytes: 6)
        defer { disk.unmount() }
        let filler = disk.path + "/filler"
        try Data(count: 3 << 20).write(to: URL(fileURLWithPath: filler))
        let ledger = try open(disk.path + "/ledger.sqlite")
        try await ledger.addPrompt(mathPrompt("p"))
        let tokens = [Int32](repeating: 7, count: 4096)
        let logprobs = [Float](repeating: -0.5, count: 4096)
        var stored: [String] = []
        var failure: LedgerError?
        for index in 0..<500 where failure == nil {
            do {
                try await ledger.addRollout(rollout("r\(index)", of: "p", tokens: tokens, logprobs: logprobs))
                stored.append("r\(index)")
            } catch let error as LedgerError {
                failure = error
            }
        }
        #expect(failure == .diskFull)
        #expect(failure?.retryAfterSeconds != nil)
        #expect(stored.count > 3)
        #expect(try await allRollouts(ledger).map(\.id.text) == stored)
        try FileManager.default.removeItem(atPath: filler)
        try await ledger.addRollout(rollout("after", of: "p", tokens: tokens, logprobs: logprobs))
        #expect(try await allRollouts(ledger).map(\.id.text) == stored + ["after"])
        #expect(try await ledger.check() == [])
        try await ledger.close()
    }

    @Test func `a damaged page is reported, not read as data`() async throws {
        let fixture = try Fixture()
        try await fixture.ledger.addPrompt(mathPrompt("p"))
        for index in 0..<64 {
            let text = String(repeating: "answer \(index) ", count: 200)
            try await fixture.ledger.addRollout(rollout("r\(index)", of: "p", response: text))
        }
        try await fixture.ledger.close()
        let handle = try #require(FileHandle(forUpdatingAtPath: fixture.path))
        let pages = try size(fixture.path) / 4096
        for page in stride(from: 2, to: pages, by: 3) {
            try handle.seek(toOffset: UInt64(page * 4096))
            try handle.write(contentsOf: Data((0..<4096).map { UInt8(truncatingIfNeeded: $0 &* 37 &+ page) }))
        }
        try handle.close()
        await #expect(throws: LedgerError.self) {
            let ledger = try open(fixture.path)
            let faults = try await ledger.check()
            throw faults.isEmpty ? LedgerError.invariant("nothing found") : LedgerError.corrupt(faults[0])
        }
    }
}

/// Names that several tasks collect.
private final class Names: Sendable {
    private let names = Mutex<Set<String>>([])
    var all: Set<String> { names.withLock { $0 } }
    func insert(_ name: String) { names.withLock { _ = $0.insert(name) } }
}

/// A file system of a few megabytes.
private struct SmallDisk {
    let path: String

    /// Whether this process may mount one.
    static let canBeMade: Bool = {
        guard let disk = try? SmallDisk(megabytes: 1) else { return false }
        disk.unmount()
        return true
    }()

    init(megabytes: Int) throws {
        path = NSTemporaryDirectory() + "rolloutd-disk-" + UUID().uuidString
        try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
        guard mount("tmpfs", path, "tmpfs", 0, "size=\(megabytes)m") == 0 else {
            rmdir(path)
            throw CocoaError(.fileWriteNoPermission)
        }
    }

    func unmount() {
        umount2(path, Int32(MNT_DETACH))
        rmdir(path)
    }
}
