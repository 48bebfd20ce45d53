// The cold start: supervised training on worked solutions until reinforcement learning can take over (the paper's SFT).
//
// It ends by what the model can do on the validation split, never by looking at the held-out one.
import BuiltinData
import Domain
import Learning
import Modeling

/// Teaches the small model until it is ready for rewards.
struct ColdStart: Sendable {
    let context: LearningContext
    let trainer: PolicyTrainer

    private var recipe: BuiltinRecipe.ColdStart { BuiltinRecipe.coldStart }
    private var seed: UInt64 { context.settings.seed }

    func run() async throws {
        context.board.enter(.coldStart)
        let clock = ContinuousClock()
        let start = clock.now
        let validation = validationProblems()
        var cursor: [BuiltinKind: Int] = [:]
        var detail = "learning from worked solutions"
        var steps = 0
        var reason = "reached its step limit"
        while steps < recipe.stepsMax {
            if context.learner.isStopping || Task.isCancelled { throw CancellationError() }
            let batch = nextBatch(step: steps, cursor: &cursor)
            let loss = try await trainer.imitate(batch, optimiser: optimiser(step: steps))
            steps += 1
            report(step: steps, loss: loss, detail: detail)
            guard steps >= recipe.stepsMin, steps % recipe.validateEvery == 0 else { continue }
            let (greedy, passAtK) = try await measure(validation)
            detail = "validation " + percent(mean(Array(greedy.values)))
            report(step: steps, loss: loss, detail: detail)
            if recipe.isDone(greedy: greedy, passAtK: passAtK) {
                reason =
                    "validation is at \(percent(mean(Array(greedy.values)))) and no kind's pass@\(recipe.samples) is too low"
                break
            }
        }
        let seconds = (clock.now - start).milliseconds / 1000
        context.events(.coldStartDone(steps: steps, seconds: seconds, reason: reason))
    }

    private func report(step: Int, loss: Double, detail: String) {
        let fraction = Double(step) / Double(recipe.stepsMax)
        context.board.update { $0.coldStartProgress = fraction }
        context.events(.coldStart(step: step, fraction: fraction, loss: loss, detail: detail))
    }

    /// The worked solutions of one step: problems that later updates will not see again, since those count from 0.
    private func nextBatch(step: Int, cursor: inout [BuiltinKind: Int]) -> [TrainingSequence] {
        let data = BuiltinDataset.training(seed: Seeds.seed(.coldStartOrder, root: seed))
        var generator = SeededGenerator(seed: Seeds.seed(.coldStartOrder, index: step + 1, root: seed))
        let kinds = BuiltinKind.allCases
        let weights = kinds.map { recipe.weight(of: $0) }
        let total = weights.reduce(0, +)
        return (0..<recipe.batchSize).map { _ in
            var point = Double.random(in: 0..<total, using: &generator)
            var kind = kinds[0]
            for (candidate, weight) in zip(kinds, weights) {
                kind = candidate
                point -= weight
                if point < 0 { break }
            }
            let index = cursor[kind, default: 0]
            cursor[kind] = index + 1
            return sequence(of: data.problem(kind, index: index))
        }
    }

    private func sequence(of problem: BuiltinProblem) -> TrainingSequence {
        let prompt = trainer.tokenizer.encode(BuiltinPromptFormat.modelInput(problem.prompt))
        let response = trainer.tokenizer.encode(problem.demonstration) + [trainer.tokenizer.endOfText].compactMap { $0 }
        return TrainingSequence(tokens: prompt + response, promptLength: prompt.count)
    }

    private func optimiser(step: Int) -> AdamWSettings {
        AdamWSettings(
            learningRate: Float(recipe.learningRate(at: step)), beta1: Float(recipe.beta1),
            beta2: Float(recipe.beta2), epsilon: 1e-8, weightDecay: Float(recipe.weightDecay),
            maximumGradientNorm: Float(recipe.maxGradientNorm))
    }

    private func validationProblems() -> [BuiltinProblem] {
        let data = BuiltinDataset(split: .validation, seed: seed)
        return BuiltinKind.allCases.flatMap { data.distinctProblems($0, count: recipe.validationPerKind) }
    }

    /// Greedy accuracy and pass@k by kind on the validation problems.
    private func measure(
        _ problems: [BuiltinProblem]
    ) async throws -> (greedy: [BuiltinKind: Double], passAtK: [BuiltinKind: Double]) {
        let learner = context.learner
        let evaluator = Evaluator(
            judge: context.judge, sampler: context.sampler,
            seed: Seeds.seed(.evaluation, index: 1, root: seed),
            responseTokensMax: context.learner.settings.responseTokensMax)
        let scores = try await evaluator.score(
            problems, weights: await trainer.snapshot(), tokenizer: trainer.tokenizer, samples: recipe.samples,
            isCancelled: { learner.isStopping })
        var greedy: [BuiltinKind: Double] = [:]
        var passAtK: [BuiltinKind: Double] = [:]
        for kind in BuiltinKind.allCases {
            let own = scores.filter { $0.kind == kind }
            let judged = own.compactMap(\.isGreedyRight)
            guard !judged.isEmpty else { continue }
            greedy[kind] = mean(judged.map { $0 ? 1 : 0 })
            let sampled = own.filter { $0.samplesJudged > 0 }
            if !sampled.isEmpty { passAtK[kind] = mean(sampled.map { $0.samplesRight > 0 ? 1 : 0 }) }
        }
        return (greedy, passAtK)
    }
}

private func percent(_ share: Double) -> String { "\(Int((share * 100).rounded())) %" }
