// The names, meanings and ranges of all hyper-parameters: one table for PATCH /v1/learner, files, flags and help.
import Domain

extension LearnerSettings {
    /// All fields, in the order in which they are shown and applied. `objective` comes before its constants because it
    /// resets them to those of the method.
    package static let fields: [SettingField<LearnerSettings>] =
        sourceFields + lossFields + optimiserFields + batchFields + samplingFields

    /// The field of a name.
    ///
    /// - Throws: `InputError` with the list of names.
    package static func field(named name: String) throws -> SettingField<LearnerSettings> {
        guard let field = fields.first(where: { $0.name == name }) else {
            let names = fields.map(\.name).joined(separator: ", ")
            throw InputError(
                .unknownField, "no setting is called \"\(name)\"", field: name, hint: "the settings are \(names)")
        }
        return field
    }

    /// These settings with some changed; either all changes hold or none.
    ///
    /// - Throws: `InputError` for the first change that is not allowed, in the order of `fields`.
    package func applying(_ changes: [String: SettingValue]) throws -> LearnerSettings {
        for name in changes.keys.sorted() { _ = try LearnerSettings.field(named: name) }
        var copy = self
        for field in LearnerSettings.fields {
            if let value = changes[field.name] { try field.set(&copy, value) }
        }
        return try copy.validated()
    }

    private static let sourceFields: [SettingField<LearnerSettings>] = [
        .choice("mode", \.mode, "Learn from rollouts and rewards (rl) or from demonstrations (sft)."),
        .optionalName("dataset", \.dataset, "The data set of prompts and demonstrations; none takes all."),
        .choice("task", \.task, "Which tasks the prompts of rollouts may have."),
        .integer(
            "demonstrations_per_update", \.demonstrationsPerUpdate, 1...Limits.demonstrationsPerUpdateMax,
            "Demonstrations of one update in the mode sft."),
    ]

    private static let lossFields: [SettingField<LearnerSettings>] = [
        SettingField(
            name: "objective", summary: "The policy objective; naming one resets its constants to its paper's.",
            allowed: "one of " + Objective.Method.allCases.map(\.rawValue).joined(separator: ", "),
            get: { .text($0.objective.method.rawValue) },
            set: { settings, value in
                guard case .text(let name) = value else {
                    throw InputError(.wrongType, "must be the name of an objective", field: "objective")
                }
                settings.objective = try Objective(named: name)
            }),
        .number("epsilon_low", \.objective.epsilonLow, 0...1, "The ratio's lower bound is 1 - epsilon_low."),
        .number(
            "epsilon_high", \.objective.epsilonHigh, 0...Objective.epsilonHighMax,
            "The ratio's upper bound is 1 + epsilon_high."),
        .optionalNumber(
            "dual_clip", \.objective.dualClip, 1...Objective.dualClipMax,
            "The largest ratio that a negative advantage may push against."),
        .number(
            "beta1", \.objective.beta1, 0...Objective.betaMax, "CE-GPPO: weight of negative tokens below the range."),
        .number(
            "beta2", \.objective.beta2, 0...Objective.betaMax, "CE-GPPO: weight of positive tokens above the range."),
        .choice("aggregation", \.aggregation, "How token losses are added up."),
        .optionalNumber(
            "aggregation_scale", \.aggregationScale, 1...1e9, "The divisor of seq-mean-token-sum-norm."),
        .choice("advantage", \.advantage, "How rewards of a group become advantages."),
        .number("positive_loss_alpha", \.positiveLossAlpha, 0...10, "Weight of the SFT loss on right answers."),
        .number("positive_reward", \.positiveReward, -1e6...1e6, "The reward of a right answer, compared exactly."),
        .choice("kl_penalty", \.penalty, "The estimate of the KL penalty to the reference policy."),
        .number("kl_coefficient", \.penaltyCoefficient, 0...100, "Weight of the KL penalty."),
        .choice("tis", \.correction, "Truncated importance sampling between the sampler and the learner."),
        .number("tis_cap", \.correctionCap, 0...1e6, "The largest factor of truncated importance sampling."),
    ]

