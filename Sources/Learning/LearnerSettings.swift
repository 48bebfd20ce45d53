// Every hyper-parameter of learning, as one value. How they are named outside is LearnerSettings+Fields.swift; the
// paper's values are LearnerSettings+Presets.swift. Reads no file and no environment.
import Domain
import Modeling

/// Whose log-probs the importance ratio is taken against.
package enum BehaviourLogprobs: String, Sendable, CaseIterable {
    /// Those that came with the rollout.
    case posted
    /// The learner's own, computed before the update's first step (the released code's way).
    case recomputed
    /// The learner's own under the weights of the version that the rollout names. A rollout that several versions sampled
    /// keeps what was posted.
    case recorded
}

/// How the learning rate moves after the warm-up.
package enum Schedule: String, Sendable, CaseIterable {
    case constant
    /// Down a straight line to `scheduleFloor` at `scheduleUpdates`, then constant.
    case linear
    /// Down half a cosine to `scheduleFloor` at `scheduleUpdates`, then constant.
    case cosine
}

/// What the updates learn from.
package enum TrainingMode: String, Sendable, CaseIterable {
    /// Rollouts and their rewards.
    case reinforcement = "rl"
    /// Demonstrations.
    case supervised = "sft"
}

/// Which tasks the prompts of rollouts may have.
package enum TaskChoice: String, Sendable, CaseIterable {
    case all
    case math
    case code

    /// The task's name in the ledger, or nil for any.
    package var type: String? { self == .all ? nil : rawValue }
}

