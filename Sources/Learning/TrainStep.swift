// One update. Pure: no clock, no files, no logging. It changes the model it is given and nothing else; the same groups,
// settings, version and weights give the same weights to the last bit.
import Domain
import Modeling

/// What an update did.
package struct UpdateOutcome: Sendable, Equatable {
    /// The version that the update made.
    package var version: PolicyVersion
    /// All numbers, in a fixed order.
    package var metrics: [UpdateRecord.Metric]
    /// Every group that was given, in order, with its fate and the advantages of its members.
    package var groups: [ConsumedGroup]
    /// The rollouts that were left out, and why.
    package var excluded: [ExcludedMember]
    /// Optimiser steps that changed the weights; 0 leaves the model as it was.
    package var steps: Int
    /// The most telling tokens beyond the clip range, heaviest first.
    package var kept: [KeptToken] = []
}

/// Turns groups of judged rollouts into optimiser steps on a model.
package struct TrainStep: Sendable {
    /// All hyper-parameters; those of sampling and measuring are not used here.
    package var settings: LearnerSettings
    /// Generators whose log-probs are the model's own by construction, so that the gate need not compute them again.
    package var trustedGenerators: Set<String>
    /// Threads of the model; the result does not depend on it.
    package var threads: Int

    /// A step with these settings.
    package init(_ settings: LearnerSettings, trustedGenerators: Set<String> = [], threads: Int = 2) {
        self.settings = settings
        self.trustedGenerators = trustedGenerators
        self.threads = threads
    }

    /// The log-probs of a frozen policy for the KL penalty.
    package typealias Reference = ([TrainingSequence]) throws -> [TokenStatistics]

    /// Learns from groups.
    ///
    /// 1. Rollouts that cannot be learned from are left out, one by one (`GroupAdmission`, `LogprobGate`).
    /// 2. The others are compared within their groups (`GroupSelection`).
    /// 3. The groups that carry a signal are dealt into mini-batches, each one optimiser step (`MiniBatches`).
    ///
    /// A step whose gradient is not finite is left out and counted in `skipped_steps`.
    ///
    /// - Parameters:
    ///   - version: The version the model has now.
    ///   - promptTokens: The tokens that stand before a response to a prompt.
    ///   - reference: The policy of the KL penalty; nil takes the behaviour log-probs.
    ///   - recorded: The weights of earlier versions, for the gate and for `BehaviourLogprobs.recorded`.
    /// - Throws: `ModelError` when the model cannot compute.
    package func run(
        _ groups: [TrainingGroup], model: TrainableModel, version: PolicyVersion,
        promptTokens: (AskedPrompt) -> [Int32],
        reference: Reference? = nil, recorded: @escaping RecordedWeights = { _ in nil }
    ) throws -> UpdateOutcome {
        let policies = RecordedPolicies(model: model, threads: threads, weights: recorded)
        let admission = GroupAdmission(
            settings, version: version, vocabularySize: model.configuration.vocabularySize,
            contextLength: model.configuration.maximumPositions)
        let admitted = admission.admit(groups, promptTokens: promptTokens)
        let gated = try refuseImplausible(admitted.members, policies)
        let members = gated.members
        let excluded = admitted.excluded + gated.excluded
        let selection = GroupSelection(
            members, excluded: excluded, groups: groups.count, estimator: settings.advantage,
            filter: settings.zeroVarianceFilter, positiveReward: settings.positiveReward)

        let sequences = try prepare(members, selection, model, policies, reference)
        let learned = try learn(sequences, selection, model, update: version.next.number)
        var metrics = learned.report()
        metrics.append(.init("learning_rate", settings.learningRate(update: version.next.number)))
        metrics += BatchMetrics.report(
            groups, members: members, excluded: excluded, selection: selection, correct: settings.positiveReward)
        return UpdateOutcome(
            version: version.next, metrics: metrics, groups: consumed(groups, members, selection),
            excluded: excluded, steps: learned.steps, kept: learned.kept.tokens)
    }

    /// Leaves out members whose posted log-probs cannot be those of the policy they name, where its weights are kept.
    private func refuseImplausible(
        _ members: [TrainingMember], _ policies: RecordedPolicies
    ) throws -> (members: [TrainingMember], excluded: [ExcludedMember]) {
        guard let threshold = settings.logprobGate else { return (members, []) }
        let gate = LogprobGate(threshold: threshold)
        let suspects = members.indices.filter { !trustedGenerators.contains(members[$0].generator) }
        let own = try policies.logprobs(of: suspects.map { members[$0] })
        var objections: [Int: String] = [:]
        for (place, logprobs) in zip(suspects, own) {
            guard let logprobs else { continue }
            objections[place] = gate.objection(posted: members[place].posted, own: logprobs)
        }
        let excluded = objections.sorted { $0.key < $1.key }.map { place, objection in
            ExcludedMember(
                id: members[place].id, group: members[place].group, fault: .implausible, detail: objection)
        }
        return (members.indices.filter { objections[$0] == nil }.map { members[$0] }, excluded)
    }

    private func ownLogprobs(_ members: [TrainingMember], _ model: TrainableModel) throws -> [[Double]] {
        guard !members.isEmpty else { return [] }
        return try model.forward(members.map(\.sequence), threads: threads).map { $0.logprobs.map(Double.init) }
    }

    private func consumed(
        _ groups: [TrainingGroup], _ members: [TrainingMember], _ selection: GroupSelection
    ) -> [ConsumedGroup] {
        var result = zip(groups, selection.fates).map { ConsumedGroup(id: $0.id, fate: $1, advantages: [:]) }
        for (member, advantage) in zip(members, selection.advantages) {
            if let advantage { result[member.group].advantages[member.id] = advantage }
        }
        return result
    }
}

