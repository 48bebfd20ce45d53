// The owner of one model that a client trains: an actor on a thread of its own, beside the policy's.
import Domain
import Learning
import Modeling

/// Accumulates gradients and takes steps as its client says.
actor ClientModel {
    private let executor: ThreadExecutor
    private var model: TrainableModel
    private let threads: Int

    nonisolated var unownedExecutor: UnownedSerialExecutor { executor.asUnownedSerialExecutor() }

    init(_ model: sending TrainableModel, threads: Int) {
        executor = ThreadExecutor(name: "client-model")
        self.model = model
        self.threads = threads
    }

    deinit { executor.stop() }

    /// The weights as they are now.
    func snapshot() -> ModelWeights { model.snapshot() }

    /// What the model says about the sequences; with `addsGradients` the loss's gradients are added to those that wait.
    func pass(_ batch: ClientBatch, addsGradients: Bool) throws -> ClientPass {
        let loss = TokenLoss(batch.loss)
        let inputs = batch.sequences.map {
            TokenLoss.Inputs(weights: $0.weights, behaviour: $0.behaviour, advantages: $0.advantages)
        }
        let sequences = batch.sequences.map { TrainingSequence(tokens: $0.tokens, promptLength: 1) }
        let statistics =
            addsGradients
            ? try model.forwardBackward(sequences, threads: threads) { index, statistics in
                loss.evaluate(statistics.logprobs, inputs[index]).gradient
            } : try model.forward(sequences, threads: threads)
        var pass = ClientPass(
            logprobs: statistics.map(\.logprobs), loss: 0, tokens: 0, below: 0, above: 0, ratioMax: 0)
        for (statistics, inputs) in zip(statistics, inputs) {
            let evaluation = loss.evaluate(statistics.logprobs, inputs)
            pass.loss += evaluation.loss
            pass.tokens += evaluation.tokens
            pass.below += evaluation.below
            pass.above += evaluation.above
            pass.ratioMax = max(pass.ratioMax, evaluation.ratioMax)
        }
        return pass
    }

    /// Applies the gradients and clears them; on an error they are kept.
    func step(_ step: ClientStep) throws -> StepResult {
        try model.step(
            AdamWSettings(
                learningRate: Float(step.learningRate), beta1: Float(step.beta1), beta2: Float(step.beta2),
                epsilon: Float(step.epsilon), weightDecay: Float(step.weightDecay),
                maximumGradientNorm: step.gradientNormMax.map { Float($0) } ?? .infinity), threads: threads)
    }

    /// Writes weights and moments.
    func save(to file: String) throws { try model.save(to: file) }

    /// Goes on from a file, with fresh moments unless `withMoments`; gradients that wait are forgotten.
    func load(_ file: String, withMoments: Bool) throws {
        let restored = try TrainableModel(restoring: file, threads: threads)
        guard restored.configuration == model.configuration else {
            throw ClientFailure(isClients: true, message: "the checkpoint is of a model of another shape")
        }
        model = withMoments ? restored : restored.restarted()
    }

    /// Writes the weights as a model's directory.
    func saveWeights(to directory: String) throws { try model.snapshot().save(directory: directory) }
}

extension TokenLoss {
    /// The loss that a client chose.
    init(_ loss: ClientLoss) {
        func objective(_ method: Objective.Method, _ low: Double, _ high: Double) -> Objective {
            var objective = Objective(method)
            (objective.epsilonLow, objective.epsilonHigh) = (1 - low, high - 1)
            return objective
        }
        switch loss {
        case .crossEntropy: self = .crossEntropy
        case .importanceSampling: self = .importanceSampling
        case .clipped(let low, let high): self = .objective(objective(.clip, low, high))
        case .cispo(let low, let high): self = .objective(objective(.cispo, low, high))
        case .directReward(let beta): self = .directReward(beta: beta)
        case .gppo(let low, let high, let beta1, let beta2, let dualClip):
            var kept = objective(.ceGPPO, low, high)
            (kept.beta1, kept.beta2, kept.dualClip) = (beta1, beta2, dualClip)
            self = .objective(kept)
        }
    }
}
