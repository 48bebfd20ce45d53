// The runs of a directory as the pages see them: by method and seed, with curves on one grid, and without what is broken.
import Domain
import Foundation
import Storage
import TestSupport
import Testing

@testable import Service

struct RunLibraryTests {
    private let folder: TemporaryFolder
    private let clock = WallClock { Timestamp(milliseconds: 5) }
    private let identifiers = IdentifierSource { $0 }

    init() throws { folder = try TemporaryFolder() }

    /// A ledger with so many updates, whose loss is `level` at each, and a measurement at the last.
    @discardableResult
    private func run(_ name: String, updates: Int, level: Double, isLeftOpen: Bool = false) async throws -> Ledger {
        let ledger = try Ledger.open(at: folder.path + "/" + name, clock: clock, identifiers: identifiers)
        func checkpoint(_ version: Int) -> CheckpointManifest {
            CheckpointManifest(
                version: PolicyVersion(version), path: "policy-\(version)", bytes: 1, digest: "d\(version)",
                learnerState: "{}")
        }
        if try await ledger.latestVersion() == nil { try await ledger.registerInitialPolicy(checkpoint: checkpoint(0)) }
        let first = (try await ledger.latestVersion()?.number ?? 0) + 1
        for version in first..<(first + updates) {
            try await ledger.commit(
                update: UpdateCommit(
                    record: UpdateRecord(
                        version: PolicyVersion(version), createdAt: Timestamp(milliseconds: 5), objective: "gppo",
                        metrics: [.init("loss", level), .init("entropy", Double(version))]), groups: [],
                    checkpoint: checkpoint(version)))
        }
        try await ledger.record(evaluations: [
            EvaluationRecord(
                version: PolicyVersion(first + updates - 1), kind: "all", prompts: 4, samples: 0, greedyAccuracy: level,
                averageAccuracy: nil, passAtK: nil, undetermined: 0, learningSeconds: 0,
                createdAt: Timestamp(milliseconds: 5))
        ])
        if !isLeftOpen { try await ledger.close() }
        return ledger
    }

    @Test func `a name is a method and a seed as compare writes them, and otherwise a method of its own`() {
        for (text, method, seed) in [
            ("gppo-seed-3", "gppo", 3), ("ce-gppo-beta1-0.5-seed-12", "ce-gppo-beta1-0.5", 12), ("plain", "plain", 0),
            ("a-seed-01", "a-seed-01", 0), ("-seed-1", "-seed-1", 0), ("a-seed-", "a-seed-", 0),
            ("a-seed-99999999999999999999", "a-seed-99999999999999999999", 0), ("x/a-seed-1-seed-2", "x/a-seed-1", 2),
        ] {
            #expect(RunName(text).method == method && RunName(text).seed == UInt64(seed), "\(text)")
        }
    }

    @Test func `runs of a directory and one below are found, broken ones named, and the server's own known again`()
        async throws
    {
        try FileManager.default.createDirectory(atPath: folder.path + "/late", withIntermediateDirectories: true)
        try FileManager.default.createDirectory(
            atPath: folder.path + "/gppo-seed-1.sqlite.checkpoints", withIntermediateDirectories: true)
        try await run("gppo-seed-2.sqlite", updates: 4, level: 0.5)
        try await run("gppo-seed-1.sqlite", updates: 4, level: 0.25)
        try await run("late/clip-seed-1.sqlite", updates: 2, level: 0.75)
        try await run("gppo-seed-1.sqlite.checkpoints/x.sqlite", updates: 1, level: 0)
        #expect(FileManager.default.createFile(atPath: folder.path + "/bad.sqlite", contents: Data([1, 2, 3])))
        let own = try await run("gppo-seed-2.sqlite", updates: 1, level: 0.5, isLeftOpen: true)
        let library = RunLibrary(directory: folder.path, ownPath: folder.path + "/gppo-seed-2.sqlite")
        let found = try await library.catalogue(own: own)
        #expect(found.runs.map(\.name) == ["gppo-seed-1", "gppo-seed-2", "late/clip-seed-1"])
        #expect(found.runs.map(\.isOwn) == [false, true, false])
        #expect(found.methods == ["gppo", "late/clip"] && found.leftOut == 0)
        #expect(found.unreadable.map(\.name) == ["bad"])
        let elsewhere = RunLibrary(directory: nil, ownPath: folder.path + "/gppo-seed-2.sqlite")
        #expect(try await elsewhere.catalogue(own: own).runs.map(\.name) == [RunCatalogue.ownName])
        try await own.close()
    }

    @Test func `curves of runs of different lengths meet at the same versions, and a growing run is read on`()
        async throws
    {
        try await run("long-seed-1.sqlite", updates: 50, level: 0.5)
        let growing = try await run("short-seed-1.sqlite", updates: 21, level: 0.25, isLeftOpen: true)
        let own = try await run("own.db", updates: 3, level: 1, isLeftOpen: true)
        let library = RunLibrary(directory: folder.path, ownPath: folder.path + "/own.db")
        func curves(_ points: Int, from: Int? = nil, to: Int? = nil) async throws -> [[Int]] {
            let runs = try await library.catalogue(own: own).runs
            return await library.curves(of: runs, metrics: ["entropy"], from: from, to: to, points: points, own: own)
                .map { ($0.points["entropy"] ?? []).map(\.0) }
        }
        #expect(try await curves(10) == [[8, 16, 24, 32, 40, 48, 50], [8, 16, 21], [3]])
        #expect(try await curves(100, from: 20, to: 23) == [[20, 21, 22, 23], [20, 21], []])
        #expect(try await curves(100, from: 60) == [[], [], []])
        try await run("short-seed-1.sqlite", updates: 1, level: 0.25)
        #expect(try await curves(10) == [[8, 16, 24, 32, 40, 48, 50], [8, 16, 22], [3]])
        try await growing.close()
        // Another run under the same name begins anew: nothing of the old one is shown.
        for ending in ["", "-wal", "-shm"] {
            try? FileManager.default.removeItem(atPath: folder.path + "/short-seed-1.sqlite" + ending)
        }
        try await run("short-seed-1.sqlite", updates: 9, level: 0.125)
        let runs = try await library.catalogue(own: own).runs
        let again = await library.curves(of: runs, metrics: ["loss"], from: nil, to: nil, points: 10, own: own)
        #expect(again[1].points["loss"]?.map(\.1) == [0.125, 0.125])
        try await own.close()
    }

    @Test func `a grid never has more versions than asked for, and coarser ones lie in finer ones`() {
        var generator = SeededGenerator(seed: 9)
        for _ in 0..<500 {
            let low = Int.random(in: 0...5_000, using: &generator)
            let high = low + Int.random(in: 0...20_000, using: &generator)
            let points = Int.random(in: 3...300, using: &generator)
            let fine = VersionGrid(low...high, points: points).versions(of: 0...high)
            #expect(fine.count <= points && fine.last == high && fine.allSatisfy { $0 >= low })
            #expect(fine == fine.sorted() && Set(fine).count == fine.count)
            let coarse = VersionGrid(low...(high + 20_000), points: points).versions(of: 0...high)
            #expect(Set(coarse).isSubset(of: fine))
        }
    }
}