// MARK: - Steps

extension TrainStep {
    /// A member of a trained group, with everything of its loss but the present log-probs.
    private struct Prepared: Sendable {
        var id: RolloutID
        var group: Int
        var sequence: TrainingSequence
        var loss: LossSequence

        /// Its loss under the model's present statistics.
        func loss(_ statistics: TokenStatistics) -> LossSequence {
            var present = loss
            present.logprobs = statistics.logprobs.map(Double.init)
            return present
        }
    }

    /// The members of trained groups with their behaviour, correction and reference log-probs.
    private func prepare(
        _ members: [TrainingMember], _ selection: GroupSelection, _ model: TrainableModel,
        _ policies: RecordedPolicies, _ reference: Reference?
    ) throws -> [Prepared] {
        let trained = zip(members, selection.advantages).compactMap { member, advantage in
            advantage.map { (member: member, advantage: $0) }
        }
        let own: [[Double]?] =
            switch settings.behaviourLogprobs {
            case .posted: trained.map { _ in nil }
            case .recomputed: try ownLogprobs(trained.map(\.member), model)
            case .recorded: try policies.logprobs(of: trained.map(\.member))
            }
        let anchored = settings.penalty == .off ? nil : try reference?(trained.map(\.member.sequence))
        return trained.enumerated().map { place, item in
            let posted = item.member.posted
            let behaviour = own[place] ?? posted
            let correction = settings.correction
            return Prepared(
                id: item.member.id, group: item.member.group, sequence: item.member.sequence,
                loss: LossSequence(
                    logprobs: [], behaviour: behaviour,
                    correction: correction == .off
                        ? nil : correction.weights(own: behaviour, posted: posted, cap: settings.correctionCap),
                    reference: anchored?[place].logprobs.map(Double.init), advantage: item.advantage,
                    isPositive: item.member.isRight))
        }
    }

    /// All optimiser steps of the update.
    private func learn(
        _ sequences: [Prepared], _ selection: GroupSelection, _ model: TrainableModel, update: Int
    ) throws -> PolicyMetrics {
        var metrics = PolicyMetrics()
        let trained = selection.trained
        for epoch in 0..<settings.epochs {
            let dealt = MiniBatches.deal(
                groups: trained.count, count: settings.miniBatches, seed: settings.seed, update: update, epoch: epoch)
            for part in dealt {
                let chosen = Set(part.map { trained[$0] })
                let batch = sequences.filter { chosen.contains($0.group) }
                try step(batch, model, update: update, &metrics)
            }
        }
        return metrics
    }

    /// One optimiser step on one mini-batch.
    private func step(
        _ batch: [Prepared], _ model: TrainableModel, update: Int, _ metrics: inout PolicyMetrics
    ) throws {
        let ranges = MiniBatches.microBatches(
            lengths: batch.map(\.sequence.tokens.count), tokensMax: settings.microBatchTokens)
        let coefficients = settings.aggregation.coefficients(
            microBatches: ranges.map { batch[$0].map(\.sequence.responseLength) }, scale: settings.aggregationScale
        ).flatMap { $0 }
        let positiveTokens = batch.reduce(0) { $0 + ($1.loss.isPositive ? $1.sequence.responseLength : 0) }
        let loss = settings.loss
        let evaluate: @Sendable (Int, TokenStatistics) -> SequenceLoss = { index, statistics in
            loss.evaluate(
                batch[index].loss(statistics), coefficient: coefficients[index], positiveTokens: positiveTokens)
        }
        let statistics = try model.forwardBackward(batch.map(\.sequence), threads: threads) { index, statistics in
            evaluate(index, statistics).gradient.map { Float($0) }
        }
        for (index, token) in statistics.enumerated() {
            metrics.add(evaluate(index, token), token, behaviour: batch[index].loss.behaviour)
            metrics.keep(
                batch[index].id, batch[index].sequence, batch[index].loss, token, objective: loss.objective)
        }
        metrics.add(try model.step(settings.optimiser(update: update)))
    }
}
