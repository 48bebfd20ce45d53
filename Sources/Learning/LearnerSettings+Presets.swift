// Named sets of hyper-parameters. Only values; each with its source.
import Domain

/// Where a configuration starts from.
package enum LearnerPreset: String, Sendable, CaseIterable {
    /// The built-in small model.
    case builtin
    /// Klear-Reasoner's math stage (paper 4.1 and `perf_run_dapo_ours_math.sh`).
    case klear
    /// The same, by its full name.
    case klearMath = "klear-math"
    /// Klear-Reasoner's long chain-of-thought SFT stage (paper 3.1 and 4.1); the paper names neither batch nor warm-up, and
    /// its four epochs are the caller's number of updates.
    case klearSFT = "klear-sft"
    /// Klear-Reasoner's code stage (paper 4.1 and `perf_run_dapo_ours_code.sh`).
    case klearCode = "klear-code"
}

extension LearnerSettings {
    /// The settings of a preset.
    package init(_ preset: LearnerPreset) {
        self.init()
        switch preset {
        case .builtin: return
        case .klearSFT: adoptKlearSFT()
        case .klear, .klearMath: adoptKlear(learningRate: 1e-6, miniBatches: 8)
        case .klearCode: adoptKlear(learningRate: 5e-7, miniBatches: 4)
        }
    }

    /// What both stages share. The released code's token mean is per micro-batch; ours is over the mini-batch
    /// (`token-mean-micro` matches it), because the micro-batch size is an accident of memory.
    private mutating func adoptKlear(learningRate: Double, miniBatches: Int) {
        objective = Objective(.gppo)
        aggregation = .tokenMean
        advantage = .standardised
        positiveLossAlpha = 0.1
        self.learningRate = learningRate
        warmupUpdates = 10
        schedule = .constant
        adamBeta1 = 0.9
        adamBeta2 = 0.999
        weightDecay = 0.1
        maxGradientNorm = 1
        groupSize = 8
        groupsPerUpdate = 128
        oversampling = 2
        self.miniBatches = miniBatches
        epochs = 1
        maxStaleness = 0
        zeroVarianceFilter = .correctness
        overlongFilter = false
        behaviourLogprobs = .recomputed
        rewardScheme = .klear
        temperature = 1
        topP = 1
        promptTokensMax = 4_096
        responseTokensMax = 32_768
        evaluationEveryUpdates = 5
        evaluationTemperature = 0.6
        evaluationTopP = 0.95
    }

    private mutating func adoptKlearSFT() {
        mode = .supervised
        learningRate = 8e-5
        schedule = .cosine
        scheduleFloor = 0.5
        adamBeta1 = 0.9
        adamBeta2 = 0.999
        weightDecay = 0.1
        maxGradientNorm = 1
        miniBatches = 1
        promptTokensMax = 4_096
        responseTokensMax = 32_768
        evaluationTemperature = 0.6
        evaluationTopP = 0.95
    }

    /// These settings with another method, its constants, and the advantage and aggregation of its paper.
    package func adopting(_ objective: Objective) -> LearnerSettings {
        var copy = self
        copy.objective = objective
        (copy.advantage, copy.aggregation) = objective.habits
        return copy
    }
}
