// Methods x seeds from one starting policy: the runs of `rolloutd compare`. Every run is a ledger of its own that stays,
// so a comparison that was interrupted goes on where it stopped, and each of its updates can be looked at and replayed.
import Domain
import Foundation
import Learning
import Logging
import Storage
import UnixSignals

/// What a comparison runs.
package struct ComparisonPlan: Sendable {
    /// The service's settings of every run; the database is the starting one, made with a cold start when it is missing.
    package var base: ServiceSettings
    package var methods: [ComparedMethod]
    /// Roots of prompts, samples and mini-batches, one for each run of a method; the same for all methods.
    package var seeds: [UInt64]
    /// Updates of each run.
    package var updates: Int
    /// Where the ledgers of the runs lie.
    package var directory: String

    package init(
        base: ServiceSettings, methods: [ComparedMethod], seeds: [UInt64], updates: Int, directory: String
    ) {
        self.base = base
        self.methods = methods
        self.seeds = seeds
        self.updates = updates
        self.directory = directory
    }
}

/// What one run left in its ledger.
package struct ComparedRun: Sendable {
    package var method: String
    package var seed: UInt64
    /// In order of their versions.
    package var updates: [UpdateRecord]
    /// In order of their versions; version 0 is the starting policy, the same in all runs.
    package var evaluations: [EvaluationRecord]
    /// Why it ended before its last update, as the collapse of its policy; nil when it did not.
    package var shortfall: String?
}

/// Runs methods from one starting policy.
package struct MethodComparison: Sendable {
    private let plan: ComparisonPlan
    private let clock: WallClock
    private let identifiers: IdentifierSource
    private let signals: [UnixSignal]
    private let logger: Logger

    /// A comparison; `signals` end it after the step it is in.
    package init(
        _ plan: ComparisonPlan, clock: WallClock, identifiers: IdentifierSource, signals: [UnixSignal], logger: Logger
    ) {
        self.plan = plan
        self.clock = clock
        self.identifiers = identifiers
        self.signals = signals
        self.logger = logger
    }

    /// Makes the starting policy, then every run that is not there yet.
    ///
    /// Seeds are the outer loop, so that after an interruption all methods have equally many runs.
    ///
    /// - Parameters:
    ///   - events: What the learner of the present run says.
    ///   - finished: Called after each run with how many there are by then.
    /// - Throws: `ServiceError` when the starting policy cannot be made or the comparison was stopped.
    package func run(
        events: @escaping LearningEventHandler, finished: (ComparedRun, Int) -> Void
    ) async throws -> [ComparedRun] {
        try FileManager.default.createDirectory(atPath: plan.directory, withIntermediateDirectories: true)
        try await makeStart(events)
        var runs: [ComparedRun] = []
        for seed in plan.seeds {
            for method in plan.methods {
                let run = try await run(method, seed: seed, events)
                runs.append(run)
                finished(run, runs.count)
            }
        }
        return runs
    }

    private func makeStart(_ events: @escaping LearningEventHandler) async throws {
        var settings = plan.base
        settings.updatesMax = 0
        let status = try await LearningRun.finish(
            settings, clock: clock, identifiers: identifiers, signals: signals, events: events, logger: logger)
        if let shortfall = status.shortfall(of: PolicyVersion(0)) {
            throw ServiceError(.unavailable, "the starting policy was not made: \(shortfall)")
        }
        guard status.policyVersion == PolicyVersion(0) else {
            throw ServiceError(
                .conflict, "\(plan.base.databasePath) has learned already",
                hint: "runs start from version 0: name another --database")
        }
    }

    private func run(
        _ method: ComparedMethod, seed: UInt64, _ events: @escaping LearningEventHandler
    ) async throws -> ComparedRun {
        var settings = plan.base
        settings.databasePath = plan.directory + "/\(method.fileName)-seed-\(seed).sqlite"
        settings.updatesMax = plan.updates
        settings.runSeed = seed
        settings.learner = try method.settings(from: plan.base.learner)
        settings.learner.seed = Int(truncatingIfNeeded: seed & 0x7FFF_FFFF)
        if !FileManager.default.fileExists(atPath: settings.databasePath) { try await copyStart(to: settings) }
        let status = try await LearningRun.finish(
            settings, clock: clock, identifiers: identifiers, signals: signals, events: events, logger: logger)
        let shortfall = status.shortfall(of: PolicyVersion(plan.updates))
        guard shortfall == nil || status.phase == .paused else {
            throw ServiceError(
                .unavailable, "the run of \(method.name) with seed \(seed) ended early: \(shortfall ?? "")",
                hint: "the same command again goes on where it stopped")
        }
        return try await Self.read(settings.databasePath, method.name, seed, shortfall, clock, identifiers)
    }

    /// The ledger appears under its name only once its checkpoints are there, so that a copy is whole or missing.
    private func copyStart(to settings: ServiceSettings) async throws {
        let manager = FileManager.default
        if manager.fileExists(atPath: settings.checkpointDirectory) {
            try manager.removeItem(atPath: settings.checkpointDirectory)
        }
        try manager.copyItem(atPath: plan.base.checkpointDirectory, toPath: settings.checkpointDirectory)
        let start = try Ledger.open(at: plan.base.databasePath, clock: clock, identifiers: identifiers)
        try await start.backup(to: settings.databasePath)
        try await start.close()
    }

    private static func read(
        _ path: String, _ method: String, _ seed: UInt64, _ shortfall: String?, _ clock: WallClock,
        _ identifiers: IdentifierSource
    ) async throws -> ComparedRun {
        let ledger = try Ledger.open(at: path, clock: clock, identifiers: identifiers)
        let updates = try await ledger.updates(before: nil, limit: Int(Int32.max))
        let evaluations = try await ledger.evaluations(limit: Int(Int32.max))
        try await ledger.close()
        return ComparedRun(
            method: method, seed: seed, updates: updates.reversed(), evaluations: evaluations.reversed(),
            shortfall: shortfall)
    }
}