/// All hyper-parameters; the defaults are those of the built-in small model.
package struct LearnerSettings: Sendable, Equatable {
    // MARK: What is learned from
    /// Rollouts or demonstrations.
    package var mode = TrainingMode.reinforcement
    /// The data set that prompts and demonstrations are taken from; nil takes all.
    package var dataset: String?
    /// Which tasks the prompts of rollouts may have.
    package var task = TaskChoice.all
    /// Demonstrations of one update under `TrainingMode.supervised`.
    package var demonstrationsPerUpdate = 64

    // MARK: Loss
    /// What a token's ratio and advantage cost.
    package var objective = Objective(.gppo)
    /// How token losses are added up.
    package var aggregation = Aggregation.tokenMean
    /// The divisor of `Aggregation.sumOverScale`; nil takes the longest response of the mini-batch.
    package var aggregationScale: Double?
    /// How rewards of a group become advantages.
    package var advantage = AdvantageEstimator.standardised
    /// alpha: the weight of the SFT loss on positives (paper Table 6: 0.1 is best).
    package var positiveLossAlpha = 0.1
    /// The reward of a right answer, compared exactly: it makes a rollout positive, and right for the group filter.
    package var positiveReward = 1.0
    /// The KL penalty to the reference policy.
    package var penalty = KLPenalty.off
    /// The weight of the KL penalty.
    package var penaltyCoefficient = 0.0
    /// Truncated importance sampling; needs `behaviourLogprobs` recomputed.
    package var correction = ImportanceCorrection.off
    /// The largest factor of the importance correction.
    package var correctionCap = 2.0

    // MARK: Optimiser
    /// With five times as much the small model collapses within five updates.
    package var learningRate = 6e-5
    /// Updates over which the learning rate rises.
    package var warmupUpdates = 0
    /// Warm-up and schedule count from the version after this one, and the optimiser's moments begin there anew; 0 is the
    /// run's start. A stage sets it to the version that it starts from.
    package var scheduleStart = 0
    /// How the learning rate moves afterwards.
    package var schedule = Schedule.constant
    /// The update, counted from `scheduleStart`, at which the schedule reaches its floor.
    package var scheduleUpdates = 1_000
    /// The final learning rate as a share of the full one.
    package var scheduleFloor = 0.1
    /// Decay of AdamW's first moment.
    package var adamBeta1 = 0.9
    /// Decay of AdamW's second moment; 0.98 forgets an early spike within a short run.
    package var adamBeta2 = 0.98
    /// AdamW's guard against division by zero.
    package var adamEpsilon = 1e-8
    /// AdamW's decoupled decay.
    package var weightDecay = 0.0
    /// Gradients are scaled down to this norm over all parameters.
    package var maxGradientNorm = 1.0

    // MARK: Batches
    /// Rollouts of one group.
    package var groupSize = 8
    /// Groups that one update consumes.
    package var groupsPerUpdate = 48
    /// How many groups are generated for each that is trained on, so that the filter leaves enough.
    package var oversampling = 1.0
    /// Optimiser steps per pass over an update's groups.
    package var miniBatches = 4
    /// Passes over an update's groups.
    package var epochs = 1
    /// Tokens of a micro-batch, prompts included, under `Aggregation.tokenMeanOfMicroBatches`; nothing else depends on it.
    package var microBatchTokens = 16_384
    /// Rollouts sampled more than so many versions ago are not learned from.
    package var maxStaleness = 4
    /// What becomes of groups whose members stay away, cannot be judged, or are too old.
    package var groupPolicy = GroupPolicy()
    /// Whether generators get new groups only while fewer are under way than updates can take before they are stale:
    /// `(max_staleness + 1) * groups_per_update`.
    package var pacesLeases = true
    /// Further rounds of sampling in the process when the zero-variance filter leaves less than an update's groups.
    package var resamplingRounds = 0
    /// Which groups without differences are left out.
    package var zeroVarianceFilter = GroupFilter.correctness
    /// Whether responses that hit the token limit are left out before advantages are taken.
    package var overlongFilter = false
    /// Whose log-probs the ratio is taken against.
    package var behaviourLogprobs = BehaviourLogprobs.posted
    /// Rollouts whose posted log-probs are on average further than this from the model's own, under the version that they
    /// name, are refused; nil turns the check off.
    package var logprobGate: Double? = 0.1
    /// Seeds the dealing of mini-batches.
    package var seed = 1

    // MARK: Sampling
    /// How a verdict becomes a reward.
    package var rewardScheme = RewardScheme.binary
    /// Sampling temperature of rollouts.
    package var temperature = 1.0
    /// Nucleus of rollouts; below 1 their log-probs are not the model's.
    package var topP = 1.0
    /// The longest prompt, in tokens.
    package var promptTokensMax = 256
    /// The longest response, in tokens.
    package var responseTokensMax = 256

    // MARK: Held-out measurements
    /// Updates between two measurements.
    package var evaluationEveryUpdates = 10
    /// Sampling temperature of measurements.
    package var evaluationTemperature = 1.0
    /// Nucleus of measurements.
    package var evaluationTopP = 1.0

    /// The built-in small model's.
    package init() {}

    /// What an update with these settings is recorded as: the objective's name, or `sft`.
    package var objectiveName: String { mode == .supervised ? mode.rawValue : objective.method.rawValue }

    /// Which prompts rollouts may answer.
    package var scope: PromptScope { PromptScope(dataset: dataset, taskType: task.type) }

    /// How many groups would enter a loss: those of which two members or more are judged and that the filter admits.
    package func groupsWithSignal(_ groups: [TrainingGroup]) -> Int {
        groups.count { group in
            let rewards = group.rollouts.filter { $0.status != .undetermined }.compactMap(\.reward)
            return rewards.count > 1 && zeroVarianceFilter.admits(rewards, correct: positiveReward)
        }
    }

    /// Whether the update that makes a version begins with fresh moments: it is the first of its schedule.
    package func beginsAnew(making version: PolicyVersion) -> Bool {
        scheduleStart > 0 && version.number == scheduleStart + 1
    }

    /// The loss these settings describe.
    package var loss: PolicyLoss {
        PolicyLoss(
            objective: objective, penalty: penalty, penaltyCoefficient: penaltyCoefficient,
            positiveCoefficient: positiveLossAlpha)
    }

    /// The optimiser's settings for an update.
    ///
    /// - Parameter update: 1 for the first; it is the version that the update makes.
    package func optimiser(update: Int) -> AdamWSettings {
        AdamWSettings(
            learningRate: Float(learningRate(update: update)), beta1: Float(adamBeta1), beta2: Float(adamBeta2),
            epsilon: Float(adamEpsilon), weightDecay: Float(weightDecay), maximumGradientNorm: Float(maxGradientNorm))
    }

    /// These settings, if they make sense together.
    ///
    /// - Throws: `InputError` that names the setting to change.
    package func validated() throws -> LearnerSettings {
        _ = try objective.validated()
        if correction != .off, behaviourLogprobs == .posted {
            throw InputError(
                .invalidValue, "importance sampling needs the learner's own log-probs beside the posted ones",
                field: "tis", hint: "set behaviour_logprobs to recomputed, or tis to off")
        }
        if behaviourLogprobs == .recorded, maxStaleness > Limits.recordedStalenessMax {
            throw InputError(
                .invalidValue, "recorded log-probs need the weights of every version that is learned from",
                field: "behaviour_logprobs",
                hint: "set max_staleness to at most \(Limits.recordedStalenessMax): older weights are not kept")
        }
        return self
    }
}
