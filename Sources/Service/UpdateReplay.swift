// Making stored updates again from the ledger, to prove that they are what the ledger says. Reads; changes nothing.
import Domain
import Foundation
import Learning
import Modeling
import Storage

/// One update beside the same update made again.
package struct ReplayedUpdate: Sendable, Equatable {
    package var version: PolicyVersion
    /// What the ledger recorded.
    package var recorded: [UpdateRecord.Metric]
    /// What came out now; times are not replayed.
    package var replayed: [UpdateRecord.Metric]
    package var recordedDigest: String
    package var replayedDigest: String

    /// Whether weights, optimiser state and every number of the loss are the same to the last bit.
    package var isSame: Bool { recordedDigest == replayedDigest && differences.isEmpty }

    /// The names of the metrics that differ.
    package var differences: [String] {
        let before = Dictionary(recorded.map { ($0.name, $0.value.bitPattern) }, uniquingKeysWith: { $1 })
        return replayed.filter { metric in
            // The ledger writes a number that JSON cannot say as its name, so the payload of a NaN is not kept.
            guard !metric.value.isNaN else { return before[metric.name].map { !Double(bitPattern: $0).isNaN } ?? true }
            return before[metric.name] != metric.value.bitPattern
        }.map(\.name)
    }
}

/// Makes updates again from the newest checkpoint before them.
package struct UpdateReplay: Sendable {
    private let ledger: Ledger
    private let checkpoints: CheckpointDirectory
    private let threads: Int

    /// A replay of the run whose checkpoints lie in this directory.
    package init(ledger: Ledger, checkpointDirectory: String, threads: Int) {
        self.ledger = ledger
        checkpoints = CheckpointDirectory(path: checkpointDirectory)
        self.threads = threads
    }

    /// Makes the update that led to `version` again, and those before it back to the newest checkpoint that is kept.
    ///
    /// - Parameters:
    ///   - scratch: A directory for one checkpoint file at a time.
    ///   - each: Called after each update, in order.
    /// - Returns: The last one, that of `version`.
    /// - Throws: `InputError.notFound` when there is no such update, `ServiceError.unavailable` when nothing is kept to
    ///   make it from.
    package func run(
        to version: PolicyVersion, scratch: String, each: @Sendable (ReplayedUpdate) -> Void
    ) async throws -> ReplayedUpdate {
        guard try await ledger.update(version) != nil else {
            let newest = try await ledger.latestVersion()?.description ?? "none"
            throw InputError(
                .notFound, "there is no update \(version)", field: "update",
                hint: "updates count from 1; the newest policy is \(newest)")
        }
        var run = try await begin(before: version)
        while true {
            let next = run.version.next
            let replayed = try await replay(next, &run, scratch: scratch)
            each(replayed)
            if next == version { return replayed }
        }
    }

    /// A model on its way from a checkpoint to an update.
    private struct Run {
        var version: PolicyVersion
        var model: TrainableModel
        let tokenizer: Tokenizer
        /// The weights of the last versions, which updates may look back at.
        var recent: [PolicyVersion: ModelWeights]

        init(_ version: PolicyVersion, _ model: TrainableModel, _ tokenizer: Tokenizer) {
            self.version = version
            self.model = model
            self.tokenizer = tokenizer
            recent = [version: model.snapshot()]
        }

        mutating func reached(_ version: PolicyVersion) {
            self.version = version
            recent[version] = model.snapshot()
            recent = recent.filter { version.number - $0.key.number <= Limits.recordedStalenessMax }
        }
    }

    /// The newest checkpoint from which an update can be made again: no update on the way looks back before it.
    private func begin(before version: PolicyVersion) async throws -> Run {
        var bound = PolicyVersion(version.number - 1)
        while true {
            let start = try await newestCheckpoint(through: bound)
            var oldest = start.version.number
            for number in (start.version.number + 1)...version.number {
                let staleness = try await ledger.update(PolicyVersion(number))?["staleness_max"] ?? 0
                oldest = min(oldest, number - 1 - min(Int(staleness), Limits.recordedStalenessMax))
            }
            if oldest >= start.version.number || start.version.number == 0 {
                return Run(
                    start.version, try TrainableModel(restoring: checkpoints.verifiedFile(of: start)),
                    try Tokenizer.load(directory: checkpoints.path))
            }
            bound = PolicyVersion(max(0, oldest))
        }
    }

    private func replay(_ version: PolicyVersion, _ run: inout Run, scratch: String) async throws -> ReplayedUpdate {
        guard let record = try await ledger.update(version), let provenance = record.provenance else {
            throw ServiceError(
                .unavailable, "update \(version) was made before updates recorded their settings",
                hint: "only newer updates can be made again")
        }
        let metrics: [UpdateRecord.Metric]
        if let target = RollbackRecord.target(of: record) {
            run.model = try await restored(target, scratch: scratch)
            metrics = record.metrics
        } else {
            let settings = try LearnerSettingsText.read(provenance.settings, over: LearnerSettings())
            run.model = PolicyTrainer.begun(run.model, making: version, settings)
            metrics = try await learned(version, run, settings, through: provenance.judgedThrough)
        }
        run.reached(version)
        let directory = CheckpointDirectory(path: scratch)
        let manifest = try directory.write(run.model, version: version, learnerState: "")
        directory.remove([version])
        return ReplayedUpdate(
            version: version, recorded: record.metrics, replayed: metrics,
            recordedDigest: provenance.checkpointDigest, replayedDigest: manifest.digest)
    }

    /// Takes an update's steps again on what the ledger says it learned from; returns its numbers.
    private func learned(
        _ version: PolicyVersion, _ run: Run, _ settings: LearnerSettings, through mark: Int64
    ) async throws -> [UpdateRecord.Metric] {
        let before = PolicyVersion(version.number - 1)
        guard settings.mode == .supervised else {
            let deleted = try await ledger.deletedGroupCount(consumedBy: version)
            guard deleted == 0 else {
                throw ServiceError(
                    .unavailable, "update \(version) cannot be made again: retention deleted \(deleted) of its groups",
                    hint: "its record and later checkpoints are kept; replay an update whose groups are all there")
            }
            let groups = try await ledger.consumedGroups(by: version, judgedThrough: mark)
            let recent = run.recent
            return try PolicyTrainer.apply(
                groups, to: run.model, from: before, settings: settings, tokenizer: run.tokenizer, threads: threads,
                recorded: { recent[$0] }
            ).metrics
        }
        let batch = try await SupervisedBatch.draw(
            from: ledger, after: before, settings: settings, tokenizer: run.tokenizer,
            contextLength: run.model.configuration.maximumPositions, through: mark)
        guard let batch else {
            throw ServiceError(.unavailable, "the demonstrations of update \(version) are gone from the ledger")
        }
        return try SupervisedUpdate(settings, threads: threads).run(
            batch.sequences, model: run.model, version: before
        ).metrics + batch.metrics
    }

    /// The model of a version that a rollback went back to: its checkpoint, or made again from one before it.
    private func restored(_ target: PolicyVersion, scratch: String) async throws -> TrainableModel {
        if let kept = try await ledger.checkpoints().first(where: { $0.version == target }) {
            return try TrainableModel(restoring: checkpoints.verifiedFile(of: kept))
        }
        var run = try await begin(before: target)
        while run.version < target { _ = try await replay(run.version.next, &run, scratch: scratch) }
        return run.model
    }

    private func newestCheckpoint(through version: PolicyVersion) async throws -> CheckpointManifest {
        let kept = try await ledger.checkpoints().filter { $0.version <= version }
        guard let newest = kept.max(by: { $0.version < $1.version }) else {
            throw ServiceError(
                .unavailable, "no checkpoint through policy \(version) is kept",
                hint:
                    "the last \(CheckpointDirectory.recentKept), every \(CheckpointDirectory.milestoneEvery)th and the best are"
            )
        }
        return newest
    }
}