    private static let optimiserFields: [SettingField<LearnerSettings>] = [
        .number("learning_rate", \.learningRate, 0...1, "AdamW's full learning rate."),
        .integer("warmup_updates", \.warmupUpdates, 0...1_000_000, "Updates over which the learning rate rises."),
        .integer(
            "schedule_start", \.scheduleStart, 0...100_000_000,
            "Warm-up and schedule count from this version, and the optimiser's moments begin there anew."),
        .choice("schedule", \.schedule, "How the learning rate moves after the warm-up."),
        .integer(
            "schedule_updates", \.scheduleUpdates, 1...100_000_000,
            "The update, from schedule_start, at which the schedule ends."),
        .number("schedule_floor", \.scheduleFloor, 0...1, "The final learning rate as a share of the full one."),
        .number("adam_beta1", \.adamBeta1, 0...0.999_999, "Decay of AdamW's first moment."),
        .number("adam_beta2", \.adamBeta2, 0...0.999_999, "Decay of AdamW's second moment."),
        .number("adam_epsilon", \.adamEpsilon, 1e-30...1, "AdamW's guard against division by zero."),
        .number("weight_decay", \.weightDecay, 0...10, "AdamW's decoupled weight decay."),
        .number("max_gradient_norm", \.maxGradientNorm, 1e-9...1e9, "Gradients are scaled down to this norm."),
    ]

    private static let batchFields: [SettingField<LearnerSettings>] = [
        .integer("group_size", \.groupSize, 2...Limits.groupSizeMax, "Rollouts of one group."),
        .integer("groups_per_update", \.groupsPerUpdate, 1...Limits.groupsPerUpdateMax, "Groups of one update."),
        .number("oversampling", \.oversampling, 1...16, "Groups generated for each that is trained on."),
        .integer("mini_batches", \.miniBatches, 1...Limits.miniBatchesMax, "Optimiser steps per pass over the groups."),
        .integer("epochs", \.epochs, 1...Limits.epochsMax, "Passes over the groups of an update."),
        .integer(
            "micro_batch_tokens", \.microBatchTokens, 1...16_777_216, "Tokens of a micro-batch under token-mean-micro."),
        .integer(
            "max_staleness", \.maxStaleness, 0...Limits.stalenessMax, "Versions after which a rollout is too old."),
        .choice("stale_groups", \.groupPolicy.stale, "What becomes of groups that are too old for an update."),
        .flag(
            "pace_leases", \.pacesLeases,
            "Hand out new groups only while updates can take them before they are too old."),
        .integer(
            "group_quorum", \.groupPolicy.quorum, 0...Limits.groupSizeMax,
            "Judged rollouts with which a leased group is closed after group_quorum_seconds; 0 waits for all."),
        .number(
            "group_quorum_seconds", \.groupPolicy.quorumSeconds, 0...1e6,
            "Seconds since a group was opened after which group_quorum suffices."),
        .flag(
            "replace_failed", \.groupPolicy.replacesFailed,
            "Hand leased groups out again for rollouts that nobody could judge."),
        .integer(
            "resampling_rounds", \.resamplingRounds, 0...16,
            "Further rounds of sampling when the zero-variance filter leaves too few groups."),
        .choice("zero_variance_filter", \.zeroVarianceFilter, "Which groups without differences are left out."),
        .flag("overlong_filter", \.overlongFilter, "Leave out responses that hit the token limit."),
        .choice("behaviour_logprobs", \.behaviourLogprobs, "Whose log-probs the ratio is taken against."),
        .optionalNumber(
            "logprob_gate", \.logprobGate, 0...100,
            "Refuse rollouts whose log-probs differ more than this from the model's, on average."),
        .integer("seed", \.seed, 0...Int(Int32.max), "Seeds the dealing of mini-batches."),
    ]

    private static let samplingFields: [SettingField<LearnerSettings>] = [
        .choice("reward_scheme", \.rewardScheme, "How a verdict becomes a reward."),
        .number("temperature", \.temperature, 0.01...10, "Sampling temperature of rollouts."),
        .number("top_p", \.topP, 0.01...1, "Nucleus of rollouts; below 1 their log-probs are not the model's."),
        .integer("prompt_tokens_max", \.promptTokensMax, 1...Limits.tokensMax, "The longest prompt."),
        .integer("response_tokens_max", \.responseTokensMax, 1...Limits.tokensMax, "The longest response."),
        .integer("evaluation_every_updates", \.evaluationEveryUpdates, 1...1_000_000, "Updates between evaluations."),
        .number("evaluation_temperature", \.evaluationTemperature, 0.01...10, "Sampling temperature of evaluations."),
        .number("evaluation_top_p", \.evaluationTopP, 0.01...1, "Nucleus of evaluations."),
    ]
}
