// The most telling tokens that an update met beyond the clip range. Never changes what is learned.
import Domain
import Modeling

/// Gathers tokens while an update runs, and keeps the few with the greatest weight.
package struct KeptTokens: Sendable, Equatable {
    /// Heaviest first; of equals the one met first.
    package private(set) var tokens: [KeptToken] = []

    /// Nothing gathered yet.
    package init() {}

    /// Adds the tokens of one sequence under the weights that its step began with.
    ///
    /// A token met again in a later pass counts with its heavier meeting. Objectives whose ratio is the sequence's have no such
    /// tokens.
    mutating func add(
        _ id: RolloutID, _ sequence: TrainingSequence, _ loss: LossSequence, _ statistics: TokenStatistics,
        objective: Objective
    ) {
        guard !objective.isOfSequence, loss.advantage != 0 else { return }
        let response = sequence.tokens[sequence.promptLength...]
        var found: [KeptToken] = []
        for (index, logprob) in statistics.logprobs.enumerated()
        where index < loss.behaviour.count && index < response.count && index < statistics.entropies.count {
            let logRatio = Double(logprob) - loss.behaviour[index]
            guard logRatio.isFinite else { continue }
            let evaluation = objective.evaluate(
                logRatio: logRatio, advantage: loss.advantage, behaviourLogprob: loss.behaviour[index])
            guard objective.drops(ratio: evaluation.ratio, advantage: loss.advantage) else { continue }
            let first = max(0, index - Limits.keptContextBefore)
            let last = min(response.count, index + 1 + Limits.keptContextAfter)
            found.append(
                KeptToken(
                    rolloutID: id, position: index,
                    context: Array(response.dropFirst(first).prefix(last - first)), contextPlace: index - first,
                    behaviour: loss.behaviour[index], logprob: Double(logprob),
                    entropy: Double(statistics.entropies[index]), advantage: loss.advantage, ratio: evaluation.ratio,
                    gradient: evaluation.gradient))
        }
        merge(found.sorted { $0.weight > $1.weight }.prefix(Limits.keptTokensPerRollout), of: id)
    }

    private mutating func merge(_ found: ArraySlice<KeptToken>, of id: RolloutID) {
        guard !found.isEmpty else { return }
        var own = tokens.filter { $0.rolloutID == id }
        for token in found {
            if let place = own.firstIndex(where: { $0.position == token.position }) {
                if token.weight > own[place].weight { own[place] = token }
            } else {
                own.append(token)
            }
        }
        own.sort { $0.weight > $1.weight }
        tokens = tokens.filter { $0.rolloutID != id } + own.prefix(Limits.keptTokensPerRollout)
        tokens.sort { $0.weight > $1.weight }
        if tokens.count > Limits.keptTokensPerUpdate { tokens.removeLast(tokens.count - Limits.keptTokensPerUpdate) }
    }
}

extension Objective {
    /// Whether clipping drops the gradient of a token: it is beyond a bound in the direction its advantage pushes.
    package func drops(ratio: Double, advantage: Double) -> Bool {
        advantage > 0 && ratio > 1 + epsilonHigh || advantage < 0 && ratio < 1 - epsilonLow
    }
}
