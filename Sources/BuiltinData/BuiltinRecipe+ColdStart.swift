// The cold start: supervised learning on demonstrations until rewards can take over (the paper's first stage). Plain
// numbers and the rules on them; who takes the steps is elsewhere.

extension BuiltinRecipe {
    /// Supervised training on demonstrations, ended by what the model can do and not by a step count.
    package struct ColdStart: Sendable, Equatable {
        package var batchSize = 64
        package var learningRate = 2e-3
        package var warmupSteps = 20
        package var beta1 = 0.9
        package var beta2 = 0.98
        package var weightDecay = 0.0
        package var maxGradientNorm = 1.0
        /// The learning rate falls along a straight line to `learningRateFloor` of itself at this step.
        package var decaySteps = 900
        package var learningRateFloor = 0.2
        /// Steps at most; the stopping rule normally ends earlier.
        package var stepsMax = 800
        /// Steps before the first measurement.
        package var stepsMin = 700
        /// Steps between measurements.
        package var validateEvery = 50
        /// Validation problems of each kind.
        package var validationPerKind = 24
        /// Samples of each validation problem, for pass@k.
        package var samples = 8
        /// Least mean greedy accuracy at the end.
        package var greedyMin = 0.35
        /// Least pass@k of each kind of arithmetic at the end.
        package var mathPassMin = 0.8
        /// Least pass@k of each kind of code at the end.
        package var codePassMin = 0.5

        /// The learning rate of step `step`, counted from 0.
        package func learningRate(at step: Int) -> Double {
            let warmup = min(1, Double(step + 1) / Double(max(1, warmupSteps)))
            let decay = max(learningRateFloor, 1 - (1 - learningRateFloor) * Double(step) / Double(max(1, decaySteps)))
            return learningRate * warmup * decay
        }

        /// How often a kind is drawn relative to the others. Code is learned from so few examples that with equal shares
        /// nothing would be left for rewards to teach.
        package func weight(of kind: BuiltinKind) -> Double {
            switch kind {
            case .addition: 1.4
            case .subtraction: 1.4
            case .multiplication: 1.2
            case .fractionAddition: 1
            case .fractionMultiplication: 0.35
            case .listReduction, .listBuilding, .branching: 0.04
            }
        }

        /// Whether the model knows enough for reinforcement learning, from `greedy` accuracy and `passAtK` by kind, 0 to 1
        /// (kinds that nobody could judge are absent): right often enough to begin with, and no kind so rarely that
        /// its groups would be all wrong, since such a kind never wakes.
        package func isDone(greedy: [BuiltinKind: Double], passAtK: [BuiltinKind: Double]) -> Bool {
            guard !greedy.isEmpty, !passAtK.isEmpty else { return false }
            let mean = greedy.values.reduce(0, +) / Double(greedy.count)
            return mean >= greedyMin
                && passAtK.allSatisfy { kind, pass in
                    pass >= (kind.family == .math ? mathPassMin : codePassMin)
                }
        }
    }
}
