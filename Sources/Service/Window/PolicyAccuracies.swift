// How the in-process model does on data sets, version by version: the accuracies of evaluations, computed once for as long as
// their samples stay what they are.
import Domain
import Logging
import Storage
import Synchronization

/// The accuracy of one version on one data set, with its interval.
package struct PolicyAccuracy: Sendable, Equatable {
    package var evaluation: EvaluationID
    /// The data set and how it was asked, in a few words.
    package var line: String
    package var version: PolicyVersion
    package var interval: MeanInterval

    package init(evaluation: EvaluationID, line: String, version: PolicyVersion, interval: MeanInterval) {
        self.evaluation = evaluation
        self.line = line
        self.version = version
        self.interval = interval
    }
}

/// What is known of the in-process model's evaluations.
package struct PolicyAccuracyList: Sendable {
    /// By line, then version.
    package var accuracies: [PolicyAccuracy]
    /// Evaluations whose accuracy is being computed; a later call has them.
    package var pending: Int

    package init(_ accuracies: [PolicyAccuracy] = [], pending: Int = 0) {
        self.accuracies = accuracies
        self.pending = pending
    }
}

/// The intervals of evaluations: resampling the problems of a large one takes a second, so it is done beside the page.
final class PolicyAccuracies: Sendable {
    /// What an accuracy depends on.
    struct Key: Hashable, Sendable {
        var id: EvaluationID
        var judged: Int
        var undetermined: Int
    }

    private struct State {
        /// Nil where nothing is decided yet.
        var ready: [Key: MeanInterval?] = [:]
        var isComputing = false
    }

    private let state = Mutex(State())

    /// The intervals of some evaluations as far as they are known, after a short wait for those that are not.
    ///
    /// - Parameter compute: The accuracies of an evaluation's problems.
    func intervals(
        of runs: [EvaluationRun], compute: @escaping @Sendable (EvaluationRun) async throws -> MeanInterval?
    ) async -> [EvaluationID: MeanInterval?] {
        begin(runs, compute)
        let deadline = ContinuousClock.now + .seconds(Limits.tokenReportWaitSeconds)
        var known = find(runs)
        while known.count < runs.count, ContinuousClock.now < deadline {
            try? await Task.sleep(for: .milliseconds(3))
            known = find(runs)
        }
        return known
    }

    private static func key(_ run: EvaluationRun) -> Key {
        Key(id: run.id, judged: run.progress.judged, undetermined: run.progress.undetermined)
    }

    private func find(_ runs: [EvaluationRun]) -> [EvaluationID: MeanInterval?] {
        state.withLock { state in
            runs.reduce(into: [:]) { found, run in
                if let interval = state.ready[Self.key(run)] { found.updateValue(interval, forKey: run.id) }
            }
        }
    }

    private func begin(
        _ runs: [EvaluationRun], _ compute: @escaping @Sendable (EvaluationRun) async throws -> MeanInterval?
    ) {
        let missing = state.withLock { state -> [EvaluationRun] in
            let missing = runs.filter { state.ready[Self.key($0)] == nil }
            guard !missing.isEmpty, !state.isComputing else { return [] }
            state.isComputing = true
            // Older progress of the same evaluations is not asked for again.
            let current = Set(runs.map(Self.key))
            state.ready = state.ready.filter { current.contains($0.key) }
            return missing
        }
        guard !missing.isEmpty else { return }
        Task {
            for run in missing {
                do {
                    let interval = try await compute(run)
                    state.withLock { _ = $0.ready.updateValue(interval, forKey: Self.key(run)) }
                } catch {
                    // It is asked for again by the next page.
                    continue
                }
            }
            state.withLock { $0.isComputing = false }
        }
    }
}

extension RolloutService {
    /// The accuracies of the in-process model's versions on data sets, of the last evaluations.
    package func policyAccuracies(limit: Int) async throws -> PolicyAccuracyList {
        let runs = try await inLedger { try await $0.evaluationRuns(limit: limit) }.filter { run in
            if case .policy = run.settings.model { run.progress.judged > 0 } else { false }
        }
        // A complete one has its figures in the ledger.
        let open = runs.filter { $0.figures?.average == nil }
        let known = await accuracies.intervals(of: open) { run in
            let shares = try await ledger.evaluationShares(of: run.id)
            let seed = UInt64(run.settings.seed ?? 0)
            return try await ComputeThread.run("evaluation-interval") { MeanInterval(shares, seed: seed) }
        }
        var list = PolicyAccuracyList(pending: open.count - known.count)
        for run in runs {
            guard case .policy(let version) = run.settings.model,
                let interval = run.figures?.average ?? known[run.id].flatMap(\.self)
            else { continue }
            list.accuracies.append(
                PolicyAccuracy(
                    evaluation: run.id, line: run.settings.line, version: version, interval: interval))
        }
        list.accuracies.sort { ($0.line, $0.version) < ($1.line, $1.version) }
        return list
    }
}

extension EvaluationSettings {
    /// What evaluations of several versions must have in common to be one line.
    fileprivate var line: String {
        let name = "\(dataset) avg@\(samples), T \(temperature)"
        return label.isEmpty ? name : name + ", " + label
    }
}
