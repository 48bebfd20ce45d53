// How an update's groups are dealt into optimiser steps, and a step's sequences into passes through the model. Pure.
import Domain

/// The dealing of groups, the same for the same seed and update.
package enum MiniBatches {
    /// Indices of `groups` groups, shuffled and cut into at most `count` parts of nearly equal size, none empty.
    ///
    /// - Parameter epoch: The pass over the groups; each is shuffled anew.
    package static func deal(groups: Int, count: Int, seed: Int, update: Int, epoch: Int) -> [[Int]] {
        let parts = min(groups, count)
        guard parts > 0 else { return [] }
        var generator = SeededGenerator.stream(
            UInt64(truncatingIfNeeded: update &* Limits.epochsMax &+ epoch), of: UInt64(truncatingIfNeeded: seed))
        let order = Array(0..<groups).shuffled(using: &generator)
        return (0..<parts).map { part in
            Array(order[(part * groups / parts)..<((part + 1) * groups / parts)]).sorted()
        }
    }

    /// Cuts a list of sequences into runs of at most `tokensMax` tokens; a longer sequence goes alone.
    ///
    /// - Parameter lengths: The tokens of each sequence, prompt included.
    package static func microBatches(lengths: [Int], tokensMax: Int) -> [Range<Int>] {
        var batches: [Range<Int>] = []
        var start = 0
        var tokens = 0
        for (index, length) in lengths.enumerated() {
            if index > start, tokens + length > tokensMax {
                batches.append(start..<index)
                (start, tokens) = (index, 0)
            }
            tokens += length
        }
        if start < lengths.count { batches.append(start..<lengths.count) }
        return batches
    }
}
