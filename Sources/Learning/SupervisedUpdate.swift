// One update on demonstrations: which ones, and the optimiser steps. Pure, as TrainStep is for rollouts.
import Domain
import Modeling

/// Which demonstrations an update imitates.
package enum DemonstrationDeal {
    /// Places in a pool of `count` demonstrations for the update at a position of its schedule.
    ///
    /// A pool is gone through in an order shuffled anew for each pass, so that after k passes each demonstration was seen k
    /// times. A pool that grows meanwhile is shuffled anew; only then may one come a little early or late.
    ///
    /// - Parameters:
    ///   - count: Demonstrations in the pool.
    ///   - position: 0 for the first update of the schedule.
    ///   - size: Demonstrations of an update; a pool with fewer gives each of them as often as it takes.
    package static func places(count: Int, position: Int, size: Int, seed: Int) -> [Int] {
        guard count > 0, position >= 0 else { return [] }
        let first = position * size
        var places: [Int] = []
        var pass = -1
        var order: [Int] = []
        for index in first..<first + size {
            if index / count != pass {
                pass = index / count
                var generator = SeededGenerator.stream(
                    UInt64(truncatingIfNeeded: pass), of: UInt64(truncatingIfNeeded: seed))
                order = Array(0..<count).shuffled(using: &generator)
            }
            places.append(order[index % count])
        }
        return places
    }
}

/// Turns demonstrations into optimiser steps on a model: maximum likelihood on their responses (the paper's SFT stage).
package struct SupervisedUpdate: Sendable {
    package var settings: LearnerSettings
    /// Threads of the model; the result does not depend on it.
    package var threads: Int

    /// An update with these settings, of which it reads optimiser, mini-batches, schedule and seed.
    package init(_ settings: LearnerSettings, threads: Int = 2) {
        self.settings = settings
        self.threads = threads
    }

    /// Takes the update's steps, each on its part of the sequences.
    ///
    /// A step whose gradient is not finite is left out and counted in `skipped_steps`.
    ///
    /// - Parameter version: The version the model has now.
    /// - Throws: `ModelError` when the model cannot compute.
    package func run(
        _ sequences: [TrainingSequence], model: TrainableModel, version: PolicyVersion
    ) throws -> UpdateOutcome {
        let update = version.next.number
        let parts = MiniBatches.deal(
            groups: sequences.count, count: settings.miniBatches, seed: settings.seed, update: update, epoch: 0)
        let steps = try parts.map { part in
            try SupervisedStep.run(
                part.map { sequences[$0] }, model: model, optimiser: settings.optimiser(update: update),
                threads: threads)
        }
        let applied = steps.filter(\.isApplied)
        let norms = applied.map(\.gradientNorm)
        let metrics: [UpdateRecord.Metric] = [
            .init("loss", mean(steps.map(\.loss))),
            .init("gradient_norm", mean(norms)),
            .init("gradient_norm_max", norms.max() ?? 0),
            .init("steps", Double(applied.count)),
            .init("skipped_steps", Double(steps.count - applied.count)),
            .init("entropy", mean(steps.map(\.entropy))),
            .init("tokens", Double(steps.reduce(0) { $0 + $1.tokens })),
            .init("demonstrations", Double(sequences.count)),
            .init("learning_rate", settings.learningRate(update: update)),
        ]
        return UpdateOutcome(version: version.next, metrics: metrics, groups: [], excluded: [], steps: applied.count)
    }

    private func mean(_ values: [Double]) -> Double {
        values.isEmpty ? 0 : values.reduce(0, +) / Double(values.count)
    }
}
